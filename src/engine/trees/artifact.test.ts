import fc from 'fast-check';
import { madeUpRow, madeUpTrees } from '../../../test/support/trees.js';
import { ConcordError } from '../../errors.js';
import { createRandom } from '../layers/random.js';
import { readSafetensors, writeSafetensors } from '../safetensors/safetensors.js';
import { MOST_DEPTH, packTrees, unpackTrees } from './artifact.js';
import { meanOf, type TreeEnsemble } from './ensemble.js';
import { scoreRows } from './score.js';

const scoresOf = (ensemble: TreeEnsemble, seed: number) => {
  const row = madeUpRow(ensemble, createRandom(seed));
  const scores = new Float64Array(ensemble.outputs);
  scoreRows(ensemble, row, 1, scores);
  return scores;
};

/** A file with one tensor or the metadata changed. */
function changed(
  ensemble: TreeEnsemble,
  change: Record<string, (values: Float32Array) => Float32Array>,
  metadata = {},
) {
  const file = readSafetensors(packTrees(ensemble));
  const tensors = file.tensors.map((tensor) => {
    const values = change[tensor.name]?.(tensor.values.slice()) ?? tensor.values;
    return { ...tensor, values, shape: values.length === tensor.values.length ? tensor.shape : [values.length] };
  });
  return writeSafetensors({ tensors, metadata: { ...file.metadata, ...metadata } });
}

const at = (place: number, value: number) => (values: Float32Array) => values.with(place, value);

/** A tree of so many nodes one under the other. */
function chain(nodes: number): TreeEnsemble {
  const count = (make: (node: number) => number) => Int32Array.from({ length: nodes }, (_, node) => make(node));
  return {
    ...madeUpTrees({ categories: [0], trees: 1 }),
    roots: Int32Array.of(0),
    feature: count(() => 0),
    threshold: new Float32Array(nodes),
    kind: new Uint8Array(nodes),
    left: count((node) => ~node),
    right: count((node) => (node + 1 < nodes ? node + 1 : ~nodes)),
    gain: new Float32Array(nodes),
    set: count(() => -1),
    words: new Uint16Array(0),
    values: new Float32Array(nodes + 1),
    cover: new Float32Array(nodes + 1).fill(1),
  };
}

describe('stored trees', () => {
  test.each([
    madeUpTrees(),
    madeUpTrees({ outputs: 3 }),
    madeUpTrees({ outputs: 3, leafWidth: 3, link: 'identity' }),
    madeUpTrees({ depth: 0 }),
    madeUpTrees({ trees: 0 }),
    chain(MOST_DEPTH),
  ])('come back as they were', (ensemble) => {
    expect(unpackTrees(packTrees(ensemble), ensemble)).toEqual(ensemble);
  });

  const ensemble = madeUpTrees({ seed: 2 });
  const nodes = ensemble.feature.length;
  const categorical = ensemble.kind.findIndex((kind) => kind >= 2);
  const numeric = ensemble.kind.findIndex((kind) => kind < 2);
  const inner = ensemble.left.findIndex((child) => child >= 0);
  test.each<[string, Uint8Array]>([
    ['of another kind', changed(ensemble, {}, { kind: 'network' })],
    ['of an unknown link', changed(ensemble, {}, { link: 'probit' })],
    ['with leaves of no valid width', changed(ensemble, {}, { leafWidth: '2' })],
    ['of other outputs', changed(ensemble, {}, { outputs: '2' })],
    ['with a leaf that is not finite', changed(ensemble, { values: at(0, Number.NaN) })],
    ['with a threshold that is not finite', changed(ensemble, { threshold: at(numeric, Number.POSITIVE_INFINITY) })],
    ['with a feature that is not there', changed(ensemble, { feature: at(0, 5) })],
    ['with half a feature', changed(ensemble, { feature: at(0, 0.5) })],
    ['with an unknown kind of node', changed(ensemble, { kind: at(0, 4) })],
    ['with a threshold for categories', changed(ensemble, { kind: at(categorical, 0) })],
    ['with a set for numbers', changed(ensemble, { kind: at(numeric, 2) })],
    ['with a set beyond the words', changed(ensemble, { set: at(categorical, ensemble.words.length) })],
    ['with a node that is its own child', changed(ensemble, { left: at(inner, inner) })],
    ['with a child that comes before its parent', changed(ensemble, { left: at(nodes - 1, 0) })],
    ['with a child beyond the nodes', changed(ensemble, { left: at(0, nodes) })],
    ['with a leaf beyond the leaves', changed(ensemble, { left: at(nodes - 1, ~ensemble.cover.length) })],
    ['with a leaf of two parents', changed(ensemble, { right: at(nodes - 1, ensemble.left[nodes - 1]) })],
    ['with a root inside a tree', changed(ensemble, { roots: at(0, 1) })],
    ['with a negative cover', changed(ensemble, { cover: at(0, -1) })],
    ['with fewer leaves than nodes need', changed(ensemble, { cover: (values) => values.slice(1) })],
    ['with a missing root', changed(ensemble, { roots: (values) => values.slice(1) })],
    ['deeper than explanations can go', packTrees(chain(MOST_DEPTH + 1))],
    ['that are nothing', writeSafetensors({ tensors: [], metadata: {} })],
  ])('trees %s are refused', (_, bytes) => {
    const shape = {
      categories: bytes.length === packTrees(chain(MOST_DEPTH + 1)).length ? Int32Array.of(0) : ensemble.categories,
      outputs: 1,
    };
    expect(() => unpackTrees(bytes, shape)).toThrow(ConcordError);
  });

  test('trees for other rows are refused', () => {
    const bytes = packTrees(ensemble);
    expect(() => unpackTrees(bytes, { ...ensemble, categories: Int32Array.of(0, 0, 0, 0, 0) })).toThrow(ConcordError);
    expect(() => unpackTrees(bytes, { ...ensemble, categories: ensemble.categories.slice(1) })).toThrow(ConcordError);
  });

  test('trees with an output of fewer trees than another are refused', () => {
    const three = madeUpTrees({ outputs: 3, depth: 0 });
    const bytes = changed(three, { roots: (v) => v.slice(1), cover: (v) => v.slice(1), values: (v) => v.slice(1) });
    expect(() => unpackTrees(bytes, three)).toThrow(ConcordError);
  });

  test('whatever a file says, it is refused or scores end with a number', () => {
    const size = packTrees(ensemble).length;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: size - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
        (edits) => {
          const bytes = packTrees(ensemble);
          for (const [place, value] of edits) bytes[place] = value;
          let read: TreeEnsemble;
          try {
            read = unpackTrees(bytes, ensemble);
          } catch (error) {
            expect(error).toBeInstanceOf(ConcordError);
            return;
          }
          expect(scoresOf(read, 1).every(Number.isFinite)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});

test('the mean of ensembles scores as their mean', () => {
  const all = [1, 2, 3].map((seed) => madeUpTrees({ seed, outputs: 2 }));
  const mean = meanOf(all);
  expect(unpackTrees(packTrees(mean), mean)).toEqual(mean);
  for (let seed = 0; seed < 50; seed++) {
    const each = all.map((ensemble) => scoresOf(ensemble, seed));
    scoresOf(mean, seed).forEach((score, output) => {
      expect(score).toBeCloseTo(
        each.reduce((sum, scores) => sum + scores[output] / 3, 0),
        5,
      );
    });
  }
  expect(() => meanOf([madeUpTrees(), madeUpTrees({ outputs: 2 })])).toThrow(/different shapes/);
});
