import type { Series } from '../../../engine/data/dataset.js';
import { badInput } from '../../../errors.js';
import type { Fault } from '../cleaning/cleaner.js';
import type { Descriptor, Key, UsersTable } from '../descriptor.js';
import type { ReadContext, Row } from '../files/csv-file.js';
import { Accounting } from '../report.js';
import { foldReader, type Place, randomFold, readSplitFile } from '../split.js';
import { matcher, selectNames } from '../values/condition.js';
import { detached, LONGEST_KEY } from '../values/text.js';
import { type Attribute, attributeOf, type Value } from './attribute.js';
import { Winners } from './duplicates.js';
import { inferColumn } from './infer.js';
import { hasRules, namedSeries, seriesOf } from './series-columns.js';
import { newestBy, openTable, type Table } from './table.js';

/** One user as the descriptor reads and cleans it. */
export interface UserRecord {
  readonly row: Row;
  readonly id: string;
  /** In the order of the attributes. */
  readonly values: readonly Value[];
  /** Of the 0/1 columns: indices into `products`. */
  readonly owned: readonly number[];
  /** 1, 0, or NaN: unknown. */
  readonly label: number;
  /** Absent where the descriptor has no split, or its file does not name the user. */
  readonly place?: Place;
}

export interface Users {
  readonly table: Table;
  readonly attributes: readonly Attribute[];
  /** Codes of the products that are 0/1 columns. */
  readonly products: readonly string[];
  /** Those that models of sequences read. */
  readonly series: readonly Series[];
  readonly notes: readonly string[];
  /** Users in the order of the file. `accounting` has the rows that are not imported; the caller counts those that are. */
  read(accounting: Accounting): AsyncGenerator<UserRecord[]>;
}

/**
 * Opens the users' table, infers what the descriptor leaves open, and reads the file once more where a rule needs statistics of the training rows
 * or the newest of duplicates.
 * @throws {ConcordError} BAD_INPUT: see openTable; a column that is not there; a split that does not fit.
 */
export async function openUsers(descriptor: Descriptor, spec: UsersTable, context: ReadContext): Promise<Users> {
  const table = await openTable(spec, context);
  const notes: string[] = [];
  const products = productColumns(descriptor, table);
  const attributes = await attributesOf(descriptor, spec, table, products, notes);
  const idOf = keyReader(spec.id, table);
  const placeOf = await placeReader(descriptor, table, idOf, context);
  const labelOf = labelReader(descriptor, table);
  const flags = products.map((code) => ({ code, index: table.index(code) }));
  const series = (spec.series ?? []).filter(hasRules).map((rules) => seriesOf(rules, attributes));
  const winners = new Winners(spec.duplicates ?? 'reject', newestBy(spec.duplicates ?? 'reject', table.index));
  await survey(table, { winners, attributes, idOf, placeOf, hasSplit: descriptor.split !== undefined });

  return {
    table,
    attributes,
    products,
    series: namedSeries(spec.series ?? [], attributes),
    notes,
    async *read(accounting) {
      for await (const batch of table.rows(accounting)) {
        const users: UserRecord[] = [];
        for (const row of batch) {
          const id = idOf(row);
          if (id === '') {
            accounting.reject(row, 'no user id');
            continue;
          }
          if (id.length > LONGEST_KEY) {
            accounting.reject(row, 'user id too long');
            continue;
          }
          const standing = winners.standing(id, row);
          if (standing === 'merged') {
            accounting.merged++;
            continue;
          }
          if (standing !== 'wins') {
            accounting.reject(row, 'duplicate user', `as on line ${standing.line}`);
            continue;
          }
          const fault: Fault = {};
          const values = valuesOf(row, attributes, series, fault);
          const owned = ownedOf(row, flags, table.csv.nulls, fault);
          if (fault.reason) {
            accounting.reject(row, fault.reason);
            continue;
          }
          winners.accept(id, row);
          users.push({ row, id, values, owned, label: labelOf(row), place: placeOf(row, id) });
        }
        yield users;
      }
    },
  };
}

