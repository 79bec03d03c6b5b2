import type { UserRow } from '../data/dataset.js';
import { type EncodedUsers, encodeRows, productIndex } from '../encoders/encode.js';
import type { Retrieved, SimilarCode } from '../engine.js';
import type { Batch } from '../training/batch.js';
import type { Predictor } from './kind.js';

/** The products most like one; undefined where the model cannot tell, or does not know the product. */
export function similarCodes({ contract, opened }: Predictor, code: string, count: number): SimilarCode[] | undefined {
  const product = productIndex(contract).get(code);
  if (product === undefined) return undefined;
  return opened.similarity
    ?.similarProducts?.(product, count)
    .map(({ index, similarity }) => ({ product: contract.products[index], similarity }));
}

/**
 * The products of the highest probabilities for a user, found without scoring all of them: of many products some may be missed. Probabilities are
 * those among the products that are found. Undefined where the model has to score all.
 */
export async function retrieved(predictor: Predictor, row: UserRow, count: number): Promise<Retrieved[] | undefined> {
  const { contract, opened } = predictor;
  if (!opened.similarity?.retrieve) return undefined;
  const batch = predictor.batchFor(1);
  writeRow(predictor, batch, encodeRows(contract, [row]), 0, 0);
  const found = await opened.similarity.retrieve(batch, count);
  const highest = found.length > 0 ? found[0].similarity : 0;
  const total = found.reduce((sum, { similarity }) => sum + Math.exp(similarity - highest), 0);
  return found.map(({ index, similarity }) => ({
    product: contract.products[index],
    probability: Math.exp(similarity - highest) / total,
  }));
}

/** Where the model places users among others, as vectors of length 1 (or 0); undefined where it does not. */
export async function placesOf(predictor: Predictor, rows: readonly UserRow[]): Promise<Float32Array[] | undefined> {
  const { contract, opened } = predictor;
  if (!opened.similarity?.embed) return undefined;
  const encoded = encodeRows(contract, rows);
  const places: Float32Array[] = [];
  while (places.length < rows.length) {
    const batch = predictor.batchFor(rows.length - places.length);
    const start = places.length;
    const count = Math.min(batch.rows, rows.length - start);
    for (let row = 0; row < count; row++) writeRow(predictor, batch, encoded, start + row, row);
    const { width, values } = await opened.similarity.embed(batch);
    for (let row = 0; row < count; row++) places.push(unit(values.slice(row * width, (row + 1) * width)));
  }
  return places;
}

/** Writes a user, and which products may be the answer. */
function writeRow({ expander, outputs }: Predictor, batch: Batch, users: EncodedUsers, user: number, row: number) {
  expander.write(users, user, -1, batch.inputs, row);
  batch.candidates.fill(1, row * outputs, (row + 1) * outputs);
  for (let item = users.offsets[user]; item < users.offsets[user + 1]; item++)
    batch.candidates[row * outputs + users.items[item]] = 0;
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return length > 0 ? vector.map((value) => value / length) : vector;
}
