import { createRandom } from '../../layers/random.js';
import { createVectorIndex, EXACT_VALUES } from './vector-index.js';

const WIDTH = 16;

/** Vectors in clusters, some longer than others. */
function clustered(rows: number, seed = 1): Float32Array {
  const random = createRandom(seed);
  const centres = Float64Array.from({ length: 20 * WIDTH }, random.normal);
  const vectors = new Float32Array(rows * WIDTH);
  for (let row = 0; row < rows; row++) {
    const centre = random.below(20) * WIDTH;
    const length = Math.exp(0.3 * random.normal());
    for (let i = 0; i < WIDTH; i++) vectors[row * WIDTH + i] = length * (centres[centre + i] + 0.5 * random.normal());
  }
  return vectors;
}

const vectors = clustered(3000);
const queries = Array.from({ length: 30 }, (_, query) => vectors.slice(query * 90 * WIDTH, (query * 90 + 1) * WIDTH));
const indices = (found: readonly { index: number }[]) => found.map(({ index }) => index);

describe.each(['inner', 'cosine'] as const)('an index by %s', (metric) => {
  const exact = createVectorIndex(vectors, { width: WIDTH, metric });

  test('finds what a full sort finds while there are few vectors', () => {
    expect(exact.approximate).toBe(false);
    for (const query of queries.slice(0, 5)) {
      const length = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));
      const scores = Array.from({ length: 3000 }, (_, row) => {
        const vector = vectors.subarray(row * WIDTH, (row + 1) * WIDTH);
        const product = vector.reduce((sum, value, i) => sum + value * query[i], 0);
        return metric === 'inner' ? product : product / length(vector) / length(query);
      });
      const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a]);
      expect(indices(exact.search(query, 10))).toEqual(order.slice(0, 10));
    }
  });

  test('approximate, finds at least nine in ten of the nearest', () => {
    const lists = createVectorIndex(vectors, { width: WIDTH, metric, approximate: true });
    expect(lists.approximate).toBe(true);
    const found = queries.map((query) => {
      const truth = new Set(indices(exact.search(query, 10)));
      return indices(lists.search(query, 10)).filter((index) => truth.has(index)).length;
    });
    expect(found.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(0.9 * 10 * queries.length);
  });

  test('that reads all lists finds all', () => {
    const all = createVectorIndex(vectors, { width: WIDTH, metric, approximate: true, probed: 1 });
    for (const query of queries) expect(indices(all.search(query, 10))).toEqual(indices(exact.search(query, 10)));
  });

  test('answers with candidates alone, and the same each time', () => {
    for (const approximate of [false, true]) {
      const make = () => createVectorIndex(vectors, { width: WIDTH, metric, approximate, seed: 3 });
      const found = make().search(queries[0], 20, (index) => index % 2 === 0);
      expect(found).toHaveLength(20);
      expect(found.every(({ index }) => index % 2 === 0)).toBe(true);
      expect(make().search(queries[0], 20, (index) => index % 2 === 0)).toEqual(found);
    }
  });
});

test('an index switches to lists beyond a number of values', () => {
  const width = 512;
  const many = new Float32Array(EXACT_VALUES + width).fill(1);
  expect(createVectorIndex(many.subarray(width), { width, metric: 'inner' }).approximate).toBe(false);
});

test('vectors of zeros are like nothing', () => {
  const zeros = createVectorIndex(new Float32Array(4 * WIDTH), { width: WIDTH, metric: 'cosine', approximate: true });
  expect(zeros.search(queries[0], 2).map(({ similarity }) => similarity)).toEqual([0, 0]);
});
