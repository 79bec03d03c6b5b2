import { binsOf, type NumericFeature } from '../engine/encoders/contract.js';

/**
 * A quantile of the training users' values, codes and missing ones apart, as far as the feature contract tells: of each bin it has the mean of its
 * input, which is the share of users in it, or how far they have come through it. Between the middles of bins it is interpolated.
 * The edges alone would not do: where many users have one value, several quantiles are one edge.
 * @param share 0 to 1: .5 is the median
 * @returns a value within the edges, of which there must be two at least
 */
export function quantileOf(feature: Pick<NumericFeature, 'edges' | 'encoding' | 'mean'>, share: number): number {
  const { edges } = feature;
  const above = shareAbove(feature);
  const places = [edges[0], ...above.map((_, bin) => (edges[bin] + edges[bin + 1]) / 2), edges[edges.length - 1]];
  const shares = [1, ...above, 0];
  const wanted = 1 - share;
  for (let index = 1; index < places.length; index++) {
    if (shares[index] > wanted) continue;
    const [from, to] = [shares[index - 1], shares[index]];
    const part = from > to ? (from - wanted) / (from - to) : 0;
    return places[index - 1] + Math.min(1, Math.max(0, part)) * (places[index] - places[index - 1]);
  }
  return places[places.length - 1];
}

/** Of each bin the share of users beyond its middle, never rising: means may be noisy. */
function shareAbove(feature: Pick<NumericFeature, 'edges' | 'encoding' | 'mean'>): number[] {
  const bins = feature.mean.slice(0, binsOf(feature));
  // Piecewise, everybody with a value beyond the first edge has begun the first bin; what is neither code nor missing is all the rest.
  const rest = feature.mean.slice(bins.length).reduce((sum, mean) => sum + mean, 0);
  const total = feature.encoding === 'bins' ? bins.reduce((sum, mean) => sum + mean, 0) : 1 - rest;
  let below = 0;
  let last = 1;
  return bins.map((mean) => {
    const share = feature.encoding === 'bins' ? 1 - (below + mean / 2) / total : mean / total;
    below += mean;
    last = Math.min(last, Math.max(0, Number.isFinite(share) ? share : 0));
    return last;
  });
}
