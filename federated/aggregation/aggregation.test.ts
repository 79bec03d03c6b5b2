import fc from 'fast-check';
import { FEDAVG, initialState, type OptimiserState, type ServerOptimiser, serverStep } from './server-optimiser.js';
import { serverRound } from './server-round.js';
import { SLICE } from './slices.js';
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

describe('a server round as a stream', () => {
  const ADAM: ServerOptimiser = { kind: 'fedadam', learningRate: 0.5, beta1: 0.9, beta2: 0.99, adaptivity: 0.1 };

  async function* pieces(values: Float32Array, size: number): AsyncGenerator<Float32Array> {
    for (let at = 0; at < values.length; at += size) yield values.slice(at, at + size);
  }

  async function* from(states: readonly OptimiserState[]): AsyncGenerator<OptimiserState> {
    for (const { first, second } of states) yield { first: first.slice(), second: second.slice() };
  }

  async function run(optimiser: ServerOptimiser, base: Float32Array, update: Float32Array, states?: OptimiserState[]) {
    const after = new Float32Array(base.length);
    const kept: OptimiserState[] = [];
    let at = 0;
    const round = { optimiser, base: pieces(base, 99_991), weights: [1, 3] };
    const updates = [pieces(update, 262_000), pieces(update, 1_000_003)];
    for await (const slice of serverRound({ ...round, updates, memory: states && from(states) })) {
      expect(slice.parameters.length).toBeLessThanOrEqual(SLICE);
      after.set(slice.parameters, at);
      at += slice.parameters.length;
      kept.push(slice.state);
    }
    expect(at).toBe(base.length);
    return { after, kept };
  }

  test.each([FEDAVG, ADAM])('gives what the step on the whole gives, round after round: $kind', async (optimiser) => {
    const length = 2 * SLICE + 3;
    const update = Float32Array.from({ length }, (_, i) => (i % 17) / 16 - 0.5);
    const whole = Float32Array.from({ length }, (_, i) => i / length);
    const state = initialState(optimiser, length);
    let { after, kept } = await run(optimiser, whole, update);
    serverStep(optimiser, whole, update, state);
    expect(Buffer.compare(Buffer.from(after.buffer), Buffer.from(whole.buffer))).toBe(0);
    ({ after, kept } = await run(optimiser, whole, update, kept));
    serverStep(optimiser, whole, update, state);
    expect(Buffer.compare(Buffer.from(after.buffer), Buffer.from(whole.buffer))).toBe(0);
    expect(kept.reduce((sum, { first }) => sum + first.length, 0)).toBe(length);
  });

  test.each<[string, number, number, OptimiserState[] | undefined]>([
    ['a base that is too short', 4, 5, undefined],
    ['a base that is too long', 6, 5, undefined],
    ['no memory where there must be', 5, 5, []],
    ['memory of another length', 5, 5, [initialState(ADAM, 4)]],
    ['memory of another optimiser', 5, 5, [initialState(FEDAVG, 5)]],
    ['memory beyond the end', 5, 5, [initialState(ADAM, 5), initialState(ADAM, 1)]],
  ])('%s is refused', async (_, base, update, states) => {
    await expect(run(ADAM, new Float32Array(base), new Float32Array(update), states)).rejects.toThrow(RangeError);
  });
});
