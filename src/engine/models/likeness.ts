import type { UserRow } from '../data/dataset.js';
import { encodeRows, productIndex } from '../encoders/encode.js';
import type { SimilarCode } from '../engine.js';
import type { Predictor } from './kind.js';

/** The products most like one; undefined where the model cannot tell, or does not know the product. */
export function similarCodes({ contract, opened }: Predictor, code: string, count: number): SimilarCode[] | undefined {
  const product = productIndex(contract).get(code);
  if (product === undefined) return undefined;
  return opened.similarity
    ?.similarProducts?.(product, count)
    .map(({ index, similarity }) => ({ product: contract.products[index], similarity }));
}

/** Where the model places users among others, as vectors of length 1 (or 0); undefined where it does not. */
export async function placesOf(predictor: Predictor, rows: readonly UserRow[]): Promise<Float32Array[] | undefined> {
  const { contract, expander, opened, outputs } = predictor;
  if (!opened.similarity?.embed) return undefined;
  const encoded = encodeRows(contract, rows);
  const places: Float32Array[] = [];
  while (places.length < rows.length) {
    const batch = predictor.batchFor(rows.length - places.length);
    const start = places.length;
    const count = Math.min(batch.rows, rows.length - start);
    batch.candidates.fill(1);
    for (let row = 0; row < count; row++) {
      expander.write(encoded, start + row, -1, batch.inputs, row);
      for (let item = encoded.offsets[start + row]; item < encoded.offsets[start + row + 1]; item++)
        batch.candidates[row * outputs + encoded.items[item]] = 0;
    }
    const { width, values } = await opened.similarity.embed(batch);
    for (let row = 0; row < count; row++) places.push(unit(values.slice(row * width, (row + 1) * width)));
  }
  return places;
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return length > 0 ? vector.map((value) => value / length) : vector;
}
