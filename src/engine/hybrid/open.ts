import { createExpander } from '../encoders/expand.js';
import type { OpenContext, OpenModel, Predictor } from '../models/kind.js';
import { ownedInBatch } from '../models/owned.js';
import { similarityOf } from '../models/similarity.js';
import type { HybridWeights } from '../models/weights.js';
import { type OpenRecommender, openRecommender } from '../recommenders/predict.js';
import { joinExpanders, partsOf } from '../stacking/contract.js';
import { scoreOf, shareOut } from '../stacking/stack.js';
import type { Batch } from '../training/batch.js';

const { log } = Math;

/** A hybrid made ready: its recommenders, which score at once, and its other members. */
export interface OpenHybrid extends OpenModel {
  readonly recommender: OpenRecommender;
}

export function openHybrid(weights: HybridWeights, { task, contract, open }: OpenContext): OpenHybrid {
  const products = contract.products.length;
  const recommender = openRecommender(weights.recommender);
  const popular = weights.recommender.owners.map((count) => log(count + 0.5));
  const members = weights.members.map((member) => open(member.weights, { task, contract: member.contract }));
  const joined =
    members.length > 0
      ? joinExpanders(
          members.map(({ expander }) => expander),
          partsOf(weights.members.map((member) => member.contract)),
        )
      : undefined;
  const expander = joined ?? createExpander(contract);

  /** Adds weight · score of a member to the sums of all rows. */
  async function addScores(place: number, member: Predictor, batch: Batch, cold: Uint8Array, sums: Float64Array) {
    const { weight, coldWeight } = weights.members[place];
    if (weight === 0 && coldWeight === 0) return;
    for (let start = 0; start < batch.rows; ) {
      const own = member.batchFor(batch.rows - start);
      const count = Math.min(own.rows, batch.rows - start);
      joined?.takeOut(place, batch.inputs.subarray(start * expander.width), count, own.inputs);
      const from = start * products;
      own.candidates.set(batch.candidates.subarray(from, from + count * products));
      const probabilities = await member.run(own);
      for (let row = 0; row < count; row++) {
        const factor = cold[start + row] === 1 ? coldWeight : weight;
        const base = row * products;
        for (let at = base; at < base + products; at++)
          sums[from + at] += factor * scoreOf(probabilities[at], batch.candidates[from + at] === 1);
      }
      start += count;
    }
  }

  return {
    expander,
    recommender,
    similarity: similarityOf(weights.recommender, recommender),
    batchSizes: [1, 4, 16, 64, 256],
    async run(batch) {
      const sums = new Float64Array(batch.rows * products);
      const cold = new Uint8Array(batch.rows);
      for (let row = 0; row < batch.rows; row++) {
        const owned = ownedInBatch(batch, row, products);
        if (owned.length > 0) recommender.logits(owned, sums, row * products);
        else {
          cold[row] = 1;
          for (let product = 0; product < products; product++)
            sums[row * products + product] = weights.popularity * popular[product];
        }
      }
      for (const [place, member] of members.entries()) await addScores(place, member, batch, cold, sums);
      const result = new Float32Array(sums.length);
      for (let from = 0; from < sums.length; from += products)
        shareOut(
          sums.subarray(from, from + products),
          (product) => batch.candidates[from + product] === 1,
          result,
          from,
        );
      return result;
    },
    async dispose() {
      for (const member of members) await member.dispose();
    },
  };
}
