/** What is wrong with a job file is told with its field, its value and what is allowed. */
import { beforeAll, describe, expect, test } from 'vitest';
import { loadJobs } from '../../../core/job/load.ts';
import { jobFile, problemsIn, type Told, withFolder } from './support.ts';

const types =
  'boolean, tinyint, smallint, int, bigint, float, double, string, date, timestamp, ' +
  'decimal(p,s) with 1 ≤ p ≤ 38 and 0 ≤ s ≤ p; ' +
  'struct(name type, …), type[], map(string, type), at most 10 levels deep; with ? behind it where null is allowed';
const nameForm = 'lower-case letters, digits and single hyphens, e.g. orders';
const zone = 'an IANA time zone such as Europe/Amsterdam';
const duration = "a duration such as '30m', '2h' or '1d'";
const ascii = 'one ASCII character other than a line end';
const headerForm =
  'true where the first record holds the names, false where the file has none, or a list of names that are not empty';
const delimiterForm = "one to 16 characters other than line ends, or 'detect'";
const quoteForm = 'one ASCII character other than a line end, or null where nothing is quoted';
const rowsForm = 'a whole number from 0: how many lines stand before header and records';
const choice = "one of 'reject', ";
const noBlank = 'no blank where trim is true';
const otherThanQuote = 'characters other than quote and escape';
const commentForm = "a character other than the quote and the delimiter's first";
const formatForm = 'csv({ … }), ndjson({ … }), json({ path }) or xml({ record })';
const recordForm = "a path of element names such as 'Series/Obs', or '/Data/Series/Obs' from the root";
const xmlPathForm = "a path such as @id, ./Price/@unit, ../@FREQ or ../Key/Value[@id='FREQ']";
const linesForm =
  "'first-line' where the first line holds the names, or a list of names that are not empty; none for objects";
const pathForm = "$, or a path of members' names such as $.data.items or $['order lines']";
const memberForm =
  'the name of a member, or a JSON Pointer such as /address/street, with ~1 for a / in a name and ~0 for a ~';
const logical = 'a logical name such as partner-files; the configuration maps it to a bucket';
const prefixForm = "a prefix such as 'exports/{slice}/', without a / in front";
const columnPolicies = "one of 'evolve', 'fail', 'discard-column', 'discard-record'";
const rejectsForm = '{ count: n } with a whole number from 0, or { ratio: r } with a number from 0 to 1';
const text = 'a text';

const contract = (rest: string) => ({
  contract: `{ columns: { id: 'bigint', qty: 'int', note: 'string?' }, ${rest} }`,
});
const columns = (inner: string) => ({ contract: `{ columns: { ${inner} } }` });
const envelope = (rest: string) => ({
  envelope: `{ eventType: 'OrderPlaced', resource: '/orders', ${rest} }`,
});

/** The one change to a right job file, and what is told: field, value, what is allowed. */
type Case = [Record<string, string | null>, string, string | undefined, string];

