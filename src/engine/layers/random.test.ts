import { createRandom } from './random.js';

const draw = (count: number, next: () => number): number[] => Array.from({ length: count }, next);

test('the same seed gives the same numbers, another one others', () => {
  expect(draw(5, createRandom(42).uint32)).toEqual(draw(5, createRandom(42).uint32));
  expect(draw(5, createRandom(42).uint32)).not.toEqual(draw(5, createRandom(43).uint32));
  expect(draw(5, createRandom(42).uint32)).not.toEqual(draw(5, createRandom(42 + 2 ** 32).uint32));
});

test('the stream is fixed: stored models can be trained again', () => {
  expect(draw(3, createRandom(1).uint32)).toMatchInlineSnapshot(`
   [
     393288148,
     2174103013,
     3814759091,
   ]
  `);
});

test('uniform numbers fill the unit interval, normal ones have mean 0 and variance 1', () => {
  const random = createRandom(7);
  const uniform = draw(20_000, random.uniform);
  expect(Math.min(...uniform)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...uniform)).toBeLessThan(1);
  expect(uniform.reduce((a, b) => a + b) / uniform.length).toBeCloseTo(0.5, 1);
  const normal = draw(20_000, random.normal);
  expect(normal.reduce((a, b) => a + b) / normal.length).toBeCloseTo(0, 1);
  expect(normal.reduce((a, b) => a + b * b) / normal.length).toBeCloseTo(1, 1);
});

test('below gives each integer about as often', () => {
  const random = createRandom(3);
  const counts = new Array(5).fill(0);
  for (let index = 0; index < 10_000; index++) counts[random.below(5)]++;
  expect(Math.min(...counts)).toBeGreaterThan(1_850);
  expect(Math.max(...counts)).toBeLessThan(2_150);
});

test('a shuffle keeps every value', () => {
  const values = Int32Array.from({ length: 100 }, (_, index) => index);
  const shuffled = createRandom(5).shuffle(values.slice());
  expect(shuffled).not.toEqual(values);
  expect(shuffled.sort()).toEqual(values);
});

test('a fork depends on its label and the seed, not on what was drawn before', () => {
  const fresh = createRandom(9);
  const used = createRandom(9);
  draw(10, used.uint32);
  expect(used.fork('dropout').uint32()).toBe(fresh.fork('dropout').uint32());
  expect(fresh.fork('dropout').uint32()).not.toBe(fresh.fork('shuffle').uint32());
  expect(fresh.fork('dropout').uint32()).not.toBe(createRandom(8).fork('dropout').uint32());
});
