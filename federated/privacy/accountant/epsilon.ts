import { type Mechanism, parseMechanisms } from '../mechanism.js';
import { gaussianEpsilon } from './gaussian.js';
import { privacyLossEpsilon } from './privacy-loss.js';
import { renyiEpsilon } from './renyi.js';

export const ACCOUNTANTS = ['pld', 'rdp'] as const;
/** Privacy loss distributions (tight), or Rényi (looser, simpler). Both are upper bounds. */
export type Accountant = (typeof ACCOUNTANTS)[number];

/**
 * Counts up with every change that moves an answer by more than rounding does. Ledgers say which version gave their figures, so that a
 * later one can tell a figure of its predecessor from a wrong one.
 */
export const ACCOUNTANT_VERSION = 2;

/** No version's answer is below the true ε, or above it by more than this times max(1, ε): two versions are no further apart. */
export const ACCOUNTANT_ACCURACY = 1e-3;

/** Below this, the arithmetic of the transform is no longer small beside δ. */
const SMALLEST_DELTA = 1e-12;

/**
 * The smallest known ε for which these mechanisms together are (ε, δ)-differentially private; add or remove one user.
 * Infinite where there is none (the δ of the parts already passes it).
 * @throws {RangeError} where a mechanism or δ is out of range.
 */
export function epsilon(mechanisms: readonly Mechanism[], delta: number, accountant: Accountant = 'pld'): number {
  const checked = parseMechanisms(mechanisms);
  requireDelta(delta);
  if (accountant === 'rdp') return renyiEpsilon(checked, delta);
  const precision = gaussianPrecision(checked);
  if (precision) return gaussianEpsilon(1 / Math.sqrt(precision), delta);
  // Both are upper bounds. Where a grid can't tell (more releases than it resolves), Rényi's is the better one.
  return Math.min(privacyLossEpsilon(checked, delta), renyiEpsilon(checked, delta));
}

/** @throws {RangeError} */
export function requireDelta(delta: number): void {
  if (!(delta >= SMALLEST_DELTA && delta < 1))
    throw new RangeError(`δ must be at least ${SMALLEST_DELTA} and less than 1.`);
}

/** Σ 1/σ² where all are Gaussian without sampling; else undefined. */
function gaussianPrecision(mechanisms: readonly Mechanism[]): number | undefined {
  let precision = 0;
  for (const m of mechanisms) {
    if (m.mechanism === 'gaussian') precision += m.count / m.noiseMultiplier ** 2;
    else if (m.mechanism === 'subsampled-gaussian' && m.samplingRate === 1)
      precision += m.steps / m.noiseMultiplier ** 2;
    else return undefined;
  }
  return precision;
}
