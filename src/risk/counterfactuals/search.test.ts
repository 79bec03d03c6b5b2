import fc from 'fast-check';
import type { UserRow } from '../../engine/data/dataset.js';
import type { Feature } from '../../engine/encoders/contract.js';
import type { AttributeDescription } from '../../users/attribute-description.js';
import { sigmoid } from '../log-odds.js';
import { actionsOf, assumedActionable, roundWithin } from './actions.js';
import { findCounterfactuals, type Score } from './search.js';
import { costOf, rowOf } from './steps.js';

/** As many training users in each bin. */
const evenly = (edges: readonly number[]) => edges.slice(1).map((_, bin) => 1 - (bin + 0.5) / (edges.length - 1));
const numeric = (column: string, edges: number[], rest: object = {}): Feature =>
  ({
    kind: 'numeric',
    name: column,
    column,
    encoding: 'piecewise',
    edges,
    codes: [],
    missing: true,
    mean: evenly(edges),
    ...rest,
  }) as Feature;
const categorical = (column: string, categories: string[]): Feature =>
  ({ kind: 'categorical', name: column, column, categories, unknown: true, missing: true, mean: [] }) as Feature;
const said = (name: string, actionable: AttributeDescription['actionable']): AttributeDescription => ({
  name,
  label: null,
  labelZh: null,
  actionable,
});
const rowWith = (values: UserRow['values']): UserRow => ({ values, owned: [] });
const scorer =
  (probability: (values: Record<string, number>) => number): Score =>
  async (rows) =>
    Float32Array.from(rows, ({ values }) => probability(values as Record<string, number>));

describe('what a user can change', () => {
  const features = [
    numeric('income', [0, 1000, 2000, 4000, 10_000]),
    numeric('debt', [0, 100, 500, 900]),
    numeric('birthYear', [1940, 1980, 2005]),
    numeric('since', [1, 2, 3], { part: 'days' }),
    numeric('profile.events13w', [0, 5, 50]),
    numeric('pay', [0, 1, 2], { codes: [-1] }),
    numeric('flat', [7]),
    categorical('job', ['baker', 'nurse', 'none']),
    categorical('sex', ['f', 'm']),
  ];
  const row = rowWith({
    ...{ income: 1500, debt: 400, birthYear: 1990, since: '2020-01-01', 'profile.events13w': 3, pay: -1, flat: 7 },
    ...{ job: 'none', sex: 'f' },
  });

  test('is assumed where nobody has said: neither dates, profile features, codes, nor what a name tells to be immutable', () => {
    expect(actionsOf(features, row, []).map(({ column, declared }) => [column, declared])).toEqual([
      ['income', false],
      ['debt', false],
      ['job', false],
    ]);
    const immutable = [
      'age',
      'customerSince',
      'years_employed',
      'MARITAL_STATUS',
      'person.gender',
      'DAYS_BIRTH',
      'profile.x',
    ];
    expect(immutable.map(assumedActionable)).toEqual(immutable.map(() => 'no'));
    const changeable = ['mortgage', 'wage', 'EXT_SOURCE', 'utilisation', 'coverage'];
    expect(changeable.map(assumedActionable)).toEqual(changeable.map(() => 'any'));
  });

  test('follows what the institution says', () => {
    const descriptions = [
      said('income', 'increase'),
      said('debt', 'decrease'),
      said('job', 'no'),
      said('profile.events13w', 'any'),
    ];
    const actions = actionsOf(features, row, descriptions);
    expect(actions.map(({ column }) => column)).toEqual(['income', 'debt', 'profile.events13w']);
    expect(actions[0].candidates.every(({ value }) => Number(value) > 1500)).toBe(true);
    expect(actions[1].candidates.every(({ value }) => Number(value) < 400)).toBe(true);
    expect(actions[2]).toMatchObject({ declared: true, direction: 'any' });
  });

  test('leaves out what is not known, and a category that would have to go up or down', () => {
    expect(actionsOf(features, rowWith({ income: null, job: '' }), [])).toEqual([]);
    expect(actionsOf(features, rowWith({ job: 'none' }), [said('job', 'increase')])).toEqual([]);
  });

  test('stays within the range of training and its categories, whole numbers whole, nearest first', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -1e6, max: 1e6 }), { minLength: 2, maxLength: 60 }),
        fc.integer({ min: -2e6, max: 2e6 }),
        (values, from) => {
          const edges = [...new Set(values)].sort((a, b) => a - b);
          const [action] = actionsOf([numeric('x', edges)], rowWith({ x: from }), []);
          if (!action) return;
          expect(action.candidates.length).toBeLessThanOrEqual(16);
          let last = 0;
          for (const { value, distance } of action.candidates) {
            expect(value).not.toBe(from);
            expect(Number.isInteger(value)).toBe(true);
            expect(Number(value)).toBeGreaterThanOrEqual(edges[0]);
            expect(Number(value)).toBeLessThanOrEqual(edges[edges.length - 1]);
            expect(distance).toBeGreaterThanOrEqual(last);
            last = distance;
          }
        },
      ),
    );
    const [job] = actionsOf([categorical('job', ['baker', 'nurse', 'none'])], rowWith({ job: 'thief' }), []);
    expect(job.candidates.map(({ value }) => value)).toEqual(['baker', 'nurse', 'none']);
  });

  test.each([
    [2143.7, false, 0, 9000, 2140],
    [2143.7, false, 2143.5, 2143.9, 2143.7],
    [0.12345, false, 0, 1, 0.123],
    [3.5, true, 0, 9, 4],
  ])('%d is rounded within its bounds', (value, whole, low, high, expected) => {
    expect(roundWithin(value, whole, low, high)).toBe(expected);
  });
});

