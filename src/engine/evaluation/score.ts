import type { Dataset } from '../data/dataset.js';
import { hiddenProducts } from '../data/split.js';
import type { EncodedUsers } from '../encoders/encode.js';
import { midRank, type RankedUser } from '../metrics/ranking.js';
import type { Predictor } from '../models/predictor.js';

/** Probability of the event for each of some users. */
export async function scoreRiskOf(
  predictor: Predictor,
  encoded: EncodedUsers,
  users: Int32Array,
): Promise<Float32Array> {
  const result = new Float32Array(users.length);
  const hidden = new Int32Array(users.length).fill(-1);
  await predictor.predict(encoded, { users, hidden }, (start, _count, probabilities) => {
    result.set(probabilities, start);
  });
  return result;
}

/**
 * Hides one product of each user (the stored one, or one drawn) and ranks it among all products that the user does not show.
 * Users without a product to hide are left out. Probabilities of all products are never held for more than one batch.
 */
export async function rankHidden(
  predictor: Predictor,
  encoded: EncodedUsers,
  dataset: Dataset,
  users: Int32Array,
  seed: number,
): Promise<RankedUser[]> {
  const { ownership } = dataset;
  if (!ownership) return [];
  const drawn = hiddenProducts(ownership, users, seed);
  const tested = users.filter((_, index) => drawn[index] >= 0);
  const hidden = drawn.filter((product) => product >= 0);
  const ranked: RankedUser[] = [];
  const { outputs } = predictor;
  const closed = new Uint8Array(outputs);
  await predictor.predict(encoded, { users: tested, hidden }, (start, count, probabilities) => {
    for (let row = 0; row < count; row++) {
      const user = tested[start + row];
      const target = hidden[start + row];
      const owned = encoded.items.subarray(encoded.offsets[user], encoded.offsets[user + 1]);
      for (const product of owned) closed[product] = product === target ? 0 : 1;
      const rank = midRank(probabilities, target, (product) => closed[product] === 0, row * outputs, outputs);
      ranked.push({ target, rank, probability: probabilities[row * outputs + target] });
      for (const product of owned) closed[product] = 0;
    }
  });
  return ranked;
}
