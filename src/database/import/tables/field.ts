import { badInput } from '../../../errors.js';
import type { DateFormat, Field } from '../descriptor.js';
import { dateParser } from '../values/date.js';
import { numberParser } from '../values/number.js';
import type { Table } from './table.js';

/** @returns the text of a row's value, '' where it is missing; and what was read where the value is not known. */
export type TextReader = (fields: readonly string[]) => string;

/** @throws {ConcordError} BAD_INPUT for a column that the table does not have. */
export function textField(field: Field, table: Pick<Table, 'index' | 'csv'>): TextReader {
  const { nulls } = table.csv;
  if (typeof field === 'number') return () => String(field);
  if (typeof field === 'string') {
    const index = table.index(field);
    return (fields) => notNull(fields[index]!.trim(), nulls);
  }
  if ('value' in field) return () => String(field.value);
  const index = table.index(field.column);
  const otherwise = field.default === undefined ? undefined : String(field.default);
  const values =
    field.values && new Map(Object.entries(field.values).map(([k, v]) => [k, v === null ? '' : String(v)]));
  if (!values) return (fields) => notNull(fields[index]!.trim(), nulls) || (otherwise ?? '');
  return (fields) => values.get(fields[index]!.trim()) ?? otherwise ?? '';
}

/** NaN = missing or no number. */
export function numberField(field: Field | undefined, table: Table): (fields: readonly string[]) => number {
  if (field === undefined) return () => Number.NaN;
  const read = textField(field, table);
  const parse = numberParser(table.csv.decimal);
  return (fields) => {
    const text = read(fields);
    return text === '' ? Number.NaN : parse(text);
  };
}

/** Milliseconds since 1970; NaN = missing, no date, or outside the field's min and max. */
export function timeField(field: Field | undefined, table: Table): (fields: readonly string[]) => number {
  if (field === undefined) return () => Number.NaN;
  if (typeof field === 'number') throw badInput(`${field} is no date: write a column, or {"value": "YYYY-MM-DD"}.`);
  const read = textField(field, table);
  const options: { format?: DateFormat; min?: string; max?: string } =
    typeof field === 'object' && 'column' in field ? field : {};
  const parse = dateParser(options.format);
  const iso = dateParser('iso');
  const min = options.min ? iso(options.min) : Number.NEGATIVE_INFINITY;
  const max = options.max ? iso(options.max) : Number.POSITIVE_INFINITY;
  return (fields) => {
    const text = read(fields);
    const time = text === '' ? Number.NaN : parse(text);
    return time >= min && time <= max ? time : Number.NaN;
  };
}

const notNull = (text: string, nulls: ReadonlySet<string>) => (nulls.has(text) ? '' : text);
