import type { CategoricalFeature } from './contract.js';

/**
 * Index of a category's input: known categories, then unknown, then missing; NaN where the value says nothing (every input at its mean).
 * @param index of the category in feature.categories; −1 = unknown, −2 = missing.
 */
export function categoricalPosition(feature: CategoricalFeature, index: number): number {
  if (index >= 0) return index;
  const known = feature.categories.length;
  if (index === -1) return feature.unknown ? known : Number.NaN;
  if (!feature.missing) return Number.NaN;
  return known + (feature.unknown ? 1 : 0);
}
