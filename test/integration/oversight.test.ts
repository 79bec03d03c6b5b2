import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ExecutionResult, type OperationDefinitionNode, parse, validate } from 'graphql';
import { createApiSchema, createBareSchema } from '../../src/app/resolvers.js';
import { createServices, type Services } from '../../src/app/services.js';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine } from '../../src/engine/engine.js';
import type { Context } from '../../src/graphql/context.js';
import { createExecutor, type Executor } from '../../src/graphql/execute.js';
import { toGlobalId } from '../../src/graphql/relay.js';
import { DEFAULT_SCOPES, type Viewer } from '../../src/graphql/viewer.js';
import type { ModelVersionInfo } from '../../src/models/model-version.js';
import type { RaisedAlert } from '../../src/oversight/report.js';
import { seedSmall, userIds } from '../support/consortium.js';
import { useTestDatabase } from '../support/database.js';
import { testLedgerKey } from '../support/ledger-key.js';
import { operator, partner } from '../support/viewers.js';

const db = useTestDatabase();
const auditor: Viewer = { subject: 'auditor', client: 'auditor', scopes: new Set(DEFAULT_SCOPES.auditor) };
const alerts: RaisedAlert[] = [];
let engine: Engine;
let services: Services;
let executor: Executor;
let bank: { id: string; code: string };
let rival: { id: string; code: string };
let risk: ModelVersionInfo;
let interest: ModelVersionInfo;

beforeAll(async () => {
  engine = createEngine({ backend: 'onnxruntime', threads: 1 });
  services = createServices({
    database: db.database,
    engine,
    scoring: engine.scoring,
    ledgerKey: testLedgerKey(),
    onOversight: (alert) => alerts.push(alert),
  });
  const institutions = await seedSmall(db.database, 0.08);
  [bank, rival] = institutions;
  const train = (task: 'risk' | 'interest') =>
    services.training.train(operator(), {
      task,
      model: task === 'risk' ? 'logistic' : 'popularity',
      institutions,
      own: false,
      activate: true,
    });
  [risk, interest] = [await train('risk'), await train('interest')];
  executor = createExecutor(createApiSchema(services));
}, 240_000);

afterAll(async () => {
  await services.privacy.close();
  await engine.close();
});

// biome-ignore lint/suspicious/noExplicitAny: the shape of an answer is what the tests are about
async function send(text: string, viewer: Viewer | undefined): Promise<ExecutionResult<any>> {
  const document = parse(text);
  const context: Context = {
    viewer,
    requestId: 'r',
    caller: 'test',
    signal: new AbortController().signal,
    kept: new Map(),
  };
  const operation = document.definitions[0] as OperationDefinitionNode;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  return (await executor.execute({ document, operation, variables: {}, context })) as ExecutionResult<any>;
}
const refused = (code: string) => expect.objectContaining({ code });

test('a bank measures how a risk model decides about its groups, and reads it again', async () => {
  const report = await services.oversight.fairness.assess(partner(bank.id), { versionId: risk.id, threshold: 0.2 });
  expect(report).toMatchObject({ kind: 'fairness', institutionId: bank.id, modelVersionId: risk.id });
  const { report: figures } = report;
  if (figures.task !== 'risk') throw new Error('It is a model of risk.');
  expect(figures.attributes.map(({ attribute }) => attribute)).toEqual(['birthYear', 'sex']);
  for (const { groups } of figures.attributes) {
    expect(groups.reduce((sum, { users }) => sum + users, 0)).toBe(figures.users);
    for (const { users, favourable } of groups) {
      expect(users).toBeGreaterThanOrEqual(figures.smallestGroup);
      expect(favourable!.of).toBe(users);
    }
  }
  const again = await services.oversight.reports.latest(partner(bank.id), risk.id, 'fairness');
  expect(again).toEqual(report);
});

test('a recommender is measured by recall and by exposure, as it ranks and as it served', async () => {
  const users = await userIds(db.database, bank.id, 60);
  for (const userId of users)
    await services.recommendations.recommend(partner(bank.id), { userId, first: 5, reasons: false });
  const { report } = await services.oversight.fairness.assess(partner(bank.id), { versionId: interest.id });
  if (report.task !== 'interest') throw new Error('It is a model of interest.');
  const sex = report.attributes.find(({ attribute }) => attribute === 'sex')!;
  expect(sex.recall!.groups.length).toBeGreaterThan(1);
  const model = sex.exposures.filter(({ from }) => from === 'model');
  expect(model.map(({ by }) => by)).toEqual(['riskClass', 'type']);
  for (const { classes } of model)
    expect(classes.reduce((sum, { shares }) => sum + shares[0]!.value, 0)).toBeCloseTo(1, 6);
  expect(report.remarks.join()).toMatch(/there are \d+/);
});

test('users who have not moved have not drifted; those whose attributes are others raise an alert', async () => {
  const { report, level } = await services.oversight.drift.assess(partner(bank.id), risk.id);
  expect(report.trainedOn).toBe(risk.training.trainingUsers);
  expect(report.features.length).toBeGreaterThan(5);
  expect(report.score).toMatchObject({ psi: expect.any(Number) });
  expect(report.label).toMatchObject({ users: expect.any(Number) });
  alerts.length = 0;
  await db.database.tenant(bank.id, (manager) =>
    manager.query(`update concord.users set attributes = attributes || '{"income": 1e7}' where institution_id = $1`, [
      bank.id,
    ]),
  );
  const moved = await services.oversight.drift.assess(partner(bank.id), risk.id);
  expect(moved.level).toBe('alert');
  expect(moved.report.features.find(({ feature }) => feature === 'income')).toMatchObject({ level: 'alert' });
  expect(alerts).toEqual(
    level === 'alert'
      ? []
      : [expect.objectContaining({ kind: 'drift', level: 'alert', because: expect.arrayContaining(['income']) })],
  );
});

