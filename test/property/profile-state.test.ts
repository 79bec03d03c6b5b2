import fc from 'fast-check';
import { PRODUCT_TYPES } from '../../src/products/product.js';
import { FEATURE_NAMES, featuresOf } from '../../src/profiles/features.js';
import { applyEvents, EVENT_TYPES, emptyState, HISTORY_WEEKS, type ProfileEvent } from '../../src/profiles/state.js';

const NOW = Date.parse('2026-06-17T12:00:00Z');
const YEARS = 4 * 365 * 86_400_000;

const event: fc.Arbitrary<ProfileEvent> = fc.record({
  type: fc.constantFrom(...EVENT_TYPES),
  occurredAt: fc.integer({ min: NOW - YEARS, max: NOW }),
  amount: fc.option(fc.integer({ min: -1e8, max: 1e8 }).map((cents) => cents / 100)),
  durationSeconds: fc.option(fc.double({ min: 0, max: 3_600, noNaN: true })),
  product: fc.option(fc.record({ type: fc.constantFrom(...PRODUCT_TYPES), riskClass: fc.integer({ min: 1, max: 5 }) })),
});

/** Events, and the same in another order, cut into batches. */
const regrouped = fc.array(event, { maxLength: 60 }).chain((events) =>
  fc.record({
    events: fc.constant(events),
    shuffled: fc.shuffledSubarray(events, { minLength: events.length, maxLength: events.length }),
    cuts: fc.array(fc.nat({ max: events.length }), { maxLength: 5 }),
  }),
);

function inBatches(events: readonly ProfileEvent[], cuts: readonly number[]) {
  const ends = [...new Set([...cuts, events.length])].sort((a, b) => a - b);
  let [state, start] = [emptyState(), 0];
  for (const end of ends) {
    // as it is stored between two batches
    state = JSON.parse(JSON.stringify(applyEvents(state, events.slice(start, end))));
    start = end;
  }
  return state;
}

/** Equal up to the rounding of sums: nothing is ever subtracted. */
function expectClose(actual: unknown, expected: unknown): void {
  if (typeof expected === 'number' && typeof actual === 'number')
    expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-9 * Math.abs(expected) + 1e-12);
  else if (typeof expected === 'object' && expected !== null) {
    expect(Object.keys(actual as object).sort()).toEqual(Object.keys(expected).sort());
    for (const [key, value] of Object.entries(expected)) expectClose((actual as Record<string, unknown>)[key], value);
  } else expect(actual).toEqual(expected);
}

test('events in any order and any batches give the same state', () => {
  fc.assert(
    fc.property(regrouped, ({ events, shuffled, cuts }) => {
      expectClose(inBatches(shuffled, cuts), applyEvents(emptyState(), events));
    }),
    { seed: 20260617, numRuns: 300 },
  );
});

test('and the same features, none of which is NaN or infinite', () => {
  fc.assert(
    fc.property(regrouped, fc.nat({ max: 2 * 365 }), ({ events, shuffled, cuts }, days) => {
      const now = new Date(NOW + days * 86_400_000);
      const [whole, pieces] = [applyEvents(emptyState(), events), inBatches(shuffled, cuts)].map((s) =>
        featuresOf(s, now),
      );
      for (const name of FEATURE_NAMES) {
        expect(whole[name] === null || Number.isFinite(whole[name])).toBe(true);
        expect(whole[name] === null).toBe(pieces[name] === null);
        const [a, b] = [whole[name] ?? 0, pieces[name] ?? 0];
        expect(Math.abs(a - b)).toBeLessThanOrEqual(2e-6 * Math.max(1, Math.abs(a)));
      }
    }),
    { seed: 20260617, numRuns: 200 },
  );
});

test('applying changes no state that was given, and keeps no more than two years of weeks', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), fc.array(event, { maxLength: 30 }), (first, second) => {
      const before = applyEvents(emptyState(), first);
      const copy = structuredClone(before);
      const after = applyEvents(before, second);
      expect(before).toEqual(copy);
      expect(Object.keys(after.weeks).length).toBeLessThanOrEqual(HISTORY_WEEKS);
    }),
    { seed: 20260617, numRuns: 100 },
  );
});