const cases: Case[] = [
  // the fields of the job
  [{ owner: null }, 'owner', undefined, 'is missing; it is who answers for the feed, e.g. sales'],
  [{ owner: "' '" }, 'owner', '" "', 'who answers for the feed, e.g. sales'],
  [{ cadence: "'weekly'" }, 'cadence', '"weekly"', "one of 'hourly', 'daily', 'monthly', 'once'"],
  [{ timezone: "'+02:00'" }, 'timezone', '"+02:00"', zone],
  [{ timezone: "'Europe/Atlantis'" }, 'timezone', '"Europe/Atlantis"', zone],
  [{ timezone: "'europe/amsterdam'" }, 'timezone', '"europe/amsterdam"', zone],
  [{ timezone: '1' }, 'timezone', '1', zone],
  [{ lag: "'2 hours'" }, 'lag', '"2 hours"', duration],
  [{ lag: "'-1h'" }, 'lag', '"-1h"', duration],
  [{ lag: '3600' }, 'lag', '3600', duration],
  [
    { schedule: "'daily'" },
    'schedule',
    '"daily"',
    "cron(…) or rate(…), e.g. 'cron(15 2 * * ? *)' or 'rate(1 hour)'",
  ],
  [
    { schedule: "''" },
    'schedule',
    '""',
    "cron(…) or rate(…), as EventBridge Scheduler has them, e.g. 'cron(15 2 * * ? *)'",
  ],
  [
    { cadence: "'once'", schedule: "'rate(1 day)'" },
    'schedule',
    '"rate(1 day)"',
    "no schedule with cadence 'once'",
  ],
  // triggers
  [
    { schedule: "'rate(1 day)'", scheduleWindow: "'90s'" },
    'scheduleWindow',
    '"90s"',
    'whole minutes, at most 1440m',
  ],
  [
    { schedule: "'rate(1 day)'", scheduleWindow: "'2d'" },
    'scheduleWindow',
    '"172800s"',
    'whole minutes, at most 1440m',
  ],
  [{ scheduleWindow: "'15m'" }, 'scheduleWindow', '"15m"', 'a window only beside a schedule'],
  [{ freshness: "'soon'" }, 'freshness', '"soon"', duration],
  [
    { cadence: "'once'", freshness: "'1h'" },
    'freshness',
    '"3600s"',
    "no freshness with cadence 'once', whose slice has no end",
  ],
  [{ catchUp: "'yes'" }, 'catchUp', '"yes"', 'true or false'],
  [
    { catchUp: 'true' },
    'catchUp',
    'true',
    'true only beside a schedule or a freshness, which tell the slices that there should be',
  ],
  [{ arrival: 'true' }, 'arrival', 'true', "{ quiet: '2m' } and, where needed, marker"],
  [
    { arrival: "{ quiet: '16m' }" },
    'arrival.quiet',
    '"960s"',
    'at most 15m: a message waits no longer before it is delivered',
  ],
  [
    { arrival: "{ marker: 'done/_SUCCESS' }" },
    'arrival.marker',
    '"done/_SUCCESS"',
    "the name of a file, without a /, e.g. '_SUCCESS'",
  ],
  [
    { source: "s3Source({ bucket: 'partner', prefix: '{slice}/of/{slice}/' })", arrival: '{}' },
    'arrival',
    '{"quietSeconds":60,"marker":null}',
    'none with a source.prefix that has {slice} more than once: a key must tell its slice',
  ],
  [{ after: "'customers'" }, 'after', '"customers"', 'a list of names of jobs'],
  [{ after: "['customers', 'customers']" }, 'after.1', '"customers"', 'each job once'],
  [{ onRevision: "'again'" }, 'onRevision', '"again"', "one of 'rerun', 'ignore'"],
  [{ onRevision: "'ignore'" }, 'onRevision', '"ignore"', "'ignore' only beside after"],
  // source
  [{ source: "'inbox'" }, 'source', '"inbox"', 'inbox() or s3Source({ bucket, prefix })'],
  [{ source: "{ kind: 'ftp' }" }, 'source.kind', '"ftp"', 'inbox() or s3Source({ bucket, prefix })'],
  [{ source: 'inbox' }, 'source', '"the function inbox"', 'inbox() or s3Source({ bucket, prefix })'],
  [
    { source: "s3Source({ bucket: 'My_Bucket', prefix: '{slice}/' })" },
    'source.bucket',
    '"My_Bucket"',
    logical,
  ],
  [
    { source: "s3Source({ bucket: 'partner', prefix: '/{slice}/' })" },
    'source.prefix',
    '"/{slice}/"',
    prefixForm,
  ],
  [
    { source: "s3Source({ bucket: 'partner', prefix: 'all/' })" },
    'source.prefix',
    '"all/"',
    'a prefix with {slice} in it, so that each slice has its own files',
  ],
  // format
  [{ format: 'csv' }, 'format', '"the function csv"', formatForm],
  [{ format: "{ kind: 'yaml' }" }, 'format.kind', '"yaml"', formatForm],
  [{ format: "csv({ delimiter: '' })" }, 'format.delimiter', '""', delimiterForm],
  [{ format: 'csv({ delimiter: null })' }, 'format.delimiter', 'null', delimiterForm],
  [{ format: "csv({ delimiter: '\\n' })" }, 'format.delimiter', '"\\n"', delimiterForm],
  [{ format: "csv({ delimiter: '|\\r|' })" }, 'format.delimiter', '"|\\r|"', delimiterForm],
  [{ format: "csv({ delimiter: '\\ud800' })" }, 'format.delimiter', '"\\ud800"', delimiterForm],
  [{ format: 'xml({})' }, 'format.record', undefined, `is missing; it is ${recordForm}`],
  [{ format: "xml({ record: 'a/' })" }, 'format.record', '"a/"', recordForm],
  [{ format: "xml({ record: 'a/@b' })" }, 'format.record', '"a/@b"', recordForm],
  [
    { format: "xml({ record: 'g:Series/g:Obs' })" },
    'format.record',
    '"g:Series/g:Obs"',
    "names without a prefix, since namespaces is 'strip'",
  ],
  [
    { format: "xml({ record: 'r', namespaces: 'drop' })" },
    'format.namespaces',
    '"drop"',
    "one of 'strip', 'keep'",
  ],
  [
    { format: "xml({ record: 'r' })", contract: "{ columns: { id: { type: 'int', from: './a/@' } } }" },
    'contract',
    '"./a/@"',
    xmlPathForm,
  ],
  [
    { format: "xml({ record: 'r' })", contract: "{ columns: { id: { type: 'int', from: '@g:id' } } }" },
    'contract',
    '"@g:id"',
    `${xmlPathForm}, in names without a prefix`,
  ],
  [
    { format: "csv({ delimiter: '=================' })" },
    'format.delimiter',
    '"================="',
    delimiterForm,
  ],
  [{ format: "csv({ quote: '«' })" }, 'format.quote', '"«"', quoteForm],
  [{ format: "csv({ quote: '' })" }, 'format.quote', '""', quoteForm],
  [{ format: 'csv({ quote: false })' }, 'format.quote', 'false', quoteForm],
  [
    { format: "csv({ quote: null, escape: '\\\\' })" },
    'format.escape',
    '"\\\\"',
    'no escape where quote is null: nothing is quoted, so nothing is escaped',
  ],
  [{ format: "csv({ escape: '\\r' })" }, 'format.escape', '"\\r"', ascii],
  [{ format: "csv({ comment: '//' })" }, 'format.comment', '"//"', ascii],
  [{ format: "csv({ header: 'first' })" }, 'format.header', '"first"', headerForm],
  [{ format: 'csv({ header: [] })' }, 'format.header', '[]', headerForm],
  [
    { format: "csv({ header: ['id', ' ', 'qty', 'note'] })" },
    'format.header.1',
    '" "',
    'names that are not empty',
  ],
  [{ format: "csv({ header: ['id', 'qty', 'note', 'id'] })" }, 'format.header', '"id"', 'each name once'],
  [{ format: "csv({ headerNames: 'last' })" }, 'format.headerNames', '"last"', `${choice}'rename'`],
  [
    { format: "csv({ header: ['id', 'qty', 'note'], headerNames: 'rename' })" },
    'format.headerNames',
    '"rename"',
    "'reject' where header is not true: the file has no names",
  ],
  [{ format: 'csv({ skipRows: -1 })' }, 'format.skipRows', '-1', rowsForm],
  [{ format: 'csv({ skipRows: 1.5 })' }, 'format.skipRows', '1.5', rowsForm],
  [{ format: "csv({ skipRows: '2' })" }, 'format.skipRows', '"2"', rowsForm],
  [{ format: "csv({ trim: 'both' })" }, 'format.trim', '"both"', 'true or false'],
  [{ format: "csv({ trim: true, quote: ' ' })" }, 'format.quote', '" "', noBlank],
  [{ format: "csv({ trim: true, escape: '\\t' })" }, 'format.escape', '"\\t"', noBlank],
  [{ format: "csv({ trim: true, comment: ' ' })" }, 'format.comment', '" "', noBlank],
  [{ format: 'csv({ ragged: true })' }, 'format.ragged', 'true', `${choice}'pad'`],
  [{ format: "csv({ nulls: 'NULL' })" }, 'format.nulls', '"NULL"', 'a list of texts'],
  [{ format: 'csv({ nulls: [null] })' }, 'format.nulls.0', 'null', text],
  [{ format: "csv({ required: 'yes' })" }, 'format.required', '"yes"', 'true or false'],
  [{ format: "csv({ delimiter: '\"' })" }, 'format.delimiter', '"\\""', otherThanQuote],
  [{ format: "csv({ delimiter: '|', escape: '|' })" }, 'format.delimiter', '"|"', otherThanQuote],
  [{ format: `csv({ delimiter: '|"|' })` }, 'format.delimiter', '"|\\"|"', otherThanQuote],
  [{ format: "csv({ delimiter: '|\\\\', escape: '\\\\' })" }, 'format.delimiter', '"|\\\\"', otherThanQuote],
  [{ format: "csv({ delimiter: '#', comment: '#' })" }, 'format.comment', '"#"', commentForm],
  [{ format: "csv({ delimiter: '#|', comment: '#' })" }, 'format.comment', '"#"', commentForm],
  [{ format: `csv({ comment: '"' })` }, 'format.comment', '"\\""', commentForm],
  [{ format: 'ndjson({ header: true })' }, 'format.header', 'true', linesForm],
  [{ format: 'ndjson({ header: [] })' }, 'format.header', '[]', linesForm],
  [{ format: "ndjson({ header: ['id', ''] })" }, 'format.header.1', '""', 'names that are not empty'],
  [{ format: "ndjson({ header: ['id', 'qty', 'note', 'id'] })" }, 'format.header', '"id"', 'each name once'],
  [
    { format: "ndjson({ header: ['id', 'qty'] })" },
    'contract',
    '"note"',
    'a field of format.header: id, qty',
  ],
  [
    { format: "csv({ encoding: 'latin1' })" },
    'format.encoding',
    '"latin1"',
    "one of 'utf-8', 'utf-16le', 'utf-16be', 'latin-1', 'windows-1252'",
  ],
  [
    { format: "ndjson({ path: '$' })" },
    'format.path',
    '"$"',
    'a field that there is: header, required, encoding',
  ],
  [{ format: "json({ path: '' })" }, 'format.path', '""', pathForm],
  [{ format: "json({ path: 'items' })" }, 'format.path', '"items"', pathForm],
  [{ format: "json({ path: '$.items[*]' })" }, 'format.path', '"$.items[*]"', pathForm],
  [{ format: "json({ path: ['items'] })" }, 'format.path', '["items"]', pathForm],
  [{ format: "json({ required: 'yes' })" }, 'format.required', '"yes"', 'true or false'],
  ...['ndjson()', 'json()'].flatMap((format): Case[] => [
    [{ format, ...columns("id: { type: 'int', from: '/a~2' }") }, 'contract', '"/a~2"', memberForm],
    [
      { format, ...columns("id: { type: 'string', from: 'lower(\"/a~\")' }") },
      'contract',
      '"/a~"',
      memberForm,
    ],
    [{ format, ...columns("id: { type: 'int', from: '../id' }") }, 'contract', '"../id"', memberForm],
  ]),
  // contract
  [
    { contract: null },
    'contract',
    undefined,
    'is missing; it is { columns: { name: type } } and, where needed, filter, key, onRepeatedKey, names, onNewColumn, onMissingColumn, onRetypedColumn, onBadRecord, maxRejects',
  ],
  [
    { contract: '{}' },
    'contract.columns',
    undefined,
    'is missing; it is an object of columns: { name: type }',
  ],
  [{ contract: '{ columns: {} }' }, 'contract.columns', '{}', 'at least one column'],
  [columns("id: 'integer'"), 'contract.columns.id', '"integer"', types],
  [columns("id: 'decimal(39,2)'"), 'contract.columns.id', '"decimal(39,2)"', types],
  [columns("id: 'decimal(2,3)'"), 'contract.columns.id', '"decimal(2,3)"', types],
  [columns("id: 'decimal(0,0)'"), 'contract.columns.id', '"decimal(0,0)"', types],
  [columns("id: 'decimal'"), 'contract.columns.id', '"decimal"', types],
  [columns("id: 'INT'"), 'contract.columns.id', '"INT"', types],
  [columns("id: 'int??'"), 'contract.columns.id', '"int??"', types],
  [columns("id: 'uint'"), 'contract.columns.id', '"uint"', types],
  [columns('id: 5'), 'contract.columns.id', '5', `a type (${types}), or { type, from }`],
  [columns("id: { type: 'nope', from: 'x' }"), 'contract.columns.id.type', '"nope"', types],
  [
    columns("id: { type: 'int', from: ' ' }"),
    'contract.columns.id.from',
    '" "',
    'SQL over the fields of the source',
  ],
  [
    columns("'order id': 'int'"),
    'contract.columns.order id',
    '"order id"',
    'a name of letters, digits and _ that does not begin with a digit',
  ],
  [
    columns("'2nd': 'int'"),
    'contract.columns.2nd',
    '"2nd"',
    'a name of letters, digits and _ that does not begin with a digit',
  ],
  [
    columns("é: 'int'"),
    'contract.columns.é',
    '"é"',
    'a name of letters, digits and _ that does not begin with a digit',
  ],
  [
    columns("Metadata: 'int'"),
    'contract.columns.Metadata',
    '"Metadata"',
    'a name other than metadata and slice, which every table has',
  ],
  [
    columns("slice: 'int'"),
    'contract.columns.slice',
    '"slice"',
    'a name other than metadata and slice, which every table has',
  ],
  [
    columns("id: 'int', ID: 'int'"),
    'contract.columns.ID',
    '"ID"',
    'a name that differs from id in more than case',
  ],
  [contract('filter: 5'), 'contract.filter', '5', 'SQL over the fields of the source'],
  [contract("key: 'id'"), 'contract.key', '"id"', 'a list of names of columns'],
  [contract("key: ['']"), 'contract.key.0', '""', 'names of columns'],
  [contract("key: ['nota']"), 'contract.key.0', '"nota"', "a column of the contract; did you mean 'note'?"],
  [contract("key: ['customer']"), 'contract.key.0', '"customer"', 'a column of the contract: id, qty, note'],
  [
    contract("key: ['id', 'note']"),
    'contract.key.1',
    '"note"',
    'a column that is never null (its type without ?)',
  ],
  [contract("key: ['id', 'id']"), 'contract.key.1', '"id"', 'each column once'],
  [
    contract("key: ['id'], onRepeatedKey: 'keep'"),
    'contract.onRepeatedKey',
    '"keep"',
    "one of 'allow', 'reject', 'keep-first', 'keep-last'",
  ],
  ...['reject', 'keep-first', 'keep-last'].map(
    (policy): Case => [
      contract(`onRepeatedKey: '${policy}'`),
      'contract.onRepeatedKey',
      `"${policy}"`,
      "'allow', or a contract.key that tells which records are the same",
    ],
  ),
  [
    { contract: "{ columns: { id: 'int', tags: 'string[]' }, key: ['id', 'tags'] }" },
    'contract.key.1',
    '"tags"',
    'a column that is no struct, list or map',
  ],
  [
    { contract: "{ columns: { lines: 'map(string, struct(sku string, Sku string)[])' } }" },
    'contract.columns.lines',
    '"Sku"',
    'members of a struct whose names differ in more than case; sku is there, too',
  ],
  [
    { contract: "{ columns: { lines: 'struct(sku)[]' } }" },
    'contract.columns.lines',
    '"struct(sku)[]"',
    types,
  ],
  [
    { contract: "{ columns: { a: 'int', b: { type: 'int[]', from: 'a + 1' } } }" },
    'contract.columns.b.from',
    '"a + 1"',
    'SQL over fields (text, or typed columns) whose result is the JSON text of int[]',
  ],
  [contract("onBadRecord: 'skip'"), 'contract.onBadRecord', '"skip"', "one of 'quarantine', 'fail'"],
  [contract("onNewColumn: 'ignore'"), 'contract.onNewColumn', '"ignore"', columnPolicies],
  [contract('onMissingColumn: null'), 'contract.onMissingColumn', 'null', columnPolicies],
  [contract("onRetypedColumn: 'quarantine'"), 'contract.onRetypedColumn', '"quarantine"', columnPolicies],
  [contract('names: true'), 'contract.names', 'true', "one of 'exact', 'ignore-case'"],
  [
    contract("onMisingColumn: 'fail'"),
    'contract.onMisingColumn',
    '"fail"',
    "a field that there is; did you mean 'onMissingColumn'?",
  ],
  [contract('maxRejects: 5'), 'contract.maxRejects', '5', rejectsForm],
  [contract('maxRejects: {}'), 'contract.maxRejects', '{}', rejectsForm],
  [
    contract('maxRejects: { count: 1, ratio: 0.1 }'),
    'contract.maxRejects',
    '{"count":1,"ratio":0.1}',
    rejectsForm,
  ],
  [contract('maxRejects: { count: -1 }'), 'contract.maxRejects.count', '-1', 'a whole number from 0'],
  [contract('maxRejects: { count: 1.5 }'), 'contract.maxRejects', '{"count":1.5}', rejectsForm],
  [contract('maxRejects: { ratio: 1.01 }'), 'contract.maxRejects.ratio', '1.01', 'a number from 0 to 1'],
  [contract('maxRejects: { ratio: -0.01 }'), 'contract.maxRejects.ratio', '-0.01', 'a number from 0 to 1'],
  [contract('maxRejects: { count: 10n }'), 'contract.maxRejects', '{"count":"10"}', rejectsForm],
  // envelope
  [
    { envelope: null },
    'envelope',
    undefined,
    'is missing; it is { eventType, resource } and, where needed, version, jurisdiction, dataSensitivity, tags',
  ],
  [
    { envelope: "{ resource: '/orders' }" },
    'envelope.eventType',
    undefined,
    'is missing; it is a name such as OrderPlaced',
  ],
  [{ envelope: "{ eventType: 'E', resource: '' }" }, 'envelope.resource', '""', 'a name such as /orders'],
  [envelope('version: 1'), 'envelope.version', '1', text],
  [envelope("jurisdiction: ''"), 'envelope.jurisdiction', '""', text],
  [envelope('dataSensitivity: true'), 'envelope.dataSensitivity', 'true', text],
  [envelope("tags: 'sales'"), 'envelope.tags', '"sales"', 'a list of texts'],
  [envelope("tags: ['sales', '']"), 'envelope.tags.1', '""', 'texts that are not empty'],
  // privacy
  [{ privacy: "['note']" }, 'privacy', '["note"]', 'an object: { column: rule }'],
  [
    { privacy: "{ nota: 'mask' }" },
    'privacy.nota',
    '"nota"',
    "a column of the contract; did you mean 'note'?",
  ],
  [
    { privacy: "{ id: 'drop', qty: 'drop', note: 'drop' }" },
    'privacy',
    '{"id":"drop","qty":"drop","note":"drop"}',
    'at least one column that is kept',
  ],
  // sinks
  [{ sinks: '[]' }, 'sinks', '[]', '[lake()]: exactly one lake'],
  [{ sinks: 'lake()' }, 'sinks', '{"kind":"lake"}', '[lake()]'],
  [{ sinks: '[lake]' }, 'sinks.0', '"the function lake"', 'lake()'],
  [{ sinks: "[{ kind: 'queue' }]" }, 'sinks.0.kind', '"queue"', 'lake()'],
  // fields that there are not
  [{ lagg: "'2h'" }, 'lagg', '"2h"', "a field that there is; did you mean 'lag'?"],
  [
    { retries: '3' },
    'retries',
    '3',
    'a field that there is: name, owner, cadence, timezone, lag, source, format, contract, envelope, privacy, sinks, schedule, scheduleWindow, freshness, catchUp, arrival, after, onRevision',
  ],
  [
    { format: "csv({ delimeter: ';' })" },
    'format.delimeter',
    '";"',
    "a field that there is; did you mean 'delimiter'?",
  ],
  [
    { format: 'csv({ skip: 1 })' },
    'format.skip',
    '1',
    'a field that there is: delimiter, quote, escape, header, headerNames, skipRows, trim, ragged, nulls, comment, required, encoding',
  ],
  [
    contract("onBadrecord: 'fail'"),
    'contract.onBadrecord',
    '"fail"',
    "a field that there is; did you mean 'onBadRecord'?",
  ],
  [
    contract("unique: 'id'"),
    'contract.unique',
    '"id"',
    'a field that there is: columns, filter, key, onRepeatedKey, onNewColumn, onMissingColumn, onRetypedColumn, names, onBadRecord, maxRejects',
  ],
  [
    contract('maxRejects: { ratio: 0.1, per: 1 }'),
    'contract.maxRejects.per',
    '1',
    'a field that there is: ratio',
  ],
  [
    columns("id: { type: 'int', form: 'x' }"),
    'contract.columns.id.form',
    '"x"',
    "a field that there is; did you mean 'from'?",
  ],
  [
    columns("id: { type: 'int', default: 0 }"),
    'contract.columns.id.default',
    '0',
    'a field that there is: type, from',
  ],
  [envelope("versoin: '1'"), 'envelope.versoin', '"1"', "a field that there is; did you mean 'version'?"],
  [
    { source: "{ kind: 's3', bucket: 'partner', prefix: '{slice}/', prefx: 'x' }" },
    'source.prefx',
    '"x"',
    "a field that there is; did you mean 'prefix'?",
  ],
  [{ source: "{ kind: 'inbox', bucket: 'partner' }" }, 'source.bucket', '"partner"', 'no field here'],
  [
    { sinks: "[{ kind: 'lake', format: 'parquet' }]" },
    'sinks.0.format',
    '"parquet"',
    'a field that there is: major',
  ],
  [
    { sinks: '[lake({ major: 0 })]' },
    'sinks.0.major',
    '0',
    'a whole number from 1 to 99: the major version of the table',
  ],
  // expressions
  [contract("filter: 'qty'"), 'contract.filter', '"\\"qty\\""', 'SQL that is true or false'],
  [
    { contract: "{ columns: { one: { type: 'int', from: '1' } }, filter: '1' }" },
    'contract.filter',
    '"1"',
    'SQL that is true or false',
  ],
  [
    contract("filter: 'qty >'"),
    'contract.filter',
    '"qty >"',
    'one SQL expression; this one cannot be parsed',
  ],
  [
    columns("id: 'date', total: { type: 'int', from: 'sqrt(id)' }"),
    'contract.columns.total.from',
    '"sqrt(id)"',
    'SQL over fields (text, or typed columns) whose result can become int',
  ],
  [
    { format: "csv({ header: ['id', 'qty', 'note'] })", ...contract('filter: "status <> \'test\'"') },
    'contract',
    '"status"',
    'a field of format.header: id, qty, note',
  ],
  [
    {
      format: 'csv({ header: false })',
      contract: `{ columns: { id: { type: 'int', from: 'f10' }, qty: { type: 'int', from: 'f0' } } }`,
    },
    'contract',
    '"f0"',
    'a field by its number, f1, f2 …, since format.header is false',
  ],
  [
    columns("id: 'int', half: { type: 'double', from: 'ID / 2' }"),
    'contract',
    '"ID"',
    'one spelling: id is read, too, and differs in case only',
  ],
  [
    {
      format: "csv({ header: ['id', 'qty', 'note', 'ID'] })",
      ...contract("names: 'ignore-case'"),
    },
    'format.header',
    '"ID"',
    "names that differ in more than case, since contract.names is 'ignore-case'; id is there, too",
  ],
  [
    {
      format: "ndjson({ header: ['id', 'qty', 'note', 'extra', 'more'] })",
      ...contract("onNewColumn: 'fail'"),
    },
    'format.header',
    '"extra"',
    "names that the contract reads, since contract.onNewColumn is 'fail'",
  ],
  [
    { format: "csv({ header: ['ID', 'Qty'] })", ...contract("names: 'ignore-case'") },
    'contract',
    '"note"',
    'a field of format.header: ID, Qty',
  ],
];

