import { featuresOf } from './features.js';
import { addMonths, checkQuestionnaire, isExpired, type Questionnaire } from './questionnaire.js';
import { applyEvents, DAY, emptyState, type ProfileEvent } from './state.js';
import { tagsOf } from './tags.js';

const NOW = new Date('2026-06-17T12:00:00Z');
const stock = { type: 'stock', riskClass: 5 } as const;

function repeat(count: number, type: ProfileEvent['type'], everyDays: number, rest: Partial<ProfileEvent> = {}) {
  return Array.from({ length: count }, (_, i): ProfileEvent => {
    const occurredAt = NOW.getTime() - i * everyDays * DAY;
    return { type, occurredAt, amount: null, durationSeconds: null, product: null, ...rest };
  });
}

function tags(events: ProfileEvent[], questionnaire?: Questionnaire): Record<string, string> {
  const features = featuresOf(applyEvents(emptyState(), events), NOW);
  return Object.fromEntries(tagsOf(features, questionnaire, NOW).map(({ tag, rule }) => [tag, rule]));
}

const answers = (rest: Partial<Questionnaire>): Questionnaire => ({
  riskTolerance: 3,
  knowledge: 1,
  horizonMonths: 60,
  investableAmount: null,
  completedAt: new Date('2026-03-01T00:00:00Z'),
  expiresAt: new Date('2027-03-01T00:00:00Z'),
  ...rest,
});

test('nobody gets a tag for nothing', () => expect(tags([])).toEqual({}));

test('a rule says what it saw and where the line is', () => {
  expect(tags(repeat(12, 'purchase', 5, { product: stock }))).toEqual({
    'frequent-trader': '12 trades in the last 13 weeks (at least 8)',
    'high-risk': 'mean risk class 5 of the products traded (at least 3.5), and no valid questionnaire',
    'new-customer': 'first event 55 days ago (at most 90)',
  });
});

test('answers go before behaviour, as long as they count', () => {
  const trades = repeat(2, 'purchase', 200, { product: stock });
  expect(tags(trades, answers({ riskTolerance: 2 }))).toMatchObject({
    'low-risk': 'risk tolerance 2 of 5 in the questionnaire of 2026-03-01 (at most 2)',
  });
  expect(tags(trades, answers({ riskTolerance: 3 }))).not.toHaveProperty('high-risk');
  const expired = answers({ riskTolerance: 2, expiresAt: NOW });
  expect(tags(trades, expired)).toHaveProperty('high-risk');
  expect(tags(trades, expired)).not.toHaveProperty('low-risk');
});

test('savers, researchers, digital, high-value, dormant and declining customers are known by what they do', () => {
  expect(
    tags([...repeat(6, 'deposit', 50, { amount: 500 }), ...repeat(2, 'withdrawal', 50, { amount: 300 })]).saver,
  ).toBe(
    'kept 80 % of what came in during the last 52 weeks (at least 20 %): 3,000 in, 600 out, 6 deposits (at least 3)',
  );
  expect(tags(repeat(30, 'view', 1)).researcher).toBe(
    '30 views and searches in the last 13 weeks (at least 30) and 0 trades (at most 1)',
  );
  expect(tags(repeat(26, 'login', 3)).digital).toBe('26 logins in the last 13 weeks (at least 26)');
  expect(tags([], answers({ investableAmount: 300_000 }))['high-value']).toBe(
    '300,000 to invest, as the questionnaire says (at least 250,000)',
  );
  expect(tags(repeat(2, 'transaction', 30, { amount: -200_000 }))['high-value']).toBe(
    'moved 400,000 in transactions and trades in the last 52 weeks (at least 250,000)',
  );
  const past = (events: ProfileEvent[], days: number) =>
    events.map((event) => ({ ...event, occurredAt: event.occurredAt - days * DAY }));
  expect(tags(past(repeat(3, 'login', 9), 200)).dormant).toBe('last event 200 days ago (at least 180)');
  expect(tags(past(repeat(60, 'login', 5), 100)).declining).toBe(
    "activity in the last 13 weeks is 0 % of the year's average (at most 50 %)",
  );
});

test('a questionnaire expires twelve months on, at the end of short months, exclusively', () => {
  expect(addMonths(new Date('2024-02-29T10:00:00Z'), 12).toISOString()).toBe('2025-02-28T10:00:00.000Z');
  expect(addMonths(new Date('2025-12-31T00:00:00Z'), 2).toISOString()).toBe('2026-02-28T00:00:00.000Z');
  expect(isExpired({ expiresAt: NOW }, NOW)).toBe(true);
  expect(isExpired({ expiresAt: new Date(NOW.getTime() + 1) }, NOW)).toBe(false);
});

test('times of a questionnaire that contradict each other are refused', () => {
  const bad = [
    { completedAt: new Date('2026-06-17T13:00:00Z') },
    { expiresAt: new Date('2026-02-01T00:00:00Z') },
    { expiresAt: new Date('2036-03-01T00:00:00Z') },
  ];
  for (const times of bad)
    expect(() => checkQuestionnaire(answers(times), NOW)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
  expect(() => checkQuestionnaire(answers({}), NOW)).not.toThrow();
});
