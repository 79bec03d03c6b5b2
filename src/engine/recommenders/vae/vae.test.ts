import { hiddenOf, madeUpHoldings } from '../../../../test/support/holdings.js';
import { ConcordError } from '../../../errors.js';
import type { Backend } from '../../backends/backend.js';
import { openBackend } from '../../backends/select.js';
import { initialParameters } from '../../layers/parameters.js';
import { createRandom } from '../../layers/random.js';
import { plainLoss, validationOf } from '../calibrate.js';
import { rowOf, selectRows } from '../matrix/sparse.js';
import { fitVae } from './fit.js';
import { vaeNetwork, vaeStep } from './network.js';
import { openVae } from './open.js';
import type { VaeSettings } from './settings.js';

const SHAPE = { products: 12, hidden: 6, latent: 3 };
const SETTINGS: VaeSettings = { hidden: 16, latent: 4, dropout: 0.3, beta: 0.02, learningRate: 0.01, epochs: 15 };

let backend: Backend;
beforeAll(async () => {
  backend = await openBackend('onnxruntime');
});
afterAll(() => backend.dispose());

/** Parameters, larger than they start, so that nothing is linear. */
function parametersOf(seed = 1): Float32Array {
  const random = createRandom(seed);
  return initialParameters(vaeNetwork(SHAPE), seed).map((value) => value + 0.3 * random.normal());
}

test('the gradient is the slope of the loss', async () => {
  const rows = 4;
  const random = createRandom(3);
  const { graph, inputs } = vaeStep(SHAPE, rows);
  const step = await backend.compile(graph, inputs);
  const table = (draw: () => number) => Float32Array.from({ length: rows * 12 }, draw);
  const given = [
    table(() => (random.uniform() < 0.3 ? 0.5 : 0)),
    table(() => (random.uniform() < 0.2 ? 0.5 : 0)),
    new Float32Array(rows * 12).fill(1),
    Float32Array.from({ length: rows * 3 }, random.normal),
    Float32Array.of(0.7),
    Float32Array.of(0.5, 0.25, 0.25, 0),
  ];
  const parameters = parametersOf();
  const [gradient] = await step.run([parameters, ...given]);
  const lossAt = async (place: number, by: number) => {
    const moved = parameters.slice();
    moved[place] += by;
    const [, loss] = await step.run([moved, ...given]);
    return loss[0];
  };
  for (let place = 0; place < parameters.length; place += 5) {
    const slope = ((await lossAt(place, 0.01)) - (await lossAt(place, -0.01))) / 0.02;
    expect(Math.abs(gradient[place] - slope)).toBeLessThan(2e-3 * (1 + Math.abs(slope)));
  }
  await step.dispose();
});

describe('scores', () => {
  const parameters = parametersOf();
  const scorer = openVae(parameters, SHAPE);
  const scoresOf = (...owned: number[]) => {
    const scores = new Float64Array(12);
    scorer.score(Int32Array.from(owned), scores);
    return scores;
  };

  test('are what the network decodes from the mean', async () => {
    const { encoder, decoder, manifest } = vaeNetwork(SHAPE);
    const context = {
      training: false,
      mask: () => {
        throw new Error('no masks');
      },
    };
    const executable = await backend.compile(
      (ops, [flat, shown]) => {
        const parts = {
          get: (name: string) => {
            const entry = manifest.entries.find((each) => each.name === name);
            if (!entry) throw new Error(name);
            const size = entry.shape.reduce((a, b) => a * b, 1);
            return ops.reshape(ops.slice(flat, [entry.offset], [size]), entry.shape);
          },
        };
        const { output } = encoder.forward(ops, parts, [shown], context);
        return [decoder.forward(ops, parts, [ops.slice(output, [0, 0], [1, 3])], context).output];
      },
      [
        { shape: [manifest.size], dtype: 'float32' },
        { shape: [1, 12], dtype: 'float32' },
      ],
    );
    const shown = new Float32Array(12);
    for (const product of [1, 4, 9]) shown[product] = 1 / Math.sqrt(3);
    const [logits] = await executable.run([parameters, shown]);
    const scores = scoresOf(1, 4, 9);
    for (const product of [0, 2, 3, 5, 11]) expect(scores[product]).toBeCloseTo(logits[product], 4);
    await executable.dispose();
  });

  test('of products owned are as if they were not', () => {
    const scores = scoresOf(1, 4, 9);
    expect(scores[4]).toBeCloseTo(scoresOf(1, 9)[4], 9);
    expect(scoresOf(4)[4]).toBeCloseTo(scoresOf()[4], 9);
  });

  test('go with a place that is the same each time', () => {
    expect(scorer.embed?.(Int32Array.of(1, 4))).toHaveLength(3);
    expect(scorer.embed?.(Int32Array.of(1, 4))).toEqual(scorer.embed?.(Int32Array.of(1, 4)));
    expect(scorer.embed?.(Int32Array.of(1, 4))).not.toEqual(scorer.embed?.(Int32Array.of(1, 5)));
  });
});

describe('training', () => {
  const all = madeUpHoldings({ users: 400 });
  const range = (from: number, to: number) => Int32Array.from({ length: to - from }, (_, place) => from + place);
  const owned = selectRows(all, range(0, 300));
  const others = selectRows(all, range(300, 400));
  const validation = validationOf({ owned: others, hidden: hiddenOf(others) });
  const losses: number[] = [];
  const lossOf = (parameters: Float32Array) => {
    losses.push(plainLoss(openVae(parameters, { ...SETTINGS, products: 12 }), validation));
    return losses[losses.length - 1];
  };
  const train = (rest: Partial<Parameters<typeof fitVae>[2]> = {}) =>
    fitVae(owned, SETTINGS, { seed: 1, backend, checkpoint: () => undefined, lossOf, ...rest });

  test('keeps the best epoch, and finds what users of a kind own', async () => {
    losses.length = 0;
    const parameters = await train();
    const scorer = openVae(parameters, { ...SETTINGS, products: 12 });
    expect(plainLoss(scorer, validation)).toBe(Math.min(...losses));
    expect(Math.min(...losses)).toBeLessThan(losses[0] - 0.1);
    const scores = new Float64Array(12);
    scorer.score(Int32Array.of(0, 3), scores);
    expect(Math.min(scores[6], scores[9])).toBeGreaterThan(Math.max(scores[1], scores[2], scores[4]));
    expect((scorer.similarProducts?.(0, 2) ?? []).map(({ index }) => index % 3)).toEqual([0, 0]);
    expect(scorer.embed?.(rowOf(owned, 0))).toHaveLength(4);
  });

  test('by the same seed gives the same parameters to the bit', async () => {
    expect(await train()).toEqual(await train());
    expect(await train({ seed: 2 })).not.toEqual(await train());
  });

  test('ends where the checkpoint throws, and where it diverges', async () => {
    const checkpoint = () => {
      throw new ConcordError('CANCELLED', 'enough');
    };
    await expect(train({ checkpoint })).rejects.toThrow('enough');
    await expect(train({ lossOf: () => Number.NaN })).rejects.toThrow('learning rate');
  });
});
