import { binsOf, type Feature, type FeatureContract } from '../encoders/contract.js';

/**
 * The position of each feature (as encoded) for a typical user: the most frequent category; a code, or missing, where more than half of the
 * users have it; else the median, which is the middle of the edges.
 */
export const typicalPositions = ({ features }: FeatureContract): number[] => features.map(typicalPosition);

function typicalPosition(feature: Feature): number {
  if (feature.kind === 'categorical') {
    const most = Math.max(...feature.mean);
    return feature.mean.length === 0 ? Number.NaN : feature.mean.indexOf(most);
  }
  const bins = binsOf(feature);
  const special = feature.mean.slice(bins).findIndex((share) => share > 0.5);
  return special >= 0 ? -1 - special : bins / 2;
}
