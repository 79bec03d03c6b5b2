import { randomFillSync } from 'node:crypto';
import { type AliasTable, aliasTable } from './alias-table.js';
import { exactGaussianDensity } from './exact-exp.js';
import { RandomWords } from './random-words.js';
import { type StaircaseKernel, staircaseKernel } from './staircase-kernel.js';

const { ceil, exp, floor, log2, max, min } = Math;

/**
 * Exact samples of the discrete Gaussian: P(x) ∝ e^(−x²/(2σ²)) over whole numbers (Canonne, Kamath, Steinke 2020, "The discrete Gaussian for
 * differential privacy"). Floating-point Gaussians leak what they were added to (Mironov 2012); this one has no rounding to leak by.
 *
 * Rejection from a staircase of 4,096 equal steps over ±16σ or more, where what lies on a step is one of two things. Up to the least density
 * on it every place is as likely as every other: nothing has to be decided, and one random word of 32 bits says which step (by an alias
 * table with whole weights) and which place. That is 99 of 100 draws. The rest, between the least and the greatest density, is drawn
 * by further words, and accepted or thrown away (then all begins anew) by comparing uniform bits with the density: in double precision, and
 * where this is too coarse, by exact arithmetic. What lies beyond 16σ has a probability below 2⁻¹⁸⁰ and is never drawn.
 */
