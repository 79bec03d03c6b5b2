import { madeUpTrees } from '../../../test/support/trees.js';
import { ConcordError } from '../../errors.js';
import { manifestOf } from '../layers/parameters.js';
import { readSafetensors, writeSafetensors } from '../safetensors/safetensors.js';
import { packTrees } from '../trees/artifact.js';
import { network } from './network.js';
import { packNetwork, readNetworkFile, unpackNetwork } from './network-file.js';

const architecture = { inputs: 3, hidden: [4, 2], outputs: 2 };
const { size } = manifestOf(network(architecture));
const member = (from: number) => Float32Array.from({ length: size }, (_, index) => from + index);
const weights = { kind: 'network' as const, architecture, members: [member(0), member(0.5)] };
const trees = packTrees(madeUpTrees({ outputs: 2 }));

describe('stored weights', () => {
  test('come back as they were', () => {
    expect(unpackNetwork(packNetwork(weights), architecture)).toEqual(weights);
    const factored = { inputs: 3, hidden: [], rank: 2, outputs: 2 };
    const flat = new Float32Array(manifestOf(network(factored)).size).fill(0.5);
    const low = { kind: 'network' as const, architecture: factored, members: [flat] };
    expect(unpackNetwork(packNetwork(low), { inputs: 3, outputs: 2 })).toEqual(low);
    const many = { inputs: 3, hidden: [4], networks: 5, outputs: 2 };
    const members = [new Float32Array(manifestOf(network(many)).size).fill(0.5)];
    const inOne = { kind: 'network' as const, architecture: many, members };
    expect(unpackNetwork(packNetwork(inOne), { inputs: 3, outputs: 2 })).toEqual(inOne);
  });

  test.each<[string, Uint8Array]>([
    ['of another width', packNetwork({ ...weights, architecture: { ...architecture, inputs: 3 } })],
    ['with a value that is not finite', packNetwork({ ...weights, members: [member(0).fill(Number.NaN)] })],
    [
      'of a thousand networks in one',
      writeSafetensors({
        tensors: [],
        metadata: { kind: 'network', hidden: '[4]', networks: '1000', members: '1' },
      }),
    ],
    ['of no kind', writeSafetensors({ tensors: [], metadata: {} })],
    [
      'with hidden layers of nonsense',
      writeSafetensors({ tensors: [], metadata: { kind: 'network', hidden: '[1e9]', members: '1' } }),
    ],
    [
      'with a billion members',
      writeSafetensors({ tensors: [], metadata: { kind: 'network', hidden: '[]', members: '1e9' } }),
    ],
    ['without tensors', writeSafetensors({ tensors: [], metadata: { kind: 'network', hidden: '[]', members: '1' } })],
    ['that are trees', trees],
  ])('weights %s are refused', (name, bytes) => {
    const expected = name === 'of another width' ? { inputs: 5, outputs: 2 } : architecture;
    expect(() => unpackNetwork(bytes, expected)).toThrow(ConcordError);
  });
});

describe('the beginning of a network file', () => {
  const single = packNetwork({ ...weights, members: [member(0.5)] });
  const read = (bytes: Uint8Array, whole = bytes) =>
    readNetworkFile(bytes, whole.length, { inputs: architecture.inputs, outputs: architecture.outputs });

  test('says where the parameters are: from there on they are the flat ones', () => {
    const { dataStart, ...about } = read(single.subarray(0, 1000), single);
    expect(about).toEqual({ architecture, parameters: size });
    expect(new Float32Array(single.slice(dataStart).buffer)).toEqual(member(0.5));
  });

  test.each<[string, () => unknown]>([
    ['an ensemble', () => read(packNetwork(weights))],
    ['trees', () => read(trees)],
    ['a file that is longer than it says', () => read(single.subarray(0, 1000), Buffer.concat([single, single]))],
    ['a beginning without the whole header', () => read(single.subarray(0, 100), single)],
    [
      'tensors in another order',
      () => {
        const { tensors, metadata } = readSafetensors(single);
        return read(writeSafetensors({ tensors: tensors.toReversed(), metadata }));
      },
    ],
  ])('%s is refused', (_, attempt) => {
    expect(attempt).toThrow(ConcordError);
  });
});