function productColumns({ holdings }: Descriptor, table: Table): readonly string[] {
  if (!holdings?.columns) return [];
  for (const name of holdings.columns) if (!name.includes('*')) table.index(name);
  const names = selectNames(holdings.columns, table.columns);
  if (names.length === 0)
    throw badInput(`holdings.columns: ${table.name} has no column ${holdings.columns.join(', ')}.`);
  return names;
}

async function attributesOf(
  descriptor: Descriptor,
  spec: UsersTable,
  table: Table,
  products: readonly string[],
  notes: string[],
): Promise<Attribute[]> {
  const attributes = Object.entries(spec.columns ?? {}).map(([name, column]) =>
    attributeOf(name, column, table, spec.clean),
  );
  const spoken = new Set([
    ...attributes.map(({ index }) => table.columns[index]!),
    ...products,
    ...selectNames(spec.drop ?? [], table.columns),
  ]);
  if (typeof spec.id === 'string') spoken.add(spec.id);
  if (descriptor.label) spoken.add(descriptor.label.column);
  if (descriptor.split && 'column' in descriptor.split) spoken.add(descriptor.split.column);
  for (const { key } of spec.join ?? []) spoken.add(key);
  const rest = table.columns.filter((column) => !spoken.has(column));
  if (!(spec.infer ?? spec.columns === undefined)) {
    if (rest.length > 0) notes.push(`${table.name}: columns not used: ${rest.join(', ')}`);
    return attributes;
  }
  const sample = await sampleOf(table);
  for (const column of rest) {
    const index = table.index(column);
    const texts = sample.map((row) => row.fields[index]!.trim()).filter((text) => !table.csv.nulls.has(text));
    const inferred = inferColumn(column, texts, table.csv.decimal);
    const name = attributeName(column, attributes);
    notes.push(
      `${table.name}: ${column} is ${inferred.note}${inferred.spec && name !== column ? `, called ${name}` : ''}`,
    );
    if (inferred.spec) attributes.push(attributeOf(name, { ...inferred.spec, from: column }, table, spec.clean));
  }
  if (attributes.length > MOST_ATTRIBUTES) {
    throw badInput(
      `${table.name} has ${attributes.length} attributes, and a user has at most ${MOST_ATTRIBUTES}: "drop" some, or name those to use in "columns".`,
    );
  }
  return attributes;
}

/** As many as the API takes. */
const MOST_ATTRIBUTES = 200;

/** @returns a column's name with what attributes may not be called replaced. */
function attributeName(column: string, others: readonly Attribute[]): string {
  const base = column
    .replace(/[^A-Za-z0-9_.-]/g, '_')
    .replace(/^(?=[^A-Za-z_]|profile\.|__)/, 'c_')
    .slice(0, 60);
  let name = base;
  for (let n = 2; others.some((other) => other.name === name); n++) name = `${base}_${n}`;
  return name;
}

const SAMPLE_ROWS = 5000;

async function sampleOf(table: Table): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const batch of table.rows(new Accounting(table.name, 'sample'))) {
    rows.push(...batch);
    if (rows.length >= SAMPLE_ROWS) break;
  }
  return rows;
}

function keyReader(key: Key, table: Table): (row: Row) => string {
  if (typeof key !== 'string') return (row) => String(row.number + key.rowNumber);
  const index = table.index(key);
  const { nulls } = table.csv;
  return (row) => {
    const text = row.fields[index]!.trim();
    return nulls.has(text) ? '' : detached(text);
  };
}

type PlaceReader = (row: Row, id: string) => Place | undefined;

