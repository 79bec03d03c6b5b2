import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine } from '../../src/engine/engine.js';
import type { Viewer } from '../../src/graphql/viewer.js';
import type { Product } from '../../src/products/product.js';
import { needsQuestionnaire } from '../../src/recommendations/suitability.js';
import { riskFiguresOf } from '../../src/risk/market/risk-figures.js';
import { createServices, NOW, type Services, seedSmall, userIds } from '../support/consortium.js';
import { createInstitution, createProduct, createUser, useTestDatabase } from '../support/database.js';
import { operator, partner } from '../support/viewers.js';

const db = useTestDatabase();
const DAY = 86_400_000;
let engine: Engine;
let services: Services;
let institutions: readonly { id: string; code: string }[];
let viewer: Viewer;
let stranger: Viewer;
let users: string[];

beforeAll(async () => {
  engine = createEngine({ backend: 'onnxruntime', threads: 1 });
  services = createServices(db.database, engine);
  institutions = await seedSmall(db.database);
  viewer = partner(institutions[0].id);
  stranger = partner(institutions[1].id);
  users = await userIds(db.database, institutions[0].id);
  for (const [task, model] of [
    ['interest', 'linear'],
    ['risk', 'logistic'],
  ] as const)
    await services.training.train(operator(), { task, model, institutions, own: false, activate: true });
}, 240_000);

afterAll(() => engine.close());

const refused = (code: string) => expect.objectContaining({ code });
const ask = (userId: string, first = 10, reasons = false) =>
  services.recommendations.recommend(viewer, { userId, first, reasons });
const ownedIds = async (userId: string) =>
  new Set(((await services.users.holdingsOf(viewer, [userId], 1000)).get(userId) ?? []).map((h) => h.productId));
const storedCount = async (userId: string) => {
  const text = 'select count(*)::int as count from concord.recommendations where user_id = $1';
  const [[{ count }]] = await db.database.read<[{ count: number }[]]>(institutions[0].id, { text, values: [userId] });
  return count;
};
const questionnaire = (change: object = {}) => ({
  riskTolerance: 5,
  knowledge: 3,
  horizonMonths: 240,
  investableAmount: 1e7,
  completedAt: new Date(NOW.getTime() - DAY / 24),
  expiresAt: new Date(NOW.getTime() + 100 * DAY),
  ...change,
});

describe('an answer', () => {
  test('ranks suitable products that the user does not own; all scores sum to one', async () => {
    const answer = await ask(users[0], 100);
    expect(answer.strategy).toBe('model');
    expect(answer.items).toHaveLength(Math.min(100, answer.total));
    expect(answer.items.map(({ rank }) => rank)).toEqual(answer.items.map((_, index) => index + 1));
    const owned = await ownedIds(users[0]);
    expect(answer.items.filter(({ product }) => owned.has(product.id))).toEqual([]);
    expect(answer.rejected.every(({ suitability }) => !suitability.suitable)).toBe(true);
    const total = answer.items.reduce((sum, { score }) => sum + score, 0);
    expect(total).toBeLessThanOrEqual(1 + 1e-6);
    if (answer.total < 100) expect(total).toBeCloseTo(1, 5);
  });

  test('explains by contributions that sum, with the base, to the score of the model', async () => {
    const answer = await ask(users[1], 5, true);
    const explained = answer.items.filter(({ source }) => source === 'model');
    expect(explained.length).toBeGreaterThan(0);
    const view = (await services.profiles.scoringViews(viewer, [users[1]])).get(users[1])!;
    await services.models.withActive(institutions[0].id, 'interest', async (model) => {
      const codes = explained.map(({ product }) => product.code);
      const explanations = await engine.scoring.explainInterest(model!.handle, view.row, codes);
      explained.forEach(({ base, reasons }, index) => {
        const own = reasons.filter(({ feature }) => !/^(behaviour|feedback|diversity)/.test(feature));
        const sum = own.reduce((total, { contribution }) => total + contribution, base!);
        expect(sum).toBeCloseTo(explanations[index].score, 4);
        for (const { text } of reasons) expect(text).not.toMatch(/undefined|NaN|null/);
      });
    });
    const unexplained = await ask(users[1], 5, false);
    expect(unexplained.items.every(({ base }) => base === null)).toBe(true);
  });

  test('is narrowed by a filter', async () => {
    const filter = { types: ['deposit', 'account'] as const, maxRiskClass: 1 };
    const answer = await services.recommendations.recommend(viewer, {
      userId: users[2],
      first: 50,
      filter,
      reasons: false,
    });
    expect(answer.items.length).toBeGreaterThan(0);
    expect(answer.items.every(({ product }) => ['deposit', 'account'].includes(product.type))).toBe(true);
  });

  test('of another institution, of nobody, or without the scope is refused', async () => {
    const other = { userId: users[0], first: 10, reasons: false };
    const { recommendations } = services;
    await expect(recommendations.recommend(stranger, other)).rejects.toEqual(refused('NOT_FOUND'));
    await expect(recommendations.recommend(viewer, { ...other, userId: randomUUID() })).rejects.toEqual(
      refused('NOT_FOUND'),
    );
    await expect(recommendations.recommend(undefined, other)).rejects.toEqual(refused('UNAUTHENTICATED'));
    const powerless = partner(institutions[0].id, ['users:write']);
    await expect(recommendations.recommend(powerless, other)).rejects.toEqual(refused('FORBIDDEN'));
  });
});

