import fc from 'fast-check';
import { madeUpRow, madeUpTrees } from '../../../test/support/trees.js';
import { createRandom } from '../layers/random.js';
import { goesLeft, type TreeEnsemble } from './ensemble.js';
import { scoreRows } from './score.js';

/** Down each tree, question by question. */
function byHand(ensemble: TreeEnsemble, row: Float32Array): number[] {
  const { base, roots, left, right, feature, values, leafWidth, outputs } = ensemble;
  const scores = [...base];
  roots.forEach((root, tree) => {
    let node = root;
    while (node >= 0) node = goesLeft(ensemble, node, row[feature[node]]) ? left[node] : right[node];
    for (let place = 0; place < leafWidth; place++)
      scores[leafWidth > 1 ? place : tree % outputs] += values[~node * leafWidth + place];
  });
  return scores;
}

const kinds = fc.constantFrom(
  { outputs: 1, leafWidth: 1 },
  { outputs: 3, leafWidth: 1 },
  { outputs: 3, leafWidth: 3, link: 'identity' as const },
);

test('rows are scored as by hand, alone and together, at thresholds and around them', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), kinds, fc.integer({ min: 1, max: 150 }), (seed, kind, count) => {
      const made = madeUpTrees({ seed, ...kind });
      const threshold = made.threshold.map((value, node) => (node % 5 === 0 && value !== 0 ? 0 : value));
      const ensemble = { ...made, threshold };
      const { width, outputs, categories } = ensemble;
      const random = createRandom(seed);
      const rows = new Float32Array(count * width);
      for (let row = 0; row < count; row++) {
        const values = madeUpRow(ensemble, random);
        // Every other number is one that a node compares with.
        for (let place = 0; place < width; place++)
          if (categories[place] === 0 && random.uniform() < 0.5 && threshold.length > 0)
            values[place] = threshold[random.below(threshold.length)];
        rows.set(values, row * width);
      }
      const scores = new Float64Array(count * outputs).fill(7);
      scoreRows(ensemble, rows, count, scores);
      for (let row = 0; row < count; row++) {
        const wanted = byHand(ensemble, rows.subarray(row * width, (row + 1) * width));
        expect([...scores.subarray(row * outputs, (row + 1) * outputs)]).toEqual(wanted);
      }
    }),
    { numRuns: 60 },
  );
});

test('infinities are numbers', () => {
  const ensemble = madeUpTrees({ seed: 4, categories: [0, 0] });
  const row = Float32Array.of(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
  const scores = new Float64Array(1);
  scoreRows(ensemble, row, 1, scores);
  expect([...scores]).toEqual(byHand(ensemble, row));
});
