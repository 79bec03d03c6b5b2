import type { TrainingSettings } from '../../../federated/protocol/plan.js';
import type { Backend } from '../backends/backend.js';
import { openBackend } from '../backends/select.js';
import type { Dataset } from '../data/dataset.js';
import { encodeRows } from '../encoders/encode.js';
import { declaredContract } from '../encoders/public-contract.js';
import { type PublicDeclaration, publicGrid } from '../encoders/public-grid.js';
import { createRandom } from '../layers/random.js';
import { clippedSums } from '../training/private/clipped-sums.js';
import { privateUpdate } from '../training/private/private-update.js';
import {
  declarationFor,
  federatedArchitecture,
  initialParameters,
  requireFederated,
  toTrainedModel,
} from './federated.js';
import { loadPredictor } from './predictor.js';
import { READERS } from './sequence-reader.js';

const MONTHS = ['m1', 'm2', 'm3', 'm4'];
const DECLARED: PublicDeclaration = {
  columns: MONTHS.map((name) => ({ name, kind: 'numeric', min: 0, max: 1 })),
  series: [{ name: 'late', columns: MONTHS }],
  products: [],
  holdings: false,
};
const size = 300;
const random = createRandom(4);
const month = Array.from({ length: size }, () => random.below(4));
const dataset: Dataset = {
  name: 'months',
  size,
  userIds: month.map((_, user) => `u${user}`),
  columns: MONTHS.map((name, at) => ({
    kind: 'numeric',
    name,
    values: Float64Array.from(month, (own) => (own === at ? 1 : 0)),
  })),
  protectedColumns: [],
  label: Float32Array.from(month, (own) => (own >= 2 ? 1 : 0)),
};

describe('models of sequences in a federation', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend('onnxruntime');
  });
  afterAll(() => backend.dispose());
  const contractFor = (model: (typeof READERS)[number] | 'dnn') => ({
    ...declaredContract(publicGrid(declarationFor(model, DECLARED)), 4),
  });

  test.each(READERS)('%s learns privately from declared series, and is stored and scored', async (model) => {
    const contract = contractFor(model);
    let parameters = initialParameters(model, 'risk', contract);
    const training: TrainingSettings = {
      ...{ samplingRate: 0.5, expectedUsers: size, noiseMultiplier: 0.5, learningRate: 0.5, momentum: 0.9 },
      ...{ clipping: { kind: 'flat', norm: 1 }, steps: 40, proximal: 0 },
    };
    const request = { task: 'risk', model, contract, strategy: 'fedavg', training } as const;
    const { update, mechanisms } = await privateUpdate(dataset, { ...request, parameters }, backend, {
      checkpoint: () => undefined,
    });
    expect(mechanisms).toEqual([
      { mechanism: 'subsampled-gaussian', samplingRate: 0.5, noiseMultiplier: expect.any(Number), steps: 40 },
    ]);
    parameters = parameters.map((value, index) => value + update[index]);
    const { weights } = toTrainedModel('risk', model, contract, parameters);
    const predictor = loadPredictor({ task: 'risk', contract, weights }, backend);
    const batch = predictor.batchFor(1);
    const scoreOf = async (own: number) => {
      const values = Object.fromEntries(MONTHS.map((name, at) => [name, at === own ? 1 : 0]));
      predictor.expander.write(encodeRows(predictor.contract, [{ values, owned: [] }]), 0, -1, batch.inputs, 0);
      return (await predictor.run(batch))[0];
    };
    expect(await scoreOf(3)).toBeGreaterThan((await scoreOf(0)) + 0.3);
    await predictor.dispose();
  });

  test.each(READERS)('%s: no user weighs more than the clip norm', async (model) => {
    const json = contractFor(model);
    const architecture = federatedArchitecture('risk', model, json);
    const users = Int32Array.from({ length: 40 }, (_, user) => user);
    const clipping = { kind: 'flat', norm: 0.05 } as const;
    const of = { dataset, task: 'risk', contract: json, architecture, clipping, users } as const;
    const sums = await clippedSums(of, backend, () => undefined);
    const weights = initialParameters(model, 'risk', json).map((value, index) => value + Math.sin(index) / 5);
    for (const user of [0, 1, 2, 3]) {
      const sum = new Float64Array(weights.length);
      await sums.of(weights, clipping.norm, Int32Array.of(user), {
        add(part) {
          for (let index = 0; index < part.length; index++) sum[index] += part[index];
        },
        draw: () => undefined,
      });
      expect(Math.hypot(...sum)).toBeCloseTo(clipping.norm, 5);
    }
    await sums.dispose();
  });

  test('are refused where nothing of a sequence is declared, and say why; other models take no series', () => {
    for (const model of READERS) {
      expect(requireFederated(model)).toBe(model);
      expect(() => federatedArchitecture('risk', model, contractFor('dnn'))).toThrow(/has no public ranges/);
    }
    expect(contractFor('dnn')).not.toHaveProperty('sequence');
    expect(() => federatedArchitecture('risk', 'dnn', contractFor('gru'))).toThrow(/reads no sequence/);
    expect(() => requireFederated('gbdt')).toThrow(/cnn or gru/);
  });
});