describe('suitability', () => {
  const suits = (product: Product, q: ReturnType<typeof questionnaire>) =>
    Math.max(product.riskClass, riskFiguresOf(product)?.riskClass ?? 0) <= q.riskTolerance &&
    product.requiredKnowledge <= q.knowledge &&
    product.minimumHorizonMonths <= q.horizonMonths &&
    (product.minimumAmount === 0 || (q.investableAmount !== null && product.minimumAmount <= q.investableAmount));

  test('unsuitable products never appear, whatever the questionnaire', async () => {
    const answers = fc.record({
      riskTolerance: fc.integer({ min: 1, max: 5 }),
      knowledge: fc.integer({ min: 0, max: 3 }),
      horizonMonths: fc.integer({ min: 0, max: 240 }),
      investableAmount: fc.option(fc.integer({ min: 0, max: 50_000 })),
    });
    const user = fc.integer({ min: 20, max: users.length - 1 });
    let minutes = 0;
    await fc.assert(
      fc.asyncProperty(answers, user, async (change, index) => {
        minutes++;
        const completedAt = new Date(NOW.getTime() - DAY + minutes * 60_000);
        const q = questionnaire({ ...change, completedAt });
        await services.profiles.recordQuestionnaire(viewer, users[index], q);
        const answer = await ask(users[index], 100);
        const bad = answer.items.filter(({ product }) => needsQuestionnaire(product) && !suits(product, q));
        expect(bad).toEqual([]);
        for (const { product, suitability } of answer.rejected)
          if (needsQuestionnaire(product)) expect(suits(product, q)).toBe(!suitability.checks.some((c) => !c.passed));
      }),
      { numRuns: 25, seed: 1 },
    );
  });

  test('without a questionnaire, or with an expired one, no investment is recommended, and the answer says why', async () => {
    const userId = await createUser(db.database, institutions[0].id, { attributes: { age: 40, income: 50_000 } });
    const without = await ask(userId, 100);
    expect(without.items.length).toBeGreaterThan(0);
    expect(without.items.filter(({ product }) => needsQuestionnaire(product))).toEqual([]);
    expect(without.rejected.some(({ suitability }) => suitability.checks[0].rule === 'questionnaire')).toBe(true);

    const expired = { completedAt: new Date(NOW.getTime() - 9 * DAY), expiresAt: new Date(NOW.getTime() - 1000) };
    await db.database.tenant(institutions[0].id, (manager) =>
      manager.query(
        `insert into concord.questionnaires (user_id, institution_id, risk_tolerance, knowledge, horizon_months, completed_at, expires_at)
         values ($1, $2, 5, 3, 240, $3, $4)`,
        [userId, institutions[0].id, expired.completedAt, expired.expiresAt],
      ),
    );
    const after = await ask(userId, 100);
    expect(after.items.filter(({ product }) => needsQuestionnaire(product))).toEqual([]);
    const texts = after.rejected.flatMap(({ suitability }) => suitability.checks.map(({ text }) => text));
    expect(texts.some((text) => text.includes('expired on 2026-03-01'))).toBe(true);
  });
});

describe('what users do changes the next answer', () => {
  test('views raise a product at once, and its type', async () => {
    const userId = users[5];
    await services.profiles.recordQuestionnaire(viewer, userId, questionnaire());
    const before = await ask(userId, 100);
    const wanted = before.items[Math.min(before.items.length, 30) - 1];
    const events = Array.from({ length: 5 }, (_, index) => ({
      eventId: `view-${index}`,
      type: 'view' as const,
      userId,
      productId: wanted.product.id,
      occurredAt: new Date(NOW.getTime() - 60_000 * (index + 1)),
    }));
    await services.profiles.recordEvents(viewer, events);
    const after = await ask(userId, 100, true);
    const found = after.items.find(({ product }) => product.id === wanted.product.id)!;
    expect(found.rank).toBeLessThan(wanted.rank);
    expect(found.score).toBeGreaterThan(wanted.score);
    expect(found.reasons.map(({ feature }) => feature)).toContain('behaviour.product');
  });

  test('a purchase takes the product out of the next answer', async () => {
    const userId = users[6];
    const [{ product }] = (await ask(userId)).items;
    await services.profiles.recordEvents(viewer, [
      { eventId: 'buy-1', type: 'purchase', userId, productId: product.id, occurredAt: NOW, amount: 100 },
    ]);
    expect((await ask(userId, 100)).items.map((item) => item.product.id)).not.toContain(product.id);
  });
});

