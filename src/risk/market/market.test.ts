import fc from 'fast-check';
import { createRandom } from '../../engine/layers/random.js';
import { FREQUENCIES, type PricePoint, priceHistory, suspectedSplit } from './history.js';
import { maxDrawdown, priceFiguresOf, TAIL } from './price-figures.js';
import { CREDIT_QUALITY_STEP, effectiveRiskClass, type PricedProduct, riskFiguresOf } from './risk-figures.js';
import {
  creditRiskMeasure,
  marketRiskMeasure,
  riskClassOfIndicator,
  summaryRiskIndicator,
  varEquivalentVolatility,
  varReturnSpace,
} from './sri.js';
import { cornishFisher, cornishFisherTail, historicalTail, momentsOf } from './tail.js';

const DAY = 86_400_000;
const END = Date.parse('2026-01-30');
const Z = -1.959963984540054;

/** The last prices before END, one every so many days, made of logarithmic returns. @param skip days left out: weekends */
function series(returns: readonly number[], days: number): PricePoint[] {
  const prices = [100];
  for (const change of returns) prices.push(prices[prices.length - 1] * Math.exp(change));
  return prices.map((price, index) => ({ day: isoDay(END - (prices.length - 1 - index) * days * DAY), price }));
}
const isoDay = (time: number) => new Date(time).toISOString().slice(0, 10);

/** Monday to Friday of so many years, without weekends. */
function workdays(years: number, price: (index: number) => number): PricePoint[] {
  const points: PricePoint[] = [];
  for (let time = END - Math.round(years * 365.25) * DAY; time <= END; time += DAY) {
    if (new Date(time).getUTCDay() % 6 === 0) continue;
    points.push({ day: isoDay(time), price: price(points.length) });
  }
  return points;
}

const months = (count: number, price: (index: number) => number): PricePoint[] =>
  Array.from({ length: count }, (_, index) => ({
    day: isoDay(Date.UTC(2026, 1 - count + index + 1, 0)),
    price: price(index),
  }));

function normals(count: number, sigma: number, mean = 0, seed = 1): number[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => mean + sigma * random.normal());
}

describe('moments', () => {
  test('by hand: deviation divided by the count, standardised third and fourth', () => {
    // of 1, 2, 3, 10: mean 4; squares 9 + 4 + 1 + 36 = 50; cubes −27 − 8 − 1 + 216 = 180; fourth powers 81 + 16 + 1 + 1296 = 1394
    const { mean, deviation, skewness, kurtosis } = momentsOf(Float64Array.of(1, 2, 3, 10));
    expect([mean, deviation]).toEqual([4, Math.sqrt(12.5)]);
    expect(skewness).toBeCloseTo(45 / 12.5 ** 1.5, 12);
    expect(kurtosis).toBeCloseTo(348.5 / 12.5 ** 2 - 3, 12);
  });

  test('of what does not vary are 0, rounding or not', () => {
    expect(momentsOf(new Float64Array(30).fill(0.1 + 0.2))).toMatchObject({ deviation: 0, skewness: 0, kurtosis: 0 });
    const constant = Float64Array.from({ length: 300 }, (_, i) =>
      Math.log((100 * 1.0001 ** (i + 1)) / (100 * 1.0001 ** i)),
    );
    expect(momentsOf(constant)).toMatchObject({ deviation: 0, skewness: 0, kurtosis: 0 });
  });
});

