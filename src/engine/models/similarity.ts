import { bendScores } from '../recommenders/hybrid/curve.js';
import type { RecommenderModel } from '../recommenders/model.js';
import type { OpenRecommender } from '../recommenders/predict.js';
import type { Similarity } from './kind.js';
import { ownedInBatch } from './owned.js';

/** How alike products and users are to the member of a recommender that weighs most among those that can tell. */
export function similarityOf({ members, products }: RecommenderModel, open: OpenRecommender): Similarity {
  const byWeight = [...open.members.keys()]
    .sort((a, b) => members[b].weight - members[a].weight)
    .map((place) => open.members[place]);
  const ofProducts = byWeight.find((member) => member.similarProducts);
  // One recommender alone keeps its order, so that its own nearest products are the nearest.
  const [alone] = members.length === 1 ? open.members : [];
  const ofUsers = byWeight.find((member) => member.embed);
  return {
    ...(ofProducts && { similarProducts: (product, count) => ofProducts.similarProducts?.(product, count) ?? [] }),
    ...(alone?.nearestProducts && {
      async retrieve(batch, count) {
        const found = alone.nearestProducts?.(ownedInBatch(batch, 0, products), count) ?? [];
        const [{ weight, bend }] = members;
        const logits = Float64Array.from(found, ({ similarity }) => similarity);
        bendScores(logits, bend);
        return found.map(({ index }, place) => ({ index, similarity: weight * logits[place] }));
      },
    }),
    ...(ofUsers && {
      async embed(batch) {
        const places = Array.from(
          { length: batch.rows },
          (_, row) => ofUsers.embed?.(ownedInBatch(batch, row, products)) ?? new Float32Array(0),
        );
        const width = places[0].length;
        const values = new Float32Array(batch.rows * width);
        places.forEach((place, row) => {
          values.set(place, row * width);
        });
        return { width, values };
      },
    }),
  };
}
