import type { Column, Dataset, UserRow } from './dataset.js';

/** A user of a data set as one user alone: what a server would be asked about. */
export function userRow({ columns, ownership, sequences }: Dataset, user: number): UserRow {
  const own = (values: readonly Column[], place: number) =>
    Object.fromEntries(values.map((column) => [column.name, valueAt(column, place)]));
  const owned = ownership ? [...ownership.items.subarray(ownership.offsets[user], ownership.offsets[user + 1])] : [];
  return {
    values: own(columns, user),
    owned: owned.map((product) => ownership?.products[product] ?? ''),
    ...(sequences && {
      events: Array.from({ length: sequences.offsets[user + 1] - sequences.offsets[user] }, (_, event) =>
        own(sequences.columns, sequences.offsets[user] + event),
      ),
    }),
  };
}

const DAY = 86_400_000;

function valueAt(column: Column, place: number): number | string | null {
  const value = column.values[place];
  if (column.kind === 'categorical') return value < 0 ? null : column.categories[value];
  if (Number.isNaN(value)) return null;
  return column.kind === 'date' ? new Date(value * DAY).toISOString().slice(0, 10) : value;
}