describe('the historical tail', () => {
  test('by hand: of 100 returns the worst 2.5 are two and a half', () => {
    const returns = Float64Array.from({ length: 100 }, (_, i) => (i - 50) / 100); // −.50, −.49, −.48, …
    const { valueAtRisk, expectedShortfall } = historicalTail(returns, 0.025);
    expect(valueAtRisk).toBe(0.48);
    expect(expectedShortfall).toBeCloseTo((0.5 + 0.49 + 0.5 * 0.48) / 2.5, 12);
  });

  test('of a whole number of worst cases is their mean, of fewer than one case the worst', () => {
    const returns = Float64Array.of(-0.3, -0.1, 0, 0.2, 0.1, 0.05, 0.01, 0.02, 0.03, 0.04);
    expect(historicalTail(returns, 0.2)).toEqual({ valueAtRisk: 0.1, expectedShortfall: 0.2 });
    expect(historicalTail(returns, 0.025)).toEqual({ valueAtRisk: 0.3, expectedShortfall: 0.3 });
  });

  test('agrees with counting and averaging repeated returns, and the shortfall is never below the value at risk', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -0.9, max: 0.9, noNaN: true }), { minLength: 1, maxLength: 60 }),
        fc.constantFrom(0.025, 0.05, 0.1),
        (values, alpha) => {
          const { valueAtRisk, expectedShortfall } = historicalTail(Float64Array.from(values), alpha);
          expect(expectedShortfall).toBeGreaterThanOrEqual(valueAtRisk - 1e-12);
          // 40 copies of each make the share a whole number of cases.
          const copies = values.flatMap((value) => Array<number>(40).fill(value)).sort((a, b) => a - b);
          const worst = copies.slice(0, Math.round(copies.length * alpha));
          const mean = worst.reduce((sum, value) => sum + value, 0) / worst.length;
          expect(expectedShortfall).toBeCloseTo(Math.max(0, -mean), 9);
          expect(valueAtRisk).toBe(Math.max(0, -worst[worst.length - 1]) || 0);
        },
      ),
    );
  });
});