describe('the search', () => {
  const features = [
    numeric('a', [0, 1, 2, 3, 4]),
    numeric('b', [0, 10, 20, 30, 40]),
    numeric('c', [0, 0.1, 0.2, 0.3, 0.4]),
    categorical('d', ['x', 'y', 'z']),
  ];
  const row = rowWith({ a: 3.5, b: 35, c: 0.35, d: 'x' });
  const actions = actionsOf(features, row, []);
  const linear = ({ a, b, c, d }: Record<string, number>) =>
    sigmoid(0.5 * a + 0.03 * b + 2 * c + ((d as unknown) === 'y' ? -1 : 0) - 1.5);
  const find = (probability: (values: Record<string, number>) => number, below: number, options = {}) =>
    findCounterfactuals(row, probability(row.values as Record<string, number>), actions, scorer(probability), {
      below,
      ...options,
    });

  test('finds changes that reach the target, as few and small as the best of all combinations of a fine grid', async () => {
    const { alternatives, rows } = await find(linear, 0.5);
    expect(rows).toBeLessThanOrEqual(2000);
    expect(alternatives.length).toBeGreaterThan(1);
    for (const { steps, probability } of alternatives) {
      expect(probability).toBeCloseTo(linear(rowOf(row, steps).values as Record<string, number>), 6);
      expect(probability).toBeLessThan(0.5);
    }
    // The spread of a is 1, of b 10, of c .1; a step costs its distance and .5.
    let best = Number.POSITIVE_INFINITY;
    for (let a = 0; a <= 3.5; a += 0.05)
      for (let b = 0; b <= 35; b += 0.5)
        for (const d of ['x', 'y']) {
          if (linear({ a, b, c: 0.35, d } as never) >= 0.5) continue;
          const [da, db, dd] = [3.5 - a, (35 - b) / 10, d === 'x' ? 0 : 1];
          best = Math.min(best, da + db + dd + 0.5 * [da, db, dd].filter((distance) => distance > 1e-9).length);
        }
    expect(costOf(alternatives[0].steps)).toBeLessThan(1.15 * best);
  });

  test('the alternatives change different things, and none more than another needs', async () => {
    const { alternatives } = await find(linear, 0.6);
    const sets = alternatives.map(({ steps }) => steps.map(({ action }) => action.column));
    expect(sets.length).toBeGreaterThanOrEqual(3);
    for (const [i, columns] of sets.entries())
      for (const [j, others] of sets.entries())
        if (i !== j) expect(others.every((column) => columns.includes(column))).toBe(false);
  });

  test('finds what only two changes together reach', async () => {
    const both = ({ a, b }: Record<string, number>) => (a < 2 && b < 20 ? 0.01 : a < 2 || b < 20 ? 0.6 : 0.7);
    const { alternatives } = await find(both, 0.1);
    expect(alternatives).toHaveLength(1);
    expect(alternatives[0].steps.map(({ action }) => action.column).sort()).toEqual(['a', 'b']);
    const [a, b] = ['a', 'b'].map((column) => Number(rowOf(row, alternatives[0].steps).values[column]));
    expect(a).toBeGreaterThan(1.8); // moved back towards 3.5 as far as it goes
    expect(b).toBeGreaterThan(18);
  });

  test('answers that nothing was found where nothing helps, where it would take too much, and where nothing can be changed', async () => {
    expect((await find(() => 0.7, 0.1)).alternatives).toEqual([]);
    expect((await find((values) => Math.max(0.2, linear(values)), 0.1)).alternatives).toEqual([]);
    const nothing = await findCounterfactuals(row, 0.7, [], scorer(linear), { below: 0.1 });
    expect(nothing).toEqual({ alternatives: [], rows: 1 });
  });

  test('never scores more rows than it may, and asks in batches', async () => {
    const many = Array.from({ length: 150 }, (_, i) =>
      numeric(
        `x${i}`,
        Array.from({ length: 40 }, (_v, edge) => edge),
      ),
    );
    const wide = rowWith(Object.fromEntries(many.map(({ column }) => [column, 39])));
    const sizes: number[] = [];
    const score: Score = async (rows) => {
      sizes.push(rows.length);
      return Float32Array.from(rows, ({ values }) =>
        sigmoid(Object.values(values).reduce<number>((sum, x) => sum + Number(x), 0) / 300 - 10),
      );
    };
    for (const budget of [2000, 100, 5]) {
      sizes.length = 0;
      const { rows } = await findCounterfactuals(wide, 0.99, actionsOf(many, wide, []), score, {
        below: 0.001,
        budget,
      });
      expect(rows).toBeLessThanOrEqual(budget);
      expect(sizes.reduce((sum, size) => sum + size, 1)).toBe(rows);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(250);
    }
  });

  test('whatever the model: each alternative was scored, is below the bound, and changes what may be changed as it may be', async () => {
    const model = fc.record({
      a: fc.double({ min: -2, max: 2, noNaN: true }),
      b: fc.double({ min: -0.2, max: 0.2, noNaN: true }),
      both: fc.double({ min: -0.1, max: 0.1, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(
        model,
        fc.double({ min: 0.05, max: 0.5, noNaN: true }),
        async ({ a: wa, b: wb, both }, below) => {
          const probability = ({ a, b }: Record<string, number>) =>
            sigmoid(wa * (a - 2) + wb * (b - 20) + both * a * Math.abs(b - 17));
          const directed = actionsOf(features, row, [said('a', 'decrease'), said('b', 'increase'), said('d', 'no')]);
          const score = scorer(probability);
          const { alternatives } = await findCounterfactuals(row, 0.9, directed, score, { below });
          for (const { steps, probability: reached } of alternatives) {
            const changed = rowOf(row, steps);
            expect((await score([changed]))[0]).toBe(reached);
            expect(reached).toBeLessThan(below);
            expect(Number(changed.values.a)).toBeLessThanOrEqual(3.5);
            expect(Number(changed.values.b)).toBeGreaterThanOrEqual(35);
            expect(changed.values.d).toBe('x');
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
