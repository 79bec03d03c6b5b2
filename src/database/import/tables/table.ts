import { badInput } from '../../../errors.js';
import type { Duplicates, FileRef, Join, Where } from '../descriptor.js';
import { type CsvFile, openCsv, type ReadContext, type Row } from '../files/csv-file.js';
import type { Accounting } from '../report.js';
import { matcher } from '../values/condition.js';
import { dateParser } from '../values/date.js';
import { detached } from '../values/text.js';

export interface TableSpec {
  readonly file: FileRef;
  readonly where?: Where;
  readonly join?: readonly Join[];
}

/** A file with the columns of the files joined to it. Each call of `rows` reads it from the start. */
export interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly csv: CsvFile;
  /** @throws {ConcordError} BAD_INPUT naming the columns that there are. */
  index(column: string): number;
  /** The rows that can be read and meet the conditions; `accounting` counts all. */
  rows(accounting: Accounting): AsyncGenerator<Row[]>;
}

/** @throws {ConcordError} BAD_INPUT: see openCsv; a column of a condition or join that is not there. */
export async function openTable(spec: TableSpec, context: ReadContext): Promise<Table> {
  const csv = await openCsv(spec.file, context);
  let columns: readonly string[] = csv.columns;
  const lookups: Lookup[] = [];
  for (const join of spec.join ?? []) {
    const lookup = await openLookup(join, columnIndex(csv.name, columns, join.key), context);
    lookups.push(lookup);
    columns = [...columns, ...lookup.columns];
  }
  const isKept = rowFilter(spec.where, csv.name, columns);
  return {
    name: csv.name,
    columns,
    csv,
    index: (column) => columnIndex(csv.name, columns, column),
    async *rows(accounting) {
      for await (const batch of csv.rows()) {
        const kept: Row[] = [];
        for (const row of batch) {
          accounting.read++;
          if (row.problem) {
            accounting.reject(row, reasonOf(row.problem), row.problem);
            continue;
          }
          for (const lookup of lookups) row.fields.push(...lookup.find(row.fields));
          if (isKept(row.fields)) kept.push(row);
          else accounting.filtered++;
        }
        yield kept;
      }
    },
  };
}

/** Field counts differ from row to row; what they have in common is the reason. */
const reasonOf = (problem: string) => (/^\d+ fields where/.test(problem) ? 'wrong number of fields' : 'unreadable row');

function columnIndex(file: string, columns: readonly string[], column: string): number {
  const index = columns.indexOf(column);
  if (index >= 0) return index;
  throw badInput(`${file} has no column "${column}". It has: ${columns.slice(0, 60).join(', ')}.`, { file, column });
}

function rowFilter(where: Where | undefined, file: string, columns: readonly string[]): (fields: string[]) => boolean {
  const tests = Object.entries(where ?? {}).map(([column, condition]) => ({
    index: columnIndex(file, columns, column),
    isMet: matcher(condition),
  }));
  return (fields) => tests.every(({ index, isMet }) => isMet(fields[index]!.trim()));
}

interface Lookup {
  readonly columns: readonly string[];
  find(fields: readonly string[]): readonly string[];
}

/** Keeps the second file in memory: it is the small one. */
async function openLookup(join: Join, keyIndex: number, context: ReadContext): Promise<Lookup> {
  const csv = await openCsv(join.file, context);
  const references = columnIndex(csv.name, csv.columns, join.references ?? join.key);
  const isKept = rowFilter(join.where, csv.name, csv.columns);
  const rule = join.duplicates ?? 'first';
  const stampOf = newestBy(rule, (column) => columnIndex(csv.name, csv.columns, column));
  const rows = new Map<string, { fields: readonly string[]; stamp: number }>();
  for await (const batch of csv.rows()) {
    for (const { fields, problem } of batch) {
      if (problem || !isKept(fields)) continue;
      const key = detached(fields[references]!.trim());
      const stamp = stampOf?.(fields) ?? 0;
      const other = rows.get(key);
      const wins = !other || rule === 'last' || (stampOf && stamp > other.stamp);
      if (wins) rows.set(key, { fields: fields.map(detached), stamp });
    }
  }
  const nothing = csv.columns.map(() => '');
  return {
    columns: csv.columns.map((column) => `${join.as}.${column}`),
    find: (fields) => rows.get(fields[keyIndex]!.trim())?.fields ?? nothing,
  };
}

/** @returns for the rule "newest" a function that says how new a row is: by its date, or number; unreadable ones are oldest. */
export function newestBy(
  rule: Duplicates,
  indexOf: (column: string) => number,
): ((fields: readonly string[]) => number) | undefined {
  if (typeof rule === 'string') return undefined;
  const index = indexOf(rule.newest);
  const parse = dateParser(rule.format ?? 'iso');
  return (fields) => {
    const text = fields[index]!.trim();
    const time = parse(text);
    if (!Number.isNaN(time)) return time;
    const number = text === '' ? Number.NaN : Number(text);
    return Number.isNaN(number) ? Number.NEGATIVE_INFINITY : number;
  };
}
