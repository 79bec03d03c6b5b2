import type { Ops, Tensor } from '../ops/ops.js';

/**
 * Sequences are (rows, length · width), position after position, like every other input of a layer; inside a layer that reads them they are
 * (rows, length, width).
 */
export const positionsOf = (ops: Ops, rows: Tensor, length: number): Tensor =>
  ops.reshape(rows, [rows.shape[0], length, rows.shape[1] / length]);

/** One position of (rows, length, width), as (rows, width). */
export function positionAt(ops: Ops, sequence: Tensor, place: number): Tensor {
  const [rows, , width] = sequence.shape;
  return ops.reshape(ops.slice(sequence, [0, place, 0], [rows, 1, width]), [rows, width]);
}

/** Pieces (rows, width) as (rows, pieces, width). */
export function stack(ops: Ops, pieces: readonly Tensor[]): Tensor {
  const [rows, width] = pieces[0].shape;
  return ops.reshape(ops.concat(pieces, 1), [rows, pieces.length, width]);
}
