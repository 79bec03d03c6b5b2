import { badInput } from '../../errors.js';
import type { Dataset, UserRow } from '../data/dataset.js';
import { dealFolds, hiddenProducts } from '../data/split.js';
import type { FeatureContract } from '../encoders/contract.js';
import { encodeRows } from '../encoders/encode.js';
import type { Task } from '../engine.js';
import type { SparseRows } from '../recommenders/matrix/sparse.js';
import type { Batch } from '../training/batch.js';
import type { Fold } from '../training/folds.js';
import type { FitRequest } from './kind.js';

/** What models that read products owned have in common. */

/** @throws {ConcordError} BAD_INPUT where the task is another */
export function interestOnly(task: Task, model: string): void {
  if (task !== 'interest')
    throw badInput(
      `${model} says which products a user takes interest in: it cannot learn risk. Take logistic, dnn or gbdt.`,
      { model },
    );
}

/** The contract of a model that reads nothing of a user but the products owned. */
export const ownedContract = ({ ownership }: Dataset): FeatureContract => ({
  version: 1,
  features: [],
  products: [...(ownership?.products ?? [])],
  scale: 1,
});

/** What all users of a data set own, as rows of a matrix. */
export function matrixOf({ size, ownership }: Dataset): SparseRows {
  const { products, offsets, items } = ownership as NonNullable<Dataset['ownership']>;
  return { rows: size, columns: products.length, offsets, items };
}

/** Places of a user's products in the contract, ascending; those that the model does not know are left out. */
export const ownedIn = (contract: FeatureContract, row: UserRow): Int32Array =>
  encodeRows({ ...contract, features: [] }, [row]).items;

/** What the user of a row of a batch owns and shows: all that is no candidate. */
export function ownedInBatch({ candidates }: Batch, row: number, products: number): Int32Array {
  const owned: number[] = [];
  const base = row * products;
  for (let product = 0; product < products; product++) if (candidates[base + product] === 0) owned.push(product);
  return Int32Array.from(owned);
}

/** One in so many training users is set aside where there are no validation users. */
const PARTS = 10;

/** Users to learn from, and users by whom settings are chosen and scores are calibrated, with the product of each that is hidden. */
export function validationFold({ dataset, train, validation, seed }: FitRequest): Fold {
  const ownership = dataset.ownership as NonNullable<Dataset['ownership']>;
  const fold = (users: Int32Array, aside: Int32Array): Fold => ({
    train: users,
    validation: { users: aside, hidden: hiddenProducts(ownership, aside, seed) },
  });
  if (validation) return fold(train, validation);
  const dealt = dealFolds(train, PARTS, seed);
  return fold(
    train.filter((_, place) => dealt[place] !== 0),
    train.filter((_, place) => dealt[place] === 0),
  );
}

/** Ids are there where the model is to be stored; an evaluation does without. */
export const idsOf = (userIds: readonly string[], users: Int32Array): string[] =>
  Array.from(users, (user) => userIds[user] ?? String(user));

/** What one or several products owned are called in an explanation. */
export const ownedFeature = (products: readonly string[], own: Int32Array): string =>
  own.length === 1 ? `owned:${products[own[0]]}` : `owned:${own.length} further products`;
