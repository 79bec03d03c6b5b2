import fc from 'fast-check';
import { createCatalogue } from '../products/catalogue.js';
import { PRODUCT_TYPES, type Product } from '../products/product.js';
import { similarProducts } from '../products/similarity.js';
import { behaviourBonus, type InterestEvent, interestOf } from './behaviour.js';
import { candidatesOf } from './candidates.js';
import { createNeighbours } from './neighbours.js';
import { type OwnerCounts, type Popularity, shareOf } from './popularity.js';
import { PopularityCache } from './popularity-cache.js';
import { rerank } from './rerank.js';
import { type ScoreFacts, scoreProducts } from './score.js';

const NOW = new Date('2026-03-01T00:00:00Z');
const DAY = 86_400_000;

function product(code: string, change: Partial<Product> = {}): Product {
  return {
    id: `id-${code}`,
    code,
    name: `Name of ${code}`,
    type: 'fund',
    riskClass: 3,
    expectedYield: 0.04,
    volatility: 0.1,
    termMonths: 24,
    minimumAmount: 100,
    minimumHorizonMonths: 12,
    requiredKnowledge: 1,
    currency: 'EUR',
    attributes: {},
    active: true,
    createdAt: NOW,
    updatedAt: NOW,
    ...change,
  };
}
const counts = (owners: Record<string, number>, users: number): OwnerCounts => ({
  owners: new Map(Object.entries(owners)),
  users,
});
const popularity: Popularity = {
  all: counts({ 'id-A': 30, 'id-B': 60 }, 100),
  bySegment: new Map([[0, counts({ 'id-A': 10 }, 50)]]),
  byTolerance: new Map([[4, counts({ 'id-A': 40 }, 50)]]),
};
const facts = (change: Partial<ScoreFacts> = {}): ScoreFacts => ({
  popularity,
  interest: { product: new Map(), type: new Map() },
  dismissed: new Map(),
  ownedIds: new Set(),
  ...change,
});

describe('candidates', () => {
  const [a, b, c] = [
    product('A'),
    product('B', { type: 'loan', currency: 'USD', expectedYield: null, minimumAmount: 500, riskClass: 1 }),
    product('C', { active: false }),
  ];
  const codes = (filter: Parameters<typeof candidatesOf>[2]) =>
    candidatesOf([a, b, c], new Set(), filter).map(({ code }) => code);

  test.each([
    [{}, ['A', 'B']],
    [{ types: ['loan'] as const }, ['B']],
    [{ types: [] }, []],
    [{ currencies: ['EUR'] }, ['A']],
    [{ minRiskClass: 2 }, ['A']],
    [{ maxRiskClass: 2 }, ['B']],
    [{ amount: 499 }, ['A']],
    [{ amount: 500 }, ['A', 'B']],
    [{ minExpectedYield: 0 }, ['A']],
    [{ maxTermMonths: 23 }, []],
  ])('%j lets pass %j', (filter, expected) => {
    expect(codes(filter)).toEqual(expected);
  });

  test('are not owned', () => {
    expect(candidatesOf([a, b], new Set(['id-A'])).map(({ code }) => code)).toEqual(['B']);
  });
});

describe('recent behaviour', () => {
  const byId = new Map([product('A'), product('B'), product('L', { type: 'loan' })].map((each) => [each.id, each]));
  const event = (change: Partial<InterestEvent>): InterestEvent => ({
    type: 'view',
    productId: 'id-A',
    text: null,
    occurredAt: NOW,
    ...change,
  });
  const bonus = (events: InterestEvent[], code: string) =>
    behaviourBonus(interestOf(events, byId, NOW), byId.get(`id-${code}`)!).bonus;

  test('one view of today adds ln 2 to the product, ln 1.3 to others of its type, nothing to other types', () => {
    const events = [event({})];
    expect(bonus(events, 'A')).toBeCloseTo(Math.log(2), 12);
    expect(bonus(events, 'B')).toBeCloseTo(Math.log(1.3), 12);
    expect(bonus(events, 'L')).toBe(0);
  });

  test('fades by half in a week, and counts no more after 30 days', () => {
    const old = (days: number) => [event({ occurredAt: new Date(NOW.getTime() - days * DAY) })];
    expect(bonus(old(7), 'A')).toBeCloseTo(Math.log(1.5), 12);
    expect(bonus(old(31), 'A')).toBe(0);
  });

  test('counts searches by the words for types that they contain', () => {
    const search = (text: string) => [event({ type: 'search', productId: null, text })];
    expect(bonus(search('cheap Loans for a car'), 'L')).toBeCloseTo(Math.log(1 + 0.3 * 1.5), 12);
    expect(bonus(search('refund'), 'A')).toBe(0);
  });

  test('of other kinds, and of products that are gone, raises nothing', () => {
    expect(bonus([event({ type: 'transaction' }), event({ productId: 'id-gone' })], 'B')).toBe(0);
  });

  test('has a most', () => {
    expect(
      bonus(
        Array.from({ length: 500 }, () => event({})),
        'A',
      ),
    ).toBeCloseTo(Math.log(21), 12);
  });
});

