import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine } from '../../src/engine/engine.js';
import { createRandom } from '../../src/engine/layers/random.js';
import { baseOf } from '../../src/federation/base-model.js';
import { BaseModelsService } from '../../src/federation/base-models.service.js';
import type { Viewer } from '../../src/graphql/viewer.js';
import { TrainingData } from '../../src/models/training-data.js';
import { LATEST_EVENTS } from '../../src/profiles/event-sequence.js';
import { createServices, NOW, type Services } from '../support/consortium.js';
import { createInstitution, createProduct, createUser, useTestDatabase } from '../support/database.js';
import { operator, partner } from '../support/viewers.js';

/** Models of sequences as versions: trained from stored events, and users scored from their latest. */
const USERS = 160;
const SETTINGS = { maxEpochs: 30, patience: 30, members: 1, hidden: [16], units: [8], dropout: 0, learningRate: 0.01 };
const db = useTestDatabase();
let engine: Engine;
let services: Services;
let institution: { id: string; code: string };
let viewer: Viewer;
const users: string[] = [];
let serial = 0;

async function record(userId: string, type: 'deposit' | 'withdrawal' | 'purchase', minutesAgo: number) {
  const occurredAt = new Date(NOW.getTime() - minutesAgo * 60_000);
  const event = { eventId: `e${++serial}`, userId, type, amount: 50, occurredAt } as const;
  const [result] = await services.profiles.recordEvents(viewer, [
    type === 'purchase' ? { ...event, productCode: 'P1' } : event,
  ]);
  expect(result.status).toBe('accepted');
}

/** All have a deposit and a withdrawal at the same times; the risk is of those whose withdrawal came last. */
beforeAll(async () => {
  engine = createEngine({ backend: 'cpu', threads: 1 });
  services = createServices(db.database, engine);
  const id = await createInstitution(db.database);
  institution = { id, code: 'bank' };
  viewer = partner(id);
  const products = await Promise.all(
    ['P1', 'P2', 'P3'].map((code) => createProduct(db.database, id, { code, type: 'fund', risk_class: 2 })),
  );
  const random = createRandom(3);
  for (let user = 0; user < USERS; user++) {
    const risky = user % 2 === 0;
    const userId = await createUser(db.database, id, {
      external_id: `u${user}`,
      attributes: { noise: random.below(10) },
      risk_label: risky ? 1 : 0,
    });
    users.push(userId);
    await db.database.tenant(id, (manager) =>
      manager.query(
        'insert into concord.holdings (institution_id, user_id, product_id) values ($1, $2, $3), ($1, $2, $4)',
        [id, userId, products[user % 3], products[(user + 1) % 3]],
      ),
    );
    const [first, second] = risky ? (['deposit', 'withdrawal'] as const) : (['withdrawal', 'deposit'] as const);
    await record(userId, first, 3000);
    await record(userId, second, 1500);
  }
}, 240_000);
afterAll(() => engine.close());

const train = (task: 'risk' | 'interest', model: 'cnn' | 'gru') =>
  services.training.train(
    operator(),
    { task, model, institutions: [institution], own: false, activate: true },
    { settings: SETTINGS },
  );

test.each([
  'gru',
  'cnn',
] as const)('%s learns the order of stored events, and the next event counts at once', async (model) => {
  const { metrics } = await train('risk', model);
  expect(metrics.auc).toBeGreaterThan(0.95);
  const userId = await createUser(db.database, institution.id, { attributes: { noise: 4 } });
  await record(userId, 'withdrawal', 2900);
  await record(userId, 'deposit', 1450);
  const before = await services.risk.assess(viewer, { userId });
  expect(before.probability).toBeLessThan(0.4);
  const sum = before.reasons.reduce((total, { contribution }) => total + contribution, before.base);
  expect(sum).toBeCloseTo(Math.log(before.probability / (1 - before.probability)), 4);
  const ofEvents = before.reasons.filter(({ feature }) => feature.startsWith('events:'));
  expect(ofEvents.map(({ feature }) => feature)).toContain('events:type');
  expect(ofEvents[0].text).toMatch(/^the .* of the latest 2 events (lowers|raises) the risk$/);
  await record(userId, 'withdrawal', 0);
  const after = await services.risk.assess(viewer, { userId });
  expect(after.probability).toBeGreaterThan(before.probability + 0.2);
}, 240_000);

test('recommends by a model of sequences, whose reasons sum to its score of the latest events', async () => {
  await train('interest', 'gru');
  const answers = { riskTolerance: 5, knowledge: 3, horizonMonths: 120 };
  await services.profiles.recordQuestionnaire(viewer, users[0], answers);
  const answer = await services.recommendations.recommend(viewer, { userId: users[0], first: 3, reasons: true });
  const explained = answer.items.filter(({ source }) => source === 'model');
  expect(explained.length).toBeGreaterThan(0);
  const views = [...(await services.profiles.scoringViews(viewer, [users[0]])).values()];
  const codes = explained.map(({ product }) => product.code);
  const explanations = await services.models.withActive(institution.id, 'interest', async (active) => {
    expect(active!.readsEvents).toBe(true);
    const [row] = await services.profiles.rowsFor(viewer, active!, views);
    return engine.scoring.explainInterest(active!.handle, row, codes);
  });
  explained.forEach(({ base, reasons }, place) => {
    const own = reasons.filter(({ feature }) => !/^(behaviour|feedback|diversity)/.test(feature));
    const sum = own.reduce((total, { contribution }) => total + contribution, base!);
    expect(sum).toBeCloseTo(explanations[place].score, 4);
  });
}, 240_000);

