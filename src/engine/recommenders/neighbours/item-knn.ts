import { type CoCounts, ownersIn } from '../matrix/co-counts.js';
import { rowOf, transposeWeighted, type WeightedRows } from '../matrix/sparse.js';
import type { Checkpoint, Scorer } from '../recommender.js';
import { createTopK, thresholdAt } from '../retrieval/top-k.js';
import { measureOf, type NeighbourSettings } from './similarity.js';

/**
 * Item-based collaborative filtering (Sarwar et al. 2001; implicit feedback as in Deshpande and Karypis 2004). For each product its
 * most similar ones, of those that somebody owns together with it and whose similarity is above 0.
 * @returns a row for each product: its neighbours, ascending, with their similarity
 */
export function fitItemKnn(counts: CoCounts, settings: NeighbourSettings, checkpoint: Checkpoint): WeightedRows {
  const { products, users } = counts;
  const { fround } = Math;
  const owners = ownersIn(counts);
  const measure = measureOf(settings, users);
  const expected = owners.map(measure.expected);
  const spread = owners.map(measure.spread);
  const sides = [
    { ...counts, values: counts.counts },
    transposeWeighted({ ...counts, rows: products, columns: products, values: counts.counts }),
  ];
  const strongest = createStrongest(products, settings.neighbours);
  const offsets = new Int32Array(products + 1);
  const kept: { items: Int32Array; values: Float32Array }[] = [];
  for (let product = 0; product < products; product++) {
    strongest.clear();
    // The counts are a triangle: the products before this one stand in its column, those behind it in its row.
    for (const { offsets: starts, items, values } of sides.toReversed()) {
      for (let entry = starts[product]; entry < starts[product + 1]; entry++) {
        const other = items[entry];
        if (other === product) continue;
        const denominator = spread[product] * spread[other] + settings.shrinkage;
        // As it will be stored, so that a tie is a tie.
        const similarity = fround((values[entry] - expected[product] * expected[other]) / denominator);
        if (similarity > 0) strongest.add(other, similarity);
      }
    }
    kept.push(strongest.take());
    offsets[product + 1] = offsets[product] + kept[product].items.length;
    if (product % 64 === 0) checkpoint(product / products);
  }
  const items = new Int32Array(offsets[products]);
  const values = new Float32Array(items.length);
  kept.forEach((row, product) => {
    items.set(row.items, offsets[product]);
    values.set(row.values, offsets[product]);
  });
  return { rows: products, columns: products, offsets, items, values };
}

/** Of entries that come in ascending order the k strongest, in that order; of equal ones the first. */
function createStrongest(most: number, k: number) {
  const items = new Int32Array(most);
  const values = new Float64Array(most);
  const ordered = new Float64Array(most);
  const ones = new Float64Array(most).fill(1);
  let count = 0;
  return {
    clear() {
      count = 0;
    },
    add(item: number, value: number) {
      items[count] = item;
      values[count++] = value;
    },
    take(): { items: Int32Array; values: Float32Array } {
      let places = Math.min(k, count);
      let least = 0;
      let tied = 0;
      if (count > k) {
        ordered.set(values.subarray(0, count));
        least = thresholdAt(ordered.subarray(0, count), ones.subarray(0, count), k);
        tied = k;
        for (let entry = 0; entry < count; entry++) if (values[entry] > least) tied--;
      }
      const kept = { items: new Int32Array(places), values: new Float32Array(places) };
      places = 0;
      for (let entry = 0; entry < count; entry++) {
        if (values[entry] < least || (values[entry] === least && tied-- <= 0)) continue;
        kept.items[places] = items[entry];
        kept.values[places++] = values[entry];
      }
      return kept;
    },
  };
}

/** The score of a product is the sum of the similarities of those of its neighbours that are owned. */
export function openItemKnn(neighbours: WeightedRows): Scorer {
  const products = neighbours.rows;
  const scored = transposeWeighted(neighbours);
  return {
    products,
    score(owned, target, offset = 0) {
      const { offsets, items, values } = scored;
      target.fill(0, offset, offset + products);
      for (const product of owned) {
        const end = offsets[product + 1];
        for (let entry = offsets[product]; entry < end; entry++) target[offset + items[entry]] += values[entry];
      }
    },
    explain(owned, product) {
      const row = rowOf(neighbours, product);
      const start = neighbours.offsets[product];
      return Float64Array.from(owned, (item) => {
        const place = row.indexOf(item);
        return place < 0 ? 0 : neighbours.values[start + place];
      });
    },
    similarProducts(product, count) {
      const start = neighbours.offsets[product];
      const best = createTopK(count);
      rowOf(neighbours, product).forEach((other, place) => {
        best.offer(other, neighbours.values[start + place]);
      });
      return best.take();
    },
  };
}
