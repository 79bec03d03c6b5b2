import { CategoricalCleaner } from '../cleaning/categorical.js';
import type { Cleaner } from '../cleaning/cleaner.js';
import { DateCleaner } from '../cleaning/date.js';
import { NumericCleaner } from '../cleaning/numeric.js';
import type { ColumnSpec, ColumnType, UsersTable } from '../descriptor.js';
import { Actions } from '../report.js';
import type { Table } from './table.js';

/** A number (days for dates; NaN = missing), or a category (null = missing). */
export type Value = number | string | null;

/** One attribute of users: where it is read, and the rules that clean it. */
export interface Attribute {
  readonly name: string;
  readonly spec: ColumnSpec;
  readonly index: number;
  readonly cleaner: Cleaner<Value>;
  readonly actions: Actions;
  readonly isProtected: boolean;
  readonly isForModels: boolean;
}

/** @throws {ConcordError} BAD_INPUT for a column that is not there. */
export function attributeOf(
  name: string,
  given: ColumnType | ColumnSpec,
  table: Table,
  clean: UsersTable['clean'],
): Attribute {
  const spec: ColumnSpec = typeof given === 'string' ? { type: given } : given;
  const isProtected = spec.protected === true;
  return {
    name,
    spec,
    index: table.index(spec.from ?? name),
    cleaner: cleanerOf(spec, table, clean),
    actions: new Actions(),
    isProtected,
    isForModels: !isProtected || spec.use === 'model',
  };
}

function cleanerOf(spec: ColumnSpec, { csv }: Table, clean: UsersTable['clean']): Cleaner<Value> {
  // A cleaner takes back only what it gave, so the wider type is safe.
  switch (spec.type) {
    case 'numeric':
      return new NumericCleaner({ ...clean?.numeric, ...spec }, csv.nulls, csv.decimal) as Cleaner<Value>;
    case 'categorical':
      return new CategoricalCleaner({ ...clean?.categorical, ...spec }, csv.nulls) as Cleaner<Value>;
    case 'date':
      return new DateCleaner({ ...clean?.date, ...spec }, csv.nulls) as Cleaner<Value>;
  }
}