test('events are read for models that read them alone: the latest, none of them a trade', async () => {
  const userId = await createUser(db.database, institution.id);
  for (let minute = 40; minute > 0; minute--) await record(userId, minute % 2 ? 'deposit' : 'withdrawal', minute);
  await record(userId, 'purchase', 0);
  const views = [...(await services.profiles.scoringViews(viewer, [userId])).values()];
  const [without] = await services.profiles.rowsFor(viewer, { readsEvents: false }, views);
  expect(without.events).toBeUndefined();
  const [{ events }] = await services.profiles.rowsFor(viewer, { readsEvents: true }, views);
  expect(events).toHaveLength(LATEST_EVENTS);
  expect(events!.map(({ type }) => type)).not.toContain('purchase');
  expect(events!.at(-1)).toMatchObject({ type: 'deposit', amount: 50 });
  expect(events!.at(-1)!.daysBefore).toBeLessThan(events![0].daysBefore as number);
  const stranger = partner(await createInstitution(db.database));
  const [foreign] = await services.profiles.rowsFor(stranger, { readsEvents: true }, views);
  expect(foreign.events).toEqual([]);
});

test('attributes that are steps of a sequence are read in place of events, and a served row has them', async () => {
  const id = await createInstitution(db.database);
  const random = createRandom(8);
  for (let user = 0; user < 80; user++) {
    const month = random.below(4);
    const attributes = Object.fromEntries([0, 1, 2, 3].map((at) => [`m${at}`, at === month ? 1 : 0]));
    await createUser(db.database, id, { attributes, risk_label: month >= 2 ? 1 : 0 });
  }
  const series = [{ name: 'late', columns: ['m0', 'm1', 'm2', 'm3'] }];
  const request = { task: 'risk', model: 'gru', institutions: [{ id, code: 'b' }], own: true, activate: true } as const;
  const { metrics } = await services.training.train(operator(id), { ...request, series }, { settings: SETTINGS });
  expect(metrics.auc).toBeGreaterThan(0.9);
  const userId = await createUser(db.database, id, { attributes: { m0: 0, m1: 0, m2: 0, m3: 1 } });
  const { probability, reasons } = await services.risk.assess(partner(id), { userId });
  expect(probability).toBeGreaterThan(0.6);
  expect(reasons.some(({ feature }) => feature.startsWith('events'))).toBe(false);
  const wrong = [{ name: 'late', columns: ['m0', 'm9'] }];
  await expect(services.training.train(operator(id), { ...request, series: wrong })).rejects.toThrow(/attribute m9/);
}, 240_000);

test('a federation starts from models of sequences over series that are declared, and from no others', async () => {
  const baseModels = new BaseModelsService({ database: db.database, models: services.models });
  const columns = ['m1', 'm2'].map((name) => ({ name, kind: 'numeric', min: 0, max: 9 }) as const);
  const declaration = { columns, series: [{ name: 'late', columns: ['m1', 'm2'] }], products: [] };
  const create = (model: 'gru' | 'logistic', declared: Parameters<typeof baseModels.create>[1]['declaration']) =>
    baseModels.create(operator(), { task: 'risk', model, declaration: declared, bins: 16 });
  const { id } = await create('gru', declaration);
  const base = await db.database.consortium((manager) => baseOf(services.models, manager, id));
  expect(base).toMatchObject({ model: 'gru', contract: { sequence: { steps: 2, from: { late: ['m1', 'm2'] } } } });
  // Other models read the columns, and no sequence.
  const logistic = await create('logistic', declaration);
  const plain = await db.database.consortium((manager) => baseOf(services.models, manager, logistic.id));
  expect(plain.contract).not.toHaveProperty('sequence');
  const refused = (text: string) =>
    expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringContaining(text) });
  await expect(create('gru', { columns, products: [] })).rejects.toEqual(refused('no public ranges'));
  const unlike = [{ name: 'late', columns: ['m1', 'm3'] }];
  await expect(create('gru', { ...declaration, series: unlike })).rejects.toEqual(refused('m3'));
});

test('training data have the events of each user, whatever the order of pages', async () => {
  const collect = async (pageSize: number) => {
    const data = new TrainingData('risk');
    const pages = [];
    for await (const page of services.profiles.trainingViews(operator(institution.id), { pageSize, events: true }))
      pages.push(page);
    for (const page of pages.reverse()) data.add('bank', page);
    return data.build('bank', 1).sequences!;
  };
  const [small, large] = [await collect(7), await collect(500)];
  expect(small.offsets).toEqual(large.offsets);
  const types = (sequences: typeof small) => sequences.columns.find(({ name }) => name === 'type');
  expect(types(small)).toEqual(types(large));
});
