import type { Ownership } from '../data/dataset.js';
import { ownedBy } from '../data/split.js';
import type { EncodedUsers } from '../encoders/encode.js';
import type { Predictor, ScoredRows } from '../models/kind.js';
import { type Validation, validationOf } from '../recommenders/calibrate.js';
import type { Combination } from '../recommenders/hybrid/combine.js';
import { selectRows } from '../recommenders/matrix/sparse.js';
import { combine } from '../stacking/combine.js';
import { scoreOf } from '../stacking/stack.js';

/** Users by whom it is learnt how to add up scores, each with a product that is to be found. */
export interface ValidationUsers {
  /** Who show something: the same as the recommenders are calibrated by. */
  readonly warm: { readonly rows: ScoredRows; readonly frame: Validation['frame'] };
  /** Who show nothing. */
  readonly cold: { readonly rows: ScoredRows; readonly frame: Validation['frame'] };
}

/** Fewer users of one product are too few to learn from. */
const LEAST_COLD = 100;
const MOST_COLD = 20_000;

/**
 * Who has one product, which is hidden, is as a user is before the first one. Where there are few of them, users of several products are taken
 * too, all of whose products are hidden.
 */
export function validationUsers(ownership: Ownership, { users, hidden }: ScoredRows): ValidationUsers {
  const products = ownership.products.length;
  const matrix = { columns: products, offsets: ownership.offsets, items: ownership.items };
  const { rows, frame } = validationOf({ owned: selectRows(matrix, users), hidden });
  const targeted = Array.from(users.keys()).filter((row) => hidden[row] >= 0);
  const ofOne = targeted.filter((row) => ownedBy(ownership, users[row]) === 1);
  const cold = Int32Array.from(ofOne.length < LEAST_COLD ? targeted : ofOne).subarray(0, MOST_COLD);
  const of = (places: Int32Array): ScoredRows => ({
    users: places.map((row) => users[row]),
    hidden: places.map((row) => hidden[row]),
  });
  const coldRows = of(cold);
  return {
    warm: { rows: of(rows), frame },
    cold: {
      rows: coldRows,
      frame: {
        users: cold.length,
        products,
        targets: coldRows.hidden,
        open: new Uint8Array(cold.length * products).fill(1),
      },
    },
  };
}

/** What a model says of users, as it is added up, (users × products). */
export async function scoresOf(
  predictor: Predictor,
  encoded: EncodedUsers,
  { rows, frame }: ValidationUsers['warm'],
): Promise<Float64Array> {
  const scores = new Float64Array(frame.users * frame.products);
  await predictor.predict(encoded, rows, (start, _count, probabilities) => {
    const from = start * frame.products;
    for (let place = 0; place < probabilities.length; place++)
      scores[from + place] = scoreOf(probabilities[place], frame.open[from + place] === 1);
  });
  return scores;
}

/** Users as they would be without any product. */
export const withoutProducts = (encoded: EncodedUsers): EncodedUsers => ({
  ...encoded,
  offsets: new Int32Array(encoded.size + 1),
  items: new Int32Array(0),
});

/**
 * Weights of 0 or more, drawn towards the plain mean as strongly as does best on users who were not learnt from: members of a hybrid say much the
 * same, and validation users are few.
 */
export function addUp(
  scores: readonly Float64Array[],
  { users, products, targets, open }: Validation['frame'],
  checkpoint: () => void,
): Combination {
  const asked = { task: 'interest', rows: users, outputs: products, targets, open } as const;
  const { weights, loss } = combine({ ...asked, scores: scores.map((each) => Float32Array.from(each)) }, checkpoint);
  return { weights, loss };
}
