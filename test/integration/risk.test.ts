import { randomUUID } from 'node:crypto';
import { createEngine } from '../../src/engine/create-engine.js';
import type { NumericFeature } from '../../src/engine/encoders/contract.js';
import type { Engine } from '../../src/engine/engine.js';
import type { Viewer } from '../../src/graphql/viewer.js';
import type { RiskAssessment } from '../../src/risk/assessment.js';
import { quantileOf } from '../../src/risk/quantiles.js';
import { createServices, NOW, type Services, seedSmall, userIds } from '../support/consortium.js';
import { createInstitution, createProduct, createUser, useTestDatabase } from '../support/database.js';
import { operator, partner } from '../support/viewers.js';

const db = useTestDatabase();
let engine: Engine;
let services: Services;
let institutions: readonly { id: string; code: string }[];
let viewer: Viewer;
let users: string[];
let fund: string;
let loan: string;

beforeAll(async () => {
  engine = createEngine({ backend: 'onnxruntime', threads: 1 });
  services = createServices(db.database, engine);
  institutions = await seedSmall(db.database);
  viewer = partner(institutions[0].id);
  users = await userIds(db.database, institutions[0].id, 20);
  fund = await createProduct(db.database, institutions[0].id, { volatility: 0.15, expected_yield: 0.05 });
  loan = await createProduct(db.database, institutions[0].id, { type: 'loan', risk_class: 4, term_months: 48 });
}, 120_000);

afterAll(() => engine.close());

const refused = (code: string) => expect.objectContaining({ code });
const logOddsOf = ({ base, reasons }: RiskAssessment) =>
  reasons.reduce((sum, { contribution }) => sum + contribution, base);
const expectSum = (assessment: RiskAssessment) =>
  expect(logOddsOf(assessment)).toBeCloseTo(Math.log(assessment.probability / (1 - assessment.probability)), 4);

/** How the active model reads a column. */
const featureOf = (column: string): Promise<NumericFeature> =>
  services.models.withActive(institutions[0].id, 'risk', async (model) => {
    const feature = model!.features.find((each) => each.column === column);
    if (feature?.kind !== 'numeric') throw new Error(`${column} is not numeric`);
    return feature;
  });

/** A user with the attributes and events of another, some attributes changed. */
async function copyOf(userId: string, change: Record<string, unknown>): Promise<string> {
  const { attributes } = await services.users.one(viewer, userId);
  const copy = await createUser(db.database, institutions[0].id, { attributes: { ...attributes, ...change } });
  await db.database.tenant(institutions[0].id, async (manager) => {
    await manager.query(
      `insert into concord.profiles (institution_id, user_id, features, state, tags)
       select institution_id, $2, features, state, tags from concord.profiles where user_id = $1`,
      [userId, copy],
    );
    await manager.query(
      `insert into concord.holdings (institution_id, user_id, product_id)
       select institution_id, $2, product_id from concord.holdings where user_id = $1`,
      [userId, copy],
    );
  });
  return copy;
}

describe('where no risk model is active', () => {
  test("a user's risk, and that of a loan for a user, are unavailable; the rest is assessed", async () => {
    await expect(services.risk.assess(viewer, { userId: users[0] })).rejects.toEqual(refused('MODEL_UNAVAILABLE'));
    await expect(services.risk.assess(viewer, { userId: users[0], productId: loan })).rejects.toEqual(
      refused('MODEL_UNAVAILABLE'),
    );
    const product = await services.risk.assess(viewer, { productId: loan });
    expect(product).toMatchObject({ subject: 'product', method: 'credit-class', userId: null, modelVersionId: null });
    const pair = await services.risk.assess(viewer, { userId: users[0], productId: fund });
    expect(pair).toMatchObject({ subject: 'user_product', method: 'user-product', modelVersionId: null });
    expectSum(pair);
    expect(pair.reasons.find(({ feature }) => feature === 'userRisk')).toMatchObject({ value: null, contribution: 0 });
  });
});

