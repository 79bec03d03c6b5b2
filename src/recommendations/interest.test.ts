import type { ActiveModel } from '../models/model-version.js';
import { interestOf } from './interest.js';

const model = {
  handle: 'm/1',
  positions: new Map([
    ['A', 0],
    ['B', 1],
    ['C', 2],
  ]),
} as unknown as ActiveModel;
const row = { values: {}, owned: ['A'] };

function scorer(retrieves: boolean) {
  const asked: string[] = [];
  const scoring = {
    async scoreInterest() {
      asked.push('score');
      return [Float32Array.of(0.5, 0.4, 0.6)];
    },
    async retrieve() {
      asked.push('retrieve');
      return retrieves ? [{ product: 'C', probability: 1 }] : undefined;
    },
  };
  return { scoring, asked };
}

test('all products are scored of a catalogue that is not too large', async () => {
  const { scoring, asked } = scorer(true);
  const { positions, probabilities } = await interestOf(scoring, model, row);
  expect(positions).toBe(model.positions);
  expect(probabilities).toHaveLength(3);
  expect(asked).toEqual(['score']);
});

test('of a larger one the best are retrieved', async () => {
  const { scoring, asked } = scorer(true);
  const { positions, probabilities } = await interestOf(scoring, model, row, 2);
  expect([...positions]).toEqual([['C', 0]]);
  expect([...probabilities]).toEqual([1]);
  expect(asked).toEqual(['retrieve']);
});

test('a model that has to score all does so, however large the catalogue', async () => {
  const { scoring, asked } = scorer(false);
  expect((await interestOf(scoring, model, row, 2)).positions).toBe(model.positions);
  expect(asked).toEqual(['retrieve', 'score']);
});