const STEP_BITS = 12;
const STEPS = 2 ** STEP_BITS;
const HALF = STEPS / 2;
const REACH = 16;
/** The table's answer for what has to be decided. As a step it is the farthest, where all there is has to be. */
const REST = 0;
/** All words of 32 bits. */
const ALL = 2 ** 32;
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
  private readonly kernel: StaircaseKernel;
  /** The kernel's words from here on are random and unused; those before are zero. */
  private next: number;
  /** log2 of the width of a step. */
  private readonly widthBits: number;
  /** A density of 1 weighs so much, where all random words together weigh 2³². */
  private readonly scale: number;
  /**
   * What a step weighs that needs no decision: at most scale · density, everywhere on it. A multiple of the width, so that the table's
   * choice needs none of the bits that say the place.
   */
  private readonly sure: readonly number[];
  /** What needs one weighs `rest`, of which a step has open / 2³²: with `sure` that is at least scale · density, everywhere on it. */
  private readonly rest: number;
  private readonly open: readonly number[];
  private readonly sureTable: AliasTable;
  private readonly openTable: AliasTable;
  /** What decide() drew. */
  private decided = 0;

  constructor(sigma: number) {
    this.sigma = sigma;
    this.widthBits = max(0, ceil(log2((REACH * sigma) / HALF)));
    const width = 2 ** this.widthBits;
    this.reach = HALF * width;
    const density = (x: number) => exp(-(x * x) / (2 * sigma * sigma));
    const steps = Array.from({ length: STEPS }, (_, step) => step);
    const greatest = steps.map((s) => density(s < HALF ? (s - HALF + 1) * width - 1 : (s - HALF) * width));
    const least = steps.map((s) => density(s < HALF ? (s - HALF) * width : (s - HALF + 1) * width - 1));
    // Weights are rounded to whole numbers on the safe side, for which some words are kept back.
    this.scale = floor((ALL - 4 * STEPS) / greatest.reduce((sum, value) => sum + value, 0));
    const multiple = (weight: number) => floor(weight / width) * width;
    this.sure = least.map((value, step) => (step === REST ? 0 : multiple(this.scale * value * (1 - DOUBT))));
    this.rest = ALL - this.sure.reduce((sum, weight) => sum + weight, 0);
    const gaps = greatest.map((value, step) => this.scale * value * (1 + DOUBT) - this.sure[step]);
    const open = gaps.map((gap) => ceil((gap / this.rest) * ALL * (1 + DOUBT)));
    // What is left over makes the first step higher than it need be.
    open[HALF] += ALL - open.reduce((sum, weight) => sum + weight, 0);
    this.open = open;
    this.openTable = aliasTable(open);
    this.sureTable = aliasTable(this.sure.map((weight, step) => (step === REST ? this.rest : weight)));
    const { widthBits } = this;
    this.kernel = staircaseKernel({ stepBits: STEP_BITS, widthBits, ...this.sureTable });
    this.next = this.kernel.words.length;
  }

  fill(target: Int32Array | Float64Array): void {
    const { words, open, draw } = this.kernel;
    // Whatever lies below lies on the step that stands for what has to be decided.
    const decided = (1 - HALF) * 2 ** this.widthBits;
    for (let start = 0; start < target.length; ) {
      if (this.next === words.length) {
        randomFillSync(words);
        this.next = 0;
      }
      const from = this.next;
      const count = min(words.length - from, target.length - start);
      const end = from + 4 * ceil(count / 4);
      const fours = draw(from, end);
      for (let four = 0; four < fours; four++) {
        for (let place = open[four]; place < open[four] + 4; place++)
          if (words[place] < decided) words[place] = this.settle();
      }
      target.set(words.subarray(from, from + count), start);
      // What was used as noise must not stay in memory for a later reader.
      words.fill(0, from, end);
      this.next = end;
      start += count;
    }
    this.decided = 0;
  }

  /** The draw in the place of a word that fell on what needs a decision. Where that is thrown away, further words are drawn. */
  private settle(): number {
    const { widthBits, random } = this;
    while (!this.decide()) {
      const word = random.take();
      const step = choose(this.sureTable, word);
      if (step !== REST) return (step - HALF) * 2 ** widthBits + (word & (2 ** widthBits - 1));
    }
    return this.decided;
  }

  /** Draws from what needs a decision. False where it is thrown away. */
  private decide(): boolean {
    const { sigma, scale, widthBits, random } = this;
    const step = choose(this.openTable, random.take());
    const x = (step - HALF) * 2 ** widthBits + this.bits(widthBits);
    this.decided = x;
    // Accepted where sure + u · rest · open / 2³² < scale · density(x), for a uniform u below 1 of which the first bits are known.
    const sure = this.sure[step];
    const gap = this.open[step] * (this.rest / ALL);
    const whole = this.bits(21) * ALL + random.take();
    const level = scale * exp(-(x * x) / (2 * sigma * sigma));
    if (sure + (whole + 1) * 2 ** -53 * gap < level * (1 - DOUBT)) return true;
    if (sure + whole * 2 ** -53 * gap > level * (1 + DOUBT)) return false;
    return this.decideExactly(step, x, whole);
  }

  private decideExactly(step: number, x: number, whole: number): boolean {
    let bits = 53;
    let drawn = BigInt(whole);
    const gap = BigInt(this.rest) * BigInt(this.open[step]);
    for (;;) {
      // Each side times 2^(32 + bits); u · 2^bits lies in [drawn, drawn + 1).
      const { lower, upper } = exactGaussianDensity(x, this.sigma, bits);
      const sure = BigInt(this.sure[step]) << BigInt(32 + bits);
      if (sure + (drawn + 1n) * gap <= (lower * BigInt(this.scale)) << 32n) return true;
      if (sure + drawn * gap >= (upper * BigInt(this.scale)) << 32n) return false;
      drawn = (drawn << 32n) | BigInt(this.random.take());
      bits += 32;
    }
  }

  /** So many uniform bits, at most 32. */
  private bits(count: number): number {
    return count === 0 ? 0 : this.random.take() >>> (32 - count);
  }
}

/** The column stands in the first bits of the word, the choice in the others. */
function choose({ threshold, alias }: AliasTable, word: number): number {
  const column = word >>> (32 - STEP_BITS);
  return (word & (2 ** (32 - STEP_BITS) - 1)) < threshold[column] ? column : alias[column];
}