async function placeReader(
  descriptor: Descriptor,
  table: Table,
  idOf: (row: Row) => string,
  context: ReadContext,
): Promise<PlaceReader> {
  const { split } = descriptor;
  if (!split) return () => undefined;
  if ('random' in split) return (_, id) => ({ fold: randomFold(split.random, id) });
  if ('column' in split) {
    const index = table.index(split.column);
    const foldOf = foldReader(split.folds);
    return ({ fields }) => {
      const fold = foldOf(fields[index]!.trim());
      return fold && { fold };
    };
  }
  const places = await readSplitFile(split, context);
  const keyOf = split.matches === undefined ? idOf : keyReader(split.matches, table);
  const otherwise: Place | undefined = split.others === 'train' ? { fold: 'train' } : undefined;
  return (row) => places.get(keyOf(row)) ?? otherwise;
}

function labelReader({ label }: Descriptor, table: Table): (row: Row) => number {
  if (!label) return () => Number.NaN;
  const index = table.index(label.column);
  const isPositive = matcher(label.positive);
  const isNegative = label.negative === undefined ? undefined : matcher(label.negative);
  return ({ fields }) => {
    const text = fields[index]!.trim();
    if (isPositive(text)) return 1;
    if (isNegative) return isNegative(text) ? 0 : Number.NaN;
    return table.csv.nulls.has(text) ? Number.NaN : 0;
  };
}

function valuesOf(
  row: Row,
  attributes: readonly Attribute[],
  series: readonly ReturnType<typeof seriesOf>[],
  fault: Fault,
): Value[] {
  const values = new Array<Value>(attributes.length);
  for (let i = 0; i < attributes.length; i++) {
    const { cleaner, index, actions, name } = attributes[i]!;
    values[i] = cleaner.clean(row.fields[index]!.trim(), actions, fault);
    if (fault.reason) return reject(fault, name, values);
  }
  for (const clean of series) clean(values);
  for (let i = 0; i < attributes.length; i++) {
    const { cleaner, actions, name } = attributes[i]!;
    values[i] = cleaner.fill(values[i]!, actions, fault);
    if (fault.reason) return reject(fault, name, values);
  }
  return values;
}

function reject(fault: Fault, name: string, values: Value[]): Value[] {
  fault.reason = `${name}: ${fault.reason}`;
  return values;
}

const OWNED = /^(true|yes|y|t)$/i;
const NOT_OWNED = /^(false|no|n|f)$/i;

function ownedOf(
  row: Row,
  flags: readonly { code: string; index: number }[],
  nulls: ReadonlySet<string>,
  fault: Fault,
): number[] {
  const owned: number[] = [];
  for (let i = 0; i < flags.length; i++) {
    const { code, index } = flags[i]!;
    const text = row.fields[index]!.trim();
    if (text === '0' || nulls.has(text)) continue;
    const number = Number(text);
    if (number > 0 || OWNED.test(text)) owned.push(i);
    else if (number !== 0 && !NOT_OWNED.test(text)) fault.reason ??= `${code}: neither owned (1) nor not (0)`;
  }
  return owned;
}

interface Surveyed {
  readonly winners: Winners;
  readonly attributes: readonly Attribute[];
  readonly idOf: (row: Row) => string;
  readonly placeOf: PlaceReader;
  /** Without one, all rows are for training. */
  readonly hasSplit: boolean;
}

/** The passes before the one that imports: which duplicates win, then statistics of the training rows among them. */
async function survey(table: Table, { winners, attributes, idOf, placeOf, hasSplit }: Surveyed): Promise<void> {
  const uncounted = () => table.rows(new Accounting(table.name, 'survey'));
  if (winners.needsSurvey)
    for await (const batch of uncounted()) for (const row of batch) winners.observe(idOf(row), row);
  const learners = attributes.filter(({ cleaner }) => cleaner.needsStatistics);
  if (learners.length === 0) return;
  const seen = new Set<string>();
  for await (const batch of uncounted()) {
    for (const row of batch) {
      const id = idOf(row);
      if (id === '' || seen.has(id) || !winners.mayWin(id, row)) continue;
      seen.add(id);
      if (hasSplit && placeOf(row, id)?.fold !== 'train') continue;
      for (const { cleaner, index } of learners) cleaner.observe(row.fields[index]!.trim());
    }
  }
  for (const { cleaner } of learners) cleaner.settle();
}
