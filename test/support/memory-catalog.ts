import type { Catalog, CatalogPartition, CatalogTable } from '../../aws/interfaces.ts';

/** A catalog in memory. `onUpdate` runs before each update of a table, so that a test can be quicker. */
export function memoryCatalog(onUpdate: (tables: Map<string, CatalogTable>) => void = () => undefined) {
  const tables = new Map<string, CatalogTable>();
  const partitions = new Map<string, CatalogPartition>();
  const copy = <T>(value: T): T => structuredClone(value);
  const catalog: Catalog = {
    getTable: async (name) => copy(tables.get(name) ?? null),
    createTable: async (table) => {
      if (tables.has(table.name)) return false;
      tables.set(table.name, copy({ ...table, versionId: '0' }));
      return true;
    },
    updateTable: async (table) => {
      onUpdate(tables);
      if (tables.get(table.name)?.versionId !== table.versionId) return false;
      tables.set(table.name, copy({ ...table, versionId: String(Number(table.versionId) + 1) }));
      return true;
    },
    listTables: async () => [...tables.values()].map(copy),
    getPartition: async (table, slice) => copy(partitions.get(`${table}/${slice}`) ?? null),
    listPartitions: async (table) =>
      [...partitions].flatMap(([key, partition]) => (key.startsWith(`${table}/`) ? [copy(partition)] : [])),
    deletePartition: async (table, slice) => void partitions.delete(`${table}/${slice}`),
    setPartition: async (table, partition) => {
      partitions.set(`${table.name}/${partition.slice}`, copy(partition));
    },
  };
  return { catalog, tables, partitions };
}
