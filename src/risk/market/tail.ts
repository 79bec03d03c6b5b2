/** Mean, deviation, skewness and excess kurtosis of a sample. */
export interface Moments {
  readonly count: number;
  readonly mean: number;
  /** Standard deviation, divided by the count: √M2 of the ESAs' flow diagram to Annex II. */
  readonly deviation: number;
  /** M3 / σ³; 0 where nothing varies. */
  readonly skewness: number;
  /** M4 / σ⁴ − 3; 0 where nothing varies. */
  readonly kurtosis: number;
}

/** A deviation below this, in proportion to the values, is rounding: its skewness would be noise. */
const NO_DEVIATION = 1e-12;

/** @param values at least one */
export function momentsOf(values: Float64Array): Moments {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  let [m2, m3, m4] = [0, 0, 0];
  for (const value of values) {
    const d = value - mean;
    m2 += d * d;
    m3 += d * d * d;
    m4 += d * d * d * d;
  }
  const deviation = Math.sqrt(m2 / count);
  if (!(deviation > NO_DEVIATION * Math.max(1, Math.abs(mean))))
    return { count, mean, deviation: 0, skewness: 0, kurtosis: 0 };
  return { count, mean, deviation, skewness: m3 / count / deviation ** 3, kurtosis: m4 / count / deviation ** 4 - 3 };
}

/** What is lost at least in the worst cases, and on average in them: shares of the amount, 0 (nothing) to 1 (all). */
export interface TailLoss {
  readonly valueAtRisk: number;
  readonly expectedShortfall: number;
}

const loss = (quantile: number) => Math.min(1, Math.max(0, -quantile)) || 0;

/**
 * By the observed returns themselves: VaR is the smallest return that at least a share α of them do not exceed; ES is the mean of the worst share α,
 * the return on its edge by that part of it which belongs to it (Acerbi and Tasche 2002, "On the coherence of expected shortfall", proposition 4.1).
 * @param returns simple ones (−.1 is a loss of 10 %), at least one
 * @param alpha share of the worst cases, above 0 and below 1
 */
export function historicalTail(returns: Float64Array, alpha: number): TailLoss {
  const sorted = Float64Array.from(returns).sort();
  const worst = sorted.length * alpha;
  const whole = Math.floor(worst + 1e-9);
  let sum = 0;
  for (let i = 0; i < whole; i++) sum += sorted[i];
  if (whole < sorted.length) sum += Math.max(0, worst - whole) * sorted[whole];
  const edge = sorted[Math.max(0, Math.ceil(worst - 1e-9) - 1)];
  return { valueAtRisk: loss(edge), expectedShortfall: loss(sum / worst) };
}

/** Density of the standard normal distribution. */
const density = (z: number) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);

/**
 * The Cornish-Fisher expansion: the quantile of a standardised distribution from that of the normal one
 * (Maillard 2012, "A user's guide to the Cornish Fisher expansion", eq. 3).
 */
export function cornishFisher(z: number, { skewness: s, kurtosis: k }: Pick<Moments, 'skewness' | 'kurtosis'>): number {
  return z + ((z * z - 1) * s) / 6 + ((z ** 3 - 3 * z) * k) / 24 - ((2 * z ** 3 - 5 * z) * s * s) / 36;
}

/** Range of normal quantiles that are looked at, and the step between them: beyond 6 deviations lie 2e-9 of the distribution. */
const GRID = { end: 6, step: 1 / 256 } as const;

/** Whether the expansion rises, as a quantile must: its derivative, a parabola in z, is above 0 (Maillard 2012, section 3). */
function isQuantile({ skewness: s, kurtosis: k }: Moments): boolean {
  const [a, b, c] = [k / 8 - (s * s) / 6, s / 3, 1 - k / 8 + (5 * s * s) / 36];
  const lowest = a > 0 && Math.abs(b / (2 * a)) < GRID.end ? -b / (2 * a) : 0;
  return [-GRID.end, lowest, GRID.end].every((z) => a * z * z + b * z + c > 0);
}

/**
 * By the moments of the returns. Where the expansion is a quantile, in closed form: VaR is −(μ + σ·q(z)) at z = Φ⁻¹(α), and ES integrates q over the
 * tail. Where it is not (strongly skewed or peaked returns), its values are put in order first (Chernozhukov, Fernández-Val and Galichon 2010,
 * "Rearranging Edgeworth–Cornish–Fisher expansions"), so that ES is never below VaR.
 * @param moments of simple returns
 * @param z Φ⁻¹(α), below 0
 * @param alpha share of the worst cases
 */
export function cornishFisherTail(moments: Moments, z: number, alpha: number): TailLoss {
  const { mean, deviation, skewness: s, kurtosis: k } = moments;
  const [quantile, tail] = isQuantile(moments)
    ? [
        cornishFisher(z, moments),
        (-density(z) / alpha) * (1 + (s * z) / 6 + (k * (z * z - 1)) / 24 - (s * s * (2 * z * z - 1)) / 36),
      ]
    : rearranged(moments, alpha);
  return { valueAtRisk: loss(mean + deviation * quantile), expectedShortfall: loss(mean + deviation * tail) };
}

function rearranged(moments: Moments, alpha: number): [quantile: number, tail: number] {
  const size = (2 * GRID.end) / GRID.step;
  const cells = Array.from({ length: size }, (_, i) => {
    const z = -GRID.end + (i + 0.5) * GRID.step;
    return { value: cornishFisher(z, moments), weight: density(z) * GRID.step };
  }).sort((a, b) => a.value - b.value);
  let [weight, sum] = [0, 0];
  for (const cell of cells) {
    const part = Math.min(cell.weight, alpha - weight);
    sum += part * cell.value;
    weight += part;
    if (weight >= alpha) return [cell.value, sum / alpha];
  }
  return [cells[size - 1].value, sum / alpha];
}