describe('with an active model', () => {
  let modelId: string;

  beforeAll(async () => {
    const version = await services.training.train(operator(), {
      task: 'risk',
      model: 'logistic',
      institutions,
      own: false,
      activate: true,
    });
    modelId = version.id;
    expect(version).toMatchObject({ institutionId: null, status: 'active', model: 'logistic' });
    expect(version.training).toMatchObject({ institutions: institutions.map(({ code }) => code), seed: 1 });
    expect(version.metrics.auc).toBeGreaterThan(0.4);
  }, 120_000);

  test("a user's reasons sum, with the base, to the log-odds of that very score", async () => {
    const { rows } = await services.profiles
      .scoringViews(viewer, users)
      .then((views) => ({ rows: users.map((id) => views.get(id)!.row) }));
    for (const [index, userId] of users.slice(0, 8).entries()) {
      const assessment = await services.risk.assess(viewer, { userId });
      expect(assessment).toMatchObject({ subject: 'user', method: 'model', modelVersionId: modelId, productId: null });
      expectSum(assessment);
      const quick = await services.risk.quick(institutions[0].id, async () => rows[index]);
      expect(assessment.probability).toBeCloseTo(quick!.probability, 4);
      expect(assessment.class).toBe(quick!.class);
      for (const { text } of assessment.reasons) expect(text).toMatch(/(raises|lowers) the risk$/);
    }
  });

  test('the principal reasons are the largest that raised this very score, and moving one moves the score', async () => {
    let moved = 0;
    for (const userId of users.slice(0, 15)) {
      const before = await services.risk.assess(viewer, { userId });
      const raising = before.reasons.filter(({ contribution }) => contribution > 0);
      expect(before.principalReasons!.map(({ feature }) => feature)).toEqual(
        raising.slice(0, 4).map(({ feature }) => feature),
      );
      expect(await services.risk.one(viewer, before.id)).toEqual(before);
      // Protected, and no input of this model.
      for (const { feature } of before.principalReasons!) expect(['sex', 'birthYear']).not.toContain(feature);
      const factor = before.principalReasons!.find(({ code }) => /_(HIGH|LOW)$/.test(code));
      if (!factor || factor.feature.startsWith('profile.')) continue;
      const usual = quantileOf(await featureOf(factor.feature), 0.5);
      const copy = await copyOf(userId, { [factor.feature]: usual });
      const after = await services.risk.assess(viewer, { userId: copy });
      expect(after.probability).toBeLessThan(before.probability);
      moved++;
    }
    expect(moved).toBeGreaterThan(5);
  });

  test('of a loan for a user they are those of the user and of the loan, of an investment those of the formula', async () => {
    const user = await services.risk.assess(viewer, { userId: users[1] });
    const pair = await services.risk.assess(viewer, { userId: users[1], productId: loan });
    const features = pair.principalReasons!.map(({ feature }) => feature);
    expect(features).not.toContain('userRisk');
    expect(features).toContain('productRisk'); // class 4 is above the reference
    const others = features.filter((feature) => feature !== 'productRisk');
    expect(user.principalReasons!.map(({ feature }) => feature)).toEqual(expect.arrayContaining(others));
    const product = await services.risk.assess(viewer, { productId: fund });
    expect(product.principalReasons![0]).toMatchObject({
      code: 'VOLATILITY_VALUE',
      text: 'Volatility of 15 % raises the risk.',
      textZh: '波动率为 15 %，提高了风险。',
    });
  });

  test('an attribute that is described is told in those words', async () => {
    await services.descriptions.describe(viewer, [
      { name: 'income', label: 'net income', labelZh: '月净收入', actionable: 'increase' },
    ]);
    const userId = await copyOf(users[0], { income: 300 });
    const { principalReasons } = await services.risk.assess(viewer, { userId });
    expect(principalReasons!.find(({ code }) => code === 'INCOME_LOW')).toMatchObject({
      text: 'Net income of 300 is lower than usual, which raises the risk.',
      textZh: '月净收入为 300，低于一般水平，提高了风险。',
    });
  });

  test('a loan for a user is the risk of the user, and what the loan adds', async () => {
    const user = await services.risk.assess(viewer, { userId: users[1] });
    const pair = await services.risk.assess(viewer, { userId: users[1], productId: loan });
    expect(pair).toMatchObject({ method: 'user-credit', modelVersionId: modelId, base: user.base });
    expectSum(pair);
    expect(pair.probability).toBeGreaterThan(user.probability); // class 4 is above the reference
  });

  test('a user of whom nothing is known is assessed all the same', async () => {
    const userId = await createUser(db.database, institutions[0].id);
    const assessment = await services.risk.assess(viewer, { userId });
    expect(assessment.probability).toBeGreaterThan(0);
    expectSum(assessment);
    expectSum(await services.risk.assess(viewer, { userId, productId: fund }));
  });

  test('an expired questionnaire counts as none', async () => {
    const userId = await createUser(db.database, institutions[0].id, { attributes: { income: 3000 } });
    const without = await services.risk.assess(viewer, { userId, productId: fund });
    await db.database.tenant(institutions[0].id, (manager) =>
      manager.query(
        `insert into concord.questionnaires (user_id, institution_id, risk_tolerance, knowledge, horizon_months, completed_at, expires_at)
         values ($1, $2, 5, 3, 240, $3, $4)`,
        [userId, institutions[0].id, new Date('2024-01-01'), NOW],
      ),
    );
    const expired = await services.risk.assess(viewer, { userId, productId: fund });
    expect(expired.probability).toBe(without.probability);
  });

  test('what was assessed is stored, and listed newest first in pages', async () => {
    const userId = users[15];
    const made = [];
    for (const productId of [undefined, fund, loan, undefined])
      made.push((await services.risk.assess(viewer, { userId, productId })).id);
    const page = await services.risk.ofUser(viewer, userId, 3);
    const rest = await services.risk.ofUser(viewer, userId, 3, page[2].key);
    expect([...page, ...rest].map(({ assessment }) => assessment.id)).toEqual(made.reverse());
    expect(await services.risk.one(viewer, made[0])).toEqual(page[0].assessment);
  });

  test('of another institution, unknown, unnamed or without the scope is refused', async () => {
    const stranger = partner(institutions[1].id);
    const { id } = await services.risk.assess(viewer, { userId: users[3] });
    await expect(services.risk.assess(stranger, { userId: users[3] })).rejects.toEqual(refused('NOT_FOUND'));
    await expect(services.risk.assess(stranger, { productId: fund })).rejects.toEqual(refused('NOT_FOUND'));
    await expect(services.risk.one(stranger, id)).rejects.toEqual(refused('NOT_FOUND'));
    await expect(services.risk.ofUser(stranger, users[3], 10)).rejects.toEqual(refused('NOT_FOUND'));
    await expect(services.risk.assess(viewer, { userId: randomUUID() })).rejects.toEqual(refused('NOT_FOUND'));
    await expect(services.risk.assess(viewer, {})).rejects.toEqual(refused('BAD_INPUT'));
    await expect(services.risk.assess(partner(institutions[0].id, []), { userId: users[3] })).rejects.toEqual(
      refused('FORBIDDEN'),
    );
  });
});

