import fc from 'fast-check';
import { madeUpRow, madeUpTrees } from '../../../test/support/trees.js';
import { createRandom } from '../layers/random.js';
import { goesLeft, type TreeEnsemble } from './ensemble.js';
import { referenceShap } from './reference-shap.js';
import { scoreRows } from './score.js';
import { TreeShap } from './shap.js';

const scoreOf = (ensemble: TreeEnsemble, row: Float32Array, output: number) => {
  const scores = new Float64Array(ensemble.outputs);
  scoreRows(ensemble, row, 1, scores);
  return scores[output];
};

/** Mean score of the training rows that agree with a row in what is known, as far as a tree can tell: the definition, written out. */
function expected(ensemble: TreeEnsemble, row: Float32Array, known: (feature: number) => boolean, output: number) {
  const { leafWidth, outputs, left, right, cover, values, feature } = ensemble;
  const weight = (child: number): number => (child < 0 ? cover[~child] : weight(left[child]) + weight(right[child]));
  const mean = (child: number): number => {
    if (child < 0) return values[~child * leafWidth + (leafWidth > 1 ? output : 0)];
    if (known(feature[child])) return mean(goesLeft(ensemble, child, row[feature[child]]) ? left[child] : right[child]);
    const all = weight(child);
    const share = all > 0 ? weight(left[child]) / all : 0.5;
    return share * mean(left[child]) + (1 - share) * mean(right[child]);
  };
  return [...ensemble.roots].reduce(
    (sum, root, tree) => sum + (leafWidth > 1 || tree % outputs === output ? mean(root) : 0),
    ensemble.base[output],
  );
}

function explained(ensemble: TreeEnsemble, row: Float32Array, output: number) {
  const { base, contributions } = new TreeShap(ensemble).explain(row);
  const { width } = ensemble;
  return { base: base[output], contributions: contributions.subarray(output * width, (output + 1) * width) };
}

/** Shapley values by all subsets. */
function bruteForce(players: number, game: (isIn: (player: number) => boolean) => number): number[] {
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  const values = Array.from({ length: 2 ** players }, (_, set) => game((player) => ((set >> player) & 1) === 1));
  return Array.from({ length: players }, (_, player) => {
    let sum = 0;
    for (let set = 0; set < values.length; set++) {
      if ((set >> player) & 1) continue;
      const size = [...set.toString(2)].filter((bit) => bit === '1').length;
      const share = (factorial(size) * factorial(players - size - 1)) / factorial(players);
      sum += share * (values[set | (1 << player)] - values[set]);
    }
    return sum;
  });
}

const shapes = fc.record({
  seed: fc.integer({ min: 1, max: 1e6 }),
  depth: fc.integer({ min: 0, max: 6 }),
  kind: fc.constantFrom(
    { outputs: 1, leafWidth: 1 },
    { outputs: 3, leafWidth: 1 },
    { outputs: 3, leafWidth: 3, link: 'identity' as const },
  ),
});

function expectClose(actual: ArrayLike<number>, wanted: ArrayLike<number>) {
  expect(actual.length).toBe(wanted.length);
  for (let place = 0; place < wanted.length; place++)
    expect(Math.abs(actual[place] - wanted[place])).toBeLessThan(1e-8);
}

describe('contributions to a raw score', () => {
  test('are its Shapley values, and sum to it', () => {
    fc.assert(
      fc.property(shapes, ({ seed, depth, kind }) => {
        const ensemble = madeUpTrees({ seed, depth, ...kind });
        const row = madeUpRow(ensemble, createRandom(seed + 1));
        const output = seed % kind.outputs;
        const { base, contributions } = explained(ensemble, row, output);
        expectClose(
          contributions,
          bruteForce(ensemble.width, (isIn) => expected(ensemble, row, isIn, output)),
        );
        expectClose([base], [expected(ensemble, row, () => false, output)]);
        expectClose([contributions.reduce((sum, part) => sum + part, base)], [scoreOf(ensemble, row, output)]);
      }),
      { numRuns: 150 },
    );
  });

  test('sum to it in deep trees over many features', () => {
    const ensemble = madeUpTrees({ seed: 3, depth: 14, trees: 6, categories: new Array<number>(30).fill(0) });
    const shap = new TreeShap(ensemble);
    const random = createRandom(5);
    for (let n = 0; n < 20; n++) {
      const row = madeUpRow(ensemble, random);
      const { base, contributions } = shap.explain(row);
      expect(
        Math.abs(contributions.reduce((sum, part) => sum + part, base[0]) - scoreOf(ensemble, row, 0)),
      ).toBeLessThan(1e-6);
    }
  });

  test('a value that no tree asks for contributes nothing', () => {
    const ensemble = madeUpTrees({ categories: [0, 0, 0] });
    const { contributions } = new TreeShap({ ...ensemble, feature: ensemble.feature.map(() => 1) }).explain(
      Float32Array.of(1, 2, 3),
    );
    expect([contributions[0], contributions[2]]).toEqual([0, 0]);
  });
});

describe('contributions against rows of reference', () => {
  test('are the Shapley values of the mean over them, and sum to the score', () => {
    fc.assert(
      fc.property(shapes, ({ seed, depth, kind }) => {
        const ensemble = madeUpTrees({ seed, depth, ...kind });
        const random = createRandom(seed + 1);
        const row = madeUpRow(ensemble, random);
        const others = [madeUpRow(ensemble, random), madeUpRow(ensemble, random)];
        const output = seed % kind.outputs;
        const reference = Float32Array.from(others.flatMap((other) => [...other]));
        const { base, contributions } = referenceShap(ensemble, row, reference, output);
        const game = (isIn: (player: number) => boolean) =>
          others.reduce((sum, other) => {
            const mixed = other.map((value, player) => (isIn(player) ? row[player] : value));
            return sum + scoreOf(ensemble, mixed, output) / others.length;
          }, 0);
        expectClose(contributions, bruteForce(ensemble.width, game));
        expectClose([base], [game(() => false)]);
      }),
      { numRuns: 100 },
    );
  });
});
