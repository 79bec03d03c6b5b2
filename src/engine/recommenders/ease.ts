import { badInput } from '../../errors.js';
import { MOST_DENSE_PRODUCTS } from './limits.js';
import { addRows } from './matrix/add-rows.js';
import type { CoCounts } from './matrix/co-counts.js';
import { createSymmetric, type SymmetricMatrix } from './matrix/inverse.js';
import type { Checkpoint, Scorer } from './recommender.js';
import { createTopK } from './retrieval/top-k.js';

export interface EaseSettings {
  /** Added to the diagonal of the co-ownership counts: the weight of λ‖B‖². */
  readonly regularisation: number;
}

/**
 * EASE (Steck 2019, "Embarrassingly shallow autoencoders"): the linear model that predicts each product from all others, in closed form.
 * With P = (XᵀX + λ)⁻¹: B = −P / diag(P) by column, and 0 on the diagonal. A function of the counts alone.
 * @returns B row by row, (products × products): what owning the row's product adds to the score of the column's
 * @throws {ConcordError} BAD_INPUT for a catalogue that is too wide
 */
export function fitEase(counts: CoCounts, settings: EaseSettings, checkpoint: Checkpoint): Float32Array {
  const { products } = counts;
  if (products > MOST_DENSE_PRODUCTS)
    throw badInput(`ease takes at most ${MOST_DENSE_PRODUCTS} products, not ${products}: take item-knn or als.`);
  const gram = gramOf(counts, settings.regularisation);
  gram.invert(checkpoint);
  return weightsOf(gram);
}

function gramOf({ products, offsets, items, counts }: CoCounts, regularisation: number): SymmetricMatrix {
  const gram = createSymmetric(products);
  const { values, stride } = gram;
  for (let product = 0; product < products; product++) {
    for (let entry = offsets[product]; entry < offsets[product + 1]; entry++)
      values[items[entry] * stride + product] = counts[entry];
    values[product * stride + product] += regularisation;
  }
  return gram;
}

function weightsOf({ size, stride, values }: SymmetricMatrix): Float32Array {
  const weights = new Float32Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < row; column++) {
      const value = -values[row * stride + column];
      weights[row * size + column] = value / values[column * stride + column];
      weights[column * size + row] = value / values[row * stride + row];
    }
  }
  return weights;
}

/** The score of a product is the sum of the weights of what is owned. */
export function openEase(weights: Float32Array): Scorer {
  const products = Math.sqrt(weights.length);
  return {
    products,
    score(owned, target, offset = 0) {
      target.fill(0, offset, offset + products);
      addRows(weights, products, owned, target, offset);
    },
    explain: (owned, product) => Float64Array.from(owned, (item) => weights[item * products + product]),
    /** By partial correlation, −P_ij / √(P_ii·P_jj): what two products have in common that the others don't explain. */
    similarProducts(product, count) {
      const best = createTopK(Math.min(count, products));
      for (let other = 0; other < products; other++) {
        const there = weights[product * products + other];
        if (other !== product)
          best.offer(other, Math.sign(there) * Math.sqrt(there * weights[other * products + product]));
      }
      return best.take();
    },
  };
}
