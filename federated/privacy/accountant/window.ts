import { DIRECTIONS, type Direction, type LossPair } from './loss-distribution.js';

const { ceil, exp, floor, log, log1p, log2, max, min, sqrt } = Math;

/** Equal releases: a loss and how many there are of it. */
export interface Part {
  /** Names the loss. */
  readonly key: string;
  readonly loss: LossPair;
  readonly count: number;
}

/** Where the losses of one direction of a composition are looked at, and how finely. */
export interface Grid {
  readonly direction: Direction;
  /** Root of the mean square of the cells' widths, of all releases together. */
  readonly step: number;
  /** A cyclic convolution of this length serves. */
  readonly width: number;
  /** Whether it is as fine as a grid may be. */
  readonly finest: boolean;
  /** Where ε is not below it, what the cyclic convolution wraps round weighs nothing. */
  readonly low: number;
  /** λ by which masses are tilted: times e^(λ·loss) they lie about ε. */
  readonly tilt: number;
  /** −d ln δ/dε at ε, about. */
  readonly steepness: number;
  /** ln of what may be lost of the tilted masses' sum above ε, which is δ·e^(λ·ε − K(λ)). */
  readonly loss: number;
  /** A cell of a loss is no wider. */
  readonly widest: number;
  /** For each part, root of the mean square of its cells' widths. */
  readonly widths: readonly number[];
  /** For each part, the losses that matter. */
  readonly ranges: readonly { readonly low: number; readonly high: number }[];
}

/** How far above the true ε the grid may put the answer, for an ε of 1 or more; in proportion below. */
const ACCURACY = 5e-4;
const LEAST_SCALE = 1e-6;
/** Where δ is large an ε much smaller than 1/λ is as good as none, and needs no more digits than this share of it. */
const FLATNESS = 0.1;
/** Share of δ that may be lost to truncated tails. */
const TRUNCATION = 1e-5;
/** Share of δ that may be added for frequencies that are left out. */
const OMISSION = 1e-4;
/** Share of the tilted mass that may be rounded up from below a part's range. */
const NEGLIGIBLE = 1e-7;
/** Of all parts together: a bound of the time that a question takes. Where it is reached, the grid is coarser, and the answer looser. */
const MOST_POINTS = 2 ** 20;
const MOST_POINTS_OF_ONE = 2 ** 18;
/** Cells are as wide as this share of 1/λ at most, and so wide that one release adds less than a fifth of what is allowed. */
const WIDEST = 0.5;

/** How far below its bound ε may be, in units of 1/λ: for a normal loss it is 1 to 3. */
const MARGIN = 4;
const MOST_TRIES = 30;

/** What an earlier attempt has told. */
export interface Finding {
  /** −d ln δ/dε at ε; undefined where ε was below the window. */
  readonly steepness: number | undefined;
}

/** What a direction of a composition costs at most, and grids to find out how much less. */
export interface Prospect {
  readonly direction: Direction;
  /** ε is below it, by a few units of 1/λ. */
  readonly bound: number;
  /**
   * @param allowance by how much more than usual the answer may be above the true ε
   * @param found without it the window begins where ε will hardly be below; with it at 0
   * @returns undefined where no grid of the largest size would do: there are too many releases
   */
  gridFor(allowance: number, found?: Finding): Grid | undefined;
}

/**
 * Plans by bounds of Chernoff's kind: P(loss > l) ≤ e^(K(λ) − λ·l) for every λ > 0, K the cumulant of the composition. The window begins
 * below ε, and is so wide that what the cyclic convolution wraps round weighs nothing.
 * @param delta more than 0: what may be lost beside what is disclosed altogether
 * @returns the directions, the one that will cost more first
 */
