import type { Dataset } from '../../data/dataset.js';
import { ownersOf } from '../../data/split.js';
import type { FeatureContract } from '../../encoders/contract.js';
import { encodeDataset } from '../../encoders/encode.js';
import { type ShiftLevel, shiftOf } from './stability.js';

export interface HoldingsDrift {
  readonly product: string;
  /** Share of users who own it. */
  readonly expected: number;
  readonly current: number;
  readonly psi: number;
  readonly level: ShiftLevel;
}

/** Who owned what among training users: for models whose contract does not say it. */
export interface OwnershipProfile {
  readonly users: number;
  /** For each product of the contract: the share of users who owned it. */
  readonly shares: readonly number[];
}

/** A larger catalogue is left out: what is stored with a version stays small. */
const MOST_PRODUCTS = 20_000;
const DIGITS = 6;

/** @returns undefined where nothing is known of ownership, or the catalogue is too large */
export function ownershipProfile(
  { ownership }: Pick<Dataset, 'ownership'>,
  users: Int32Array,
  { products }: Pick<FeatureContract, 'products'>,
): OwnershipProfile | undefined {
  if (!ownership || products.length === 0 || products.length > MOST_PRODUCTS || users.length === 0) return undefined;
  const owners = ownersOf(ownership, users);
  const place = new Map(ownership.products.map((code, index) => [code, index]));
  const shares = products.map((code) => Number(((owners[place.get(code) ?? -1] ?? 0) / users.length).toFixed(DIGITS)));
  return { users: users.length, shares };
}

/** What was stored with a version; undefined where it is none, or of other products. */
export function parseOwnershipProfile(value: unknown, products: number): OwnershipProfile | undefined {
  const profile = value as OwnershipProfile | undefined;
  const isShare = (share: unknown) => typeof share === 'number' && share >= 0 && share <= 1;
  if (!profile || !Array.isArray(profile.shares) || !profile.shares.every(isShare)) return undefined;
  return profile.shares.length === products && Number.isFinite(profile.users) ? profile : undefined;
}

/**
 * Which products are owned more, or less, than in training. Contracts of models of interest that read holdings count each product as they were
 * trained: a user of n products shows each in n − 1 of n rows.
 * @param trained how many users the contract was fitted to; Infinity where that is not known
 * @param profile for a contract without holdings
 */
export function holdingsDrift(
  contract: FeatureContract,
  current: Dataset,
  trained: number,
  oneHidden: boolean,
  profile?: OwnershipProfile,
): HoldingsDrift[] {
  const expected = contract.holdings?.mean ?? profile?.shares;
  if (!expected || current.size === 0) return [];
  const hides = oneHidden && contract.holdings !== undefined;
  const { sequence: _, ...rest } = contract;
  const { offsets, items } = encodeDataset({ ...rest, features: [] }, current);
  const sums = new Float64Array(contract.products.length);
  for (let user = 0; user < current.size; user++) {
    const owned = offsets[user + 1] - offsets[user];
    const share = hides ? (owned - 1) / owned : 1;
    for (let item = offsets[user]; item < offsets[user + 1]; item++) sums[items[item]] += share;
  }
  const users = { expected: contract.holdings ? trained : profile!.users, current: current.size };
  return contract.products.map((product, place) => {
    const before = Math.min(1, expected[place]);
    const now = Math.min(1, sums[place] / current.size);
    const { psi, level } = shiftOf([before, 1 - before], [now, 1 - now], users);
    return { product, expected: before, current: now, psi, level };
  });
}
