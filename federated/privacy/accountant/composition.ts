import FFT from 'fft.js';
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

interface Spectrum {
  /** ln |spectrum|, and its angle; the upper half mirrors the lower. */
  readonly magnitude: Float64Array;
  readonly angle: Float64Array;
}

/**
 * Both directions of a composition at once, by cyclic convolution: one is the real, the other the imaginary part of a transform. Masses are
 * tilted before and straightened after it, and a bound of what rounding may have taken is added to each.
 * @returns for each direction the composed loss; `infinite` is not a number where arithmetic has failed
 */
export function compose(parts: readonly Part[], grid: Grid): DiscretisedLoss[] {
  const { step, points } = grid;
  const fft = transformOf(points);
  const signal = new Float64Array(2 * points);
  const spectrum = new Float64Array(2 * points);
  const composed = DIRECTIONS.map((direction) => ({
    ...grid[direction],
    magnitude: new Float64Array(points / 2 + 1),
    angle: new Float64Array(points / 2 + 1),
    cumulant: 0,
    highest: 0,
    /** ln of the probability that nothing is disclosed altogether. */
    kept: 0,
  }));
  parts.forEach(({ loss, count }, i) => {
    signal.fill(0);
    composed.forEach((sum, d) => {
      const fine = discretise(loss[DIRECTIONS[d]], sum.ranges[i], step);
      const { masses, cumulant } = tilted(fine, sum.tilt);
      for (let k = 0; k < masses.length; k++) signal[2 * modulo(fine.first + k, points) + d] += masses[k];
      sum.cumulant += count * cumulant;
      sum.highest += count * (fine.first + masses.length - 1);
      sum.kept += count * log1p(-min(fine.infinite, 1));
    });
    fft.transform(spectrum, signal);
    addPowers(composed, spectrum, count);
  });
  const releases = parts.reduce((sum, { count }) => sum + count, 0);
  const size = writeSpectrum(composed, spectrum);
  fft.inverseTransform(signal, spectrum);
  return composed.map(({ first, tilt, cumulant, highest, kept }, d) => {
    const probabilities = new Float64Array(points);
    const error = errorOf(size, points, releases, tilt * step);
    let total = 0;
    for (let i = 0; i < points; i++) {
      const mass = signal[2 * modulo(first + i, points) + d];
      total += mass;
      probabilities[i] = (max(0, mass) + error) * exp(cumulant - tilt * step * (first + i));
    }
    // Losses beyond the window have been wrapped round to its low end: a Chernoff bound of what they are counts as disclosed.
    const end = first + points - 1;
    const beyond = highest <= end ? 0 : exp(cumulant - tilt * step * end);
    const sound = abs(total - 1) <= LOST_MASS;
    return { step, first, probabilities, infinite: sound ? -expm1(kept) + beyond : Number.NaN };
  });
}

/** Splits the transform of removed + i·added into the two, and adds the logarithms of their powers. */
function addPowers([removed, added]: readonly Spectrum[], spectrum: Float64Array, count: number): void {
  const points = spectrum.length / 2;
  for (let k = 0; k <= points / 2; k++) {
    const mirrored = (points - k) % points;
    const re = spectrum[2 * k];
    const im = spectrum[2 * k + 1];
    const mirroredRe = spectrum[2 * mirrored];
    const mirroredIm = spectrum[2 * mirrored + 1];
    addPower(removed, k, (re + mirroredRe) / 2, (im - mirroredIm) / 2, count);
    addPower(added, k, (im + mirroredIm) / 2, (mirroredRe - re) / 2, count);
  }
}

function addPower({ magnitude, angle }: Spectrum, k: number, re: number, im: number, count: number): void {
  if (magnitude[k] < NOTHING) return;
  magnitude[k] += (count / 2) * log(re * re + im * im);
  if (magnitude[k] >= NOTHING) angle[k] += count * atan2(im, re);
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

/** Tables of sines are kept for the size used last: a calibration asks for the same again and again. */
let latest: { points: number; fft: FFT } | undefined;
function transformOf(points: number): FFT {
  if (latest?.points !== points) latest = { points, fft: new FFT(points) };
  return latest.fft;
}
