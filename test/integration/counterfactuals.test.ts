import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiSchema } from '../../src/app/resolvers.js';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine, ModelName } from '../../src/engine/engine.js';
import { toGlobalId } from '../../src/graphql/relay.js';
import type { Viewer } from '../../src/graphql/viewer.js';
import { InstitutionsService } from '../../src/institutions/institutions.service.js';
import { createPrivacy } from '../../src/privacy/create-privacy.js';
import type { Counterfactuals } from '../../src/risk/counterfactuals/counterfactuals.service.js';
import { createServices, type Services, seedSmall, userIds } from '../support/consortium.js';
import { createInstitution, createUser, useTestDatabase } from '../support/database.js';
import { startHttpServer, type TestHttpServer } from '../support/http-server.js';
import { testLedgerKey } from '../support/ledger-key.js';
import { operator, partner } from '../support/viewers.js';

const db = useTestDatabase();
let engine: Engine;
let services: Services;
let institutions: readonly { id: string; code: string }[];
let viewer: Viewer;
let users: string[];

beforeAll(async () => {
  engine = createEngine({ backend: 'onnxruntime', threads: 1 });
  services = createServices(db.database, engine);
  institutions = await seedSmall(db.database, 0.05);
  viewer = partner(institutions[0].id);
  users = await userIds(db.database, institutions[0].id, 60);
}, 120_000);
afterAll(() => engine.close());

const refused = (code: string) => expect.objectContaining({ code });
const train = (model: ModelName) =>
  services.training.train(operator(), { task: 'risk', model, institutions, own: false, activate: true });

/** What the demo's banks declare that a user can change. */
const DECLARED = {
  income: 'increase',
  assets: 'increase',
  employment: 'any',
  creditUtilisation: 'decrease',
  latePayments: 'decrease',
  savingsRate: 'increase',
} as const;

test('without an active model there are none to be had', async () => {
  await expect(services.counterfactuals.search(viewer, users[0], 'low')).rejects.toEqual(refused('MODEL_UNAVAILABLE'));
});

describe.each<ModelName>(['logistic', 'gbdt'])('by a model of the kind %s', (model) => {
  const answers: Counterfactuals[] = [];

  beforeAll(async () => {
    await train(model);
    for (const userId of users) answers.push(await services.counterfactuals.search(viewer, userId, 'low'));
  }, 240_000);

  test('who is not at low risk is told what would bring them there, within what was declared', () => {
    const needing = answers.filter((answer) => answer.class !== 'low');
    const helped = needing.filter((answer) => answer.alternatives.length > 0);
    expect(needing.length).toBeGreaterThan(5);
    expect(helped.length).toBeGreaterThan(needing.length / 2);
    for (const { columns } of needing)
      for (const { feature, direction, declared } of columns)
        expect([DECLARED[feature as keyof typeof DECLARED], declared]).toEqual([direction, true]);
    for (const { alternatives, below } of helped)
      for (const { changes, probability } of alternatives) {
        expect(probability).toBeLessThan(below);
        expect(changes.length).toBeLessThanOrEqual(4);
        for (const { feature, from, to } of changes) {
          const direction = DECLARED[feature as keyof typeof DECLARED];
          if (direction !== 'any') expect(Number(to) > Number(from)).toBe(direction === 'increase');
        }
      }
  });

  test('who is at low risk is told so, and who cannot be helped is told that too', () => {
    for (const { class: level, alternatives, message, rowsScored } of answers) {
      expect(rowsScored).toBeLessThanOrEqual(2000);
      expect(message === null).toBe(alternatives.length > 0);
      if (level === 'low')
        expect({ message, rowsScored }).toEqual({ message: expect.stringMatching(/already/), rowsScored: 1 });
      else if (alternatives.length === 0) expect(message).toMatch(/^None found/);
    }
  });

  test('a user who has changed so is assessed so', async () => {
    let checked = 0;
    for (const { userId, alternatives } of answers) {
      if (alternatives.length === 0 || checked >= 5) continue;
      const { attributes } = await services.users.one(viewer, userId);
      for (const { changes, probability, class: level } of alternatives) {
        const changed = Object.fromEntries(changes.map(({ feature, to }) => [feature, to]));
        await services.users.update(partner(institutions[0].id), userId, { attributes: { ...attributes, ...changed } });
        const assessed = await services.risk.assess(viewer, { userId });
        expect(assessed.probability).toBeCloseTo(probability, 4);
        expect(assessed.class).toBe(level);
      }
      await services.users.update(partner(institutions[0].id), userId, { attributes });
      checked++;
    }
    expect(checked).toBe(5);
  });

  test('the same question has the same answer', async () => {
    const needing = answers.find(({ alternatives }) => alternatives.length > 0)!;
    expect(await services.counterfactuals.search(viewer, needing.userId, 'low')).toEqual(needing);
  });
});

