import { binsOf, type Feature, type NumericFeature } from '../../encoders/contract.js';

/**
 * The distribution of a feature as far as its contract tells it. Numbers are binned linearly: a value between two edges counts in part to each, by nearness
 * (Jones and Lotwick 1984). Means of piecewise linear inputs are exactly the sums of such shares, so what a contract holds is the training users'
 * distribution itself: nothing else of them has to be kept.
 */
export interface FeatureCells {
  readonly names: readonly string[];
  readonly shares: readonly number[];
}

/** Shares of training users by cell, as the contract has them. Missing values that have no input of their own are of none. */
export function expectedCells(feature: Feature): FeatureCells {
  const { mean } = feature;
  if (feature.kind === 'categorical') return { names: cellNames(feature), shares: [...mean] };
  const bins = binsOf(feature);
  const rest = mean.slice(bins);
  const inNumbers = Math.max(0, 1 - rest.reduce((sum, share) => sum + share, 0));
  return { names: cellNames(feature), shares: [...numberShares(feature, bins, inNumbers), ...rest] };
}

function numberShares({ encoding, mean }: NumericFeature, bins: number, total: number): number[] {
  if (bins === 0) return [total];
  if (encoding === 'bins') return mean.slice(0, bins);
  // The mean of an input is the share of everything that lies beyond its lower edge, in the sense of linear binning.
  const beyond = [total, ...mean.slice(0, bins), 0];
  return Array.from({ length: bins + 1 }, (_, node) => Math.max(0, beyond[node] - beyond[node + 1]));
}

/**
 * Shares of some users by the same cells.
 * @param positions of the users, as encodeDataset gives them
 * @returns shares among users whose value says something, and how many these are
 */
export function currentCells(feature: Feature, positions: Float32Array): FeatureCells & { readonly users: number } {
  const names = cellNames(feature);
  const sums = new Float64Array(names.length);
  const bins = feature.kind === 'numeric' ? binsOf(feature) : 0;
  let users = 0;
  for (const position of positions) {
    if (Number.isNaN(position)) continue;
    users++;
    if (feature.kind === 'categorical') sums[position]++;
    else if (position < 0) sums[numberCells(feature) - 1 - position]++;
    else if (bins === 0) sums[0]++;
    else if (feature.encoding === 'bins') sums[Math.min(bins - 1, Math.floor(position))]++;
    else {
      const node = Math.min(bins, Math.floor(position));
      const part = position - node;
      sums[node] += 1 - part;
      if (part > 0) sums[node + 1] += part;
    }
  }
  return { names, users, shares: Array.from(sums, (sum) => (users > 0 ? sum / users : 0)) };
}

/** Cells of numbers; codes and missing come after them. */
const numberCells = (feature: NumericFeature): number => {
  const bins = binsOf(feature);
  return bins === 0 || feature.encoding === 'piecewise' ? bins + 1 : bins;
};

function cellNames(feature: Feature): string[] {
  const missing = feature.missing ? ['missing'] : [];
  if (feature.kind === 'categorical') {
    return [...feature.categories, ...(feature.unknown ? ['rare or unseen'] : []), ...missing];
  }
  const { edges, codes, encoding } = feature;
  const text = (edge: number) => String(Number(edge.toPrecision(4)));
  const numbers =
    binsOf(feature) === 0
      ? [edges.length > 0 ? text(edges[0]) : 'numbers']
      : encoding === 'piecewise'
        ? edges.map(text)
        : edges.slice(1).map((edge, bin) => `${text(edges[bin])} to ${text(edge)}`);
  return [...numbers, ...codes.map((code) => `code ${code}`), ...missing];
}

/** Cells of a feature by which its drift is told: with this many, each has about a tenth of the training users. */
const MOST_CELLS = 10;

/**
 * Joins neighbouring number cells until each but the last has a tenth of the training users, and rare categories until they have one in fifty: a PSI
 * of many small cells is noise.
 * @returns for each cell which of the joint ones it is in
 */
export function joinCells(feature: Feature, { shares }: FeatureCells): number[] {
  if (feature.kind === 'categorical') return joinRare(shares);
  const numbers = numberCells(feature);
  const least = 1 / MOST_CELLS - 1e-9;
  const joint: number[] = [];
  let cell = 0;
  let gathered = 0;
  for (let node = 0; node < numbers; node++) {
    joint.push(cell);
    gathered += shares[node];
    const remaining = shares.slice(node + 1, numbers).reduce((sum, share) => sum + share, 0);
    // What is left may be little: a tail that hardly anybody was in is where drift shows.
    if (gathered < least || remaining <= 0) continue;
    cell++;
    gathered = 0;
  }
  return [...joint, ...shares.slice(numbers).map((_, place) => cell + 1 + place)];
}

const RARE = 0.02;

function joinRare(shares: readonly number[]): number[] {
  const frequent = shares.map((share) => share >= RARE);
  const rare = frequent.filter(Boolean).length;
  let next = 0;
  return frequent.map((is) => (is ? next++ : rare));
}

/** Shares of the joint cells. */
export function jointShares(shares: readonly number[], joint: readonly number[]): number[] {
  const sums = new Array<number>(Math.max(-1, ...joint) + 1).fill(0);
  shares.forEach((share, cell) => {
    sums[joint[cell]] += share;
  });
  return sums;
}
