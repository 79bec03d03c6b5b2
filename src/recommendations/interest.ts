import type { UserRow } from '../engine/data/dataset.js';
import type { ScoringService } from '../engine/engine.js';
import type { ActiveModel } from '../models/model-version.js';

/** What a model says of one user's interest. */
export interface ModelInterest {
  /** Position of a product code among the probabilities; of a very large catalogue only of the products that were retrieved. */
  readonly positions: ReadonlyMap<string, number>;
  readonly probabilities: Float32Array;
}

/** Up to so many products a model scores all of them: about 50 ms, answer and all. */
export const MOST_SCORED = 131_072;
/** So many products are retrieved of more: enough for every filter and for suitability to leave some. */
const RETRIEVED = 5_000;

/**
 * Probabilities of all products that the model knows; beyond MOST_SCORED of those that an approximate index finds to be the best, where the model has one.
 * @param mostScored for tests
 */
export async function interestOf(
  scoring: Pick<ScoringService, 'scoreInterest' | 'retrieve'>,
  { handle, positions }: ActiveModel,
  row: UserRow,
  mostScored = MOST_SCORED,
): Promise<ModelInterest> {
  const found = positions.size > mostScored ? await scoring.retrieve(handle, row, RETRIEVED) : undefined;
  if (found)
    return {
      positions: new Map(found.map(({ product }, place) => [product, place])),
      probabilities: Float32Array.from(found, ({ probability }) => probability),
    };
  const [probabilities] = await scoring.scoreInterest(handle, [row]);
  return { positions, probabilities };
}
