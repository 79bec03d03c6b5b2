import type { ModelName } from '../../engine/engine.js';
import { MODELS } from '../../engine/engine.js';
import type { PrivacyFacts, VersionFacts } from './card.js';
import { makeCard } from './make-card.js';
import { cardMarkdown } from './markdown.js';

const AT = new Date('2026-03-01T12:00:00Z');
const central: PrivacyFacts = { federated: false, rounds: 0, spent: [], incomplete: false };

const version = (more: Partial<VersionFacts> = {}): VersionFacts => ({
  id: '4f1c9c1e-0000-4000-8000-000000000001',
  task: 'risk',
  model: 'logistic',
  number: 3,
  status: 'active',
  owner: 'consortium',
  createdAt: AT.toISOString(),
  activatedAt: AT.toISOString(),
  rolledBackAt: null,
  metrics: { auc: 0.78123456, logloss: 0.43 },
  training: { seed: 1, trainingUsers: 900, institutions: ['one', 'two'], settings: { learningRate: 0.01 } },
  digest: 'ab'.repeat(32),
  ...more,
});
const card = (more: Partial<VersionFacts> = {}, privacy = central) =>
  makeCard({ concord: '0.1.0', at: AT, version: version(more), privacy });

test('a card has every point of Annex IV, in order, and leaves open what only a provider can say', () => {
  const { sections } = card();
  const points = sections.map(({ point }) => Number(point.match(/^\d/)![0]));
  expect(points).toEqual([...points].sort((a, b) => a - b));
  expect(new Set(points)).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8, 9]));
  for (const point of ['5', '7', '8'])
    expect(sections.find((section) => section.point === point)!.toComplete.length).toBeGreaterThan(0);
});

test('it says that fairness and drift were not measured where they were not', () => {
  const text = cardMarkdown(card());
  expect(text).toContain('have NOT been measured');
  expect(text).toContain('Drift has not been measured');
  expect(text).toContain('without differential privacy');
  expect(text).toContain('| auc | 0.7812 |');
});

test('what a federation has spent stands in it, institution by institution', () => {
  const spent = [{ institution: 'one', epsilon: 1.23456, delta: 1e-5 }];
  const text = cardMarkdown(card({}, { federated: true, rounds: 12, spent, incomplete: false }));
  expect(text).toContain('trained in 12 rounds');
  expect(text).toContain('| one | 1.235 | 0.00001 |');
  expect(cardMarkdown(card({}, { federated: true, rounds: 0, spent: [], incomplete: false }))).toContain(
    'learned from nobody yet',
  );
});

test.each([...MODELS])('the card of %s is complete', (model: ModelName) => {
  for (const task of ['risk', 'interest'] as const) {
    const text = cardMarkdown(card({ model, task }));
    expect(text).not.toMatch(/undefined|NaN|\[object/);
  }
});

test('names of an institution become no markup', () => {
  const text = cardMarkdown(
    card({ training: { institutions: ['<script>alert(1)</script>', '# heading', 'a|b'], note: 'x|y' } }),
  );
  expect(text).not.toContain('<script>');
  expect(text).not.toMatch(/^# heading/m);
  expect(text).toContain('x\\|y');
});

test('a card is plain JSON', () => {
  expect(JSON.parse(JSON.stringify(card()))).toEqual(card());
});
