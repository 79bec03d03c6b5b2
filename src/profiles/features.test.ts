import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe as describeState, FEATURE_NAMES, FEATURES, featuresOf, INTEREST_FEATURES } from './features.js';
import { applyEvents, DAY, emptyState, type ProfileEvent } from './state.js';

const NOW = new Date('2026-06-17T12:00:00Z'); // a Wednesday
const ago = (days: number) => NOW.getTime() - days * DAY;
const event = (type: ProfileEvent['type'], days: number, rest: Partial<ProfileEvent> = {}): ProfileEvent => ({
  type,
  occurredAt: ago(days),
  amount: null,
  durationSeconds: null,
  product: null,
  ...rest,
});
const features = (...events: ProfileEvent[]) => featuresOf(applyEvents(emptyState(), events), NOW);
const fund = { type: 'fund', riskClass: 3 } as const;
const stock = { type: 'stock', riskClass: 5 } as const;

test('of nothing at all, counts are 0 and the rest is unknown', () => {
  const none = features();
  expect(none).toMatchObject({ events52w: 0, transactionAmount52w: 0, activeWeeks52w: 0 });
  expect(none).toMatchObject({ daysSinceLast: null, meanTransaction52w: null, 'interest.fund': null, trend: null });
  expect(Object.keys(none)).toEqual(FEATURE_NAMES);
});

test('windows hold the week of now and the whole weeks before it', () => {
  const sunday = 2.5; // before Monday, 00:00 UTC
  const state = features(
    event('login', 0),
    event('login', 2),
    event('login', sunday + 21.1),
    event('login', sunday + 91),
  );
  expect(state).toMatchObject({ events4w: 2, events13w: 3, events52w: 4, logins13w: 3, activeWeeks52w: 3 });
});

test('amounts have a direction: in and out, and what is kept', () => {
  const state = features(
    event('transaction', 1, { amount: 1_000 }),
    event('transaction', 2, { amount: -300 }),
    event('deposit', 3, { amount: 200 }),
    event('withdrawal', 4, { amount: 100 }),
    event('purchase', 5, { amount: 5_000, product: fund }),
  );
  expect(state).toMatchObject({
    transactions13w: 2,
    transactionAmount13w: 1_300,
    meanTransaction52w: 650,
    inflow52w: 1_200,
    outflow52w: 400,
    deposits52w: 1,
    tradeAmount52w: 5_000,
  });
  expect(state.savingRate52w).toBeCloseTo(800 / 1_200, 6);
});

test('recency counts days from the latest of its kind', () => {
  const state = features(event('view', 40), event('view', 10), event('sale', 3, { product: fund }));
  expect(state).toMatchObject({ daysSinceFirst: 40, daysSinceView: 10, daysSinceLast: 10, daysSinceTrade: 3 });
  expect(state.daysSinceTransaction).toBeNull();
});

test('the mix is a share that fades with age', () => {
  const state = features(
    event('view', 0, { product: fund, durationSeconds: 30 }),
    event('view', 90, { product: stock, durationSeconds: 60 }),
    event('purchase', 0, { product: stock }),
  );
  expect(state['interest.fund']).toBeCloseTo(1 / 1.5, 6);
  expect(state['interest.stock']).toBeCloseTo(0.5 / 1.5, 6);
  expect(state.interestRiskClass).toBeCloseTo((3 + 0.5 * 5) / 1.5, 6);
  expect(state).toMatchObject({ 'trade.stock': 1, tradeRiskClass: 5, viewSeconds52w: 90, 'interest.bond': 0 });
});

test('what is older than two years counts in what is of all time only', () => {
  const state = applyEvents(emptyState(), [event('login', 0), event('login', 800)]);
  expect(describeState(state, NOW).eventCount).toBe(1);
  expect(featuresOf(state, NOW).daysSinceFirst).toBe(800);
});

test('time goes on without events', () => {
  const state = applyEvents(emptyState(), [event('view', 0, { product: fund })]);
  const later = featuresOf(state, new Date(NOW.getTime() + 3 * 365 * DAY));
  expect(later).toMatchObject({ events52w: 0, daysSinceLast: 1_095, 'interest.fund': null });
});

test('purchases and sales change nothing but features that say that they leak ownership', () => {
  const trades = [
    event('purchase', 1, { amount: 10, product: fund }),
    event('sale', 200, { amount: 20, product: stock }),
  ];
  const others = [event('view', 3, { product: stock }), event('login', 300), event('deposit', 30, { amount: 5 })];
  const [without, withTrades] = [features(...others), features(...others, ...trades)];
  const changed = FEATURE_NAMES.filter((name) => without[name] !== withTrades[name]);
  expect(changed.length).toBeGreaterThan(5);
  expect(changed.filter((name) => INTEREST_FEATURES.includes(name))).toEqual([]);
});

test('every feature is documented with its unit and formula', () => {
  const page = readFileSync(join(process.cwd(), 'docs/profiles.md'), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const documented = rows.map((row) => row.split('|').map((cell) => cell.trim()));
  for (const { name, group, unit, formula, leaksOwnership } of FEATURES) {
    const row = documented.find((cells) => cells[1] === `\`${name}\``);
    expect([name, ...(row?.slice(2, 6) ?? [])]).toEqual([name, group, unit, formula, leaksOwnership ? 'yes' : '']);
  }
});