export function prospectsOf(parts: readonly Part[], delta: number): Prospect[] {
  const releases = parts.reduce((sum, { count }) => sum + count, 0);
  const bits = -log(delta * TRUNCATION);
  const sides = DIRECTIONS.map((direction) => {
    const side = sideOf(parts, direction, bits, releases);
    return { ...side, direction, bounded: boundOf(side.cumulant, delta) };
  });
  const scale = max(...sides.map(({ bounded: { bound, lambda } }) => (bound > 0 ? max(bound, FLATNESS / lambda) : 0)));
  const most = min(MOST_POINTS_OF_ONE, 2 ** floor(log2(MOST_POINTS / parts.length)));
  const prospects = sides.map(({ losses, cumulant, direction, bounded }): Prospect => {
    const gridFor = (allowance: number, found?: Finding): Grid | undefined => {
      const enough = ACCURACY * (found || scale === 0 ? 1 : min(1, max(LEAST_SCALE, scale))) + allowance;
      const steepness = found?.steepness ?? bounded.steepness(enough / 8);
      let step = roundedDown(stepFor(enough, releases, steepness));
      for (let i = 0; i < MOST_TRIES; i++) {
        const rounded = (lambda: number) => cumulant(lambda) + (releases * step * step * lambda * (lambda + 1)) / 8;
        const bound = boundOf(rounded, delta);
        const low = found ? 0 : max(0, min(belowBound(bounded, enough), belowBound(bound, enough)));
        const { tilt, width } = narrowest(rounded, low, bound.steepness(enough / 8), bits);
        if (!(width < Infinity)) return undefined;
        if (width / step <= most) {
          const widest = min(WIDEST / (steepness + 1), step * max(1, sqrt(releases) / 3));
          const ranges = losses.map((loss) => rangeOf(loss, tilt, bits, releases));
          const widths = widthsOf(parts, step);
          const loss = log(delta * OMISSION) + tilt * low - rounded(tilt);
          const of = { direction, low, tilt, steepness, loss, widest, widths, ranges };
          return { ...of, step, width: roundedDown(width) * 2 ** 0.25, finest: i > 0 };
        }
        step = max(roundedDown(step * 2 ** 0.25), roundedDown(width / most));
      }
      return undefined;
    };
    return { direction, bound: bounded.bound, gridFor };
  });
  return prospects.sort((a, b) => b.bound - a.bound);
}

/** 2^(k/4): compositions that are nearly alike have the same, and what was computed of a loss is used again. */
const roundedDown = (size: number) => 2 ** (floor(4 * log2(size) + 0.01) / 4);

/** ε from above, by some ten per cent, for a small part of the price: to plan by, not to answer with. */
export function roughEpsilon(parts: readonly Part[], delta: number): number {
  const releases = parts.reduce((sum, { count }) => sum + count, 0);
  const bits = -log(delta * TRUNCATION);
  const sides = DIRECTIONS.map((direction) => sideOf(parts, direction, bits, releases));
  return max(0, ...sides.map(({ cumulant }) => boundOf(cumulant, delta).bound));
}

/** Where ε will hardly be below. */
const belowBound = ({ bound, steepness }: Bound, accuracy: number) => bound - MARGIN / steepness(accuracy / 8);

/**
 * How far above ε a grid may put the answer. An interval of width h adds h²/12·λ(λ + 1) to the cumulant of a release on average, and never
 * more than h·λ; ε moves by the λ-th part of that, λ being the steepness at ε.
 */
export const looseness = (step: number, releases: number, steepness: number): number =>
  releases * min(step, (step * step * (steepness + 1)) / 12);

const stepFor = (accuracy: number, releases: number, steepness: number) =>
  max(accuracy / releases, sqrt((12 * accuracy) / (releases * (steepness + 1))));

/** The fewest cells of all parts for which the sum over releases of their squared widths is the same: rare parts have wider ones. */
function widthsOf(parts: readonly Part[], step: number): number[] {
  const counts = parts.map(({ count }) => count);
  const sum = (f: (count: number) => number) => counts.reduce((total, count) => total + f(count), 0);
  const scale = step * sqrt(sum((count) => count) / sum((count) => count ** (1 / 3)));
  return counts.map((count) => roundedDown(scale * count ** (-1 / 3)));
}

type Cumulant = (lambda: number) => number;

interface Loss {
  readonly count: number;
  /** Beyond it, at either side, P has less than the tail that may be lost. */
  readonly range: { readonly low: number; readonly high: number };
  readonly cumulant: Cumulant;
}

function sideOf(parts: readonly Part[], direction: Direction, bits: number, releases: number) {
  const tail = exp(-bits) / roundedUp(releases);
  const losses = parts.map(({ loss, count }): Loss => {
    const range = loss[direction].range(tail);
    return { count, range, cumulant: loss[direction].cumulantBelow(range.high) };
  });
  const cumulant = remembered((lambda) => losses.reduce((sum, loss) => sum + loss.count * loss.cumulant(lambda), 0));
  return { losses, cumulant };
}

