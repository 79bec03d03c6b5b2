import type { Column } from './dataset.js';

/** Some values of a column, in this order. */
export function takeRows(column: Column, places: Int32Array): Column {
  const { values } = column;
  if (column.kind === 'categorical') return { ...column, values: Int32Array.from(places, (place) => values[place]) };
  return { ...column, values: Float64Array.from(places, (place) => values[place]) };
}
