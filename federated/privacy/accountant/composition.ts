import { remember } from '../remember.js';
import { discretise, type TiltedLoss } from './discretised-loss.js';
import { bandBounds, bandEnd, fullSpectrum, lowSpectrum, type Spectrum } from './spectrum.js';
import type { Grid, Part } from './window.js';

const { PI, abs, atan2, ceil, cos, exp, expm1, floor, log, log1p, log2, max, min, sin, sinh, sqrt } = Math;

/** Relative rounding error of a product of powers, for each factor; and of a sum of cosines, for each term. */
const ROUNDING = 2 ** -50;
/** So many rotations of a sum over frequencies are few, in all parts together: more may be fewer where all cells are alike. */
const FEW_ROTATIONS = 2 ** 18;
/** Beyond so many a fast transform is no slower. */
const MOST_ROTATIONS = 2 ** 22;
const FEWEST_FREQUENCIES = 32;
/** Cells are a whole number of steps wide, and narrower than on average where most of the mass is. */
const FINER = 4;
const LEVELS = log2(FINER);

const LOST_MASS = 1e-3;

export interface Composition {
  /** An upper bound of δ at ε = i·step, i whole, which falls with i; not a number where arithmetic has failed. */
  deltaAt(i: number): number;
  readonly step: number;
}

/**
 * One direction of a composition. With m the tilted masses of the sum, λ the tilt and K the cumulant,
 * δ(i·h) = e^(K − λ·i·h) · Σ over u > 0 of m[i + u]·(e^(−λ·u·h) − e^(−(λ + 1)·u·h)), and m is the inverse transform of the product of the
 * parts' spectra: a sum over frequencies with geometric series as coefficients. Since the transform is one of a cycle of n points, each loss
 * l counts as at l − n·h, l + n·h, … as well, which only adds to δ.
 */
export function compose(parts: readonly Part[], grid: Grid): Composition {
  let view = viewOf(parts, grid, grid.step / FINER);
  const evenAtoms = grid.ranges.reduce((sum, { low, high }) => sum + (high - low) / grid.step, 0);
  // Where much of the mass is at single points, cells of different widths show in the spectrum for long.
  if (view.rotations > MOST_ROTATIONS || (view.rotations > FEW_ROTATIONS && evenAtoms < 2 * view.atoms)) {
    const even = viewOf(parts, grid, grid.step);
    if (even.rotations < view.rotations) view = even;
    if (view.rotations > MOST_ROTATIONS) return composeAll(parts, grid, even.losses);
  }
  const { losses, points, step, last } = view;
  const spectra = losses.map(({ key, loss }) =>
    spectrumOf(`${key} ${points} ${last.index}`, () => lowSpectrum(loss, points, last.index)),
  );
  const coarser = 2 ** last.level;
  const cycle = { step: step * coarser, points: points / coarser, beyond: last.bound };
  return composition(parts, losses, spectra, grid.tilt, cycle);
}

/** The losses on a lattice, the frequencies that count, and what it costs to sum them one by one. */
function viewOf(parts: readonly Part[], grid: Grid, step: number) {
  // A lattice that is coarser by a power of two has an even number of points, too.
  const points = 2 * FINER * ceil(grid.width / step / (2 * FINER));
  const losses = parts.map((part, i) => discretised(part, grid, i, step));
  const last = lastFrequency(parts, losses, { points, step, most: grid.loss });
  const atoms = losses.reduce((sum, { loss }) => sum + loss.indices.length, 0);
  return { losses, points, step, last, atoms, rotations: atoms * last.index };
}

/** By all frequencies. */
function composeAll(parts: readonly Part[], { width, step, tilt }: Grid, losses: readonly Discretised[]): Composition {
  const points = 2 ** ceil(log2(width / step));
  const spectra = losses.map(({ key, loss }) => spectrumOf(`${key} ${points}`, () => fullSpectrum(loss, points)));
  return composition(parts, losses, spectra, tilt, { step, points, beyond: -Infinity });
}

interface Discretised {
  readonly key: string;
  readonly loss: TiltedLoss;
  /** ln |φ| of the bands from the highest frequency on is at most this. */
  readonly bounds: Float64Array;
}

/** Numbers that are kept of losses and of their spectra: compositions that are nearly alike have the same. */
const MOST_KEPT = 2 ** 20;
const discretisedLosses = remember<Discretised>(MOST_KEPT, ({ loss }) => 2.2 * loss.indices.length);
const spectrumOf = remember<Spectrum>(MOST_KEPT, ({ re }) => 2 * re.length);

function discretised({ key: name, loss }: Part, grid: Grid, i: number, step: number): Discretised {
  const { direction, tilt, steepness, widest, ranges, widths } = grid;
  const range = ranges[i];
  const width = step < grid.step ? widths[i] : step;
  const key = `${name} ${direction} ${step} ${width} ${tilt} ${steepness} ${widest} ${range.low} ${range.high}`;
  return discretisedLosses(key, () => {
    const tilted = discretise(loss[direction], range, { step, tilt, steepness, width, widest });
    const bands = 2 * max(LEVELS + 1, floor(log2(grid.width / step / FEWEST_FREQUENCIES)));
    return { key, loss: tilted, bounds: bandBounds(tilted, bands) };
  });
}

/**
 * The highest frequency that counts, and the bound of ln |φ| beyond it: what is left out adds no more than e^most. Where all atoms are on a coarser lattice the spectrum repeats, and
 * ends earlier: `level` is log2 of how much coarser it is.
 */