describe('the Cornish-Fisher tail', () => {
  const moments = (skewness: number, kurtosis: number) => ({ count: 1, mean: 0, deviation: 0.01, skewness, kurtosis });

  test('of a normal distribution is its own', () => {
    const { valueAtRisk, expectedShortfall } = cornishFisherTail(moments(0, 0), Z, TAIL);
    expect(valueAtRisk).toBeCloseTo(0.01 * 1.959963984540054, 12);
    expect(expectedShortfall).toBeCloseTo(0.01 * 2.337802792, 9); // φ(1.96) / .025
  });

  test.each([
    ['a valid expansion', -0.4, 1.5],
    ['fat tails', 0, 3],
    ['one that must be put in order', -2, 4],
    ['a peaked one', 0.5, 20],
  ])('%s: agrees with many draws', (_, skewness, kurtosis) => {
    const random = createRandom(7);
    const drawn = Float64Array.from(
      { length: 200_000 },
      () => 0.01 * cornishFisher(random.normal(), { skewness, kurtosis }),
    );
    const reference = historicalTail(drawn, TAIL);
    const { valueAtRisk, expectedShortfall } = cornishFisherTail(moments(skewness, kurtosis), Z, TAIL);
    expect(Math.abs(valueAtRisk / reference.valueAtRisk - 1)).toBeLessThan(0.03);
    expect(Math.abs(expectedShortfall / reference.expectedShortfall - 1)).toBeLessThan(0.03);
  });

  test('the shortfall is never below the value at risk', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -4, max: 4, noNaN: true }),
        fc.double({ min: -1.9, max: 40, noNaN: true }),
        (s, k) => {
          const { valueAtRisk, expectedShortfall } = cornishFisherTail(moments(s, k), Z, TAIL);
          expect(expectedShortfall).toBeGreaterThanOrEqual(valueAtRisk - 1e-12);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('the summary risk indicator', () => {
  test('value at risk and equivalent volatility by hand', () => {
    // σ √N = .01 · 16 = .16; −1.96 + .474 · (−.5) / 16 − .0687 · 2 / 256 + .146 · .25 / 256 = −1.9752066; − .5 · .0001 · 256 = −.0128
    const value = varReturnSpace({ count: 1, mean: 0, deviation: 0.01, skewness: -0.5, kurtosis: 2 }, 256);
    expect(value).toBeCloseTo(0.16 * (-1.96 - 0.0148125 - 0.00053671875 + 0.000142578125) - 0.0128, 12);
    expect(varEquivalentVolatility(-0.5, 4)).toBeCloseTo((Math.sqrt(4.842) - 1.96) / 2, 12);
  });

  test('of normal returns the equivalent volatility is the volatility', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 0.9, noNaN: true }), fc.integer({ min: 1, max: 10 }), (sigma, years) => {
        const daily = { count: 1, mean: 0, deviation: sigma / 16, skewness: 0, kurtosis: 0 };
        // The regulation rounds 1.96² = 3.8416 to 3.842.
        expect(varEquivalentVolatility(varReturnSpace(daily, 256 * years), years)).toBeCloseTo(sigma, 3);
      }),
    );
  });

  test('agrees with a Monte-Carlo value at risk over the holding period', () => {
    // Skewed daily returns: a sum of 64 days, by the moments of one day and by drawing whole periods.
    const random = createRandom(3);
    const day = () => (random.normal() ** 2 - 1) * -0.005 + 0.008 * random.normal();
    const daily = momentsOf(Float64Array.from({ length: 100_000 }, day));
    const sums = Float64Array.from({ length: 20_000 }, () => {
      let sum = 0;
      for (let i = 0; i < 64; i++) sum += day();
      return sum;
    }).sort();
    const drawn = sums[500]; // 2.5 % of 20,000; the formula subtracts σ²N/2, which the drawn mean of 0 lacks
    const drift = 0.5 * daily.deviation ** 2 * 64;
    expect(varReturnSpace(daily, 64) + drift).toBeCloseTo(drawn, 2);
  });

  test.each([
    [0, 1],
    [0.00499, 1],
    [0.005, 2],
    [0.05, 3],
    [0.1199, 3],
    [0.12, 4],
    [0.2, 5],
    [0.3, 6],
    [0.8, 7],
    [2, 7],
  ])('a volatility of %d is market risk %d', (volatility, expected) => {
    expect(marketRiskMeasure(volatility, true)).toBe(expected);
    expect(marketRiskMeasure(volatility, false)).toBe(Math.max(6, expected));
  });

  test('credit risk by step and term, and both together', () => {
    expect([0, 1, 2, 3, 4, 5, 6].map((step) => creditRiskMeasure(step, 1))).toEqual([1, 1, 1, 2, 3, 4, 6]);
    expect([0, 1, 2, 3, 4, 5, 6].map((step) => creditRiskMeasure(step, 12))).toEqual([1, 1, 2, 3, 4, 5, 6]);
    expect([0, 1, 2, 3, 4, 5, 6].map((step) => creditRiskMeasure(step, null))).toEqual([1, 1, 2, 3, 5, 6, 6]);
    expect([1, 2, 3, 4, 5, 6].map((credit) => summaryRiskIndicator(1, credit))).toEqual([1, 1, 3, 5, 5, 6]);
    expect([1, 2, 3, 4, 5, 6].map((credit) => summaryRiskIndicator(6, credit))).toEqual([6, 6, 6, 6, 6, 6]);
    expect([1, 2, 3, 4, 5, 6, 7].map(riskClassOfIndicator)).toEqual([1, 2, 3, 4, 5, 5, 5]);
  });

  test('never falls where market or credit risk rises', () => {
    for (let market = 1; market <= 7; market++)
      for (let credit = 1; credit <= 6; credit++) {
        const here = summaryRiskIndicator(market, credit);
        if (market < 7) expect(summaryRiskIndicator(market + 1, credit)).toBeGreaterThanOrEqual(here);
        if (credit < 6) expect(summaryRiskIndicator(market, credit + 1)).toBeGreaterThanOrEqual(here);
      }
  });
});