describe('a job file that is wrong in one thing has one problem', () => {
  let byFile: Record<string, Told[]>;
  const nameOf = (n: number) => `case-${n}`;
  beforeAll(async () => {
    const files = cases.map(([change], n) => [`${nameOf(n)}.ts`, jobFile(nameOf(n), change)]);
    ({ byFile } = await problemsIn(Object.fromEntries(files)));
  });

  test.each(cases.map((row, n) => [JSON.stringify(row[0]), n, row] as const))('%s', (_, n, row) => {
    const [, field, value, allowed] = row;
    expect(byFile[`${nameOf(n)}.ts`]).toEqual([{ field, value, allowed }]);
  });
});

test('a job does not come after itself', async () => {
  const { byFile } = await problemsIn({ 'orders.ts': jobFile('orders', { after: "['orders']" }) });
  expect(byFile['orders.ts']).toEqual([
    { field: 'after.0', value: '"orders"', allowed: 'another job than itself' },
  ]);
});

test.each([
  ['Orders', nameForm],
  ['orders_nl', nameForm],
  ['2orders', nameForm],
  ['orders-', nameForm],
  ['a--b', nameForm],
  ['../orders', nameForm],
  ['a'.repeat(41), 'at most 40 characters'],
  ['', nameForm],
])('a job is not called %j', async (name, allowed) => {
  const { byFile } = await problemsIn({ 'orders.ts': jobFile('orders', { name: `'${name}'` }) });
  expect(byFile['orders.ts']).toEqual([{ field: 'name', value: JSON.stringify(name), allowed }]);
});

