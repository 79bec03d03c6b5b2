import { createRandom, type Random } from '../../layers/random.js';
import type { Neighbour } from '../recommender.js';
import { createTopK } from './top-k.js';

export interface VectorIndex {
  /** Whether a search may miss some of the nearest. */
  readonly approximate: boolean;
  /** The count vectors most like the query that are candidates, best first; of equal ones those of the lower index. */
  search(query: ArrayLike<number>, count: number, isCandidate?: (index: number) => boolean): Neighbour[];
}

export interface IndexOptions {
  /** Values of a vector. */
  readonly width: number;
  /** inner: by the inner product with the query (recommendations); cosine: by the angle (similar users and products). */
  readonly metric: 'inner' | 'cosine';
  /** Default: above EXACT_VALUES. */
  readonly approximate?: boolean;
  /** Share of the lists that a search reads, by default an eighth. */
  readonly probed?: number;
  readonly seed?: number;
}

/** Values (vectors × width) up to which all are compared: about 10 ms a query. */
export const EXACT_VALUES = 2 ** 23;
const PROBED = 1 / 8;
const ROUNDS = 8;
/** Vectors for each list that the lists are learnt from. */
const SAMPLED = 48;

/**
 * Nearest vectors: exactly, by comparing all, or beyond EXACT_VALUES by an inverted file (Jégou et al. 2011): vectors lie in lists by their
 * nearest centroid, and a search reads the lists of the centroids nearest to the query.
 * @param vectors row by row; held, not copied, by an exact index
 */
export function createVectorIndex(vectors: Float32Array, options: IndexOptions): VectorIndex {
  const approximate = options.approximate ?? vectors.length > EXACT_VALUES;
  const scale = scalesOf(vectors, options);
  return approximate ? createLists(vectors, scale, options) : createExact(vectors, scale, options);
}

/** cosine: 1 / length of each vector. */
function scalesOf(vectors: Float32Array, { width, metric }: IndexOptions): Float64Array | undefined {
  if (metric === 'inner') return undefined;
  return Float64Array.from({ length: vectors.length / width }, (_, row) => {
    const length = lengthOf(vectors, row * width, width);
    return length > 0 ? 1 / length : 0;
  });
}

const lengthOf = (values: ArrayLike<number>, start: number, width: number): number => {
  let sum = 0;
  for (let i = start; i < start + width; i++) sum += values[i] * values[i];
  return Math.sqrt(sum);
};

function dot(a: ArrayLike<number>, b: Float32Array, start: number, width: number): number {
  let even = 0;
  let odd = 0;
  let i = 0;
  for (; i + 1 < width; i += 2) {
    even += a[i] * b[start + i];
    odd += a[i + 1] * b[start + i + 1];
  }
  return i < width ? even + odd + a[i] * b[start + i] : even + odd;
}

/** The query as doubles, for cosine of length 1. */
function prepared(query: ArrayLike<number>, { metric, width }: IndexOptions): Float64Array {
  const length = metric === 'cosine' ? lengthOf(query, 0, width) : 1;
  return Float64Array.from({ length: width }, (_, i) => (length > 0 ? query[i] / length : 0));
}

function createExact(vectors: Float32Array, scale: Float64Array | undefined, options: IndexOptions): VectorIndex {
  const { width } = options;
  const rows = vectors.length / width;
  return {
    approximate: false,
    search(query, count, isCandidate = () => true) {
      const values = prepared(query, options);
      const best = createTopK(Math.min(count, rows));
      let least = Number.NEGATIVE_INFINITY;
      for (let row = 0; row < rows; row++) {
        const similarity = dot(values, vectors, row * width, width) * (scale ? scale[row] : 1);
        if (similarity >= least && isCandidate(row)) least = best.offer(row, similarity);
      }
      return best.take();
    },
  };
}

