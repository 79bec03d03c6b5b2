import { ConcordError } from '../../../errors.js';
import type { NamedTensor } from '../../safetensors/safetensors.js';
import type { SparseRows } from '../matrix/sparse.js';

export const refuse = (reason: string, cause?: unknown) =>
  new ConcordError('BAD_INPUT', `These are not the weights of a Concord recommender: ${reason}.`, {}, { cause });

/** Whole numbers that float32 holds exactly. */
const MOST_WHOLE = 2 ** 24;
/** Bytes of text in a float32, as a whole number. */
const BYTES = 3;

/** Collects what a file holds. Everything is float32, as in every weights file: whole numbers up to 2²⁴, text three bytes a value. */
export function createTensorWriter() {
  const tensors: NamedTensor[] = [];
  const writer = {
    tensors,
    floats(name: string, values: Float32Array, shape: readonly number[] = [values.length]): void {
      tensors.push({ name, shape, values });
    },
    /** @throws {ConcordError} INTERNAL for numbers that float32 does not hold */
    whole(name: string, values: ArrayLike<number>): void {
      const stored = Float32Array.from(values);
      for (let place = 0; place < stored.length; place++)
        if (!(values[place] >= 0 && values[place] <= MOST_WHOLE))
          throw new ConcordError('INTERNAL', `${name} has numbers beyond 2²⁴.`);
      writer.floats(name, stored);
    },
    sparse(name: string, { rows, offsets, items }: SparseRows): void {
      writer.whole(
        `${name}.lengths`,
        Int32Array.from({ length: rows }, (_, row) => offsets[row + 1] - offsets[row]),
      );
      writer.whole(`${name}.items`, items);
    },
    texts(name: string, texts: readonly string[]): void {
      const bytes = new TextEncoder().encode(JSON.stringify(texts));
      const values = new Float32Array(Math.ceil(bytes.length / BYTES));
      bytes.forEach((byte, place) => {
        values[Math.floor(place / BYTES)] += byte * 256 ** (place % BYTES);
      });
      writer.floats(name, values);
    },
  };
  return writer;
}

/** Reads what a writer has written, and believes none of it. Everything throws BAD_INPUT. */
export function createTensorReader(tensors: readonly NamedTensor[]) {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const reader = {
    /** @param shape −1 = any length */
    floats(name: string, shape: readonly number[]): Float32Array {
      const tensor = byName.get(name);
      if (!tensor) throw refuse(`${name} is missing`);
      byName.delete(name);
      const fits =
        tensor.shape.length === shape.length &&
        shape.every((length, axis) => length === -1 || tensor.shape[axis] === length);
      if (!fits) throw refuse(`${name} has the shape ${tensor.shape.join(' × ')}`);
      if (!tensor.values.every(Number.isFinite)) throw refuse(`${name} has a value that is no number`);
      return tensor.values;
    },
    whole(name: string, length: number, most = MOST_WHOLE): Int32Array {
      const values = reader.floats(name, [length]);
      for (const value of values)
        if (!Number.isInteger(value) || value < 0 || value > most) throw refuse(`${name} has a number out of range`);
      return Int32Array.from(values);
    },
    sparse(name: string, rows: number, columns: number): SparseRows {
      const lengths = reader.whole(`${name}.lengths`, rows, columns);
      const offsets = new Int32Array(rows + 1);
      let total = 0;
      lengths.forEach((length, row) => {
        total += length;
        offsets[row + 1] = total;
      });
      if (total !== offsets[rows]) throw refuse(`${name} has too many entries`);
      const items = reader.whole(`${name}.items`, total, columns - 1);
      for (let row = 0; row < rows; row++) {
        for (let entry = offsets[row] + 1; entry < offsets[row + 1]; entry++)
          if (items[entry] <= items[entry - 1]) throw refuse(`a row of ${name} does not ascend`);
      }
      return { rows, columns, offsets, items };
    },
    texts(name: string, length: number): string[] {
      const values = reader.whole(name, -1);
      const bytes = new Uint8Array(values.length * BYTES);
      for (let place = 0; place < bytes.length; place++)
        bytes[place] = (values[Math.floor(place / BYTES)] >>> (8 * (place % BYTES))) & 0xff;
      const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
      const texts = parseJson(new TextDecoder().decode(bytes.subarray(0, end)), name);
      if (!Array.isArray(texts) || texts.length !== length || !texts.every((text) => typeof text === 'string'))
        throw refuse(`${name} are not ${length} texts`);
      return texts;
    },
    /** Everything must have been read. */
    end(): void {
      for (const name of byName.keys()) throw refuse(`${name} does not belong there`);
    },
  };
  return reader;
}

export type TensorWriter = ReturnType<typeof createTensorWriter>;
export type TensorReader = ReturnType<typeof createTensorReader>;

export function parseJson(text: string | undefined, what: string): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch (cause) {
    throw refuse(`${what} are malformed`, cause);
  }
}
