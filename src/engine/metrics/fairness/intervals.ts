/** A figure and the interval that covers the true one in 95 of 100 samples. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  /** null: without bound. */
  readonly high: number | null;
}

/** A share of users: so many of so many, with the exact interval of Clopper and Pearson (1934). */
export interface Rate {
  readonly count: number;
  readonly of: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const TAIL = 0.025;

/** @returns the share count ÷ of with its exact interval; undefined where there is nobody. */
export function rateOf(count: number, of: number): Rate | undefined {
  if (of === 0) return undefined;
  return {
    count,
    of,
    value: count / of,
    low: count === 0 ? 0 : betaQuantile(TAIL, count, of - count + 1),
    high: count === of ? 1 : betaQuantile(1 - TAIL, count + 1, of - count),
  };
}

/** a − b, its interval recovered from those of the two (MOVER: Newcombe 1998, method 10; Zou and Donner 2008). */
export function differenceOf(a: Rate, b: Rate): Estimate {
  const value = a.value - b.value;
  return {
    value,
    low: value - Math.hypot(a.value - a.low, b.high - b.value),
    high: value + Math.hypot(a.high - a.value, b.value - b.low),
  };
}

/** a ÷ b, its interval recovered from those of the two on the scale of logarithms (MOVER); undefined where b is 0. */
export function ratioOf(a: Rate, b: Rate): Estimate | undefined {
  if (b.value === 0) return undefined;
  const value = a.value / b.value;
  if (value === 0) return { value, low: 0, high: b.low === 0 ? null : a.high / b.low };
  const { exp, hypot, log } = Math;
  return {
    value,
    low: a.low === 0 ? 0 : value * exp(-hypot(log(a.value / a.low), log(b.high / b.value))),
    high: b.low === 0 ? null : value * exp(hypot(log(a.high / a.value), log(b.value / b.low))),
  };
}

/** The x for which the regularised incomplete beta function I_x(a, b) is p; a, b > 0. */
export function betaQuantile(p: number, a: number, b: number): number {
  let low = 0;
  let high = 1;
  for (let step = 0; step < 60 && high - low > 1e-12; step++) {
    const middle = (low + high) / 2;
    if (incompleteBeta(middle, a, b) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** I_x(a, b), by the continued fraction of Abramowitz and Stegun 26.5.8 with Lentz's method. */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  // The fraction converges fast on this side of the mean only.
  return x < (a + 1) / (a + b + 2) ? (front * fraction(x, a, b)) / a : 1 - (front * fraction(1 - x, b, a)) / b;
}

const TINY = 1e-300;

function fraction(x: number, a: number, b: number): number {
  const away = (value: number) => (Math.abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m <= 500; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    const step = d * c;
    result *= step;
    if (Math.abs(step - 1) < 1e-14) break;
  }
  return result;
}

/** Lanczos's coefficients for g = 7. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** The logarithm of Γ(x), x > 0. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const shifted = x - 1;
  const t = shifted + 7.5;
  const series = LANCZOS.reduce(
    (sum, coefficient, i) => (i === 0 ? coefficient : sum + coefficient / (shifted + i)),
    0,
  );
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(series);
}
