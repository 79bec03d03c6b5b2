/** Log-odds of a probability are only asked for between these: a certainty has none. */
const SMALLEST = 1e-6;

export const clampProbability = (p: number): number => Math.min(1 - SMALLEST, Math.max(SMALLEST, p));

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** ln(p / (1 − p)), of p kept between 1e-6 and 1 − 1e-6. */
export function logit(p: number): number {
  const q = clampProbability(p);
  return Math.log(q) - Math.log1p(-q);
}

/** Φ, by the Chebyshev fit of erfc in Press et al., Numerical Recipes (3rd ed., 6.2.2): relative error below 1.2e-7, in the tails too. */
export function normalCdf(x: number): number {
  const z = Math.abs(x) / Math.SQRT2;
  const t = 1 / (1 + z / 2);
  const coefficients = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
  ];
  const polynomial = coefficients.reduceRight((sum, c) => sum * t + c, 0);
  const upper = (t * Math.exp(-z * z + polynomial)) / 2;
  return x > 0 ? 1 - upper : upper;
}
