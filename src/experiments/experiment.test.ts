import { randomUUID } from 'node:crypto';
import { type Variant, variantOf } from './experiment.js';

const variants: Variant[] = [
  { name: 'champion', share: 0.7, modelVersionId: null },
  { name: 'a', share: 0.2, modelVersionId: randomUUID() },
  { name: 'b', share: 0.1, modelVersionId: randomUUID() },
];
const users = Array.from({ length: 20_000 }, () => randomUUID());

test('users are dealt by the shares', () => {
  const experiment = { id: randomUUID(), variants };
  for (const { name, share } of variants) {
    const dealt = users.filter((user) => variantOf(experiment, user).name === name).length / users.length;
    expect(Math.abs(dealt - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / users.length));
  }
});

test('a user is always in the same variant of an experiment, and in one of another that does not follow from it', () => {
  const [first, second] = [randomUUID(), randomUUID()].map((id) => ({ id, variants }));
  const inB = users.filter((user) => variantOf(first, user).name === 'b');
  expect(inB.every((user) => variantOf(first, user).name === 'b')).toBe(true);
  const again = inB.filter((user) => variantOf(second, user).name === 'b').length / inB.length;
  expect(Math.abs(again - 0.1)).toBeLessThan(5 * Math.sqrt(0.09 / inB.length));
});
