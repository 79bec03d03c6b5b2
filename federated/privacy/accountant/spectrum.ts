import FFT from 'fft.js';
import type { TiltedLoss } from './discretised-loss.js';

const { abs, PI, SQRT2, cos, floor, log, log2, max, min, sin } = Math;

/** Values φ(2πk/n), k = 0 … of the characteristic function of a tilted loss on a lattice of n points to a period. */
export interface Spectrum {
  readonly re: Float64Array;
  readonly im: Float64Array;
  /** No value is off by more. */
  readonly error: number;
}

/** Rotations before a sine is taken anew. */
const STRIDE = 64;
const ROUNDING = 2 ** -53;

/** The values for k = 0 … last, one by one: for a few hundred of them far less work than a transform of all. */
export function lowSpectrum({ indices, masses }: TiltedLoss, points: number, last: number): Spectrum {
  const re = new Float64Array(last + 1);
  const im = new Float64Array(last + 1);
  for (let i = 0; i < indices.length; i++) {
    const index = modulo(indices[i], points);
    for (let from = 0; from <= last; from += STRIDE) addWave(re, im, from, index, points, masses[i]);
  }
  return { re, im, error: (indices.length + 8 * STRIDE) * ROUNDING };
}

/** Adds mass·e^(2πi·k·index/points) for a stride of k. A function of its own, so that it is compiled soon. */
function addWave(re: Float64Array, im: Float64Array, from: number, index: number, points: number, mass: number): void {
  const turn = (2 * PI * index) / points;
  const start = (2 * PI * ((index * from) % points)) / points;
  const c = cos(turn);
  const s = sin(turn);
  let x = mass * cos(start);
  let y = mass * sin(start);
  const to = min(re.length, from + STRIDE);
  for (let k = from; k < to; k++) {
    re[k] += x;
    im[k] += y;
    const turned = x * c - y * s;
    y = x * s + y * c;
    x = turned;
  }
}

/** The values for k = 0 … points/2, by a fast Fourier transform. */
export function fullSpectrum({ indices, masses }: TiltedLoss, points: number): Spectrum {
  const fft = new FFT(points);
  const signal = new Float64Array(points);
  for (let i = 0; i < indices.length; i++) signal[modulo(indices[i], points)] += masses[i];
  const spectrum = new Float64Array(2 * points);
  fft.realTransform(spectrum, signal);
  const re = new Float64Array(points / 2 + 1);
  const im = new Float64Array(points / 2 + 1);
  for (let k = 0; k < re.length; k++) {
    re[k] = spectrum[2 * k];
    // Its sign is that of e^(−2πi…).
    im[k] = -spectrum[2 * k + 1];
  }
  return { re, im, error: 8 * log2(points) * ROUNDING };
}

const modulo = (i: number, n: number) => ((i % n) + n) % n;

/** Band i of the frequencies t·step is from π·2^(−(i + 1)/2) to π·2^(−i/2): the last k of it, of n points. */
export const bandEnd = (points: number, i: number): number => floor((points / 2) * 2 ** (-i / 2));

/** Masses are cut off at the largest of their level, and at this many shares of it, each a twelfth of the one before. */
const CUTS = 4;
const CUT = 12;

/**
 * For each band a bound of ln |φ|, from the highest on. Masses on a lattice of width w that rise and fall by V altogether have
 * |φ(t)| ≤ V ÷ (2·|sin(t·w/2)|): summation by parts. So has what is below a cut of the masses, and what is above the cut adds
 * no more than its sum; the best cut is taken, for the atoms of each level by themselves.
 */
export function bandBounds(loss: TiltedLoss, bands: number): Float64Array {
  const cuts = cutsOf(loss);
  const bounds = new Float64Array(bands);
  for (let band = 0; band < bands; band++) {
    let bound = 0;
    for (let level = 0; level < cuts.levels; level++) {
      const from = (PI / 2) * 2 ** (level - (band + 1) / 2);
      const to = from * SQRT2;
      let best = cuts.weights[level];
      if (to < PI) {
        const least = 2 * min(sin(from), sin(to));
        for (let at = level; at < cuts.excess.length; at += cuts.levels)
          best = min(best, cuts.excess[at] + cuts.variation[at] / least);
      }
      bound += best;
    }
    bounds[band] = log(min(1, bound));
  }
  return bounds;
}

/** For each level of atoms and, level by level, for each cut. */
interface Cuts {
  readonly levels: number;
  /** Sum of all masses. */
  readonly weights: Float64Array;
  /** Sum of what is above the cut. */
  readonly excess: Float64Array;
  /** Of the rest, the sum of all its rises and falls. */
  readonly variation: Float64Array;
}

function cutsOf(loss: TiltedLoss): Cuts {
  const { masses, levels: levelOf } = loss;
  let levels = 0;
  for (let i = 0; i < levelOf.length; i++) levels = max(levels, levelOf[i] + 1);
  const weights = new Float64Array(levels);
  const largest = new Float64Array(levels);
  for (let i = 0; i < masses.length; i++) {
    weights[levelOf[i]] += masses[i];
    largest[levelOf[i]] = max(largest[levelOf[i]], masses[i]);
  }
  const excess = new Float64Array(levels * CUTS);
  const variation = new Float64Array(levels * CUTS);
  for (let cut = 0; cut < CUTS; cut++)
    addCut(
      loss,
      largest,
      CUT ** -cut,
      excess.subarray(cut * levels),
      variation.subarray(cut * levels, (cut + 1) * levels),
    );
  return { levels, weights, excess, variation };
}

/** Adds up, for each level, what is above its cut, and the rises and falls of the rest. */
function addCut(
  { indices, masses, levels }: TiltedLoss,
  largest: Float64Array,
  share: number,
  excess: Float64Array,
  variation: Float64Array,
): void {
  const before = new Float64Array(variation.length);
  const next = new Float64Array(variation.length).fill(Number.NaN);
  for (let i = 0; i < masses.length; i++) {
    const level = levels[i];
    const kept = min(masses[i], largest[level] * share);
    excess[level] += masses[i] - kept;
    variation[level] += indices[i] === next[level] ? abs(kept - before[level]) : kept + before[level];
    before[level] = kept;
    next[level] = indices[i] + 2 ** level;
  }
  for (let level = 0; level < variation.length; level++) variation[level] += before[level];
}
