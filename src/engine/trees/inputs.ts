import type { CategoricalFeature, Feature, FeatureContract, NumericFeature } from '../encoders/contract.js';
import { binsOf } from '../encoders/contract.js';
import type { EncodedUsers } from '../encoders/encode.js';
import type { Expander } from '../encoders/expand.js';
import { numericPosition } from '../encoders/numeric.js';
import type { RowSets, TreeColumn } from './matrix.js';

/**
 * What trees read of an encoded user: one value for each feature of the contract (a number's place among the edges, which rises with it; the index
 * of a category; NaN where it is missing or says nothing), then 0 or 1 for each product that the model reads.
 */
export interface TreeInputs extends Expander {
  /** Features of the contract; after them come the products. */
  readonly features: number;
  /** Number of categories of each value; 0 = it is a number. */
  readonly categories: Int32Array;
  /** Columns of all users, for binning. */
  columns(users: EncodedUsers): TreeColumn[];
}

export function treeInputs(contract: FeatureContract): TreeInputs {
  const features = contract.features.length;
  const width = features + (contract.holdings ? contract.products.length : 0);
  const readers = contract.features.map(readerOf);
  const categories = new Int32Array(width);
  contract.features.forEach((feature, place) => {
    if (feature.kind === 'categorical') categories[place] = Math.max(1, knownOf(feature));
  });
  return {
    width,
    starts: Array.from({ length: features + 1 }, (_, place) => place),
    features,
    categories,
    columns: (users) =>
      users.positions.map((positions, place) => ({
        values: positions.map((position) => readers[place](position)),
        categories: categories[place],
      })),
    write(users, user, hidden, target, row) {
      const from = row * width;
      for (let place = 0; place < features; place++)
        target[from + place] = readers[place](users.positions[place][user]);
      if (!contract.holdings) return;
      target.fill(0, from + features, from + width);
      for (let item = users.offsets[user]; item < users.offsets[user + 1]; item++)
        if (users.items[item] !== hidden) target[from + features + users.items[item]] = 1;
    },
  };
}

/** Products that each row shows. @param hidden the one that it does not; −1 = none */
export function shownProducts(
  contract: FeatureContract,
  { offsets, items }: EncodedUsers,
  users: Int32Array,
  hidden: Int32Array,
): RowSets {
  const starts = new Int32Array(users.length + 1);
  const shown: number[] = [];
  users.forEach((user, row) => {
    for (let item = offsets[user]; contract.holdings && item < offsets[user + 1]; item++)
      if (items[item] !== hidden[row]) shown.push(items[item]);
    starts[row + 1] = shown.length;
  });
  return { members: contract.holdings ? contract.products.length : 0, offsets: starts, items: Int32Array.from(shown) };
}

type Reader = (position: number) => number;

const readerOf = (feature: Feature): Reader =>
  feature.kind === 'categorical' ? categoryReader(feature) : numberReader(feature);

/** Categories, with unknown as the last where it has an input. */
const knownOf = (feature: CategoricalFeature): number => feature.categories.length + (feature.unknown ? 1 : 0);

function categoryReader(feature: CategoricalFeature): Reader {
  const known = knownOf(feature);
  return (position) => (position < known ? position : Number.NaN);
}

/** Codes go back to where their values are among the others: trees can cut them off themselves. */
function numberReader(feature: NumericFeature): Reader {
  const { codes, edges } = feature;
  const below = codes.filter((code) => edges.length === 0 || code < edges[0]).sort((a, b) => b - a);
  const above = codes.filter((code) => edges.length > 0 && code > edges[edges.length - 1]).sort((a, b) => a - b);
  const places = codes.map((code) => {
    if (below.includes(code)) return -1 - below.indexOf(code);
    if (above.includes(code)) return binsOf(feature) + 1 + above.indexOf(code);
    return numericPosition({ ...feature, codes: [] }, code);
  });
  return (position) => {
    if (position >= 0) return position;
    const code = -1 - position;
    return code < places.length ? places[code] : Number.NaN;
  };
}
