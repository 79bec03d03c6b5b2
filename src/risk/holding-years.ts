import type { Product } from '../products/product.js';

/** Years for which the product is meant to be held: the longer of term and minimum horizon, at least one. */
export function holdingYears(product: Pick<Product, 'termMonths' | 'minimumHorizonMonths'>): number {
  return Math.max(12, product.termMonths ?? 0, product.minimumHorizonMonths) / 12;
}
