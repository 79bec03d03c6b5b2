import type { Catalogue } from '../products/catalogue.js';
import type { Product } from '../products/product.js';
import { similarProducts } from '../products/similarity.js';

export interface Neighbour {
  readonly product: Product;
  readonly similarity: number;
}

/** Most similar products of the catalogue that the model knows, best first. */
export type NeighboursOf = (product: Product) => readonly Neighbour[];

/** More than are used, because a user may own some. */
const KEPT = 10;

/** Neighbours of products by content, computed once for each catalogue, model and product. */
export function createNeighbours(): (
  catalogue: Catalogue,
  modelId: string,
  known: ReadonlyMap<string, number>,
) => NeighboursOf {
  const cache = new WeakMap<Catalogue, Map<string, readonly Neighbour[]>>();
  return (catalogue, modelId, known) => {
    const found = cache.get(catalogue) ?? new Map<string, readonly Neighbour[]>();
    cache.set(catalogue, found);
    return (product) => {
      const key = `${modelId}/${product.id}`;
      const neighbours = found.get(key) ?? compute(product, catalogue, known);
      found.set(key, neighbours);
      return neighbours;
    };
  };
}

function compute(product: Product, catalogue: Catalogue, known: ReadonlyMap<string, number>): readonly Neighbour[] {
  const candidates = catalogue.products.filter(({ code }) => known.has(code));
  return similarProducts(product, candidates, [], KEPT).map((similar) => ({
    product: similar.product,
    similarity: similar.similarity,
  }));
}
