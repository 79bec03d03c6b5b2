import { type CurvePoint, overfittingOf, thinned } from './learning-curve.js';

const curve = (length: number, loss: (step: number) => number, validationLoss: (step: number) => number) =>
  Array.from({ length }, (_, step): CurvePoint => ({ step, loss: loss(step), validationLoss: validationLoss(step) }));

test('a model that knows its training users better than others is told of, with its losses', () => {
  const points = curve(
    20,
    (step) => 0.6 - 0.02 * step,
    (step) => 0.5 + 0.001 * (step - 10) ** 2,
  );
  const warning = overfittingOf('gbdt', [{ name: 'member 1', points }]);
  expect(warning).toContain(
    'gbdt knows the users that it was trained on better than others: log loss 0.400 on them, 0.500',
  );
});

test('a model that is as good on others is not', () => {
  const points = curve(
    20,
    (step) => 0.6 - 0.005 * step,
    (step) => 0.62 - 0.004 * step,
  );
  expect(overfittingOf('dnn', [{ name: 'member 1', points }])).toBeUndefined();
  expect(overfittingOf('dnn', [])).toBeUndefined();
});

test('a long curve keeps its first, best and last points', () => {
  const points = curve(
    5001,
    () => 1,
    (step) => Math.abs(step - 1234),
  );
  const kept = thinned(points);
  expect(kept.length).toBeLessThanOrEqual(202);
  for (const step of [0, 1234, 5000]) expect(kept).toContain(points[step]);
});
