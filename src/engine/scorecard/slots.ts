import { binsOf, type Feature, type FeatureContract } from '../encoders/contract.js';
import type { Expander } from '../encoders/expand.js';

/**
 * Fine classes of a feature, by its encoded position. A number's: one for each bin, one for its highest edge and beyond (where there are few values,
 * each has a class), one for each code, one for missing. A category's: one each, unknown, missing.
 */
export const slotsOf = (feature: Feature): number =>
  feature.kind === 'categorical'
    ? feature.mean.length
    : orderedSlots(feature) + feature.codes.length + (feature.missing ? 1 : 0);

/** How many of the first classes are numbers in their order. */
export const orderedSlots = (feature: Feature): number =>
  feature.kind === 'categorical' || feature.edges.length === 0 ? 0 : binsOf(feature) + 1;

/** The class of a position; −1 where it says nothing. */
export function slotOf(feature: Feature, position: number): number {
  if (Number.isNaN(position)) return -1;
  if (feature.kind === 'categorical') return position;
  const ordered = orderedSlots(feature);
  const slot = position < 0 ? ordered - 1 - position : Math.min(Math.floor(position), ordered - 1);
  return slot < slotsOf(feature) ? slot : -1;
}

/** Rows are encoded positions as they are: which class they are in is looked up. */
export function slotExpander({ features }: FeatureContract): Expander {
  const width = features.length;
  return {
    width,
    starts: Array.from({ length: width + 1 }, (_, place) => place),
    write(users, user, _hidden, target, row) {
      for (let place = 0; place < width; place++) target[row * width + place] = users.positions[place][user];
    },
  };
}
