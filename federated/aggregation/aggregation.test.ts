import fc from 'fast-check';
import { FEDAVG, initialState, type ServerOptimiser, serverStep } from './server-optimiser.js';
import { weightedMean } from './weighted-mean.js';

async function* cut(values: readonly number[], size: number): AsyncGenerator<Float32Array> {
  for (let at = 0; at < values.length; at += size) yield Float32Array.from(values.slice(at, at + size));
}

async function collect(pieces: AsyncIterable<Float32Array>): Promise<number[]> {
  const all: number[] = [];
  for await (const piece of pieces) all.push(...piece);
  return all;
}

describe('weighted mean', () => {
  test('does not depend on how the updates are cut', async () => {
    const values = fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 1, maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(values, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), async (a, m, n) => {
        const b = a.map((x) => -2 * x);
        const mean = await collect(weightedMean([cut(a, m), cut(b, n)], [30, 10]));
        const expected = a.map((x, i) => Math.fround(0.75 * x + 0.25 * b[i]));
        expect(mean).toEqual(expected.map((x) => expect.closeTo(x, 4)));
        expect(mean).toHaveLength(a.length);
      }),
      { numRuns: 30 },
    );
  });

  test.each([
    ['no sources', [], []],
    ['no weight', [cut([1], 1)], [0]],
    ['different lengths', [cut([1, 2], 2), cut([1], 1)], [1, 1]],
  ])('%s: refused', async (_, sources, weights) => {
    await expect(collect(weightedMean(sources, weights))).rejects.toThrow(RangeError);
  });
});

describe('server optimisers', () => {
  test('plain FedAvg adds the mean', () => {
    const weights = Float32Array.of(1, 2);
    serverStep(FEDAVG, weights, Float32Array.of(0.5, -1), initialState(FEDAVG, 2));
    expect([...weights]).toEqual([1.5, 1]);
  });

  test('momentum goes on where the last step went', () => {
    const optimiser: ServerOptimiser = { kind: 'momentum', learningRate: 0.1, momentum: 0.9 };
    const weights = Float32Array.of(0);
    const state = initialState(optimiser, 1);
    for (let step = 0; step < 2; step++) serverStep(optimiser, weights, Float32Array.of(1), state);
    expect(weights[0]).toBeCloseTo(0.1 * 1 + 0.1 * 1.9, 6);
  });

  // Two steps of Δ = 2, then Δ = −1, by hand from algorithm 2 with β₁ = .9, β₂ = .99, τ = .1, η = .5.
  test.each([
    ['fedadam', [0.01 * 0.99 + 0.04, (0.01 * 0.99 + 0.04) * 0.99 + 0.01]],
    ['fedyogi', [0.01 + 0.04, 0.05 + 0.01]],
    ['fedadagrad', [0.01 + 4, 4.01 + 1]],
  ] as const)('%s follows the algorithm', (kind, seconds) => {
    const optimiser: ServerOptimiser = { kind, learningRate: 0.5, beta1: 0.9, beta2: 0.99, adaptivity: 0.1 };
    const weights = Float32Array.of(1);
    const state = initialState(optimiser, 1);
    const firsts = [0.2, 0.9 * 0.2 - 0.1];
    let expected = 1;
    [2, -1].forEach((delta, step) => {
      serverStep(optimiser, weights, Float32Array.of(delta), state);
      expected += (0.5 * firsts[step]) / (Math.sqrt(seconds[step]) + 0.1);
      expect(state.first[0]).toBeCloseTo(firsts[step], 6);
      expect(state.second[0]).toBeCloseTo(seconds[step], 6);
      expect(weights[0]).toBeCloseTo(expected, 5);
    });
  });
});