describe('popularity', () => {
  test('is the share of owners, in the segment drawn towards that of the institution', () => {
    const tolerance = (value: number) => ({ kind: 'tolerance' as const, value });
    const segment = { kind: 'segment' as const, value: 0 };
    const overall = (50 * 30.5) / 101;
    expect(shareOf(popularity, 'id-A', undefined)).toEqual({ share: 30.5 / 101, group: null });
    expect(shareOf(popularity, 'id-A', tolerance(4))).toEqual({ share: (40 + overall) / 100, group: 'tolerance' });
    expect(shareOf(popularity, 'id-A', segment)).toEqual({ share: (10 + overall) / 100, group: 'segment' });
    expect(shareOf(popularity, 'id-A', tolerance(5))).toEqual({ share: 30.5 / 101, group: null });
    expect(shareOf(popularity, 'id-new', tolerance(4)).share).toBeGreaterThan(0);
  });

  test('is counted once, served while it is counted again, and kept where counting fails', async () => {
    let now = 0;
    const counted: string[] = [];
    const results = [popularity, new Error('away'), popularity];
    const cache = new PopularityCache(
      async (institution) => {
        counted.push(institution);
        const result = results[counted.length - 1];
        if (result instanceof Error) throw result;
        return result;
      },
      () => now,
    );
    expect(await Promise.all([cache.get('i'), cache.get('i')])).toEqual([popularity, popularity]);
    expect(counted).toHaveLength(1);
    now = 6 * 60_000;
    expect(await cache.get('i')).toBe(popularity);
    await new Promise(setImmediate);
    expect(await cache.get('i')).toBe(popularity);
    await new Promise(setImmediate);
    await cache.get('i');
    expect(counted).toHaveLength(3);
  });

  test('that cannot be counted is counted again for the next one', async () => {
    let calls = 0;
    const cache = new PopularityCache(async () => {
      calls++;
      if (calls === 1) throw new Error('away');
      return popularity;
    });
    await expect(cache.get('i')).rejects.toThrow('away');
    expect(await cache.get('i')).toBe(popularity);
  });
});

test('neighbours are the most similar products that the model knows, as Product.similar has them', () => {
  const number = fc.option(fc.double({ min: 0, max: 5, noNaN: true }));
  const any = fc.record({
    type: fc.constantFrom(...PRODUCT_TYPES),
    riskClass: fc.integer({ min: 1, max: 5 }),
    expectedYield: number,
    volatility: number,
    termMonths: fc.option(fc.integer({ min: 0, max: 60 })),
    minimumAmount: fc.constantFrom(0, 100, 1000),
  });
  fc.assert(
    fc.property(fc.array(any, { minLength: 2, maxLength: 30 }), (changes) => {
      const all = changes.map((change, index) => product(`P${String(index).padStart(2, '0')}`, change));
      const [cold, ...known] = all;
      const positions = new Map(known.map(({ code }, index) => [code, index]));
      const neighbours = createNeighbours()(createCatalogue(1, all), 'model', positions)(cold);
      const similar = similarProducts(cold, known, [], 10);
      expect(neighbours.map(({ similarity }) => similarity.toFixed(9))).toEqual(
        similar.map(({ similarity }) => similarity.toFixed(9)),
      );
    }),
  );
});

