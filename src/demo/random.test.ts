import { Random } from './random.js';

const draws = <T>(n: number, draw: () => T): T[] => Array.from({ length: n }, draw);
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('Random', () => {
  it('repeats for the same seed, and differs for another', () => {
    const [a, b, c] = [new Random(7), new Random(7), new Random(8)];
    const first = draws(50, () => a.uniform());
    expect(draws(50, () => b.uniform())).toEqual(first);
    expect(draws(50, () => c.uniform())).not.toEqual(first);
  });

  it('forks by label, whatever was drawn before', () => {
    const a = new Random(7);
    const fresh = a.fork('users').uniform();
    draws(10, () => a.uniform());
    expect(a.fork('users').uniform()).toBe(fresh);
    expect(a.fork('events').uniform()).not.toBe(fresh);
  });

  it('gives children that differ, in a row that does not depend on how many are taken', () => {
    const numbers = (random: Random, n: number) => draws(n, () => random.child().uniform());
    const many = numbers(new Random(7), 10_000);
    expect(numbers(new Random(7), 10)).toEqual(many.slice(0, 10));
    expect(new Set(many).size).toBeGreaterThan(9990);
  });

  it('draws from the distributions that it names', () => {
    const random = new Random(3);
    const normals = draws(20_000, () => random.normal());
    expect(mean(normals)).toBeCloseTo(0, 1);
    expect(mean(normals.map((value) => value * value))).toBeCloseTo(1, 1);
    expect(mean(draws(20_000, () => random.poisson(4)))).toBeCloseTo(4, 0);
    expect(mean(draws(20_000, () => random.exponential(2)))).toBeCloseTo(2, 0);
    expect(mean(draws(20_000, () => random.gumbel()))).toBeCloseTo(0.5772, 1);
    expect(mean(draws(20_000, () => (random.pick(['a', 'b'], [1, 3]) === 'b' ? 1 : 0)))).toBeCloseTo(0.75, 1);
    for (const value of draws(1000, () => random.uniform())) {
      expect(value).toBeGreaterThan(0);
      expect(value).toBeLessThan(1);
    }
  });

  it('makes well-formed uuids of version 8', () => {
    const random = new Random(5);
    const ids = draws(1000, () => random.uuid());
    expect(new Set(ids).size).toBe(1000);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