function lastFrequency(
  parts: readonly Part[],
  losses: readonly Discretised[],
  { points, step, most }: { readonly points: number; readonly step: number; readonly most: number },
) {
  const level = losses.reduce((least, { loss }) => loss.levels.reduce((a, b) => min(a, b), least), LEVELS);
  let bound = -Infinity;
  let band = 2 * level;
  for (; band < losses[0].bounds.length; band++) {
    let here = 0;
    for (let i = 0; i < parts.length; i++) here += parts[i].count * losses[i].bounds[band];
    if (!(max(bound, here) + log(omitted(bandEnd(points, band + 1), points, step)) <= most)) break;
    bound = max(bound, here);
  }
  return { level, index: bandEnd(points, band), bound };
}

interface Cycle {
  readonly step: number;
  readonly points: number;
  /** ln |φ| beyond the last frequency. */
  readonly beyond: number;
}

function composition(
  parts: readonly Part[],
  losses: readonly Discretised[],
  spectra: readonly Spectrum[],
  tilt: number,
  { step, points, beyond }: Cycle,
): Composition {
  const sum = (of: (i: number) => number) => parts.reduce((total, { count }, i) => total + count * of(i), 0);
  const cumulant = sum((i) => losses[i].loss.cumulant);
  const infinite = -expm1(sum((i) => log1p(-min(losses[i].loss.infinite, 1))));
  const product = powers(parts, spectra);
  const { terms, error } = termsOf(product, tilt * step, step, points);
  const last = terms.re.length - 1;
  const rest = last < points / 2 ? exp(beyond) * omitted(last, points, step) : 0;
  const off = ROUNDING * sum((i) => abs(losses[i].loss.cumulant));
  // Masses together are 1, but for what rounding made of it in very many releases.
  const sound = abs(product.magnitude[0] - 1) <= LOST_MASS;
  return {
    step,
    deltaAt(i) {
      const mean = sumAt(terms, i, points) / points + error + rest;
      const decay = tilt * step * i;
      return sound ? exp(cumulant + off - decay * (1 - ROUNDING)) * mean + infinite : Number.NaN;
    },
  };
}

/** The sum over frequencies beyond the last is no more than this times the largest |φ| of them: 1/sin²(πk/n) ≤ n²/(4k²). */
const omitted = (last: number, points: number, step: number) => (sinh(step / 2) * points) / (4 * last);

interface Product {
  readonly magnitude: Float64Array;
  readonly angle: Float64Array;
  /** What each magnitude may be off by. */
  readonly error: Float64Array;
}

function powers(parts: readonly Part[], spectra: readonly Spectrum[]): Product {
  const length = spectra[0].re.length;
  const magnitude = new Float64Array(length);
  const angle = new Float64Array(length);
  const error = new Float64Array(length);
  const most = new Float64Array(length);
  spectra.forEach(({ re, im, error: off }, i) => {
    const { count } = parts[i];
    for (let k = 0; k < length; k++) {
      const size = sqrt(re[k] * re[k] + im[k] * im[k]);
      magnitude[k] += count * log(size);
      most[k] += count * log(size + off);
      angle[k] += count * atan2(im[k], re[k]);
      error[k] += count * (off / (size + off) + ROUNDING);
    }
  });
  for (let k = 0; k < length; k++) {
    magnitude[k] = exp(magnitude[k]);
    error[k] = 2 * exp(most[k]) * min(1, error[k]);
  }
  return { magnitude, angle, error };
}

interface Terms {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** The spectrum times Σ over u > 0 of (e^(−x·u) − e^(−(x + h)·u))·e^(−2πi·k·u/n), x = λ·h: negative frequencies counted with their mirrors. */
function termsOf({ magnitude, angle, error }: Product, x: number, step: number, points: number) {
  const re = new Float64Array(magnitude.length);
  const im = new Float64Array(magnitude.length);
  const lessA = expm1(x);
  const lessB = expm1(x + step);
  const numerator = exp(x) * expm1(step);
  let off = 0;
  for (let k = 0; k < re.length; k++) {
    const theta = (2 * PI * k) / points;
    const versine = 2 * sin(theta / 2) ** 2;
    const sine = sin(theta);
    // a = e^(x + iθ) and b = e^(x + h + iθ): the series are 1/(a − 1) and 1/(b − 1).
    const aRe = lessA * (1 - versine) - versine;
    const aIm = (1 + lessA) * sine;
    const bRe = lessB * (1 - versine) - versine;
    const bIm = (1 + lessB) * sine;
    const size = numerator / sqrt((aRe * aRe + aIm * aIm) * (bRe * bRe + bIm * bIm));
    const turn = angle[k] + theta - atan2(aIm, aRe) - atan2(bIm, bRe);
    const times = k === 0 || 2 * k === points ? size : 2 * size;
    re[k] = times * magnitude[k] * cos(turn);
    im[k] = times * magnitude[k] * sin(turn);
    off += times * (error[k] + magnitude[k] * ROUNDING * re.length);
  }
  return { terms: { re, im }, error: off / points };
}

/** Rotations before a sine is taken anew. */
const STRIDE = 32;

/** Σ over k of the real part of term k times e^(−2πi·k·i/n). */
function sumAt({ re, im }: Terms, i: number, points: number): number {
  const index = i % points;
  const turn = (2 * PI * index) / points;
  const c = cos(turn);
  const s = sin(turn);
  let sum = 0;
  for (let from = 0; from < re.length; from += STRIDE) {
    const start = (2 * PI * ((index * from) % points)) / points;
    let x = cos(start);
    let y = sin(start);
    const to = min(re.length, from + STRIDE);
    for (let k = from; k < to; k++) {
      sum += re[k] * x + im[k] * y;
      const turned = x * c - y * s;
      y = x * s + y * c;
      x = turned;
    }
  }
  return sum;
}