describe('training', () => {
  test('the same users, request and seed give the same model', async () => {
    const train = async () => {
      const request = { task: 'interest', model: 'popularity', institutions, own: false, activate: false } as const;
      const { id, metrics } = await services.training.train(operator(), { ...request, seed: 3 });
      return { metrics, digest: (await services.models.weightsOf(operator(), id)).digest };
    };
    expect(await train()).toEqual(await train());
  });

  test("one institution trains its own; the shared model, and others, are the operator's", async () => {
    const [mine, other] = institutions;
    const trainer = partner(mine.id, ['recommendations:read', 'models:read', 'models:write']);
    const train = (who: Viewer, from: readonly { id: string; code: string }[], own: boolean) =>
      services.training.train(who, { task: 'interest', model: 'popularity', institutions: from, own, activate: false });
    expect(await train(trainer, [mine], true)).toMatchObject({ institutionId: mine.id, status: 'active', number: 1 });
    expect(await train(trainer, [mine], true)).toMatchObject({
      institutionId: mine.id,
      status: 'candidate',
      number: 2,
    });
    await expect(train(trainer, [other], true)).rejects.toEqual(refused('FORBIDDEN'));
    await expect(train(trainer, [mine], false)).rejects.toEqual(refused('FORBIDDEN'));
    await expect(train(operator(), institutions, true)).rejects.toEqual(refused('BAD_INPUT'));
    await expect(train(operator(), [], false)).rejects.toEqual(refused('BAD_INPUT'));
    const empty = { id: await createInstitution(db.database), code: 'empty' };
    await expect(train(operator(), [empty], false)).rejects.toEqual(refused('BAD_INPUT'));
  });

  test('is cancelled, and stores nothing then', async () => {
    const stop = new AbortController();
    const before = await services.models.list(operator(), {}, 100);
    const training = services.training.train(
      operator(),
      { task: 'interest', model: 'linear', institutions, own: false, activate: true },
      { signal: stop.signal, onProgress: ({ stage }) => stage.startsWith('training') && stop.abort() },
    );
    await expect(training).rejects.toEqual(refused('CANCELLED'));
    expect(await services.models.list(operator(), {}, 100)).toEqual(before);
  });
});