describe('a price history', () => {
  const flat = () => 100;

  test.each([
    ['two years of workdays', workdays(2, flat), 'daily', true],
    ['a year and a half of workdays', workdays(1.5, flat), 'daily', false],
    ['four years of weeks', series(Array(209).fill(0), 7), 'weekly', true],
    ['three years of weeks', series(Array(156).fill(0), 7), 'weekly', false],
    ['five years of months', months(61, flat), 'monthly', true],
    ['four years of months', months(49, flat), 'monthly', false],
    ['twice a month for five years', series(Array(121).fill(0), 15), 'monthly', true],
    ['quarters', series(Array(20).fill(0), 91), 'rare', false],
  ])('%s', (_, points, frequency, sufficient) => {
    expect(priceHistory(points)).toMatchObject({ frequency, sufficient });
  });

  test('is that of the past five years, in whatever order it comes', () => {
    const points = months(100, (index) => 100 + index);
    const history = priceHistory([...points].reverse());
    expect(history.points).toEqual(points.slice(-61));
    expect(history.returns).toHaveLength(60);
    expect(history.returns[59]).toBeCloseTo(Math.log(199 / 198), 12);
  });

  test('keeps what was lost over a gap, counts it, and is not sufficient when too much is missing', () => {
    const all = workdays(2.2, flat);
    const suspended = all
      .filter((_, index) => index < 300 || index >= 320)
      .map((point, index) => (index < 300 ? point : { ...point, price: 40 }));
    const { returns, gaps, sufficient } = priceHistory(suspended);
    expect(Math.min(...returns)).toBeCloseTo(Math.log(0.4), 12);
    expect({ gaps, sufficient }).toEqual({ gaps: 1, sufficient: true });
    const holes = all.filter((_, index) => index % 250 < 150);
    expect(priceHistory(holes)).toMatchObject({ frequency: 'daily', sufficient: false });
  });

  test.each([
    ['zero', { day: '2026-01-02', price: 0 }, /above 0/],
    ['a negative price', { day: '2026-01-02', price: -5 }, /above 0/],
    ['infinity', { day: '2026-01-02', price: Number.POSITIVE_INFINITY }, /above 0/],
    ['no number', { day: '2026-01-02', price: Number.NaN }, /above 0/],
    ['no day', { day: '2026-02-30', price: 5 }, /no day/],
    ['a day twice', { day: '2026-01-01', price: 5 }, /twice/],
  ])('refuses %s', (_, point, message) => {
    expect(() => priceHistory([{ day: '2026-01-01', price: 5 }, point])).toThrow(message);
  });

  test('a split that prices are not adjusted for is suspected, a fall by less than half is not', () => {
    const at = (...prices: number[]) => prices.map((price, index) => ({ day: `2026-01-0${index + 1}`, price }));
    expect(suspectedSplit(at(100, 101, 50.4))).toMatchObject({ from: { price: 101 }, to: { day: '2026-01-03' } });
    expect(suspectedSplit(at(10, 100))).toBeDefined();
    expect(suspectedSplit(at(90, 60))).toBeDefined();
    expect(suspectedSplit(at(100, 75, 57, 43))).toBeUndefined();
    expect(suspectedSplit(at(100, 56))).toBeUndefined();
    expect(suspectedSplit(at(100, 50, 51), (day) => day === '2026-01-03')).toBeUndefined();
  });
});

