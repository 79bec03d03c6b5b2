import { createRandom } from '../layers/random.js';

/** The centre nearest to a point. @param centres (count, width) */
export function nearestCentre(centres: Float32Array, point: ArrayLike<number>): number {
  const width = point.length;
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let centre = 0, at = 0; at < centres.length; centre++, at += width) {
    const distance = squaredDistance(centres, at, point, 0, width);
    if (distance < least) [best, least] = [centre, distance];
  }
  return best;
}

const MOST_SEGMENTS = 8;
/** Points that the number of segments is chosen by: the silhouette takes the square of their number. */
const SAMPLE = 1500;
const ITERATIONS = 50;
const STARTS = 4;

export interface Segmentation {
  /** (segments, width) */
  readonly centres: Float32Array;
  /** Of each point. */
  readonly segments: Int32Array;
  /** Mean silhouette (Rousseeuw 1987) of a sample, −1 to 1: how clearly the points fall into segments. */
  readonly silhouette: number;
}

/**
 * Segments by k-means (Lloyd 1982, begun as k-means++ of Arthur and Vassilvitskii 2007): of 2 to 8 as many as the silhouette likes best.
 * The same points and seed give the same segments, largest first.
 * @param points (count, width)
 * @param least users of a segment: with fewer it is not formed
 */
export function segmentsOf(points: Float32Array, width: number, seed: number, least: number): Segmentation {
  const count = points.length / width;
  const random = createRandom(seed).fork('segments');
  const sample = Int32Array.from({ length: count }, (_, point) => point);
  random.shuffle(sample);
  const chosen = sample.subarray(0, SAMPLE);
  let best: Segmentation = { centres: meanOf(points, width), segments: new Int32Array(count), silhouette: 0 };
  for (let k = 2; k <= Math.min(MOST_SEGMENTS, Math.floor(count / Math.max(1, least))); k++) {
    let tightest: ReturnType<typeof kMeans> | undefined;
    for (let start = 0; start < STARTS; start++) {
      const found = kMeans(points, width, k, () => random.uniform());
      if (!tightest || found.inertia < tightest.inertia) tightest = found;
    }
    const { centres, segments } = tightest as NonNullable<typeof tightest>;
    if (Math.min(...sizesOf(segments, k)) < least) continue;
    const silhouette = silhouetteOf(points, width, segments, k, chosen);
    if (silhouette > best.silhouette) best = { centres, segments, silhouette };
  }
  return bySize(best, width);
}

function kMeans(points: Float32Array, width: number, k: number, uniform: () => number) {
  const count = points.length / width;
  const centres = spread(points, width, k, uniform);
  const segments = new Int32Array(count).fill(-1);
  let inertia = 0;
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    let moved = 0;
    inertia = 0;
    for (let point = 0; point < count; point++) {
      const at = point * width;
      const nearest = nearestCentre(centres, points.subarray(at, at + width));
      inertia += squaredDistance(centres, nearest * width, points, at, width);
      if (nearest !== segments[point]) moved++;
      segments[point] = nearest;
    }
    if (moved === 0) break;
    const sizes = sizesOf(segments, k);
    const sums = new Float64Array(k * width);
    for (let point = 0; point < count; point++)
      for (let axis = 0; axis < width; axis++) sums[segments[point] * width + axis] += points[point * width + axis];
    for (let at = 0; at < sums.length; at++) {
      const size = sizes[Math.floor(at / width)];
      if (size > 0) centres[at] = sums[at] / size; // an empty one stays where it is
    }
  }
  return { centres, segments, inertia };
}

/** First centres: each a point, drawn in proportion to its squared distance from those before. */
function spread(points: Float32Array, width: number, k: number, uniform: () => number): Float32Array {
  const count = points.length / width;
  const centres = new Float32Array(k * width);
  const distances = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  let drawn = Math.floor(uniform() * count);
  for (let centre = 0; centre < k; centre++) {
    centres.set(points.subarray(drawn * width, (drawn + 1) * width), centre * width);
    let total = 0;
    for (let point = 0; point < count; point++) {
      const distance = squaredDistance(centres, centre * width, points, point * width, width);
      if (distance < distances[point]) distances[point] = distance;
      total += distances[point];
    }
    let rest = uniform() * total;
    drawn = count - 1;
    for (let point = 0; point < count; point++) {
      rest -= distances[point];
      if (rest < 0) {
        drawn = point;
        break;
      }
    }
  }
  return centres;
}

function silhouetteOf(
  points: Float32Array,
  width: number,
  segments: Int32Array,
  k: number,
  sample: Int32Array,
): number {
  let sum = 0;
  const distances = new Float64Array(k);
  const sizes = new Int32Array(k);
  for (const point of sample) {
    distances.fill(0);
    sizes.fill(0);
    for (const other of sample) {
      if (other === point) continue;
      distances[segments[other]] += Math.sqrt(squaredDistance(points, point * width, points, other * width, width));
      sizes[segments[other]]++;
    }
    const own = segments[point];
    if (sizes[own] === 0) continue; // alone: its silhouette is 0
    const within = distances[own] / sizes[own];
    let nearest = Number.POSITIVE_INFINITY;
    for (let segment = 0; segment < k; segment++)
      if (segment !== own && sizes[segment] > 0) nearest = Math.min(nearest, distances[segment] / sizes[segment]);
    const largest = Math.max(within, nearest);
    if (Number.isFinite(nearest) && largest > 0) sum += (nearest - within) / largest;
  }
  return sum / Math.max(1, sample.length);
}

function bySize({ centres, segments, silhouette }: Segmentation, width: number): Segmentation {
  const k = centres.length / width;
  const sizes = sizesOf(segments, k);
  const order = [...sizes.keys()].sort((a, b) => sizes[b] - sizes[a] || a - b);
  const sorted = new Float32Array(centres.length);
  order.forEach((from, to) => {
    sorted.set(centres.subarray(from * width, (from + 1) * width), to * width);
  });
  return { centres: sorted, segments: segments.map((segment) => order.indexOf(segment)), silhouette };
}

function sizesOf(segments: Int32Array, k: number): Int32Array {
  const sizes = new Int32Array(k);
  for (const segment of segments) sizes[segment]++;
  return sizes;
}

function meanOf(points: Float32Array, width: number): Float32Array {
  const mean = new Float64Array(width);
  const count = points.length / width;
  for (let at = 0; at < points.length; at++) mean[at % width] += points[at] / Math.max(1, count);
  return Float32Array.from(mean);
}

function squaredDistance(
  a: ArrayLike<number>,
  fromA: number,
  b: ArrayLike<number>,
  fromB: number,
  width: number,
): number {
  let sum = 0;
  for (let axis = 0; axis < width; axis++) {
    const difference = a[fromA + axis] - b[fromB + axis];
    sum += difference * difference;
  }
  return sum;
}
