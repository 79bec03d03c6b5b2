import { badInput } from '../../errors.js';
import type { Dataset } from '../data/dataset.js';
import type { HybridSettings, ModelName } from '../engine.js';
import { MOST_DENSE_PRODUCTS } from '../recommenders/limits.js';
import type { MemberName } from '../recommenders/recommender.js';
import { isSingle } from '../recommenders/recommender.js';
import { WIDE } from '../recommenders/settings.js';
import { checkNames } from '../training/settings.js';
import { MAX_PRODUCTS } from '../trees/member.js';

/** Models of a user's features that a hybrid may have. */
const OTHERS = ['linear', 'dnn', 'gbdt', 'random-forest', 'cnn', 'gru', 'two-tower'] as const satisfies ModelName[];
const MOST = 12;

export interface HybridMembers {
  readonly recommenders: readonly MemberName[];
  readonly others: readonly ModelName[];
}

/**
 * Which models a hybrid is made of: those that are given, else those that the data allow and that are worth their time. user-knn is none of
 * them unless it is asked for: it keeps the users, and the hybrid with it could not leave the institution.
 * @throws {ConcordError} BAD_INPUT for members that are unknown or named twice
 */
export function hybridMembers(dataset: Dataset, given: object): HybridMembers {
  checkNames('hybrid', given, ['members']);
  const { members } = given as Partial<HybridSettings>;
  if (members === undefined) return usualMembers(dataset);
  if (!Array.isArray(members) || members.length < 1 || members.length > MOST || new Set(members).size < members.length)
    throw badInput(`members of a hybrid are the names of 1 to ${MOST} different models.`);
  const others = OTHERS.filter((name) => members.includes(name));
  const recommenders = members.filter((name): name is MemberName => name === 'popularity' || isSingle(name));
  const unknown = members.find((name) => !recommenders.includes(name) && !others.includes(name));
  if (unknown !== undefined) throw badInput(`A hybrid cannot have the member ${unknown}.`, { name: 'members' });
  // What a user who owns nothing is recommended by is there in any case.
  return { recommenders: recommenders.length > 0 ? recommenders : ['popularity'], others };
}

function usualMembers({ columns, content, ownership, sequences }: Dataset): HybridMembers {
  const products = ownership?.products.length ?? 0;
  const wide = products > WIDE;
  return {
    recommenders: [
      ...(['popularity', 'item-knn'] as const),
      ...(products <= MOST_DENSE_PRODUCTS ? (['ease'] as const) : []),
      // Of a wide catalogue each product says a little, and not independently: naive Bayes is then sure of anything.
      ...(wide ? [] : (['naive-bayes'] as const)),
      'als',
      ...(wide ? [] : (['vae'] as const)),
      ...(content ? (['content'] as const) : []),
    ],
    // Without attributes or events they would only say again what the recommenders say.
    others: columns.length === 0 && !sequences ? [] : wide ? ['two-tower'] : usualOthers(products),
  };
}

/** Trees rank no wide catalogue. */
const usualOthers = (products: number): ModelName[] => [
  ...(['linear', 'dnn'] as const),
  ...(products <= MAX_PRODUCTS ? (['gbdt', 'random-forest'] as const) : []),
  'two-tower',
];
