import { ConcordError } from '../../errors.js';

export type Shape = readonly number[];

/** Number of values in a tensor of that shape. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, length) => product * length, 1);

const mismatch = (what: string, ...shapes: Shape[]) =>
  new ConcordError('INTERNAL', `${what}: the shapes ${shapes.map((shape) => `[${shape}]`).join(' and ')} do not fit.`);

/** The shape of a binary operation, by NumPy's rules. */
export function broadcastShapes(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) throw mismatch('broadcast', a, b);
    return left === 1 ? right : left;
  });
}

/** Axes as non-negative numbers, ascending; all of them where none are given. */
export function normaliseAxes(rank: number, axes?: Shape): number[] {
  const chosen = axes ?? Array.from({ length: rank }, (_, axis) => axis);
  return chosen.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
}

export function reducedShape(shape: Shape, axes: Shape, keepDims: boolean): number[] {
  const reduced = new Set(axes);
  const kept = shape.map((length, axis) => (reduced.has(axis) ? 1 : length));
  return keepDims ? kept : kept.filter((_, axis) => !reduced.has(axis));
}

export function matMulShape(a: Shape, b: Shape, transposeA = false, transposeB = false): number[] {
  if (a.length < 2 || b.length < 2) throw mismatch('matMul', a, b);
  const [rows, innerA] = transposeA ? [a.at(-1), a.at(-2)] : [a.at(-2), a.at(-1)];
  const [innerB, columns] = transposeB ? [b.at(-1), b.at(-2)] : [b.at(-2), b.at(-1)];
  if (innerA !== innerB) throw mismatch('matMul', a, b);
  return [...broadcastShapes(a.slice(0, -2), b.slice(0, -2)), rows as number, columns as number];
}

/** Replaces one −1 by the length that is left. */
export function resolveShape(from: Shape, to: Shape): number[] {
  const known = to.reduce((product, length) => (length === -1 ? product : product * length), 1);
  const resolved = to.map((length) => (length === -1 ? sizeOf(from) / known : length));
  if (sizeOf(resolved) !== sizeOf(from)) throw mismatch('reshape', from, to);
  return resolved;
}

/** Sizes of a slice, −1 meaning up to the end. */
export function sliceSizes(shape: Shape, begin: Shape, size: Shape): number[] {
  return shape.map((length, axis) => {
    const taken = size[axis] === -1 ? length - begin[axis] : size[axis];
    if (!(begin[axis] >= 0 && taken >= 0 && begin[axis] + taken <= length)) throw mismatch('slice', shape, begin, size);
    return taken;
  });
}

export function concatShape(shapes: readonly Shape[], axis: number): number[] {
  const result = [...shapes[0]];
  const along = axis < 0 ? axis + result.length : axis;
  for (const shape of shapes.slice(1)) {
    if (shape.length !== result.length || shape.some((length, at) => at !== along && length !== result[at]))
      throw mismatch('concat', result, shape);
    result[along] += shape[along];
  }
  return result;
}
