import type { Dataset } from '../data/dataset.js';
import { hiddenProducts } from '../data/split.js';
import type { EncodedUsers } from '../encoders/encode.js';
import { midRank } from '../metrics/ranking.js';
import type { Predictor } from '../models/kind.js';
import type { RankedProducts } from './predictions.js';

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

/** So many of the products ranked first are kept of each user. */
const TOP = 10;

/**
 * Hides one product of each user (the stored one, or one drawn) and ranks it among all products that the user does not show.
 * Users without a product to hide are left out. Probabilities of all products are never held for more than one batch.
 * @param head products that are not the tail
 */
export async function rankHidden(
  predictor: Predictor,
  encoded: EncodedUsers,
  dataset: Dataset,
  { users, seed, head }: { readonly users: Int32Array; readonly seed: number; readonly head: ReadonlySet<number> },
): Promise<RankedProducts> {
  const { outputs } = predictor;
  const topSize = Math.min(TOP, outputs);
  const drawn = dataset.ownership
    ? hiddenProducts(dataset.ownership, users, seed)
    : new Int32Array(users.length).fill(-1);
  const tested = users.filter((_, index) => drawn[index] >= 0);
  const hidden = drawn.filter((product) => product >= 0);
  const ranked: RankedProducts = {
    users: tested,
    targets: hidden,
    ranks: new Float64Array(tested.length),
    probabilities: new Float32Array(tested.length),
    tail: Uint8Array.from(hidden, (product) => (head.has(product) ? 0 : 1)),
    topSize,
    top: new Int32Array(tested.length * topSize).fill(-1),
    topProbabilities: new Float32Array(tested.length * topSize),
  };
  const closed = new Uint8Array(outputs);
  await predictor.predict(encoded, { users: tested, hidden }, (start, count, probabilities) => {
    for (let row = 0; row < count; row++) {
      const place = start + row;
      const user = tested[place];
      const target = hidden[place];
      const owned = encoded.items.subarray(encoded.offsets[user], encoded.offsets[user + 1]);
      for (const product of owned) closed[product] = product === target ? 0 : 1;
      const own = probabilities.subarray(row * outputs, (row + 1) * outputs);
      ranked.ranks[place] = midRank(own, target, (product) => closed[product] === 0);
      ranked.probabilities[place] = own[target];
      const part = [place * topSize, (place + 1) * topSize] as const;
      keepTop(own, closed, ranked.top.subarray(...part), ranked.topProbabilities.subarray(...part));
      for (const product of owned) closed[product] = 0;
    }
  });
  return ranked;
}

/** The most probable products that are not closed, best first; of equal ones the first comes first. */
function keepTop(probabilities: Float32Array, closed: Uint8Array, top: Int32Array, of: Float32Array): void {
  let kept = 0;
  for (let product = 0; product < probabilities.length; product++) {
    const probability = probabilities[product];
    if (closed[product] === 1 || (kept === top.length && !(probability > of[kept - 1]))) continue;
    let place = kept < top.length ? kept++ : kept - 1;
    for (; place > 0 && of[place - 1] < probability; place--) {
      of[place] = of[place - 1];
      top[place] = top[place - 1];
    }
    of[place] = probability;
    top[place] = product;
  }
}
