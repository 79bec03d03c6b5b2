import { createHash } from 'node:crypto';
import type { Column, Dataset } from '../../engine/data/dataset.js';

/** SHA-256, in hexadecimal, of all that a model may learn from, and of how the users are split. */
export function digestOf({
  columns,
  ownership,
  content,
  sequences,
  series,
  label,
  weights,
  fold,
  size,
}: Dataset): string {
  const hash = createHash('sha256');
  const text = (value: unknown) => hash.update(`${JSON.stringify(value) ?? ''}\n`);
  const values = (array: NodeJS.ArrayBufferView | undefined) => {
    text(array?.byteLength);
    if (array) hash.update(array);
  };
  const column = ({ values: all, ...rest }: Column) => {
    text(rest);
    values(all);
  };
  text({ size, content, series, products: ownership?.products });
  columns.forEach(column);
  for (const array of [ownership?.offsets, ownership?.items, ownership?.heldOut, sequences?.offsets]) values(array);
  sequences?.columns.forEach(column);
  for (const array of [label, weights, fold]) values(array);
  return hash.digest('hex');
}
