import { binOf, categoricalBins, type FeatureBins, numericBins } from './bins.js';

/** A feature of all rows, before it is binned. */
export interface TreeColumn {
  /** Numbers, or indices of categories; NaN = missing. */
  readonly values: Float32Array;
  /** 0 = numbers. */
  readonly categories: number;
}

/**
 * Rows to grow trees on: a byte for each feature and row, feature by feature, and members of a set (products owned) as sparse rows, each of
 * which is a feature of 0 or 1.
 */
export interface BinnedRows {
  readonly rows: number;
  readonly features: readonly FeatureBins[];
  /** features × rows. */
  readonly bins: Uint8Array;
  /** How many members there can be; as features they come after the others. */
  readonly members: number;
  /** rows + 1 offsets into items. */
  readonly offsets: Int32Array;
  readonly items: Int32Array;
}

/** Members of a set of each row. */
export type RowSets = Pick<BinnedRows, 'members' | 'offsets' | 'items'>;

export const noSets = (rows: number): RowSets => ({
  members: 0,
  offsets: new Int32Array(rows + 1),
  items: new Int32Array(0),
});

/** Fits bins to columns. */
export function fitBins(columns: readonly TreeColumn[], most: number): FeatureBins[] {
  return columns.map(({ values, categories }) =>
    categories > 0 ? categoricalBins(values, categories, most) : numericBins(values, most),
  );
}

/**
 * Bins columns.
 * @param users which entry of the columns each row takes
 */
export function binRows(
  features: readonly FeatureBins[],
  columns: readonly TreeColumn[],
  users: Int32Array,
  sets: RowSets = noSets(users.length),
): BinnedRows {
  const rows = users.length;
  const bins = new Uint8Array(features.length * rows);
  features.forEach((feature, place) => {
    const { values } = columns[place];
    const base = place * rows;
    for (let row = 0; row < rows; row++) bins[base + row] = binOf(feature, values[users[row]]);
  });
  return { rows, features, bins, ...sets };
}

/** Whether a row has a member. */
export function hasMember({ offsets, items }: RowSets, row: number, member: number): boolean {
  const end = offsets[row + 1];
  for (let item = offsets[row]; item < end; item++) if (items[item] === member) return true;
  return false;
}
