import { normalCdf, normalLogCdf } from './normal.js';

/**
 * ε of the Gaussian mechanism in closed form (Balle, Wang 2018, "Improving the Gaussian mechanism for differential privacy", theorem 8),
 * rounded up. Any number of Gaussian releases is one with precision Σ 1/σ².
 * @param sigma noise multiplier
 */
export function gaussianEpsilon(sigma: number, delta: number): number {
  const excess = (epsilon: number) => gaussianDelta(sigma, epsilon) - delta;
  if (excess(0) <= 0) return 0;
  let low = 0;
  let high = 1;
  while (excess(high) > 0) [low, high] = [high, high * 2];
  for (let i = 0; i < 60 && high - low > 1e-12 * high; i++) {
    const middle = (low + high) / 2;
    if (excess(middle) > 0) low = middle;
    else high = middle;
  }
  return high * (1 + 1e-12);
}

function gaussianDelta(sigma: number, epsilon: number): number {
  const half = 1 / (2 * sigma);
  return normalCdf(half - epsilon * sigma) - Math.exp(epsilon + normalLogCdf(-half - epsilon * sigma));
}
