import { randomFillSync } from 'node:crypto';
import { type AliasTable, aliasTable } from './alias-table.js';
import { exactGaussianDensity, fractionOf } from './exact-exp.js';
import { RandomWords } from './random-words.js';

const { ceil, exp, floor, log2, max, min } = Math;

/**
 * Exact samples of the discrete Gaussian: P(x) ∝ e^(−x²/(2σ²)) over whole numbers (Canonne, Kamath, Steinke 2020, "The discrete Gaussian for
 * differential privacy"). Floating-point Gaussians leak what they were added to (Mironov 2012); this one has no rounding to leak by.
 *
 * Rejection from a staircase of 1,024 equal steps over ±16σ or more. A step is drawn by an alias table with whole weights, a place on it by
 * uniform bits, and accepted with probability density ÷ height, for which uniform bits are drawn until the comparison is decided: by whole
 * numbers for 97 of 100 draws, in double precision for the rest, and where these are too coarse, by exact arithmetic. What lies beyond 16σ has
 * a probability below 2⁻¹⁸⁰ and is never drawn.
 */
const STEPS = 1024;
const HALF = STEPS / 2;
const REACH = 16;
/** Of the system's generator, drawn at once: 64 KB, which spreads what a call costs. */
const WORDS = 16_384;
/** Relative error that double precision is trusted with; exp and the product are good to 1e-15. */
const DOUBT = 1e-13;

/** Fills an array with independent samples. */
export interface DiscreteGaussian {
  /** Standard deviation (the parameter σ; the variance differs from σ² by less than 10⁻¹² of it for σ ≥ 2). */
  readonly sigma: number;
  /** Largest absolute value that can come. */
  readonly reach: number;
  fill(target: Int32Array | Float64Array): void;
}

/**
 * @param sigma in grid units, from .5 to 2²⁶
 * @throws {RangeError}
 */
export function discreteGaussian(sigma: number): DiscreteGaussian {
  if (!(sigma >= 0.5 && sigma <= 2 ** 26)) throw new RangeError('σ must be from .5 to 2^26 grid units.');
  return new Sampler(sigma);
}

class Sampler implements DiscreteGaussian {
  readonly sigma: number;
  readonly reach: number;
  private readonly random = new RandomWords();
  private readonly words = new Uint32Array(WORDS);
  private readonly table: AliasTable;
  private readonly weights: readonly number[];
  /** Density is multiplied by this before it is compared with a weight. */
  private readonly scale: number;
  private readonly widthBits: number;
  private readonly chanceBits: number;
  /** In units of the first chance bits: below `surely` every place on the step is accepted, from `never` none is. */
  private readonly surely = new Uint32Array(STEPS);
  private readonly never = new Float64Array(STEPS);

  constructor(sigma: number) {
    this.sigma = sigma;
    this.widthBits = max(0, ceil(log2((REACH * sigma) / HALF)));
    this.chanceBits = 32 - this.widthBits;
    const width = 2 ** this.widthBits;
    this.reach = HALF * width;
    const density = (x: number) => exp(-(x * x) / (2 * sigma * sigma));
    const nearest = (step: number) => (step < HALF ? (step - HALF + 1) * width - 1 : (step - HALF) * width);
    const farthest = (step: number) => (step < HALF ? (step - HALF) * width : (step - HALF + 1) * width - 1);
    const steps = Array.from({ length: STEPS }, (_, i) => i);
    const total = steps.reduce((sum, step) => sum + density(nearest(step)), 0);
    // Every weight is rounded up, for which STEPS words are kept back; what is left over makes the first step higher than it need be.
    this.scale = floor((2 ** 32 - 2 * STEPS) / total);
    const weights = steps.map((step) => ceil(this.scale * density(nearest(step)) * (1 + DOUBT)));
    weights[HALF] += 2 ** 32 - weights.reduce((sum, weight) => sum + weight, 0);
    this.weights = weights;
    this.table = aliasTable(weights);
    const units = 2 ** this.chanceBits;
    for (const step of steps) {
      const chance = this.scale / weights[step];
      this.surely[step] = min(units - 1, floor(units * chance * density(farthest(step)) * (1 - DOUBT)));
      this.never[step] = ceil(units * chance * density(nearest(step)) * (1 + DOUBT));
    }
  }

  fill(target: Int32Array | Float64Array): void {
    const { words, widthBits, surely, never } = this;
    const { threshold, alias } = this.table;
    const mask = 2 ** widthBits - 1;
    const { length } = target;
    for (let i = 0; i < length; ) {
      // Two words a draw, and some more for the draws that are rejected.
      const drawn = min(WORDS, 2 * ceil((length - i) * 1.1) + 16);
      randomFillSync(words, 0, drawn);
      for (let next = 0; next < drawn && i < length; next += 2) {
        const first = words[next];
        const second = words[next + 1];
        const column = first >>> 22;
        // All ones where the column keeps this word, else 0: a branch would be mispredicted half of the time.
        const keep = ((first & 0x3fffff) - threshold[column]) >> 31;
        const step = (column & keep) | (alias[column] & ~keep);
        const x = ((step - HALF) << widthBits) + (second & mask);
        const chance = second >>> widthBits;
        if (chance < surely[step] || (chance < never[step] && this.decide(step, x, chance))) target[i++] = x;
      }
    }
    // What was used as noise must not stay in memory for a later reader.
    words.fill(0);
  }

  /** Whether a uniform number whose first bits are `chance` is below density(x) · scale / weight. */
  private decide(step: number, x: number, chance: number): boolean {
    const { sigma, scale, weights, random, chanceBits } = this;
    // 53 bits are as many as a double holds.
    const more = 53 - chanceBits;
    const whole = chance * 2 ** more + this.bitsOf(more);
    const probability = (scale / weights[step]) * exp(-(x * x) / (2 * sigma * sigma));
    const low = whole / 2 ** 53;
    if (low + 2 ** -53 < probability * (1 - DOUBT)) return true;
    if (low > probability * (1 + DOUBT)) return false;
    let bits = 53;
    let drawn = BigInt(whole);
    const [numerator, denominator] = fractionOf(scale);
    const weight = BigInt(weights[step]) * denominator;
    for (;;) {
      // u < density · scale / weight, each side times 2^bits · weight; u lies in [drawn, drawn + 1).
      const { lower, upper } = exactGaussianDensity(x, sigma, bits);
      if ((drawn + 1n) * weight <= lower * numerator) return true;
      if (drawn * weight >= upper * numerator) return false;
      drawn = (drawn << 32n) | BigInt(random.take());
      bits += 32;
    }
  }

  private bitsOf(count: number): number {
    return count > 32
      ? (this.random.take() >>> (64 - count)) * 2 ** 32 + this.random.take()
      : this.random.take() >>> (32 - count);
  }
}
