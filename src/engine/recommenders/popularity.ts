import type { Scorer } from './recommender.js';

/** The score of a product is the logarithm of how many own it, whoever asks. */
export function openPopularity(owners: Float64Array): Scorer {
  const scores = owners.map((count) => Math.log(count + 0.5));
  return {
    products: owners.length,
    score(_owned, target, offset = 0) {
      target.set(scores, offset);
    },
  };
}
