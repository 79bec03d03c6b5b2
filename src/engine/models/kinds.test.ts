import { madeUpTrees } from '../../../test/support/trees.js';
import { ConcordError } from '../../errors.js';
import type { FeatureContract } from '../encoders/contract.js';
import { MODELS } from '../engine.js';
import { manifestOf } from '../layers/parameters.js';
import { writeSafetensors } from '../safetensors/safetensors.js';
import type { StoredContext } from './kind.js';
import { kindOf, packWeights, unpackWeights, whyNotFederated } from './kinds.js';
import { network } from './network.js';
import type { Weights } from './weights.js';

const contract: FeatureContract = {
  version: 1,
  features: [
    {
      kind: 'numeric',
      name: 'a',
      column: 'a',
      encoding: 'piecewise',
      edges: [0, 1, 2],
      codes: [],
      missing: true,
      mean: [0.5, 0.25, 0.1],
    },
  ],
  products: ['x', 'y'],
  scale: 1,
};
const context: StoredContext = { task: 'interest', contract };
const architecture = { inputs: 3, hidden: [], outputs: 2 };
const members = [new Float32Array(manifestOf(network(architecture)).size).fill(0.5)];
const ensemble = madeUpTrees({ outputs: 2 });

test('every model that can be asked for is of one kind', () => {
  for (const model of MODELS) expect(kindOf(model).models).toContain(model);
});

test('every model that no federation can train says why', () => {
  for (const model of MODELS) {
    const trained = ['linear', 'logistic', 'dnn', 'cnn', 'gru'].includes(model);
    expect(typeof whyNotFederated(model)).toBe(trained ? 'undefined' : 'string');
  }
});

test.each<[string, Weights, StoredContext]>([
  ['a network', { kind: 'network', architecture, members }, context],
  ['popularity', { kind: 'popularity', shares: Float32Array.of(0.25, 0.75) }, context],
])('%s comes back as it was stored', (_, weights, stored) => {
  expect(unpackWeights(packWeights(weights), stored)).toEqual(weights);
});

test.each<[string, Uint8Array]>([
  ['of no kind', writeSafetensors({ tensors: [], metadata: {} })],
  [
    'of a kind that is a property of every object',
    writeSafetensors({ tensors: [], metadata: { kind: 'constructor' } }),
  ],
  ['of popularity without shares', writeSafetensors({ tensors: [], metadata: { kind: 'popularity' } })],
  ['of trees that read other values than the contract gives', packWeights({ kind: 'trees', ensemble })],
])('weights %s are refused', (_, bytes) => {
  expect(() => unpackWeights(bytes, context)).toThrow(ConcordError);
});
