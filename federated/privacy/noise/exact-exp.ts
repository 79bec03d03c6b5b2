/**
 * Bounds of e^(−x²/(2σ²)) to any precision, in whole numbers.
 * @param x a whole number
 * @param sigma a positive number; what counts is the double itself, which is a fraction of whole numbers
 * @returns lower and upper bounds of the value times 2^bits
 */
export function exactGaussianDensity(x: number, sigma: number, bits: number): { lower: bigint; upper: bigint } {
  const [numerator, denominator] = fractionOf(sigma);
  // Exponent t = x²·denominator² / (2·numerator²), in fixed point with guard bits against the rounding of every step.
  const guard = 64;
  const precision = BigInt(bits + guard);
  const t = (((BigInt(x) * denominator) ** 2n) << precision) / (2n * numerator ** 2n);
  // e^−t = (e^(−t/2^k))^(2^k): the series is short for a small argument.
  const halvings = Math.max(0, (t >> precision).toString(2).length + 4);
  const small = t >> BigInt(halvings);
  let term = 1n << precision;
  let sum = term;
  for (let k = 1n; term !== 0n; k++) {
    term = -(term * small) / (k << precision);
    sum += term;
  }
  for (let i = 0; i < halvings; i++) sum = (sum * sum) >> precision;
  // Truncations: one unit in t, one in each term (fewer than 200), doubled by each squaring.
  const error = 256n << BigInt(halvings);
  const shift = BigInt(guard);
  const lower = sum > error ? (sum - error) >> shift : 0n;
  return { lower, upper: ((sum + error) >> shift) + 1n };
}

/** A double as numerator / denominator, exactly. */
export function fractionOf(value: number): [bigint, bigint] {
  let denominator = 1n;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    denominator *= 2n;
  }
  return [BigInt(scaled), denominator];
}
