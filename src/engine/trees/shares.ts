import { gaussLegendre } from './quadrature.js';

/** Enough for logits that change by 20 on the way, at 1e-9. */
const POINTS = 32;

/**
 * The mean shares of a softmax while its logits go straight from one point to another: by how much log Σ exp rises for each unit that a logit
 * rises on the way, so that Σ share · (to − from) is its whole rise.
 * @returns shares, and log Σ exp at the start
 */
export function integralOfShares(
  from: Float64Array,
  to: Float64Array,
): { readonly shares: Float64Array; readonly start: number } {
  const { at, weights } = gaussLegendre(POINTS);
  const shares = new Float64Array(from.length);
  const here = new Float64Array(from.length);
  at.forEach((share, point) => {
    for (let place = 0; place < from.length; place++) here[place] = from[place] + share * (to[place] - from[place]);
    const total = logSumExp(here);
    for (let place = 0; place < from.length; place++) shares[place] += weights[point] * Math.exp(here[place] - total);
  });
  return { shares, start: logSumExp(from) };
}

function logSumExp(values: Float64Array): number {
  let highest = Number.NEGATIVE_INFINITY;
  for (const value of values) highest = Math.max(highest, value);
  let sum = 0;
  for (const value of values) sum += Math.exp(value - highest);
  return highest + Math.log(sum);
}
