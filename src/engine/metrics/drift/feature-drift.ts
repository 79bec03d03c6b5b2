import type { Column, Dataset } from '../../data/dataset.js';
import { binsOf, type Feature, type FeatureContract } from '../../encoders/contract.js';
import { datePart } from '../../encoders/dates.js';
import { encodeDataset } from '../../encoders/encode.js';
import { currentCells, expectedCells, joinCells, jointShares } from './cells.js';
import { type Shift, shiftOf } from './stability.js';

export interface FeatureDrift extends Shift {
  /** As in the contract: the column, or "column.part" of a date. */
  readonly feature: string;
  /** Share of users without a value, in training and now; null: training had too few to have an input of their own. */
  readonly missing: { readonly expected: number | null; readonly current: number };
  /** Share of users whose category training did not know, or hardly. */
  readonly unseen: { readonly expected: number | null; readonly current: number } | null;
  /** Of numbers and parts of dates: share of users below the least or above the greatest value of training, codes apart. */
  readonly beyond: number | null;
  /** The cells by which it was measured: names, shares in training, shares now. */
  readonly cells: readonly { readonly name: string; readonly expected: number; readonly current: number }[];
}

/**
 * Drift of every feature of a contract: its training users against the users of a data set. Of features that several members of a model read, each
 * in an encoding of its own, the first is taken. Events of a sequence are not looked at.
 * @param trained how many users the contract was fitted to; Infinity where that is not known
 * @throws {ConcordError} BAD_INPUT where a column is of another kind than the contract's
 */
export function featureDrift(contract: FeatureContract, current: Dataset, trained: number): FeatureDrift[] {
  return [...featureDrifts(contract, current, trained)];
}

/** The same, feature by feature, for whoever has something else to do in between. */
export function* featureDrifts(contract: FeatureContract, current: Dataset, trained: number): Generator<FeatureDrift> {
  const names = new Set<string>();
  const features = contract.features.filter(({ name }) => !names.has(name) && names.add(name));
  const { sequence: _, ...rest } = contract;
  const { ownership: __, ...users } = current;
  const columns = new Map(current.columns.map((column) => [column.name, column]));
  for (const feature of features) {
    const column = columns.get(feature.column);
    const { positions } = encodeDataset(
      { ...rest, features: [feature] },
      { ...users, columns: column ? [column] : [] },
    );
    yield driftOf(feature, positions[0], column, { trained, users: current.size });
  }
}

function driftOf(
  feature: Feature,
  positions: Float32Array,
  column: Column | undefined,
  { trained, users }: { readonly trained: number; readonly users: number },
): FeatureDrift {
  const expected = expectedCells(feature);
  const now = currentCells(feature, positions);
  const joint = joinCells(feature, expected);
  const before = jointShares(expected.shares, joint);
  const after = jointShares(now.shares, joint);
  const missing = missingShare(column, users);
  const unseen = unseenShare(feature, column, users);
  const beyond = beyondShare(feature, column, users);
  // What has no input (missing values and categories that training did not see, any other value of a constant) is no part of the cells: it is one cell
  // more, empty in training.
  const isConstant = feature.kind === 'numeric' && binsOf(feature) === 0;
  const silent = (users > 0 ? 1 - now.users / users : 0) + (isConstant ? (beyond ?? 0) : 0);
  const shift = shiftOf(
    [...before, ...(silent > 0 ? [0] : [])],
    [...after.map((share) => share * (1 - silent)), ...(silent > 0 ? [silent] : [])],
    { expected: trained, current: users },
  );
  return {
    feature: feature.name,
    ...shift,
    missing: { expected: feature.missing ? expected.shares[expected.shares.length - 1] : null, current: missing },
    unseen,
    beyond,
    cells: before.map((share, cell) => ({
      name: jointName(feature, expected.names, joint, cell),
      expected: share,
      current: after[cell],
    })),
  };
}

function missingShare(column: Column | undefined, users: number): number {
  if (!column || users === 0) return column ? 0 : 1;
  let missing = 0;
  for (const value of column.values) if (column.kind === 'categorical' ? value < 0 : Number.isNaN(value)) missing++;
  return missing / users;
}

function beyondShare(feature: Feature, column: Column | undefined, users: number): number | null {
  if (feature.kind !== 'numeric') return null;
  const { edges, codes, part } = feature;
  if (!column || column.kind === 'categorical' || users === 0 || edges.length === 0) return 0;
  const [least, most] = [edges[0], edges[edges.length - 1]];
  let beyond = 0;
  for (const raw of column.values) {
    const value = part ? datePart(raw, part) : raw;
    if ((value < least || value > most) && !codes.includes(value)) beyond++;
  }
  return beyond / users;
}

function unseenShare(feature: Feature, column: Column | undefined, users: number): FeatureDrift['unseen'] {
  if (feature.kind !== 'categorical') return null;
  const known = new Set(feature.categories);
  let unseen = 0;
  if (column?.kind === 'categorical')
    for (const value of column.values) if (value >= 0 && !known.has(column.categories[value])) unseen++;
  return {
    expected: feature.unknown ? feature.mean[feature.categories.length] : null,
    current: users > 0 ? unseen / users : 0,
  };
}

function jointName(feature: Feature, names: readonly string[], joint: readonly number[], cell: number): string {
  const within = names.filter((_, place) => joint[place] === cell);
  if (within.length <= 1) return within[0] ?? '';
  return feature.kind === 'numeric'
    ? `${within[0]} … ${within[within.length - 1]}`
    : `${within.length} rare categories`;
}
