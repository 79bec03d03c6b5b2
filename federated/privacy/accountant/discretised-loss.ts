import type { LossDistribution } from './loss-distribution.js';

const { ceil, exp, expm1, floor, log, log2, max, min } = Math;

/**
 * A privacy loss on a lattice, tilted: the atom i has the loss indices[i]·step and the mass masses[i]·e^(cumulant − λ·loss). The masses are
 * 1 altogether: "exponential tilting" puts them where the loss is about ε, so that what matters is large beside rounding errors, however
 * small δ is.
 */
export interface TiltedLoss {
  /** Rising whole numbers. */
  readonly indices: Float64Array;
  readonly masses: Float64Array;
  /** Of the narrower of the cells at both sides of an atom, log2 of its width in steps: atoms of a level lie on a lattice of that width. */
  readonly levels: Uint8Array;
  /** ln E[e^(λ·loss)] of the finite part. */
  readonly cumulant: number;
  /** The probability that the loss is infinite. */
  readonly infinite: number;
}

/** How a loss is put on a lattice. */
export interface Lattice {
  readonly step: number;
  /** λ of the tilt. */
  readonly tilt: number;
  /** λ for which the cells are chosen: the steepness of δ at ε. */
  readonly steepness: number;
  /** Root of the mean square of the cells' widths, under the masses tilted by `steepness`. Not more than a step: all cells are one step wide. */
  readonly width: number;
  /** No cell is wider. */
  readonly widest: number;
}

/** The part of the line that is kept: what is below goes up to its lower end, what is above is infinite. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/**
 * Connect-the-dots (Doroshenko, Ghazi, Kamath, Kumar, Manurangsi 2022, "Connect the dots: tighter discrete approximations of privacy loss
 * distributions"): the mass of each cell goes to its two ends such that both P and Q keep theirs. The hockey-stick curve of the result
 * goes through the true one at every end of a cell, and is straight in e^ε between: an upper bound, close to second order in the width.
 * That holds for cells of any widths: they are narrow where the mass is.
 */
export function discretise(distribution: LossDistribution, range: Range, lattice: Lattice): TiltedLoss {
  const { step, tilt } = lattice;
  const { indices, cells } = cellsOf(distribution, range, lattice);
  const { p, q, above } = distribution.masses(indices.map((index) => index * step));
  const masses = new Float64Array(indices.length);
  masses[0] = p[0];
  let width = 0;
  let scale = 0;
  for (let i = 1; i < masses.length; i++) {
    const here = indices[i] - indices[i - 1];
    if (here !== width) {
      width = here;
      scale = 1 / -expm1(-width * step);
    }
    const upper = min(p[i], max(0, (p[i] - q[i]) * scale));
    masses[i] += upper;
    masses[i - 1] += p[i] - upper;
  }
  const cumulant = tiltInPlace(indices, masses, tilt * step);
  const levels = new Uint8Array(masses.length);
  for (let i = 0; i < levels.length; i++) levels[i] = min(cells[max(0, i - 1)], cells[min(i, cells.length - 1)]);
  return { indices, masses, levels, cumulant, infinite: max(0, above) };
}

/** Losses are looked at in blocks first. */
const MOST_BLOCKS = 400;
/** Widths are tried in so many sizes to a factor of two. */
const SIZES = 6;

/** The ends of cells, and log2 of the width of each. */
function cellsOf(distribution: LossDistribution, { low, high }: Range, { step, steepness, width, widest }: Lattice) {
  const level = width > step ? max(0, floor(log2(max(widest, (high - low) / MOST_BLOCKS) / step))) : 0;
  const block = 2 ** level;
  const first = floor(low / (block * step));
  // One more than needed: rounding must not push an atom at the upper end beyond the lattice.
  const blocks = ceil(high / (block * step)) - first + 1;
  const ends = Float64Array.from({ length: blocks + 1 }, (_, i) => (first + i) * block);
  if (level === 0) return { indices: ends, cells: new Uint8Array(blocks) };
  const weights = distribution.masses(ends.map((index) => index * step)).p;
  tiltInPlace(ends, weights, steepness * step);
  const levels = levelsOf(weights.subarray(1), level, width / step);
  const indices = new Float64Array(1 + levels.reduce((sum, each) => sum + 2 ** (level - each), 0));
  const cells = new Uint8Array(indices.length - 1);
  indices[0] = ends[0];
  let at = 0;
  for (let i = 0; i < blocks; i++) {
    for (let k = 0; k < block; k += 2 ** levels[i]) {
      cells[at++] = levels[i];
      indices[at] = ends[i] + k + 2 ** levels[i];
    }
  }
  return { indices, cells };
}

/** Share of the mass that has the narrowest cells at least: were it less, the others' lattice would show in the spectrum. */
const NARROWEST = 0.25;

/** The fewest cells whose widths have this mean square are as wide as the cube root of 1/density. */
function levelsOf(weights: Float64Array, most: number, width: number): Uint8Array {
  const block = 2 ** most;
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i] ** (1 / 3) * block ** (2 / 3);
  const levels = new Uint8Array(weights.length);
  for (let size = SIZES; size >= 0; size--) {
    const scale = (width * 2 ** (size / SIZES)) / sum ** 0.5;
    const masses = new Float64Array(most + 1);
    for (let i = 0; i < levels.length; i++) {
      const ideal = scale * (block / weights[i]) ** (1 / 3);
      levels[i] = max(0, min(most, floor(log2(ideal))));
      masses[levels[i]] += weights[i];
    }
    let narrowest = 0;
    for (let mass = masses[0]; mass < NARROWEST && narrowest < most; mass += masses[narrowest]) narrowest++;
    let square = 0;
    for (let i = 0; i < levels.length; i++) {
      levels[i] = max(levels[i], narrowest);
      square += weights[i] * 4 ** levels[i];
    }
    if (square <= width * width) break;
  }
  return levels;
}

/** Below this a sum has lost terms to underflow. */
const LEAST_SUM = 1e-280;

/**
 * Each mass times e^(rate·index − cumulant), so that they are 1 altogether.
 * @returns the cumulant ln Σ mass·e^(rate·index)
 */
function tiltInPlace(indices: Float64Array, masses: Float64Array, rate: number): number {
  const top = indices[indices.length - 1];
  let reference = rate * top;
  let sum = 0;
  for (let i = 0; i < masses.length; i++) sum += masses[i] * exp(rate * (indices[i] - top));
  if (!(sum > LEAST_SUM)) {
    // The largest terms are far from the upper end.
    reference = -Infinity;
    for (let i = 0; i < masses.length; i++) reference = max(reference, log(masses[i]) + rate * indices[i]);
    sum = 0;
    for (let i = 0; i < masses.length; i++) sum += exp(log(masses[i]) + rate * indices[i] - reference);
    for (let i = 0; i < masses.length; i++) masses[i] = exp(log(masses[i]) + rate * indices[i] - reference) / sum;
  } else for (let i = 0; i < masses.length; i++) masses[i] *= exp(rate * (indices[i] - top)) / sum;
  return log(sum) + reference;
}