test("a job has its file's name, so that no two jobs have one", async () => {
  const { byFile } = await problemsIn({
    'orders.ts': jobFile('orders'),
    'payments.ts': jobFile('payments', { name: "'orders'" }),
  });
  expect(byFile).toEqual({
    'payments.ts': [{ field: 'name', value: '"orders"', allowed: "the file's name, 'payments'" }],
  });
});

test('all problems of all files are told at once, file by file', async () => {
  const { byFile, text: message } = await problemsIn({
    'b.ts': jobFile('b', {
      owner: null,
      cadence: "'weekly'",
      contract:
        "{ columns: { id: 'integer', email: 'string?', total: { type: 'int', from: 'now()' } }, key: ['email', 'nope'], filter: 'sum(x) > 1' }",
      privacy: "{ email: 'masked', nope: 'hash' }",
      schedule: "'cron(99 2 * * ? *)'",
      extra: '1',
    }),
    'a.ts': 'export default { name: "a" };',
    'c.ts': jobFile('c'),
    'd.ts': 'export default defineJob({',
    'e.ts': "throw new Error('no such variable: REGION');",
    'f.ts': "import { defineJob } from 'forebay/core/job'; export default defineJob();",
  });
  expect(Object.keys(byFile)).toEqual(['a.ts', 'b.ts', 'd.ts', 'e.ts', 'f.ts']);
  expect(byFile['a.ts']).toEqual([
    { field: '', value: undefined, allowed: 'its default export is not defineJob({ … })' },
  ]);
  expect(byFile['b.ts']?.map(({ field }) => field).sort()).toEqual([
    'cadence',
    'contract.columns.id',
    'contract.columns.total.from',
    'contract.filter',
    'contract.key.0',
    'contract.key.1',
    'extra',
    'owner',
    'privacy.email',
    'privacy.nope',
    'schedule',
  ]);
  expect(byFile['d.ts']?.[0]?.allowed).toMatch(/^cannot be read: .+ \(line 1\)$/);
  expect(byFile['e.ts']?.[0]?.allowed).toBe('cannot be read: no such variable: REGION');
  expect(byFile['f.ts']).toEqual([
    { field: '', value: undefined, allowed: 'is missing; it is defineJob({ … }) with an object of fields' },
  ]);
  expect(message).toMatch(/^15 problems in 5 job files:\n/);
  expect(message).toMatch(
    /\n {2}\S*b\.ts: cadence is "weekly"\. Allowed: one of 'hourly', 'daily', 'monthly', 'once'\n/,
  );
  expect(message).toMatch(
    /\n {2}\S*b\.ts: owner: is missing; it is who answers for the feed, e\.g\. sales\n/,
  );
});

