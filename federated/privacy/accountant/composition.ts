import FFT from 'fft.js';
import { remember } from '../remember.js';
import { type DiscretisedLoss, discretise, tilted } from './discretised-loss.js';
import { DIRECTIONS } from './loss-distribution.js';
import type { Grid, Part } from './window.js';

const { abs, atan2, cos, exp, expm1, log, log1p, log2, max, min, sin, sqrt, tanh } = Math;

/** Relative rounding error that a transform may leave in a value of its spectrum. */
const ROUNDING = 2 ** -50;
/** e to this is nothing beside the rounding of 1. */
const NOTHING = -80;

/** Tilted masses together are 1, but for what rounding made of it in very many releases. */
const LOST_MASS = 1e-3;

/** Of one direction; the upper half of the spectrum mirrors the lower. */
interface Spectrum {
  /** ln |spectrum|. */
  readonly magnitude: Float64Array;
  readonly angle: Float64Array;
}

/** One release of a part, tilted and transformed. */
interface Transformed extends Spectrum {
  /** ln E[e^(λ·loss)] of the finite part. */
  readonly cumulant: number;
  /** Index of the largest finite loss. */
  readonly highest: number;
  /** ln of the probability that nothing is disclosed altogether. */
  readonly kept: number;
}

/**
 * Both directions of a composition at once, by cyclic convolution: one is the real, the other the imaginary part of a transform. Masses are
 * tilted before and straightened after it, and a bound of what rounding may have taken is added to each.
 * @returns for each direction the composed loss; `infinite` is not a number where arithmetic has failed
 */
export function compose(parts: readonly Part[], grid: Grid): DiscretisedLoss[] {
  const { step, points } = grid;
  const composed = DIRECTIONS.map((direction) => ({
    ...grid[direction],
    magnitude: new Float64Array(points / 2 + 1),
    angle: new Float64Array(points / 2 + 1),
    cumulant: 0,
    highest: 0,
    kept: 0,
  }));
  parts.forEach((part, i) => {
    const one = transformed(part, grid, i);
    composed.forEach((sum, d) => {
      addPower(sum, one[d], part.count);
      sum.cumulant += part.count * one[d].cumulant;
      sum.highest += part.count * one[d].highest;
      sum.kept += part.count * one[d].kept;
    });
  });
  const { fft, signal, spectrum } = transformOf(points);
  const size = writeSpectrum(composed, spectrum);
  fft.inverseTransform(signal, spectrum);
  const releases = parts.reduce((sum, { count }) => sum + count, 0);
  return composed.map(({ first, tilt, cumulant, highest, kept }, d) => {
    const error = errorOf(size, points, releases, tilt * step);
    const { probabilities, total } = straightened(signal, d, first, tilt * step, cumulant, error);
    // Losses beyond the window have been wrapped round to its low end: a Chernoff bound of what they are counts as disclosed.
    const end = first + points - 1;
    const beyond = highest <= end ? 0 : exp(cumulant - tilt * step * end);
    const sound = abs(total - 1) <= LOST_MASS;
    return { step, first, probabilities, infinite: sound ? -expm1(kept) + beyond : Number.NaN };
  });
}

/** Exponentials of a line of points are taken once for so many, and multiplied by those of their distances. */
const STRIDE = 64;
/** Which do not underflow. */
const MOST_FALL = 300;

/** The masses of direction `d`, from the window's lowest point on, without the tilt e^(rate·index − cumulant). */
function straightened(
  signal: Float64Array,
  d: number,
  first: number,
  rate: number,
  cumulant: number,
  error: number,
): { readonly probabilities: Float64Array; readonly total: number } {
  const points = signal.length / 2;
  const probabilities = new Float64Array(points);
  let stride = STRIDE;
  while (stride > 1 && stride * rate > MOST_FALL) stride /= 2;
  const falls = Float64Array.from({ length: stride }, (_, i) => exp(-rate * i));
  let total = 0;
  let at = modulo(first, points);
  for (let i = 0; i < points; i += stride) {
    const factor = exp(cumulant - rate * (first + i));
    for (let k = 0; k < stride; k++) {
      const mass = signal[2 * at + d];
      total += mass;
      probabilities[i + k] = (max(0, mass) + error) * factor * falls[k];
      at = at + 1 === points ? 0 : at + 1;
    }
  }
  return { probabilities, total };
}

/** Points of the grids whose transforms are kept: 16 bytes each. */
const MOST_KEPT = 2 ** 20;
const transforms = remember<readonly Transformed[]>(MOST_KEPT, ([{ angle }]) => 2 * angle.length);

