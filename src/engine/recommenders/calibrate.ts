import { badInput } from '../../errors.js';
import { type Combination, fitCombination, type ScoredUsers } from './hybrid/combine.js';
import { bendScores } from './hybrid/curve.js';
import { rowOf, type SparseRows, without } from './matrix/sparse.js';
import type { Scorer } from './recommender.js';

/** Users who are not trained on, of each of whom one product is hidden and is to be found. */
export interface HiddenProducts {
  /** With the hidden product. */
  readonly owned: SparseRows;
  /** −1 = none: the user is left out. */
  readonly hidden: Int32Array;
}

/** Validation users as calibration reads them. */
export interface Validation {
  /** Which of the users that were given. */
  readonly rows: Int32Array;
  /** What each of them shows. */
  readonly shown: readonly Int32Array[];
  readonly frame: Omit<ScoredUsers, 'scores'>;
}

/** Scores of validation users that are held for a member: with more users and products some users are left out. */
const MOST_SCORES = 2 ** 21;
const LEAST_USERS = 100;

/** Users who show nothing or hide nothing say nothing; of the others as many as there is room for, evenly. */
export function validationOf({ owned, hidden }: HiddenProducts): Validation {
  const { columns: products } = owned;
  const usable = Array.from(hidden.keys()).filter(
    (user) => hidden[user] >= 0 && owned.offsets[user + 1] - owned.offsets[user] > 1,
  );
  if (usable.length === 0)
    throw badInput('There is no validation user who owns two products: nothing can be calibrated.');
  const room = Math.max(LEAST_USERS, Math.floor(MOST_SCORES / products));
  const users =
    usable.length <= room
      ? usable
      : Array.from({ length: room }, (_, place) => usable[Math.floor((place * usable.length) / room)]);
  const shown = users.map((user) => without(rowOf(owned, user), hidden[user]));
  const open = new Uint8Array(users.length * products).fill(1);
  shown.forEach((row, user) => {
    for (const product of row) open[user * products + product] = 0;
  });
  return {
    rows: Int32Array.from(users),
    shown,
    frame: { users: users.length, products, open, targets: Int32Array.from(users, (user) => hidden[user]) },
  };
}

/** Scores of the validation users, (users × products). */
export function scoreValidation(scorer: Scorer, { shown, frame: { products } }: Validation): Float64Array {
  const scores = new Float64Array(shown.length * products);
  shown.forEach((owned, user) => {
    scorer.score(owned, scores, user * products);
  });
  return scores;
}

/** Users by whom training is stopped early, as they are. */
const MOST_LOSS_SCORES = 2 ** 19;

/** −log softmax of the hidden products by the scores as they are, over the first users that there is time for. */
export function plainLoss(scorer: Scorer, { shown, frame }: Validation): number {
  const { products, open, targets } = frame;
  const users = Math.min(shown.length, Math.max(LEAST_USERS, Math.floor(MOST_LOSS_SCORES / products)));
  const scores = new Float64Array(products);
  let loss = 0;
  for (let user = 0; user < users; user++) {
    scorer.score(shown[user], scores);
    let highest = Number.NEGATIVE_INFINITY;
    for (let product = 0; product < products; product++)
      if (open[user * products + product] === 1 && scores[product] > highest) highest = scores[product];
    let total = 0;
    for (let product = 0; product < products; product++)
      if (open[user * products + product] === 1) total += Math.exp(scores[product] - highest);
    loss += highest + Math.log(total) - scores[targets[user]];
  }
  return loss / users;
}

export interface Calibrated {
  readonly bend: number;
  /** Bent. */
  readonly scores: Float64Array;
  /** Times the scores: the logits of the recommender by itself. */
  readonly factor: number;
  readonly loss: number;
}

/** Where the curve bends, as a share of the mean score of the hidden products; 0 = nowhere. */
const BENDS = [0, 1e-3, 1e-2, 1e-1];

/** The bend with which one recommender's scores give the hidden products the highest probability. */
export function calibrate(scores: Float64Array, { frame }: Validation): Calibrated {
  const { products, targets } = frame;
  const unit = targets.reduce((sum, target, user) => sum + scores[user * products + target], 0) / targets.length;
  let best: Calibrated | undefined;
  for (const share of BENDS) {
    if (share > 0 && !(unit > 0)) break;
    const bend = share === 0 ? 0 : share * unit;
    const bent = scores.slice();
    bendScores(bent, bend);
    const { weights, loss } = combine([bent], frame);
    if (!best || loss < best.loss) best = { bend, scores: bent, factor: weights[0], loss };
  }
  return best as Calibrated;
}

export type Combine = (scores: readonly Float64Array[], frame: Validation['frame']) => Combination;

export const combine: Combine = (scores, frame) => fitCombination({ ...frame, scores });
