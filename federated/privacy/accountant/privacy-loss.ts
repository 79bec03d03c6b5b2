import type { Mechanism } from '../mechanism.js';
import { remember } from '../remember.js';
import { compose } from './composition.js';
import type { DiscretisedLoss } from './discretised-loss.js';
import {
  approximateLoss,
  DIRECTIONS,
  type LossDistribution,
  type LossPair,
  laplaceLoss,
  subsampledGaussianLoss,
} from './loss-distribution.js';
import { type Finding, looseness, type Part, planGrid, remembered, roughEpsilon } from './window.js';

const { exp, expm1, log, log1p, max, min, sqrt } = Math;

/** Relative rounding error of a loss, and of where a mass lies on the grid. */
const ROUNDING = 2 ** -47;
/** A grid by which the answer is no further above the true ε is fine enough. */
const ENOUGH = 5e-4;

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

function solve(parts: readonly Part[], releases: number, delta: number, rest: number): number {
  let least = Infinity;
  let finding: Finding | undefined;
  for (let i = 0; i < MOST_ATTEMPTS; i++) {
    const grid = planGrid(parts, rest, finding);
    if (!grid) break;
    const answers = compose(parts, grid).map((loss) => epsilonOf(loss, delta));
    const best = answers.reduce((a, b) => (b.epsilon > a.epsilon ? b : a));
    // Of a direction whose ε is below its window is known that it costs no more than where the window begins.
    const lost = answers.some(({ below }, d) => below && grid[DIRECTIONS[d]].first * grid.step > best.epsilon);
    if (!lost) {
      least = min(least, best.epsilon);
      if (grid.finest || looseness(grid.step, releases, best.steepness) <= ENOUGH) break;
    }
    finding = { steepness: lost ? undefined : best.steepness };
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
  return { remove: rememberingDistribution(remove), add: rememberingDistribution(add), disclosed };
}

function rememberingDistribution(distribution: LossDistribution): LossDistribution {
  const ranges = remember<ReturnType<LossDistribution['range']>>(TAILS);
  const cumulants = remember<ReturnType<LossDistribution['cumulantBelow']>>(TAILS);
  return {
    range: (tail) => ranges(tail, () => distribution.range(tail)),
    cumulantBelow: (high) => cumulants(high, () => remembered(distribution.cumulantBelow(high))),
    masses: (low, step, count) => distribution.masses(low, step, count),
  };
}

interface Answer {
  readonly epsilon: number;
  /** −d ln δ/dε at ε. */
  readonly steepness: number;
  /** ε is below the grid, and 0 stands for it. */
  readonly below: boolean;
}

/** Solves δ(ε) = Σ over losses l > ε of p(l)·(1 − e^(ε − l)), plus what is infinite, exactly for the discretised loss. */
function epsilonOf({ step, first, probabilities, infinite }: DiscretisedLoss, delta: number): Answer {
  if (!(infinite < delta)) return { epsilon: Infinity, steepness: 0, below: false };
  const shrink = exp(-step);
  // From the top: mass above the grid point, and that mass times e^(point − loss).
  let mass = infinite;
  let discounted = 0;
  for (let i = probabilities.length - 1; i >= 0; i--) {
    mass += probabilities[i];
    discounted += probabilities[i];
    // Between the grid point below and this one, δ(ε) = mass − e^(ε − this point)·discounted.
    if (!(mass - discounted * shrink <= delta)) {
      const epsilon = max(0, (first + i) * step + log((mass - delta) / discounted));
      // Arithmetic that has failed must not look like privacy.
      return { epsilon: epsilon >= 0 ? epsilon : Infinity, steepness: (mass - delta) / delta, below: false };
    }
    discounted *= shrink;
  }
  return { epsilon: 0, steepness: 0, below: true };
}
