import type { Column } from '../../../engine/data/dataset.js';
import type { Attribute, Value } from '../tables/attribute.js';

/** @returns a dataset's column of one attribute. @param values of all users, as the attribute's cleaner gives them. */
export function columnOf({ name, spec }: Attribute, values: readonly Value[]): Column {
  if (spec.type === 'date') return { kind: 'date', name, values: Float64Array.from(values as number[]) };
  if (spec.type === 'numeric') {
    const column = { kind: 'numeric', name, values: Float64Array.from(values as number[]) } as const;
    return spec.codes ? { ...column, codes: spec.codes } : column;
  }
  const index = new Map<string, number>();
  for (const category of spec.categories ?? []) index.set(category, index.size);
  const codes = Int32Array.from(values as (string | null)[], (value) => {
    if (value === null) return -1;
    const known = index.get(value);
    if (known !== undefined) return known;
    index.set(value, index.size);
    return index.size - 1;
  });
  return { kind: 'categorical', name, values: codes, categories: [...index.keys()] };
}