function createLists(vectors: Float32Array, scale: Float64Array | undefined, options: IndexOptions): VectorIndex {
  const { width, seed = 1, probed = PROBED } = options;
  const rows = vectors.length / width;
  const points = unitPoints(vectors, scale, width);
  const { centroids, listOf } = cluster(points, width + 1, createRandom(seed).fork('index'));
  const lists = centroids.length / (width + 1);
  const offsets = new Int32Array(lists + 1);
  for (const list of listOf) offsets[list + 1]++;
  for (let list = 0; list < lists; list++) offsets[list + 1] += offsets[list];
  const next = offsets.slice();
  const members = new Int32Array(rows);
  // Row numbers ascend within a list. Vectors lie as their lists do, so that a list is read in one run.
  const stored = new Float32Array(vectors.length);
  listOf.forEach((list, row) => {
    const place = next[list]++;
    members[place] = row;
    const factor = scale ? scale[row] : 1;
    for (let i = 0; i < width; i++) stored[place * width + i] = factor * vectors[row * width + i];
  });
  const read = Math.max(1, Math.ceil(probed * lists));
  return {
    approximate: true,
    search(query, count, isCandidate = () => true) {
      const values = prepared(query, options);
      const nearest = createTopK(read);
      for (let list = 0; list < lists; list++) nearest.offer(list, dot(values, centroids, list * (width + 1), width));
      const best = createTopK(Math.min(count, rows));
      let least = Number.NEGATIVE_INFINITY;
      for (const { index: list } of nearest.take()) {
        for (let place = offsets[list]; place < offsets[list + 1]; place++) {
          const similarity = dot(values, stored, place * width, width);
          if (similarity >= least && isCandidate(members[place])) least = best.offer(members[place], similarity);
        }
      }
      return best.take();
    },
  };
}

/**
 * Vectors as points of length 1, with one value more. For the inner product it makes up what a vector lacks to the longest one (Bachrach
 * et al. 2014): then the nearest point to a query, whose further value is 0, is the one with the greatest product.
 */
function unitPoints(vectors: Float32Array, scale: Float64Array | undefined, width: number): Float32Array {
  const rows = vectors.length / width;
  const lengths = Float64Array.from({ length: rows }, (_, row) => lengthOf(vectors, row * width, width));
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0) || 1;
  const points = new Float32Array(rows * (width + 1));
  for (let row = 0; row < rows; row++) {
    const factor = scale ? scale[row] : 1 / longest;
    for (let i = 0; i < width; i++) points[row * (width + 1) + i] = factor * vectors[row * width + i];
    points[row * (width + 1) + width] = scale ? 0 : Math.sqrt(Math.max(0, 1 - (lengths[row] / longest) ** 2));
  }
  return points;
}

/**
 * About √rows lists in two steps, each of the fourth root of rows: as many comparisons a vector as 2·rows^¼, where one step would take
 * √rows.
 */
function cluster(points: Float32Array, width: number, random: Random): { centroids: Float32Array; listOf: Int32Array } {
  const rows = points.length / width;
  const branches = Math.max(1, Math.round(rows ** 0.25));
  const all = Int32Array.from({ length: rows }, (_, row) => row);
  const coarse = kMeans(points, width, all, branches, random);
  const listOf = new Int32Array(rows);
  const fine: Float32Array[] = [];
  let lists = 0;
  for (let branch = 0; branch < branches; branch++) {
    const own = all.filter((_, place) => coarse.nearest[place] === branch);
    if (own.length === 0) continue;
    const { centroids, nearest } = kMeans(points, width, own, Math.min(branches, own.length), random);
    own.forEach((row, place) => {
      listOf[row] = lists + nearest[place];
    });
    fine.push(centroids);
    lists += centroids.length / width;
  }
  const centroids = new Float32Array(lists * width);
  let at = 0;
  for (const each of fine) {
    centroids.set(each, at);
    at += each.length;
  }
  return { centroids, listOf };
}

/** Spherical k-means, learnt from a sample; centroids have length 1. */
function kMeans(points: Float32Array, width: number, rows: Int32Array, k: number, random: Random) {
  const sample = random.shuffle(rows.slice()).subarray(0, SAMPLED * k * k);
  const centroids = new Float32Array(k * width);
  for (let list = 0; list < k; list++)
    centroids.set(points.subarray(sample[list] * width, (sample[list] + 1) * width), list * width);
  const sums = new Float64Array(k * width);
  for (let round = 0; round < ROUNDS; round++) {
    sums.fill(0);
    for (const row of sample) {
      const list = nearestOf(points, row, centroids, width);
      for (let i = 0; i < width; i++) sums[list * width + i] += points[row * width + i];
    }
    for (let list = 0; list < k; list++) {
      const length = lengthOf(sums, list * width, width);
      // A list that nobody is nearest to stays where it is.
      if (length > 0) for (let i = 0; i < width; i++) centroids[list * width + i] = sums[list * width + i] / length;
    }
  }
  return { centroids, nearest: rows.map((row) => nearestOf(points, row, centroids, width)) };
}

function nearestOf(points: Float32Array, row: number, centroids: Float32Array, width: number): number {
  const point = points.subarray(row * width, (row + 1) * width);
  let best = 0;
  let most = Number.NEGATIVE_INFINITY;
  for (let list = 0; list * width < centroids.length; list++) {
    const similarity = dot(point, centroids, list * width, width);
    if (similarity > most) {
      most = similarity;
      best = list;
    }
  }
  return best;
}
