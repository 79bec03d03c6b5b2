import { createOptimiser } from './optimiser.js';

const manifest = {
  size: 4,
  entries: [
    { name: 'weight', shape: [1, 2], offset: 0 },
    { name: 'bias', shape: [2], offset: 2 },
  ],
};
const base = { optimiser: 'sgd' as const, learningRate: 0.1, weightDecay: 0, l1: 0 };

function weightsAfter(
  steps: number,
  settings: Partial<Omit<typeof base, 'optimiser'>> & { optimiser?: 'sgd' | 'momentum' | 'adam' },
): number[] {
  const weights = Float32Array.of(1, -1, 1, -1);
  const optimiser = createOptimiser({ ...base, ...settings }, manifest);
  for (let step = 0; step < steps; step++) optimiser.step(weights, Float32Array.of(1, 0, 1, 0));
  return [...weights].map((value) => Number(value.toFixed(5)));
}

describe('optimisers', () => {
  test('SGD steps by the gradient', () => expect(weightsAfter(2, {})).toEqual([0.8, -1, 0.8, -1]));

  test('momentum remembers nine tenths', () => {
    expect(weightsAfter(2, { optimiser: 'momentum' })).toEqual([1 - 0.1 - 0.19, -1, 1 - 0.1 - 0.19, -1]);
  });

  test('Adam steps by the learning rate while the gradient stays the same', () => {
    expect(weightsAfter(3, { optimiser: 'adam' })).toEqual([0.7, -1, 0.7, -1]);
  });

  test('a factor scales the learning rate of one step', () => {
    const weights = Float32Array.of(1, -1, 1, -1);
    const optimiser = createOptimiser({ ...base, weightDecay: 0.5 }, manifest);
    optimiser.step(weights, Float32Array.of(1, 0, 1, 0), 0.5);
    expect([...weights].map((value) => Number(value.toFixed(5)))).toEqual(
      [0.95 * 0.975, -0.975, 0.95, -1].map((value) => Number(value.toFixed(5))),
    );
  });

  test('weight decay shrinks weights and leaves biases', () => {
    expect(weightsAfter(1, { weightDecay: 0.5 })).toEqual([0.855, -0.95, 0.9, -1]);
  });

  test('L1 moves weights to zero and no further', () => {
    expect(weightsAfter(1, { l1: 2 })).toEqual([0.7, -0.8, 0.9, -1]);
    expect(weightsAfter(20, { l1: 2 }).slice(1, 2).map(Math.abs)).toEqual([0]);
  });

  test('a decay of more than everything takes everything', () => {
    expect(weightsAfter(1, { weightDecay: 1000 }).slice(0, 2).map(Math.abs)).toEqual([0, 0]);
  });
});