describe('pages', () => {
  test('are consistent: together they are the answer, whatever happens between them', async () => {
    const userId = users[7];
    await services.profiles.recordQuestionnaire(viewer, userId, questionnaire());
    const whole = await ask(userId, 100);
    const first = await ask(userId, 7);
    await services.profiles.recordEvents(viewer, [
      { eventId: 'between', type: 'view', userId, productId: whole.items[20].product.id, occurredAt: NOW },
    ]);
    const seen = first.items.map(({ product }) => product.id);
    let page = first;
    while (page.lastRank < page.total) {
      page = await services.recommendations.continue(
        viewer,
        { userId, first: 9, reasons: true },
        { answerId: first.id, rank: page.lastRank },
      );
      expect(page.id).toBe(first.id);
      seen.push(...page.items.map(({ product }) => product.id));
    }
    expect(seen).toEqual(whole.items.map(({ product }) => product.id));
  });

  test('leave out what has become unsuitable, and stay with their user and filter', async () => {
    const userId = users[8];
    await services.profiles.recordQuestionnaire(viewer, userId, questionnaire());
    const first = await ask(userId, 5);
    const at = { answerId: first.id, rank: 5 };
    const next = (who: Viewer, user: string, filter?: object) =>
      services.recommendations.continue(who, { userId: user, first: 95, reasons: false, filter }, at);
    await services.profiles.recordQuestionnaire(
      viewer,
      userId,
      questionnaire({ riskTolerance: 1, knowledge: 0, completedAt: NOW }),
    );
    const page = await next(viewer, userId);
    expect(page.items.filter(({ product }) => needsQuestionnaire(product) && product.riskClass > 1)).toEqual([]);
    expect(page.lastRank).toBe(Math.min(100, first.total));
    await expect(next(viewer, users[9])).rejects.toEqual(refused('BAD_INPUT'));
    await expect(next(viewer, userId, { types: ['fund'] })).rejects.toEqual(refused('BAD_INPUT'));
    await expect(next(stranger, userId)).rejects.toEqual(refused('NOT_FOUND'));
  });

  test('are written together without losing what another page explains', async () => {
    const userId = users[10];
    const first = await ask(userId, 3, true);
    const pages = [3, 6, 9].map((rank) =>
      services.recommendations.continue(viewer, { userId, first: 3, reasons: true }, { answerId: first.id, rank }),
    );
    await Promise.all(pages);
    const text = 'select items, shown from concord.recommendations where id = $1';
    const [[row]] = await db.database.read<[{ items: { source: string; contributions?: unknown }[]; shown: number }[]]>(
      institutions[0].id,
      { text, values: [first.id] },
    );
    expect(row.shown).toBe(12);
    expect(row.items).toHaveLength(first.total);
    const explained = row.items.slice(0, 12).filter(({ source }) => source === 'model');
    expect(explained.every(({ contributions }) => contributions !== undefined)).toBe(true);
  });
});

describe('fallbacks', () => {
  test('a cold user gets what others of the segment own, marked as such', async () => {
    const userId = await createUser(db.database, institutions[0].id);
    await services.profiles.recordQuestionnaire(viewer, userId, questionnaire({ riskTolerance: 3 }));
    const answer = await ask(userId, 10, true);
    expect(answer).toMatchObject({ strategy: 'cold_user', modelVersionId: null });
    expect(answer.items.length).toBeGreaterThan(0);
    for (const { source, reasons } of answer.items) {
      expect(source).toBe('popularity');
      expect(reasons.map(({ feature }) => feature)).toContain('popularity');
    }
  });

  test('a product that the model does not know is scored as those like it', async () => {
    const productId = await createProduct(db.database, institutions[0].id, {
      code: 'BRAND-NEW',
      name: 'Brand new account',
      type: 'account',
      risk_class: 1,
    });
    await services.products.snapshotWith(viewer, { ids: [productId] });
    const answer = await ask(users[11], 100);
    const found = answer.items.find(({ product }) => product.id === productId)!;
    expect(found).toMatchObject({ source: 'similarity' });
    expect(found.reasons[0].text).toMatch(/new to the model: scored as/);
  });

  test('without any model popularity stands in', async () => {
    const id = await createInstitution(db.database);
    const empty = createServices(db.database, engine);
    jest.spyOn(empty.registry, 'withActive').mockImplementation((_institution, _task, work) => work(undefined));
    await createProduct(db.database, id, { type: 'deposit', risk_class: 1 });
    const userId = await createUser(db.database, id, { attributes: { age: 30 } });
    const answer = await empty.recommendations.recommend(partner(id), { userId, first: 10, reasons: true });
    expect(answer).toMatchObject({ strategy: 'no_model', modelVersionId: null, total: 1 });
  });

  test('an institution without products gets an empty answer', async () => {
    const id = await createInstitution(db.database);
    const userId = await createUser(db.database, id, { attributes: { age: 30 } });
    const answer = await services.recommendations.recommend(partner(id), { userId, first: 10, reasons: true });
    expect(answer).toMatchObject({ items: [], total: 0, lastRank: 0, rejected: [] });
  });
});

