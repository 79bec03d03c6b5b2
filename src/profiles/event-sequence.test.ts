import { eventValues, type LatestEvent } from './event-sequence.js';

const NOW = new Date('2026-06-17T12:00:00Z');
const event = (daysAgo: number, rest: Partial<LatestEvent> = {}): LatestEvent => ({
  userId: 'a',
  type: 'login',
  amount: null,
  durationSeconds: null,
  productId: null,
  occurredAt: NOW.getTime() - daysAgo * 86_400_000,
  ...rest,
});

test('events are told with their product, how long ago they were, and since which event', () => {
  const events = [
    event(5, { type: 'view', productId: 'f', durationSeconds: 30 }),
    event(2, { type: 'deposit', amount: 100 }),
    event(1, { userId: 'b', productId: 'gone' }),
  ];
  const values = eventValues(events, new Map([['f', { type: 'fund', riskClass: 4 } as const]]), NOW);
  expect(values.get('a')).toEqual([
    {
      type: 'view',
      amount: null,
      durationSeconds: 30,
      productType: 'fund',
      riskClass: 4,
      daysBefore: 5,
      gapDays: null,
    },
    {
      type: 'deposit',
      amount: 100,
      durationSeconds: null,
      productType: null,
      riskClass: null,
      daysBefore: 2,
      gapDays: 3,
    },
  ]);
  expect(values.get('b')).toMatchObject([{ productType: null, gapDays: null }]);
  expect(values.get('c')).toBeUndefined();
});

test('an event of a clock that is ahead counts as of now', () => {
  expect(eventValues([event(-0.001)], new Map(), NOW).get('a')).toMatchObject([{ daysBefore: 0 }]);
});
