import { rateFactor } from './schedule.js';

const at = (change: object) => ({ epochs: 0, maxEpochs: 10, sinceBest: 0, patience: 4, warmup: 0, ...change });

test('a constant rate stays as it is', () => {
  expect([0, 3, 10].map((epochs) => rateFactor('constant', at({ epochs })))).toEqual([1, 1, 1]);
});

test('half a cosine goes from 1 to 0', () => {
  const factors = [0, 5, 10, 12].map((epochs) => rateFactor('cosine', at({ epochs })));
  factors.forEach((factor, index) => {
    expect(factor).toBeCloseTo([1, 0.5, 0, 0][index], 12);
  });
});

test('on a plateau the rate is halved each time that half the patience has passed', () => {
  expect([0, 1, 2, 3, 4].map((sinceBest) => rateFactor('plateau', at({ sinceBest })))).toEqual([1, 1, 0.5, 0.5, 0.25]);
});

test('a rate that warms up rises from 0 and then follows its schedule', () => {
  expect([0, 1, 2, 5].map((epochs) => rateFactor('constant', at({ epochs, warmup: 2 })))).toEqual([0, 0.5, 1, 1]);
});