describe('the answer', () => {
  test('follows what the institution declares, at once', async () => {
    const fresh = await createUser(db.database, institutions[0].id, {
      attributes: { income: 900, creditUtilisation: 1.1, latePayments: 4, savingsRate: -0.1, employment: 'unemployed' },
    });
    const before = await services.counterfactuals.search(viewer, fresh, 'low');
    expect(before.class).not.toBe('low');
    expect(before.columns.length).toBeGreaterThan(3);
    const none = Object.keys(DECLARED).map((name) => ({ name, label: null, labelZh: null, actionable: 'no' as const }));
    const kept = (await services.descriptions.all(viewer)).filter(({ name }) => name in DECLARED);
    await services.descriptions.describe(viewer, none);
    const after = await services.counterfactuals.search(viewer, fresh, 'low');
    expect(after).toMatchObject({
      columns: [],
      alternatives: [],
      rowsScored: 1,
      message: expect.stringMatching(/^None found: nothing/),
    });
    await services.descriptions.describe(viewer, kept);
    expect(await services.counterfactuals.search(viewer, fresh, 'low')).toEqual(before);
  });

  test('of another institution, of nobody, with a target that is none, or without the scope is refused', async () => {
    const stranger = partner(await createInstitution(db.database));
    const search = services.counterfactuals.search.bind(services.counterfactuals);
    await expect(search(stranger, users[0], 'low')).rejects.toEqual(refused('NOT_FOUND'));
    await expect(search(viewer, randomUUID(), 'low')).rejects.toEqual(refused('NOT_FOUND'));
    await expect(search(viewer, users[0], 'high')).rejects.toEqual(refused('BAD_INPUT'));
    await expect(search(partner(institutions[0].id, []), users[0], 'low')).rejects.toEqual(refused('FORBIDDEN'));
    await expect(search(undefined, users[0], 'low')).rejects.toEqual(refused('UNAUTHENTICATED'));
  });
});

describe('descriptions of attributes', () => {
  const description = { name: 'x', label: 'an x', labelZh: '某项', actionable: 'any' as const };

  test('are written by who may write, and seen by their institution only', async () => {
    const other = partner(await createInstitution(db.database));
    expect(await services.descriptions.describe(other, [description])).toEqual([description]);
    expect(await services.descriptions.describe(other, [{ ...description, actionable: null }])).toEqual([
      { ...description, actionable: null },
    ]);
    expect((await services.descriptions.all(viewer)).map(({ name }) => name)).not.toContain('x');
    const reader = partner(institutions[0].id, ['recommendations:read']);
    await expect(services.descriptions.describe(reader, [description])).rejects.toEqual(refused('FORBIDDEN'));
    await expect(services.descriptions.describe(other, [description, description])).rejects.toEqual(
      refused('BAD_INPUT'),
    );
  });
});

describe('over HTTP', () => {
  const folder = mkdtempSync(join(tmpdir(), 'concord-counterfactuals-'));
  let server: TestHttpServer;

  beforeAll(async () => {
    const modules = new InstitutionsService({ database: db.database });
    const privacy = createPrivacy({ database: db.database, institutions: modules, key: testLedgerKey() });
    server = await startHttpServer({
      env: { CONCORD_DATA_DIR: folder },
      schema: createApiSchema({ ...services, institutions: modules, privacy, federation: {}, oversight: {} } as never),
      institutions: { bank: institutions[0].id },
    });
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  async function ask(query: string, variables: object = {}) {
    const token = await server.issuer.issue({
      ...{ client: 'partner', institution: 'bank', audience: 'concord', expiresInSeconds: 60 },
    } as const);
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query, variables }),
    });
    // biome-ignore lint/suspicious/noExplicitAny: the shape of an answer is what the test is about
    return (await response.json()) as any;
  }

  test('an adverse decision, its reasons, and what would change it, in both languages', async () => {
    const id = await createUser(db.database, institutions[0].id, {
      attributes: { income: 900, creditUtilisation: 1.1, latePayments: 4, savingsRate: -0.1, employment: 'unemployed' },
    });
    const described = await ask(
      `mutation { describeAttributes(input: { attributes: [{ name: "employment", label: "occupation", labelZh: "职业", actionable: ANY }] }) { attributes { name label labelZh actionable } } }`,
    );
    expect(described.data.describeAttributes.attributes).toContainEqual({
      ...{ name: 'employment', label: 'occupation', labelZh: '职业', actionable: 'ANY' },
    });
    const { data } = await ask(
      `query ($id: ID!) {
        assessRisk(userId: $id) { class principalReasons { code feature value contribution text textZh } }
        counterfactuals(userId: $id, target: LOW) {
          class target below message rowsScored modelVersionId columns { feature label direction declared }
          alternatives { probability class distance changes { feature label labelZh from to text textZh } }
        }
      }`,
      { id: toGlobalId('User', id) },
    );
    expect(['MEDIUM', 'HIGH']).toContain(data.assessRisk.class);
    const reasons = data.assessRisk.principalReasons as { code: string; text: string; textZh: string }[];
    expect(reasons).toHaveLength(4);
    expect(reasons.map(({ code }) => code)).toContain('CREDIT_UTILISATION_HIGH');
    expect(reasons.find(({ code }) => code === 'CREDIT_UTILISATION_HIGH')).toMatchObject({
      text: 'Utilisation of the credit limit of 110 % is higher than usual, which raises the risk.',
      textZh: '信用额度使用率为 110 %，高于一般水平，提高了风险。',
    });
    const found = data.counterfactuals;
    expect(found).toMatchObject({ class: data.assessRisk.class, target: 'LOW', below: 0.1, message: null });
    expect(found.alternatives.length).toBeGreaterThan(0);
    for (const { changes } of found.alternatives)
      for (const { text, textZh } of changes) {
        expect(text).toMatch(/^(Increase|Reduce|Change) .+ from .+ to .+\.$/);
        expect(textZh).toMatch(/^将.+从.+(提高到|降低到|改为).+。$/);
      }
  });
});
