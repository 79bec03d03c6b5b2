import type { UserRow } from '../data/dataset.js';
import {
  binsOf,
  type CategoricalFeature,
  type Feature,
  type FeatureContract,
  type NumericFeature,
} from '../encoders/contract.js';

/**
 * A user like many, made from the contract's means alone, so that it is nobody: of each column the commonest category, the commonest code, or
 * missing, where half of the users and more have it; else the number that half of the users have come past. It owns nothing and nothing has happened.
 */
export function typicalUser({ features, sequence }: FeatureContract): UserRow {
  const values: Record<string, number | string | null> = {};
  const add = (column: string, feature: Feature) => {
    if (!Object.hasOwn(values, column)) values[column] = typicalValue(feature);
  };
  // Of a date the days say everything.
  for (const feature of features)
    if (feature.kind === 'categorical' || !feature.part || feature.part === 'days') add(feature.column, feature);
  for (const feature of sequence?.features ?? [])
    for (const column of sequence?.from?.[feature.column] ?? []) add(column, feature);
  return { values, owned: [] };
}

const typicalValue = (feature: Feature): number | string | null =>
  feature.kind === 'categorical' ? commonestCategory(feature) : typicalNumber(feature);

/** Of no category that the model knows: a name that cannot be one of them. */
const UNKNOWN = '\u0000';

function commonestCategory({ categories, unknown, missing, mean }: CategoricalFeature): string | null {
  if (mean.length === 0) return null;
  const place = mean.indexOf(Math.max(...mean));
  if (place < categories.length) return categories[place];
  return missing && place === mean.length - 1 ? null : unknown ? UNKNOWN : null;
}

const DAY = 86_400_000;

function typicalNumber(feature: NumericFeature): number | string | null {
  const { codes, edges, mean, missing, part } = feature;
  const bins = binsOf(feature);
  const special = mean.slice(bins);
  const most = special.length > 0 ? special.indexOf(Math.max(...special)) : -1;
  if (most >= 0 && special[most] >= 0.5) return missing && most === special.length - 1 ? null : codes[most];
  if (edges.length === 0) return null;
  const numbers = 1 - special.reduce((sum, share) => sum + share, 0);
  const value = bins === 0 ? edges[0] : edges[middleOf(feature, 0.5 * numbers)];
  return part === 'days' ? new Date(Math.round(value) * DAY).toISOString().slice(0, 10) : value;
}

/** The edge that half of the users with a number have come past. */
function middleOf({ encoding, mean, edges }: NumericFeature, half: number): number {
  const bins = edges.length - 1;
  let below = 0;
  for (let bin = 0; bin < bins; bin++) {
    // piecewise: how far users have come through the bin, which falls from bin to bin. bins: how many are in it.
    below += mean[bin];
    if (encoding === 'piecewise' ? mean[bin] < half : below >= half) return bin;
  }
  return bins;
}