test('a recommender that reads holdings alone is measured by who owned what', async () => {
  const { report } = await services.oversight.drift.assess(partner(bank.id), interest.id);
  expect(report.features).toEqual([]);
  expect(report.holdings.length).toBeGreaterThan(5);
  expect(report.notes).toEqual([]);
});

test('the timer keeps no report that says the same as the one before', async () => {
  const stop = new AbortController();
  const count = async () => (await services.oversight.reports.list(partner(bank.id), { kind: 'drift' }, 100)).length;
  await services.oversight.drift.watch(bank.id, stop.signal);
  const first = await count();
  await services.oversight.drift.watch(bank.id, stop.signal);
  expect(await count()).toBe(first);
});

describe('who may', () => {
  test('an auditor reads what a bank has measured, and measures nothing', async () => {
    await expect(
      services.oversight.fairness.assess({ ...auditor, institutionId: bank.id }, { versionId: risk.id }),
    ).rejects.toEqual(refused('FORBIDDEN'));
    await expect(services.oversight.drift.assess({ ...auditor, institutionId: bank.id }, risk.id)).rejects.toEqual(
      refused('FORBIDDEN'),
    );
    expect(await services.oversight.reports.latest(auditor, risk.id, 'fairness', bank.id)).toBeDefined();
    expect(await services.oversight.reports.latest(auditor, risk.id, 'fairness')).toBeUndefined();
  });

  test('a bank reads no other bank, and measures on nobody else', async () => {
    expect(await services.oversight.reports.latest(partner(rival.id), risk.id, 'fairness')).toBeUndefined();
    await expect(services.oversight.reports.latest(partner(rival.id), risk.id, 'fairness', bank.id)).rejects.toEqual(
      refused('NOT_FOUND'),
    );
    await expect(services.oversight.reports.list(partner(rival.id), { institutionId: bank.id }, 10)).rejects.toEqual(
      refused('NOT_FOUND'),
    );
    await expect(services.oversight.fairness.assess(operator(), { versionId: risk.id })).rejects.toEqual(
      refused('FORBIDDEN'),
    );
    await expect(
      services.oversight.fairness.assess(partner(bank.id, ['models:read']), { versionId: risk.id }),
    ).rejects.toEqual(refused('FORBIDDEN'));
  });
});

test('the card of a version is complete, and says what only others can say', async () => {
  const id = toGlobalId('ModelVersion', risk.id);
  const { data, errors } = await send(
    `{ modelVersion(id: "${id}") { card { markdown json } fairness { level decisions { attribute fourFifths
    groups { group users favourable { value low high } impactRatio { value } calibration { slope { value } } } } }
    drift { level features { feature psi level } } } }`,
    partner(bank.id),
  );
  expect(errors).toBeUndefined();
  const { card, fairness, drift } = data.modelVersion;
  const parsed = JSON.parse(card.json);
  expect(parsed).toMatchObject({
    schema: 'concord.model-card/1',
    version: { task: 'risk', model: 'logistic', owner: 'consortium' },
    fairness: { task: 'risk' },
    drift: { level: 'alert' },
    privacy: { federated: false, spent: [] },
  });
  const points = new Set(parsed.sections.map(({ point }: { point: string }) => point.match(/^\d/)![0]));
  expect([...points]).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9']);
  expect(card.markdown).toContain('## 3 Performance for persons and groups');
  expect(card.markdown).toContain('□ To complete');
  expect(card.markdown).not.toContain('undefined');
  expect(fairness.decisions.map(({ attribute }: { attribute: string }) => attribute)).toEqual(['birthYear', 'sex']);
  expect(drift.level).toBe('ALERT');
});

test('reports are listed, newest first, and measured by mutation', async () => {
  const id = toGlobalId('ModelVersion', risk.id);
  const measured = await send(
    `mutation { assessFairness(input: { versionId: "${id}", favourable: LOW }) { id users threshold } assessDrift(versionId: "${id}") { level } }`,
    partner(bank.id),
  );
  expect(measured.errors).toBeUndefined();
  expect(measured.data.assessFairness.threshold).toBe(0.3);
  const { data } = await send(
    '{ oversightReports(first: 2, filter: { kind: FAIRNESS }) { edges { node { id kind fairness { id } drift { id } } } pageInfo { hasNextPage } } }',
    partner(bank.id),
  );
  expect(data.oversightReports.edges[0].node).toMatchObject({
    id: measured.data.assessFairness.id,
    kind: 'FAIRNESS',
    drift: null,
  });
  expect(data.oversightReports.pageInfo.hasNextPage).toBe(true);
});

test('the operations of docs/oversight.md are valid', () => {
  const page = readFileSync(join(process.cwd(), 'docs/oversight.md'), 'utf8');
  const operations = [...page.matchAll(/```graphql\n(.*?)```/gs)].flatMap(([, text]) => text.trim().split('\n'));
  expect(operations).toHaveLength(4);
  const schema = createBareSchema();
  for (const operation of operations) expect(validate(schema, parse(operation))).toEqual([]);
});