describe('feedback', () => {
  test('refers to what was shown, once a kind', async () => {
    const userId = users[12];
    const answer = await ask(userId, 3);
    const about = { recommendationId: answer.id, productId: answer.items[1].product.id };
    const first = await services.feedback.record(viewer, { ...about, kind: 'clicked' });
    expect(first).toMatchObject({ outcome: 'recorded', changed: true, feedback: { kind: 'clicked', userId } });
    const again = await services.feedback.record(viewer, { ...about, kind: 'clicked' });
    expect(again).toEqual({ ...first, changed: false });
    const rated = await services.feedback.record(viewer, { ...about, kind: 'rated', rating: 2 });
    const changed = await services.feedback.record(viewer, { ...about, kind: 'rated', rating: 5 });
    expect(rated).toMatchObject({ feedback: { rating: 2 } });
    expect(changed).toMatchObject({ changed: true, feedback: { rating: 5 } });
    const whole = await ask(userId, 100);
    const unseen = whole.items.find(({ product }) => !answer.items.some((item) => item.product.id === product.id))!;
    const outcome = await services.feedback.record(viewer, { ...about, productId: unseen.product.id, kind: 'viewed' });
    expect(outcome).toEqual({ outcome: 'not_shown' });
  });

  test('by many at once is recorded once', async () => {
    const answer = await ask(users[13], 1);
    const about = { recommendationId: answer.id, productId: answer.items[0].product.id, kind: 'viewed' } as const;
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => services.feedback.record(viewer, about)));
    expect(outcomes.filter((outcome) => outcome.outcome === 'recorded' && outcome.changed)).toHaveLength(1);
  });

  test('that dismisses a product lowers it', async () => {
    const userId = users[14];
    const answer = await ask(userId, 1);
    const { product } = answer.items[0];
    await services.feedback.record(viewer, { recommendationId: answer.id, productId: product.id, kind: 'dismissed' });
    const later = createServices(db.database, engine, () => new Date());
    const next = await later.recommendations.recommend(viewer, { userId, first: 100, reasons: false });
    const found = next.items.find((item) => item.product.id === product.id);
    expect(found?.reasons.map(({ feature }) => feature) ?? ['feedback.dismissed']).toContain('feedback.dismissed');
  });

  test('with a wrong rating, or on an answer of another institution, is refused', async () => {
    const answer = await ask(users[15], 1);
    const about = { recommendationId: answer.id, productId: answer.items[0].product.id };
    const record = (who: Viewer, values: object) =>
      services.feedback.record(who, { ...about, kind: 'viewed', ...values } as never);
    await expect(record(viewer, { kind: 'rated' })).rejects.toEqual(refused('BAD_INPUT'));
    await expect(record(viewer, { rating: 3 })).rejects.toEqual(refused('BAD_INPUT'));
    await expect(record(viewer, { kind: 'rated', rating: 6 })).rejects.toEqual(refused('BAD_INPUT'));
    await expect(record(stranger, {})).rejects.toEqual(refused('NOT_FOUND'));
    const reader = partner(institutions[0].id, ['recommendations:read']);
    await expect(record(reader, {})).rejects.toEqual(refused('FORBIDDEN'));
  });
});

test('warming up loads what the first request needs, and does nothing where there is nothing', async () => {
  const fresh = createServices(db.database, engine);
  await fresh.recommendations.warmUp(institutions[2].id);
  await fresh.recommendations.warmUp(await createInstitution(db.database));
  expect(await storedCount(users[0])).toBeGreaterThan(0); // nothing was answered or removed by it
});

test('every answer is stored, and none for a request that fails', async () => {
  const before = await storedCount(users[16]);
  await Promise.all(Array.from({ length: 10 }, () => ask(users[16], 5)));
  await expect(
    services.recommendations.recommend(stranger, { userId: users[16], first: 5, reasons: false }),
  ).rejects.toEqual(refused('NOT_FOUND'));
  expect(await storedCount(users[16])).toBe(before + 10);
});
