import { createSmallCholesky } from '../matrix/small-cholesky.js';
import type { Scorer } from '../recommender.js';
import { createVectorIndex, type VectorIndex } from '../retrieval/vector-index.js';
import { type AlsSettings, gramOf } from './fit.js';

/**
 * Scores by ALS. A user is folded in: their factors are solved for exactly, with the products' factors held, from what they own now; so that
 * a user of whom training knew nothing is scored like any other, and no user is stored.
 * @param factors of the products, row by row
 */
export function openAls(
  factors: Float32Array,
  settings: Pick<AlsSettings, 'factors' | 'regularisation' | 'confidence'>,
): Scorer {
  const { factors: width, regularisation, confidence } = settings;
  const products = factors.length / width;
  const gram = gramOf(factors, width);
  for (let i = 0; i < width; i++) gram[i * width + i] += regularisation;
  const system = createSmallCholesky(width);
  const user = new Float64Array(width);
  const image = new Float64Array(width);
  let alike: VectorIndex | undefined;
  let nearest: VectorIndex | undefined;

  /** Writes the user's factors to `user`, and leaves the factored system of theirs. */
  function foldIn(owned: Int32Array): void {
    const { matrix } = system;
    matrix.set(gram);
    user.fill(0);
    for (const product of owned) {
      const base = product * width;
      for (let i = 0; i < width; i++) {
        const value = factors[base + i];
        user[i] += (1 + confidence) * value;
        const scaled = confidence * value;
        for (let j = 0; j <= i; j++) matrix[i * width + j] += scaled * factors[base + j];
      }
    }
    system.factor();
    system.forward(user);
    system.backward(user);
  }

  return {
    products,
    score(owned, target, offset = 0) {
      foldIn(owned);
      for (let item = 0, base = 0; item < products; item++, base += width) {
        let sum = 0;
        for (let i = 0; i < width; i++) sum += user[i] * factors[base + i];
        target[offset + item] = sum;
      }
      // Without product j: A − confidence·yyᵀ and b − (1 + confidence)·y, by Sherman and Morrison, with h = yᵀA⁻¹y.
      for (const item of owned) {
        for (let i = 0; i < width; i++) image[i] = factors[item * width + i];
        system.forward(image);
        const leverage = image.reduce((sum, value) => sum + value * value, 0);
        const score = target[offset + item];
        target[offset + item] = (score - (1 + confidence) * leverage) / (1 - confidence * leverage);
      }
    },
    /** Hu et al. 2008, section 5: score = Σ (1 + confidence)·yᵀA⁻¹yᵢ over the products owned. */
    explain(owned, wanted) {
      foldIn(owned);
      for (let i = 0; i < width; i++) image[i] = factors[wanted * width + i];
      system.forward(image);
      system.backward(image);
      return Float64Array.from(owned, (item) => {
        let sum = 0;
        for (let i = 0; i < width; i++) sum += image[i] * factors[item * width + i];
        return (1 + confidence) * sum;
      });
    },
    similarProducts(item, count) {
      alike ??= createVectorIndex(factors, { width, metric: 'cosine' });
      return alike.search(factors.subarray(item * width, (item + 1) * width), count, (other) => other !== item);
    },
    nearestProducts(owned, count) {
      nearest ??= createVectorIndex(factors, { width, metric: 'inner' });
      foldIn(owned);
      const isOwned = new Set(owned);
      return nearest.search(user, count, (item) => !isOwned.has(item));
    },
    embed(owned) {
      foldIn(owned);
      return Float32Array.from(user);
    },
  };
}
