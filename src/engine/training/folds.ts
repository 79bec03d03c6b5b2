import { dealFolds, hiddenProducts } from '../data/split.js';
import type { FitRequest } from '../models/kind.js';
import type { MemberTask } from './member.js';

/**
 * Where there are no validation users: of a small set five parts are set aside in turn, so that the members together learn from
 * everyone; of a larger one a tenth is set aside once.
 */
const SMALL = 5000;
const PARTS = { small: 5, large: 10 };

/** Users to learn from and to stop and choose by. */
export type Fold = Pick<MemberTask, 'train' | 'validation'>;

/** One where there are validation users, else one or several. */
export function foldsOf({ dataset, task, train, validation, seed }: FitRequest): Fold[] {
  const hidden = (users: Int32Array) =>
    task === 'interest' && dataset.ownership
      ? hiddenProducts(dataset.ownership, users, seed)
      : new Int32Array(users.length).fill(-1);
  if (validation) return [{ train, validation: { users: validation, hidden: hidden(validation) } }];
  const { label } = dataset;
  const parts = train.length < SMALL ? PARTS.small : PARTS.large;
  const dealt = dealFolds(train, parts, seed, task === 'risk' ? (user) => label?.[user] ?? 0 : undefined);
  return Array.from({ length: parts === PARTS.small ? parts : 1 }, (_, fold) => {
    const aside = train.filter((_, index) => dealt[index] === fold);
    return {
      train: train.filter((_, index) => dealt[index] !== fold),
      validation: { users: aside, hidden: hidden(aside) },
    };
  });
}
