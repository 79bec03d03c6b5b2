import fc from 'fast-check';
import { compareMeans, compareProportions, holm, isMismatched, wilson } from './significance.js';

describe('a proportion', () => {
  // Newcombe (1998), Statistics in Medicine 17, 857–872, table I: 81 of 263.
  test('has the score interval of the literature', () => {
    const { low, high } = wilson({ successes: 81, trials: 263 });
    expect(low).toBeCloseTo(0.2553, 4);
    expect(high).toBeCloseTo(0.3662, 4);
  });

  test('has an interval that holds it, within 0 and 1', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (trials, share) => {
        const successes = Math.round(share * trials);
        const { low, high } = wilson({ successes, trials });
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(successes / trials + 1e-12);
        expect(high).toBeGreaterThanOrEqual(successes / trials - 1e-12);
      }),
    );
  });
});

describe('two proportions', () => {
  // Newcombe (1998), Statistics in Medicine 17, 873–890, table II (a): 56 of 70 and 48 of 80, method 10.
  test('differ by the interval of the literature', () => {
    const difference = compareProportions({ successes: 56, trials: 70 }, { successes: 48, trials: 80 });
    expect(difference?.value).toBeCloseTo(0.2, 12);
    expect(difference?.interval.low).toBeCloseTo(0.0524, 4);
    expect(difference?.interval.high).toBeCloseTo(0.3339, 4);
    // z = .2 / sqrt(.69333 · .30667 · (1/70 + 1/80)) = 2.6499
    expect(difference?.pValue).toBeCloseTo(0.00805, 4);
  });

  test('say nothing where one is of few users', () => {
    expect(compareProportions({ successes: 20, trials: 29 }, { successes: 2, trials: 5000 })).toBeUndefined();
  });

  test('are never surer at all looks together than at a single one', () => {
    const proportion = fc
      .integer({ min: 30, max: 20_000 })
      .chain((trials) => fc.record({ trials: fc.constant(trials), successes: fc.integer({ min: 0, max: trials }) }));
    fc.assert(
      fc.property(proportion, proportion, (a, b) => {
        const difference = compareProportions(a, b);
        expect(difference!.alwaysValidPValue).toBeGreaterThanOrEqual(difference!.pValue - 1e-9);
      }),
    );
  });

  test('that are equal are found different at any of a thousand looks in fewer than one of twenty experiments', () => {
    const LOOKS = 1000;
    let seed = 1;
    const random = () => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return seed / 2 ** 32;
    };
    let wrong = 0;
    for (let experiment = 0; experiment < 200; experiment++) {
      const counts = { a: 0, b: 0 };
      for (let look = 1; look <= LOOKS; look++) {
        for (let user = 0; user < 10; user++) {
          counts.a += random() < 0.1 ? 1 : 0;
          counts.b += random() < 0.1 ? 1 : 0;
        }
        const difference = compareProportions(
          { successes: counts.a, trials: 10 * look },
          { successes: counts.b, trials: 10 * look },
        );
        if (difference && difference.alwaysValidPValue < 0.05) {
          wrong++;
          break;
        }
      }
    }
    expect(wrong).toBeLessThanOrEqual(10);
  });
});

test('two means are compared by their standard errors', () => {
  const difference = compareMeans({ count: 100, mean: 4.2, variance: 1 }, { count: 400, mean: 4, variance: 1.44 });
  expect(difference?.value).toBeCloseTo(0.2, 12);
  const error = Math.sqrt(0.01 + 0.0036);
  expect(difference?.interval.low).toBeCloseTo(0.2 - 1.959964 * error, 6);
  expect(difference?.pValue).toBeCloseTo(0.08635, 4); // z = 1.71499
});

test('p-values are adjusted as Holm does', () => {
  expect(holm([0.01, 0.04, 0.03])).toEqual([0.03, 0.06, 0.06]);
  expect(holm([])).toEqual([]);
});

test('groups that are smaller than chance explains are noticed', () => {
  expect(
    isMismatched([
      { users: 5000, share: 0.5 },
      { users: 5050, share: 0.5 },
    ]),
  ).toBe(false);
  expect(
    isMismatched([
      { users: 5000, share: 0.5 },
      { users: 4600, share: 0.5 },
    ]),
  ).toBe(true);
  expect(
    isMismatched([
      { users: 20, share: 0.5 },
      { users: 2, share: 0.5 },
    ]),
  ).toBe(false);
});
