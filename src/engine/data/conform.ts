import type { CategoricalColumn, Column, Dataset, DateColumn, NumericColumn } from './dataset.js';

const DAY_MS = 86_400_000;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/**
 * The data set with its columns read as the kinds that were agreed on. What kind a column seems to be may hang on a single user (one text
 * among numbers); what is read of a user here hangs on that user alone, as differential privacy needs it. What cannot be read as the kind
 * is missing.
 * @param kinds by the name of the column; others stay as they are
 */
export function conform(dataset: Dataset, kinds: ReadonlyMap<string, Column['kind']>): Dataset {
  const columns = dataset.columns.map((column) => asKind(column, kinds.get(column.name) ?? column.kind));
  return { ...dataset, columns };
}

function asKind(column: Column, kind: Column['kind']): Column {
  if (column.kind === kind) return column;
  const textOf = textsOf(column);
  if (kind === 'categorical') return categorical(column, textOf);
  const read = kind === 'date' ? dayOf : numberOf;
  const values = Float64Array.from(column.values as ArrayLike<number>, (_, user) => read(textOf(user)));
  return { kind, name: column.name, values } as NumericColumn | DateColumn;
}

function textsOf(column: Column): (user: number) => string | undefined {
  const { values } = column;
  if (column.kind === 'categorical') return (user) => (values[user] < 0 ? undefined : column.categories[values[user]]);
  return (user) => {
    const value = values[user];
    if (!Number.isFinite(value)) return undefined;
    return column.kind === 'date' ? new Date(value * DAY_MS).toISOString().slice(0, 10) : String(value);
  };
}

function numberOf(text: string | undefined): number {
  return text === undefined || text.trim() === '' ? Number.NaN : Number(text);
}

function dayOf(text: string | undefined): number {
  return text !== undefined && DAY.test(text) ? Date.parse(text) / DAY_MS : Number.NaN;
}

function categorical({ name, values }: Column, textOf: (user: number) => string | undefined): CategoricalColumn {
  const places = new Map<string, number>();
  const placed = Int32Array.from(values as ArrayLike<number>, (_, user) => {
    const text = textOf(user);
    if (text === undefined) return -1;
    const place = places.get(text) ?? places.size;
    places.set(text, place);
    return place;
  });
  return { kind: 'categorical', name, values: placed, categories: [...places.keys()] };
}