describe('the figures', () => {
  test('of alternating months by hand', () => {
    // 60 returns of ln 1.1 and −ln 1.1 in turn: σ = ln 1.1, no skewness, M4/σ⁴ = 1
    const figures = priceFiguresOf(months(61, (index) => (index % 2 ? 110 : 100)));
    expect(figures).toMatchObject({
      frequency: 'monthly',
      observations: 60,
      asOf: '2026-01-31',
      from: '2021-01-31',
      sufficient: true,
    });
    expect(figures?.moments.deviation).toBeCloseTo(Math.log(1.1), 12);
    expect(figures?.moments.skewness).toBeCloseTo(0, 12);
    expect(figures?.moments.kurtosis).toBeCloseTo(-2, 12);
    expect(figures?.maxDrawdown).toBeCloseTo(1 - 100 / 110, 12);
    expect(figures?.valueAtRisk).toBeCloseTo(1 - 100 / 110, 12);
    expect(figures?.expectedShortfall).toBeCloseTo(1 - 100 / 110, 12);
  });

  test('maximum drawdown agrees with every pair of days', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.01, max: 1000, noNaN: true }), { minLength: 1, maxLength: 40 }),
        (prices) => {
          let worst = 0;
          prices.forEach((peak, i) => {
            for (const price of prices.slice(i)) worst = Math.max(worst, 1 - price / peak);
          });
          expect(maxDrawdown(prices.map((price) => ({ day: '', price })))).toBeCloseTo(worst, 12);
        },
      ),
    );
  });

  test('the same process is as volatile by day, week and month', () => {
    const sigma = 0.18;
    const walk = (count: number, periods: number, seed: number) => normals(count, sigma / Math.sqrt(periods), 0, seed);
    const cumulated = (returns: number[]) => {
      let sum = 0;
      return returns.map((value) => {
        sum += value;
        return 100 * Math.exp(sum);
      });
    };
    const daily = cumulated(walk(1400, 256, 2));
    const monthly = cumulated(walk(61, 12, 5));
    const histories = {
      daily: workdays(5, (index) => daily[index]),
      weekly: series(walk(260, 52, 4), 7),
      monthly: months(61, (index) => monthly[index]),
    };
    for (const [frequency, points] of Object.entries(histories)) {
      const figures = riskFiguresOf({ ...fund, priceFigures: priceFiguresOf(points) })!;
      const error = 4 / Math.sqrt(2 * figures.observations);
      expect(figures.frequency).toBe(frequency);
      expect(Math.abs(figures.volatility / sigma - 1)).toBeLessThan(error);
      expect(Math.abs(figures.varEquivalentVolatility / sigma - 1)).toBeLessThan(error + 0.05);
      expect(figures.observations).toBeLessThanOrEqual(5 * FREQUENCIES[figures.frequency as 'daily'].periods + 50);
    }
  });

  test('of fewer than twelve returns there are none', () => {
    expect(priceFiguresOf(months(12, () => 100))).toBeUndefined();
    expect(priceFiguresOf(months(13, () => 100))).toBeDefined();
    expect(priceFiguresOf([])).toBeUndefined();
    expect(riskFiguresOf(fund)).toBeUndefined();
  });

  test('survive being stored', () => {
    const figures = priceFiguresOf(series(normals(260, 0.02), 7));
    expect(JSON.parse(JSON.stringify(figures))).toEqual(figures);
  });
});

const fund: PricedProduct = { type: 'fund', riskClass: 2, termMonths: null, minimumHorizonMonths: 60, attributes: {} };

describe('the class of a product', () => {
  const priced = (sigma: number, rest: Partial<PricedProduct> = {}): PricedProduct => ({
    ...fund,
    priceFigures: priceFiguresOf(series(normals(260, sigma / Math.sqrt(52)), 7)),
    ...rest,
  });

  test('is the higher of the stated one and that of its prices', () => {
    expect(riskFiguresOf(priced(0.16))).toMatchObject({ marketRisk: 4, creditRisk: 1, sri: 4, riskClass: 4 });
    expect(effectiveRiskClass(priced(0.16))).toBe(4);
    expect(effectiveRiskClass(priced(0.16, { riskClass: 5 }))).toBe(5);
    expect(effectiveRiskClass(fund)).toBe(2);
    expect(effectiveRiskClass(priced(0.4, { type: 'loan' }))).toBe(2);
  });

  test('is that of category 1 where the history is too short', () => {
    const priceFigures = priceFiguresOf(series(normals(100, 0.001), 7));
    expect(riskFiguresOf({ ...fund, priceFigures })).toMatchObject({
      sufficient: false,
      marketRisk: 6,
      sri: 6,
      riskClass: 5,
    });
  });

  test('of a bond follows who owes the money; without a step the regulation assumes one', () => {
    const bond = (step?: number | string) =>
      riskFiguresOf(
        priced(0.04, {
          type: 'bond',
          termMonths: 60,
          attributes: step === undefined ? {} : { [CREDIT_QUALITY_STEP]: step },
        }),
      );
    expect(bond(1)).toMatchObject({ creditRisk: 1, creditQualityStep: 1, creditAssumed: false, sri: 2, riskClass: 2 });
    expect(bond('3')).toMatchObject({ creditRisk: 3, sri: 3 });
    expect(bond(5)).toMatchObject({ creditRisk: 5, sri: 5, riskClass: 5 });
    expect(bond()).toMatchObject({ creditRisk: 5, creditQualityStep: 5, creditAssumed: true, sri: 5 });
    expect(bond(9)).toMatchObject({ creditQualityStep: 5, creditAssumed: true });
    expect(riskFiguresOf(priced(0.001, { type: 'deposit' }))).toMatchObject({
      creditQualityStep: 3,
      creditRisk: 2,
      sri: 1,
    });
  });
});
