import type { Catalogue } from '../products/catalogue.js';
import type { Product } from '../products/product.js';
import { contentSimilarity } from '../products/similarity.js';

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
  const cache = new WeakMap<Catalogue, Map<string, NeighboursOf>>();
  return (catalogue, modelId, known) => {
    const byModel = cache.get(catalogue) ?? new Map<string, NeighboursOf>();
    cache.set(catalogue, byModel);
    const neighboursOf = byModel.get(modelId) ?? neighboursIn(catalogue, known);
    byModel.set(modelId, neighboursOf);
    return neighboursOf;
  };
}

function neighboursIn({ products }: Catalogue, known: ReadonlyMap<string, number>): NeighboursOf {
  const found = new Map<string, readonly Neighbour[]>();
  const similarity = contentSimilarity(products);
  const candidates = products.filter(({ code }) => known.has(code));
  return (product) => {
    const neighbours = found.get(product.id) ?? nearest(product, candidates, similarity);
    found.set(product.id, neighbours);
    return neighbours;
  };
}

/** One pass that keeps the best so far, since all but a few are far away. Ties: by code, the order of the catalogue. */
function nearest(
  product: Product,
  candidates: readonly Product[],
  similarity: (a: Product, b: Product) => number,
): readonly Neighbour[] {
  const best: Neighbour[] = [];
  for (const candidate of candidates) {
    const neighbour = { product: candidate, similarity: similarity(product, candidate) };
    if (best.length === KEPT && neighbour.similarity <= best[KEPT - 1].similarity) continue;
    if (best.length === KEPT) best.pop();
    let place = best.length;
    while (place > 0 && best[place - 1].similarity < neighbour.similarity) place--;
    best.splice(place, 0, neighbour);
  }
  return best;
}