describe('scores', () => {
  const [a, b, cold] = [product('A'), product('B', { type: 'bond', riskClass: 1 }), product('X')];
  const positions = new Map([
    ['A', 0],
    ['B', 1],
  ]);
  const neighboursOf = createNeighbours()(createCatalogue(1, [a, b, cold]), 'model', positions);
  const model = { positions, probabilities: Float32Array.of(0.6, 0.1), neighboursOf };

  test('are ln of the probability of the model, plus recent behaviour, less dismissal', () => {
    const interest = { product: new Map([['id-A', 1]]), type: new Map([['fund' as const, 1]]) };
    const dismissed = new Map([['id-B', 0.5]]);
    const [first, second] = scoreProducts([a, b], facts({ model, interest, dismissed }));
    expect(first.logScore).toBeCloseTo(Math.log(0.6) + Math.log(2), 5);
    expect(second.logScore).toBeCloseTo(Math.log(0.1) - 1, 5);
    expect(first.terms.map(({ feature }) => feature)).toEqual(['behaviour.product']);
    expect(second.terms.map(({ feature }) => feature)).toEqual(['feedback.dismissed']);
  });

  test('of a product that the model does not know come from those like it, at half', () => {
    const [scored] = scoreProducts([cold], facts({ model }));
    expect(scored.source).toBe('similarity');
    expect(Math.exp(scored.logScore)).toBeGreaterThan(0.05);
    expect(Math.exp(scored.logScore)).toBeLessThan(0.3);
    expect(scored.terms[0].contribution).toBeCloseTo(scored.logScore, 12);
    expect(scored.terms[0].text).toContain('Name of A');
    const owning = scoreProducts([cold], facts({ model, ownedIds: new Set(['id-A']) }));
    expect(Math.exp(owning[0].logScore)).toBeCloseTo(0.05, 5);
  });

  test('without a model are ln of the share of owners', () => {
    const [scored] = scoreProducts([a], facts({ group: { kind: 'tolerance', value: 4 } }));
    expect(scored).toMatchObject({ source: 'popularity' });
    expect(scored.terms[0].text).toBe('owned by 55 % of users of the same risk tolerance');
    expect(scored.logScore).toBeCloseTo(
      Math.log(shareOf(popularity, 'id-A', { kind: 'tolerance', value: 4 }).share),
      12,
    );
  });

  test('are finite, whatever the model says', () => {
    const nothing = { ...model, probabilities: Float32Array.of(0, 0) };
    for (const { logScore } of scoreProducts([a, b, cold], facts({ model: nothing })))
      expect(Number.isFinite(logScore)).toBe(true);
  });
});

describe('the order', () => {
  const item = fc.record({
    logScore: fc.double({ min: -10, max: 2, noNaN: true }),
    type: fc.constantFrom(...PRODUCT_TYPES),
  });
  const items = fc
    .array(item, { maxLength: 40 })
    .map((all) => all.map(({ logScore, type }, index) => ({ logScore, product: product(`P${index}`, { type }) })));

  test('has every product once, and scores that sum to one', () => {
    fc.assert(
      fc.property(items, (all) => {
        const ranked = rerank(all, 100);
        expect(new Set(ranked.map((each) => each.item.product.id)).size).toBe(all.length);
        expect(ranked.map(({ rank }) => rank)).toEqual(all.map((_, index) => index + 1));
        if (all.length > 0) expect(ranked.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 9);
      }),
    );
  });

  test('is greedy: at each place nothing left has a higher score less its penalty', () => {
    fc.assert(
      fc.property(items, (all) => {
        const above = new Map<string, number>();
        const value = (each: (typeof all)[number]) =>
          each.logScore - Math.min(2, 0.25 * (above.get(each.product.type) ?? 0));
        const left = new Set(all);
        for (const { item: chosen, diversity } of rerank(all, 100)) {
          for (const other of left) expect(value(chosen)).toBeGreaterThanOrEqual(value(other) - 1e-12);
          expect(diversity?.contribution ?? 0).toBeCloseTo(value(chosen) - chosen.logScore, 9);
          left.delete(chosen);
          above.set(chosen.product.type, (above.get(chosen.product.type) ?? 0) + 1);
        }
      }),
    );
  });

  test('does not depend on the order of the input', () => {
    fc.assert(
      fc.property(items, (all) => {
        const order = (list: typeof all) => rerank(list, 10).map((each) => each.item.product.code);
        expect(order([...all].reverse())).toEqual(order(all));
      }),
    );
  });
});
