import type { WeightedRows } from '../matrix/sparse.js';
import type { Neighbour, Scorer } from '../recommender.js';
import { createTopK } from '../retrieval/top-k.js';
import {
  type ContentEncoder,
  type ContentVector,
  columnsOf,
  encodeContent,
  fitEncoder,
  type ProductContent,
} from './encoder.js';

export interface ContentModel {
  readonly encoder: ContentEncoder;
  /** A row of length 1 for each product, or an empty one. */
  readonly vectors: WeightedRows;
}

export interface ContentScorer extends Scorer {
  /** The products that have most in common with one that need not be among them: a new product, or the words of a search. */
  similarTo(content: ProductContent, count: number): Neighbour[];
}

/** @param catalogue in the order of the model's products */
export function fitContent(catalogue: readonly ProductContent[]): ContentModel {
  const encoder = fitEncoder(catalogue);
  const rows = catalogue.map((content) => encodeContent(encoder, content));
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach(({ columns }, product) => {
    offsets[product + 1] = offsets[product] + columns.length;
  });
  const items = new Int32Array(offsets[rows.length]);
  const values = new Float32Array(items.length);
  rows.forEach((row, product) => {
    items.set(row.columns, offsets[product]);
    values.set(row.values, offsets[product]);
  });
  return { encoder, vectors: { rows: rows.length, columns: columnsOf(encoder), offsets, items, values } };
}

/**
 * Content-based scores: the cosine between a product's vector and the mean of the vectors of the products owned. No user has any part in
 * the model.
 */
export function openContent({ encoder, vectors }: ContentModel): ContentScorer {
  const { rows: products, offsets, items, values } = vectors;
  /** Zeros between calls. */
  const profile = new Float64Array(vectors.columns);
  const squares = Float64Array.from({ length: products }, (_, product) =>
    values.subarray(offsets[product], offsets[product + 1]).reduce((sum, value) => sum + value * value, 0),
  );

  const dot = (product: number): number => {
    let sum = 0;
    for (let entry = offsets[product]; entry < offsets[product + 1]; entry++)
      sum += values[entry] * profile[items[entry]];
    return sum;
  };
  const addProduct = (product: number) => {
    for (let entry = offsets[product]; entry < offsets[product + 1]; entry++) profile[items[entry]] += values[entry];
  };
  const clearProduct = (product: number) => {
    for (let entry = offsets[product]; entry < offsets[product + 1]; entry++) profile[items[entry]] = 0;
  };
  /** Runs with the sum of the vectors of some products as the profile; length: of that sum. */
  function withProfile<T>(owned: Int32Array, run: (length: number) => T): T {
    for (const product of owned) addProduct(product);
    try {
      return run(
        Math.sqrt(
          Math.max(
            0,
            owned.reduce((sum, product) => sum + dot(product), 0),
          ),
        ),
      );
    } finally {
      for (const product of owned) clearProduct(product);
    }
  }
  const ratio = (value: number, length: number): number => (length > 1e-12 ? value / length : 0);
  const closest = (count: number, isCandidate: (product: number) => boolean, length: number): Neighbour[] => {
    const best = createTopK(Math.min(count, products));
    for (let product = 0; product < products; product++) {
      const similarity = isCandidate(product) ? ratio(dot(product), length * Math.sqrt(squares[product])) : 0;
      if (similarity > 0) best.offer(product, similarity);
    }
    return best.take();
  };

  return {
    products,
    score(owned, target, offset = 0) {
      withProfile(owned, (length) => {
        for (let product = 0; product < products; product++) target[offset + product] = ratio(dot(product), length);
        // Without the product itself: (p·v − v·v) / ‖p − v‖.
        for (const product of owned) {
          const along = target[offset + product] * length;
          const rest = Math.sqrt(Math.max(0, length ** 2 - 2 * along + squares[product]));
          target[offset + product] = ratio(along - squares[product], rest);
        }
      });
    },
    explain(owned, product) {
      const length = withProfile(owned, (sum) => sum);
      return withProfile(Int32Array.of(product), () => Float64Array.from(owned, (item) => ratio(dot(item), length)));
    },
    similarProducts: (product, count) =>
      withProfile(Int32Array.of(product), (length) => closest(count, (other) => other !== product, length)),
    similarTo(content, count) {
      const vector: ContentVector = encodeContent(encoder, content);
      vector.columns.forEach((column, place) => {
        profile[column] = vector.values[place];
      });
      try {
        return closest(count, () => true, 1);
      } finally {
        profile.fill(0);
      }
    },
  };
}
