import type { Mechanism } from '../mechanism.js';
import { remember } from '../remember.js';
import { type Composition, compose } from './composition.js';
import {
  approximateLoss,
  type LossDistribution,
  type LossPair,
  laplaceLoss,
  subsampledGaussianLoss,
} from './loss-distribution.js';
import {
  type Finding,
  type Grid,
  looseness,
  type Part,
  type Prospect,
  prospectsOf,
  remembered,
  roughEpsilon,
} from './window.js';

const { ceil, exp, expm1, floor, log1p, max, min, sqrt } = Math;

/** Relative rounding error of a loss, and of where a mass lies on the grid. */
const ROUNDING = 2 ** -47;
/** A grid by which the answer is no further above the true ε is fine enough. */
const ENOUGH = 7e-4;

/**
 * The smallest ε, from above, for which the composition is (ε, δ)-differentially private; infinite where there is none, or where there are
 * more releases than a grid can tell apart.
 *
 * By privacy loss distributions, composed by FFT (Koskela, Jälkö, Honkela 2020, "Computing tight differential privacy guarantees using
 * FFT"; Gopi, Lee, Wutschitz 2021, "Numerical composition of differential privacy"). Every rounding is upwards: the grid
 * (connect-the-dots), the tails (counted as total disclosure) and the arithmetic (a stated slack).
 */
export function privacyLossEpsilon(mechanisms: readonly Mechanism[], delta: number): number {
  const parts = partsOf(mechanisms);
  if (parts.length === 0) return 0;
  const rest = delta - disclosedBy(parts);
  if (!(rest > 0)) return Infinity;
  const releases = parts.reduce((sum, { count }) => sum + count, 0);
  const answer = solve(parts, releases, delta, rest);
  return answer === 0 ? 0 : answer + ROUNDING * (releases + answer);
}

/** About what `privacyLossEpsilon` answers, rather more than less, at once: to look for a boundary by. */
export function roughPrivacyLossEpsilon(mechanisms: readonly Mechanism[], delta: number): number {
  const parts = partsOf(mechanisms);
  const rest = delta - disclosedBy(parts);
  return parts.length === 0 ? 0 : rest > 0 ? roughEpsilon(parts, rest) : Infinity;
}

/** The probability that anything is disclosed altogether. */
const disclosedBy = (parts: readonly Part[]) =>
  -expm1(parts.reduce((sum, { loss, count }) => sum + count * log1p(-loss.disclosed), 0));

/** Attempts at a grid that shows ε, finely enough. One does, but for losses that are rare. */
const MOST_ATTEMPTS = 4;

/** So far below a window, in units of 1/λ, it shows ε as well. */
const NEAR = 3;

function solve(parts: readonly Part[], releases: number, delta: number, rest: number): number {
  const [dear, cheap] = prospectsOf(parts, rest);
  const most = solveOne(parts, releases, delta, dear);
  if (!(most < Infinity) || parts.every(({ loss }) => loss.add === loss.remove)) return most;
  // What matters of the other direction is that it costs no more: where it is likely to cost less, a coarse look is enough.
  const likely = max(0, cheap.bound - (dear.bound - most));
  const grid = cheap.gridFor(max(0, most - likely) / 2);
  if (grid && epsilonOf(compose(parts, grid), delta, grid).epsilon <= most) return most;
  return max(most, solveOne(parts, releases, delta, cheap));
}

/** ε of one direction. */
function solveOne(parts: readonly Part[], releases: number, delta: number, { gridFor }: Prospect): number {
  let least = Infinity;
  let finding: Finding | undefined;
  for (let i = 0; i < MOST_ATTEMPTS; i++) {
    const grid = gridFor(0, finding);
    if (!grid) break;
    const { epsilon, steepness } = epsilonOf(compose(parts, grid), delta, grid);
    least = min(least, epsilon);
    // Far below its window the answer is sound, but perhaps too large.
    const lost = epsilon < grid.low - NEAR / steepness;
    if (!lost && (grid.finest || looseness(grid.step, releases, steepness) <= ENOUGH)) break;
    finding = { steepness: lost ? undefined : steepness };
  }
  return least;
}

