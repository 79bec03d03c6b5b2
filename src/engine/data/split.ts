import { createRandom } from '../layers/random.js';
import type { Dataset, FOLD, Ownership } from './dataset.js';

/** Row numbers of the users in one fold of the stored split. */
export function usersInFold(dataset: Dataset, fold: (typeof FOLD)[keyof typeof FOLD]): Int32Array {
  const { fold: folds } = dataset;
  return selectUsers(dataset.size, (user) => folds?.[user] === fold);
}

export function selectUsers(size: number, isIn: (user: number) => boolean): Int32Array {
  const users = new Int32Array(size);
  let count = 0;
  for (let user = 0; user < size; user++) if (isIn(user)) users[count++] = user;
  return users.slice(0, count);
}

/**
 * Deals users into k folds of equal size, and of equal share of each stratum where one is given; seeded.
 * @returns the fold of each user, in the users' order.
 */
export function dealFolds(
  users: Int32Array,
  k: number,
  seed: number,
  stratumOf?: (user: number) => number,
): Uint8Array {
  const random = createRandom(seed).fork('folds');
  const order = random.shuffle(Int32Array.from(users, (_, index) => index));
  if (stratumOf) {
    const sorted = [...order].sort((a, b) => stratumOf(users[a]) - stratumOf(users[b]));
    order.set(sorted);
  }
  const folds = new Uint8Array(users.length);
  order.forEach((index, place) => {
    folds[index] = place % k;
  });
  return folds;
}

/** Products of each user: how many. */
export const ownedBy = (ownership: Ownership, user: number): number =>
  ownership.offsets[user + 1] - ownership.offsets[user];

/** Owners of each product among some users. */
export function ownersOf(ownership: Ownership, users: Int32Array): Float64Array {
  const counts = new Float64Array(ownership.products.length);
  for (const user of users) {
    for (let item = ownership.offsets[user]; item < ownership.offsets[user + 1]; item++)
      counts[ownership.items[item]]++;
  }
  return counts;
}

/**
 * The product that each of some users has hidden: the stored one where there is one, else one drawn from what they own, for users
 * of two or more products; −1 for the rest.
 */
export function hiddenProducts(ownership: Ownership, users: Int32Array, seed: number): Int32Array {
  const stored = Int32Array.from(users, (user) => ownership.heldOut[user]);
  if (stored.some((product) => product >= 0)) return stored;
  const random = createRandom(seed).fork('hidden');
  const least = users.some((user) => ownedBy(ownership, user) > 1) ? 2 : 1;
  return Int32Array.from(users, (user) => {
    const owned = ownedBy(ownership, user);
    const draw = random.below(Math.max(1, owned));
    return owned < least ? -1 : ownership.items[ownership.offsets[user] + draw];
  });
}