/** The part of a release's losses that matters: beyond it is less than its share of the tolerance, below it nothing that is tilted up. */
function rangeOf({ range, cumulant }: Loss, tilt: number, bits: number, releases: number) {
  const logReleases = log(roundedUp(releases));
  const high = min(range.high, (cumulant(tilt) + bits + logReleases) / tilt);
  return { low: min(high, max(range.low, (cumulant(tilt) + log(NEGLIGIBLE) - logReleases) / tilt)), high };
}

/** A power of two: compositions of about as many releases look at a loss alike, and it is computed once for them. */
const roundedUp = (releases: number) => 2 ** ceil(log2(releases));

/** λ = 2^(k/8) for k between these. */
const PER_OCTAVE = 8;
const [LOWEST, HIGHEST] = [-60 * PER_OCTAVE, 40 * PER_OCTAVE];
/** Tilts are less than the λ of bounds by some octaves, and the outer λ of windows more. */
const BEYOND = 4 * PER_OCTAVE;
const LAMBDAS = Float64Array.from(
  { length: HIGHEST - LOWEST + 2 * BEYOND },
  (_, i) => 2 ** ((LOWEST - BEYOND + i) / PER_OCTAVE),
);
const lambdaAt = (k: number) => LAMBDAS[k - LOWEST + BEYOND];
/** Tilts that are tried: two octaves, by halves. */
const TILTS = 5;
const TILTS_PER_OCTAVE = 2;

interface Bound {
  readonly bound: number;
  readonly lambda: number;
  /** The least λ whose bound is as near to the least. */
  steepness(near: number): number;
}

/**
 * The least (K(λ) + ln c(λ) − ln δ)/λ, c the largest (1 − e^(−x))·e^(−λx): above ε (Canonne, Kamath, Steinke 2020, proposition 12). It
 * falls and then rises with λ: ever slower, where a largest loss has a mass of its own.
 */
function boundOf(cumulant: Cumulant, delta: number): Bound {
  const boundAt = (k: number) => {
    const lambda = lambdaAt(k);
    return (cumulant(lambda) - log1p(lambda) - lambda * log1p(1 / lambda) - log(delta)) / lambda;
  };
  const best = leastAt(LOWEST, HIGHEST, boundAt);
  const bound = boundAt(best);
  return {
    bound,
    lambda: lambdaAt(best),
    steepness: (near: number) => lambdaAt(firstOf(LOWEST, best, (k) => boundAt(k) <= bound + near)),
  };
}

/**
 * The tilt for which the window is narrowest. Its width w must be such that mass from below the window, which comes down by e^(−λ·w) when
 * it is wrapped round to the upper end, weighs less than e^(−bits); so must mass from beyond the window; and so must mass from a width
 * above ε and more, which goes up by e^(λ·w) when it is wrapped to above ε.
 */
function narrowest(cumulant: Cumulant, low: number, steepness: number, bits: number) {
  const tries = Array.from({ length: TILTS }, (_, i) => {
    const k = (floor(TILTS_PER_OCTAVE * log2(steepness) + 0.01) - i) * (PER_OCTAVE / TILTS_PER_OCTAVE);
    const tilt = lambdaAt(k);
    const widthAt = (outer: number) =>
      (cumulant(lambdaAt(outer)) - lambdaAt(outer) * low + bits) / (lambdaAt(outer) - tilt);
    const wrapped = bits / tilt;
    return { tilt, width: max(wrapped, widthAt(leastAt(k + 1, HIGHEST + PER_OCTAVE, widthAt))) };
  });
  return tries.reduce((best, next) => (next.width < best.width ? next : best));
}

/** Where a function of whole numbers that falls and then rises is least. */
const leastAt = (low: number, high: number, f: (k: number) => number) => firstOf(low, high, (k) => !(f(k + 1) < f(k)));

/** The first whole number from low to high for which `holds`, as it does from there on; high where it never does. */
function firstOf(low: number, high: number, holds: (k: number) => boolean): number {
  let [from, to] = [low, high];
  while (from < to) {
    const middle = floor((from + to) / 2);
    if (holds(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}

/** Of a cumulant, which is asked for at the same few hundred λ. */
export function remembered(cumulant: Cumulant): Cumulant {
  const known = new Map<number, number>();
  return (lambda) => {
    let value = known.get(lambda);
    if (value === undefined) {
      value = cumulant(lambda);
      known.set(lambda, value);
    }
    return value;
  };
}
