import {
  BatchCreatePartitionCommand,
  BatchUpdatePartitionCommand,
  CreateTableCommand,
  DeletePartitionCommand,
  GetPartitionCommand,
  GetTableCommand,
  type GlueClient,
  type Partition,
  type PartitionInput,
  paginateGetPartitions,
  paginateGetTables,
  type Table,
  type TableInput,
  UpdateTableCommand,
} from '@aws-sdk/client-glue';
import { ForebayError } from '../core/errors.ts';
import { isNamed, translate } from './errors.ts';
import type { Catalog, CatalogColumn, CatalogPartition, CatalogTable } from './interfaces.ts';

/** The Glue catalog of one database. Tables are external Parquet tables, partitioned by `slice`. */
export function catalog(client: GlueClient, database: string): Catalog {
  return {
    getTable: (name) => getTable(client, database, name),
    createTable: async (table) => {
      const command = new CreateTableCommand({ DatabaseName: database, TableInput: tableInput(table) });
      return unless('AlreadyExistsException', client.send(command));
    },
    updateTable: async (table) => {
      const command = new UpdateTableCommand({
        DatabaseName: database,
        TableInput: tableInput(table),
        VersionId: table.versionId,
      });
      return unless('ConcurrentModificationException', client.send(command));
    },
    listTables: async () => {
      const tables: CatalogTable[] = [];
      try {
        for await (const page of paginateGetTables({ client }, { DatabaseName: database })) {
          tables.push(...(page.TableList ?? []).map(readTable));
        }
      } catch (error) {
        return translate(error);
      }
      return tables;
    },
    getPartition: (table, slice) => getPartition(client, database, table, slice),
    listPartitions: async (table) => {
      const partitions: CatalogPartition[] = [];
      try {
        for await (const page of paginateGetPartitions(
          { client },
          { DatabaseName: database, TableName: table },
        )) {
          partitions.push(...(page.Partitions ?? []).map(readPartition));
        }
      } catch (error) {
        return translate(error);
      }
      return partitions;
    },
    deletePartition: async (table, slice) => {
      const command = new DeletePartitionCommand({
        ...{ DatabaseName: database, TableName: table, PartitionValues: [slice] },
      });
      await unless('EntityNotFoundException', client.send(command));
    },
    setPartition: (table, partition) => setPartition(client, database, table, partition),
  };
}

async function getTable(client: GlueClient, database: string, name: string): Promise<CatalogTable | null> {
  try {
    const { Table: found } = await client.send(new GetTableCommand({ DatabaseName: database, Name: name }));
    return found === undefined ? null : readTable(found);
  } catch (error) {
    if (isNamed(error, 'EntityNotFoundException')) return null;
    return translate(error);
  }
}

async function getPartition(
  client: GlueClient,
  database: string,
  table: string,
  slice: string,
): Promise<CatalogPartition | null> {
  try {
    const command = new GetPartitionCommand({
      DatabaseName: database,
      TableName: table,
      PartitionValues: [slice],
    });
    const { Partition: found } = await client.send(command);
    return found === undefined ? null : readPartition(found);
  } catch (error) {
    if (isNamed(error, 'EntityNotFoundException')) return null;
    return translate(error);
  }
}

/** Created where it is not there, overwritten where it is. Both answer 200 with errors in a list. */
async function setPartition(
  client: GlueClient,
  database: string,
  table: CatalogTable,
  partition: CatalogPartition,
): Promise<void> {
  const input: PartitionInput = {
    Values: [partition.slice],
    StorageDescriptor: storage(partition.location, partition.columns),
  };
  const target = { DatabaseName: database, TableName: table.name };
  const created = await client
    .send(new BatchCreatePartitionCommand({ ...target, PartitionInputList: [input] }))
    .catch(translate);
  const code = created.Errors?.[0]?.ErrorDetail?.ErrorCode;
  if (code === undefined) return;
  if (code !== 'AlreadyExistsException') throw refused(table, partition, code);
  const entry = { PartitionValueList: [partition.slice], PartitionInput: input };
  const updated = await client
    .send(new BatchUpdatePartitionCommand({ ...target, Entries: [entry] }))
    .catch(translate);
  const failed = updated.Errors?.[0]?.ErrorDetail?.ErrorCode;
  if (failed !== undefined) throw refused(table, partition, failed);
}

const refused = (table: CatalogTable, { slice }: CatalogPartition, code: string): ForebayError =>
  new ForebayError('ServiceUnavailable', `Glue refused partition ${slice} of ${table.name}: ${code}`);

async function unless(name: string, answer: Promise<unknown>): Promise<boolean> {
  try {
    await answer;
    return true;
  } catch (error) {
    if (isNamed(error, name)) return false;
    return translate(error);
  }
}

const serde = 'org.apache.hadoop.hive.ql.io.parquet.';

const storage = (location: string, columns: CatalogColumn[]) => ({
  Location: location,
  Columns: columns.map(({ name, type }) => ({ Name: name, Type: type })),
  InputFormat: `${serde}MapredParquetInputFormat`,
  OutputFormat: `${serde}MapredParquetOutputFormat`,
  SerdeInfo: { SerializationLibrary: `${serde}serde.ParquetHiveSerDe` },
});

const tableInput = (table: Omit<CatalogTable, 'versionId'>): TableInput => ({
  Name: table.name,
  TableType: 'EXTERNAL_TABLE',
  Parameters: { ...table.parameters, classification: 'parquet', EXTERNAL: 'TRUE' },
  PartitionKeys: [{ Name: 'slice', Type: 'string' }],
  StorageDescriptor: storage(table.location, table.columns),
});

const readColumns = (described: Table['StorageDescriptor']): CatalogColumn[] =>
  (described?.Columns ?? []).map(({ Name = '', Type = '' }) => ({ name: Name, type: Type }));

const readTable = (table: Table): CatalogTable => ({
  name: table.Name ?? '',
  versionId: table.VersionId ?? '0',
  columns: readColumns(table.StorageDescriptor),
  location: table.StorageDescriptor?.Location ?? '',
  parameters: table.Parameters ?? {},
});

const readPartition = (partition: Partition): CatalogPartition => ({
  slice: partition.Values?.[0] ?? '',
  location: partition.StorageDescriptor?.Location ?? '',
  columns: readColumns(partition.StorageDescriptor),
});
