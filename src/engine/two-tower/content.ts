import { createRandom } from '../layers/random.js';
import type { Towers } from '../models/towers.js';
import { fitContent } from '../recommenders/content/content.js';
import type { ProductContent } from '../recommenders/content/encoder.js';

/** Values of what is known of a product, where that has more columns. */
const WIDTH = 128;

/**
 * What is known of products as a dense matrix for their tower: TF-IDF of n-grams, attributes and the bank's vectors, each product of length 1,
 * by a random projection of signs, which keeps angles but for about 1/√128 (Achlioptas 2003). In shared memory: several threads may read it.
 */
export function contentMatrix(catalogue: readonly ProductContent[]): NonNullable<Towers['content']> {
  const { vectors } = fitContent(catalogue);
  const { rows: products, columns, offsets, items, values } = vectors;
  const width = Math.min(WIDTH, columns);
  const matrix = new Float32Array(new SharedArrayBuffer(4 * products * width));
  const signs = columns > WIDTH ? drawSigns(columns, width) : undefined;
  const unit = 1 / Math.sqrt(width);
  for (let product = 0; product < products; product++) {
    const base = product * width;
    for (let entry = offsets[product]; entry < offsets[product + 1]; entry++) {
      if (!signs) matrix[base + items[entry]] = values[entry];
      else
        for (let i = 0; i < width; i++)
          matrix[base + i] += unit * values[entry] * (signs[items[entry] * width + i] === 1 ? 1 : -1);
    }
  }
  return { width, values: matrix };
}

function drawSigns(columns: number, width: number): Uint8Array {
  const random = createRandom(1).fork('signs');
  return new Uint8Array(columns * width).map(() => (random.uniform() < 0.5 ? 1 : 0));
}