/** Equal mechanisms are raised to a power, not composed one by one; Gaussians of any noise become one. */
function partsOf(mechanisms: readonly Mechanism[]): Part[] {
  const counts = new Map<string, { loss: () => LossPair; count: number }>();
  let precision = 0;
  const add = (key: string, count: number, loss: () => LossPair) => {
    const known = counts.get(key);
    counts.set(key, { loss, count: count + (known?.count ?? 0) });
  };
  for (const m of mechanisms) {
    if (m.mechanism === 'gaussian') precision += m.count / m.noiseMultiplier ** 2;
    else if (m.mechanism === 'laplace') add(`laplace ${m.scale}`, m.count, () => laplaceLoss(m.scale));
    else if (m.mechanism === 'approximate')
      add(`approximate ${m.epsilon} ${m.delta}`, 1, () => approximateLoss(m.epsilon, m.delta));
    else if (m.samplingRate === 1) precision += m.steps / m.noiseMultiplier ** 2;
    else
      add(`subsampled ${m.samplingRate} ${m.noiseMultiplier}`, m.steps, () =>
        subsampledGaussianLoss(m.samplingRate, m.noiseMultiplier),
      );
  }
  if (precision > 0) add(`gaussian ${precision}`, 1, () => subsampledGaussianLoss(1, 1 / sqrt(precision)));
  return [...counts].map(([key, { loss, count }]) => ({
    key,
    count,
    loss: losses(key, () => rememberingLoss(loss())),
  }));
}

/** A ledger asks for the same few losses at every entry. */
const losses = remember<LossPair>(64);
const TAILS = 4;

function rememberingLoss({ remove, add, disclosed }: LossPair): LossPair {
  const remembering = rememberingDistribution(remove);
  return { remove: remembering, add: add === remove ? remembering : rememberingDistribution(add), disclosed };
}

function rememberingDistribution(distribution: LossDistribution): LossDistribution {
  const ranges = remember<ReturnType<LossDistribution['range']>>(TAILS);
  const cumulants = remember<ReturnType<LossDistribution['cumulantBelow']>>(TAILS);
  return {
    range: (tail) => ranges(tail, () => distribution.range(tail)),
    cumulantBelow: (high) => cumulants(high, () => remembered(distribution.cumulantBelow(high))),
    masses: (losses) => distribution.masses(losses),
  };
}

interface Answer {
  readonly epsilon: number;
  /** −d ln δ/dε at ε. */
  readonly steepness: number;
}

/** An ε beyond any. */
const MOST_EPSILON = 1e13;

/**
 * Where δ(ε), which is convex in e^ε and known at whole steps, has come down to δ: from above.
 * @param low where to look first
 */
function epsilonOf({ deltaAt, step }: Composition, delta: number, { low, steepness }: Grid): Answer {
  // Arithmetic that has failed must not look like privacy.
  const enough = (i: number) => deltaAt(i) <= delta;
  let [above, below] = [floor(low / step), floor(low / step)];
  let stride = ceil(1 / (steepness * step));
  while (above > 0 && enough(above)) {
    [above, below] = [max(0, above - stride), above];
    stride *= 2;
  }
  if (above === 0 && enough(0)) return { epsilon: 0, steepness: 0 };
  while (above === below || !enough(below)) {
    if (below * step > MOST_EPSILON) return { epsilon: Infinity, steepness: 0 };
    [above, below] = [below, below + stride];
    stride *= 2;
  }
  while (below - above > 1) {
    const middle = floor((above + below) / 2);
    if (enough(middle)) below = middle;
    else above = middle;
  }
  const [more, less] = [deltaAt(above), deltaAt(below)];
  const share = (more - delta) / (more - less);
  const beyond = share >= 0 && share < 1 ? log1p(share * expm1(step)) : step;
  return { epsilon: above * step + beyond, steepness: ((more - less) / expm1(step)) * (exp(beyond) / delta) };
}
