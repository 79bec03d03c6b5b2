import { epsilon } from '../../federated/privacy/accountant/epsilon.js';
import { chargeOf } from '../../federated/protocol/charge.js';
import { INTEREST_FEATURES } from '../profiles/features.js';
import { FEATURE_PREFIX } from '../profiles/scoring-view.js';
import { generateReference } from './consortium.js';
import { DEMO_BUDGET, DEMO_DECLARATION, DEMO_RUN } from './federation.js';

const NOW = new Date('2026-03-01T12:00:00Z');

test('every column that is declared is one that users have, and every category of theirs is declared', () => {
  const { records } = generateReference({ now: NOW });
  const inputs = new Set(INTEREST_FEATURES.map((name) => FEATURE_PREFIX + name));
  for (const { name, kind, categories } of DEMO_DECLARATION.columns) {
    if (inputs.has(name)) continue;
    const values = records.map(({ user }) => (user.attributes as unknown as Record<string, unknown>)[name]);
    expect(values).not.toContain(undefined);
    if (kind === 'categorical') expect([...new Set(values)].sort()).toEqual([...(categories ?? [])].sort());
    else expect(values.filter((value) => value !== null && typeof value !== 'number')).toEqual([]);
  }
});

test('the run spends two thirds of the budget, so that something is left to see', () => {
  const { strategy, training, histogram, rounds } = DEMO_RUN;
  const counting = chargeOf({
    strategy: 'histogram',
    training: { ...training, noiseMultiplier: histogram!.noiseMultiplier },
  });
  const learning = Array.from({ length: rounds - 1 }, () => chargeOf({ strategy, training })).flat();
  const spent = epsilon([...counting, ...learning], DEMO_BUDGET.delta);
  expect(spent).toBeCloseTo(5.45, 2);
  expect(spent / DEMO_BUDGET.epsilon).toBeLessThan(0.7);
});