/** Of the part at index `i`, both directions. Compositions that are nearly alike have the same grids. */
function transformed({ key, loss }: Part, grid: Grid, i: number): readonly Transformed[] {
  const { step, points } = grid;
  const windows = DIRECTIONS.map((direction) => ({ tilt: grid[direction].tilt, range: grid[direction].ranges[i] }));
  return transforms(`${key} ${step} ${points} ${JSON.stringify(windows)}`, () => {
    const { fft, signal, spectrum } = transformOf(points);
    signal.fill(0);
    const releases = windows.map(({ tilt, range }, d) => {
      const fine = discretise(loss[DIRECTIONS[d]], range, step);
      const { masses, cumulant } = tilted(fine, tilt);
      for (let k = 0; k < masses.length; k++) signal[2 * modulo(fine.first + k, points) + d] += masses[k];
      return {
        cumulant,
        highest: fine.first + masses.length - 1,
        kept: log1p(-min(fine.infinite, 1)),
        magnitude: new Float64Array(points / 2 + 1),
        angle: new Float64Array(points / 2 + 1),
      };
    });
    fft.transform(spectrum, signal);
    split(spectrum, releases);
    return releases;
  });
}

/** The transform of removed + i·added, by the logarithms of both. */
function split(spectrum: Float64Array, [removed, added]: readonly Spectrum[]): void {
  const points = spectrum.length / 2;
  for (let k = 0; k <= points / 2; k++) {
    const mirrored = (points - k) % points;
    const re = spectrum[2 * k];
    const im = spectrum[2 * k + 1];
    const mirroredRe = spectrum[2 * mirrored];
    const mirroredIm = spectrum[2 * mirrored + 1];
    setPoint(removed, k, (re + mirroredRe) / 2, (im - mirroredIm) / 2);
    setPoint(added, k, (im + mirroredIm) / 2, (mirroredRe - re) / 2);
  }
}

function setPoint({ magnitude, angle }: Spectrum, k: number, re: number, im: number): void {
  magnitude[k] = log(re * re + im * im) / 2;
  angle[k] = atan2(im, re);
}

function addPower({ magnitude, angle }: Spectrum, one: Spectrum, count: number): void {
  for (let k = 0; k < magnitude.length; k++) {
    magnitude[k] += count * one.magnitude[k];
    angle[k] += count * one.angle[k];
  }
}

/**
 * Writes the transform of removed + i·added.
 * @returns sum and sum of squares of its absolute values
 */
function writeSpectrum([removed, added]: readonly Spectrum[], spectrum: Float64Array) {
  const points = spectrum.length / 2;
  let sum = 0;
  let squares = 0;
  for (let k = 0; k <= points / 2; k++) {
    const r = removed.magnitude[k] < NOTHING ? 0 : exp(removed.magnitude[k]);
    const s = added.magnitude[k] < NOTHING ? 0 : exp(added.magnitude[k]);
    const a = r === 0 ? 0 : r * cos(removed.angle[k]);
    const b = r === 0 ? 0 : r * sin(removed.angle[k]);
    const c = s === 0 ? 0 : s * cos(added.angle[k]);
    const d = s === 0 ? 0 : s * sin(added.angle[k]);
    const mirrored = (points - k) % points;
    spectrum[2 * mirrored] = a + d;
    spectrum[2 * mirrored + 1] = c - b;
    spectrum[2 * k] = a - d;
    spectrum[2 * k + 1] = b + c;
    sum += r + s;
    squares += r * r + s * s;
  }
  return { sum: 2 * sum, squares: 2 * squares };
}

/**
 * What to add to each tilted mass, so that rounding cannot have lowered δ(ε). A value of the spectrum is off by a rounding error times the
 * power to which it was raised: a mass by no more than the mean of that, and the vector of masses by no more than its norm, as by the
 * rounding of the transform. By Cauchy and Schwarz an error of norm e changes Σ e^(−λ·l)·(1 − e^(ε − l)) by no more than e·√tanh(λ·h/2) at
 * every point does.
 */
function errorOf({ sum, squares }: { sum: number; squares: number }, points: number, releases: number, rate: number) {
  const norm = sqrt((squares / points) * tanh(rate / 2));
  return ROUNDING * (releases * min(sum / points, norm) + log2(points) * norm);
}

const modulo = (i: number, n: number) => ((i % n) + n) % n;

/** Tables of sines, and room to work in, are kept for the size used last: a ledger or a calibration asks for the same again and again. */
let latest: { points: number; fft: FFT; signal: Float64Array; spectrum: Float64Array } | undefined;
function transformOf(points: number) {
  if (latest?.points !== points)
    latest = {
      points,
      fft: new FFT(points),
      signal: new Float64Array(2 * points),
      spectrum: new Float64Array(2 * points),
    };
  return latest;
}