test('what is wrong only because of another problem is not told', async () => {
  const { byFile } = await problemsIn({
    'a.ts': jobFile('a', { name: "'A'" }),
    'b.ts': jobFile('b', { name: "'B'" }),
    'c.ts': jobFile('c', { contract: "{ key: ['id'] }", privacy: "{ note: 'mask' }" }),
    'd.ts': jobFile('d', {
      contract: "{ columns: { qty: 'integer', total: { type: 'int', from: 'qty * 2' } } }",
    }),
  });
  const fields = Object.entries(byFile).flatMap(([file, told]) =>
    told.map(({ field }) => `${file} ${field}`),
  );
  expect(fields).toEqual(['a.ts name', 'b.ts name', 'c.ts contract.columns', 'd.ts contract.columns.qty']);
});

test('a long value is cut', async () => {
  const { byFile } = await problemsIn({
    'orders.ts': jobFile('orders', { timezone: `'${'x'.repeat(200)}'` }),
  });
  expect(byFile['orders.ts']?.[0]?.value).toBe(`"${'x'.repeat(78)}…`);
});

test('a folder that is not there is a problem, and says how to name another', async () => {
  await withFolder({}, async (dir) => {
    const allowed =
      'there is no such folder. Give a folder that is there; name another with --jobs (CLI) or -c jobs=… (CDK)';
    await expect(loadJobs(`${dir}/nothing`)).rejects.toMatchObject({
      name: 'JobFileError',
      problems: [{ file: `${dir}/nothing`, field: '', value: undefined, allowed }],
    });
  });
});
