import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine } from '../../src/engine/engine.js';
import { CHAMPION, variantOf } from '../../src/experiments/experiment.js';
import type { Viewer } from '../../src/graphql/viewer.js';
import type { ModelVersionInfo } from '../../src/models/model-version.js';
import { createServices, type Services, seedSmall, userIds } from '../support/consortium.js';
import { useTestDatabase } from '../support/database.js';
import { operator, partner } from '../support/viewers.js';

const db = useTestDatabase();
let engine: Engine;
let services: Services;
/** Another replica over the same database. */
let replica: Services;
let viewer: Viewer;
let stranger: Viewer;
let users: string[];
let active: ModelVersionInfo;
let challenger: ModelVersionInfo;

const refused = (code: string) => expect.objectContaining({ code });

beforeAll(async () => {
  engine = createEngine({ backend: 'onnxruntime', threads: 1 });
  services = createServices(db.database, engine);
  replica = createServices(db.database, engine);
  const institutions = await seedSmall(db.database);
  viewer = operator(institutions[0].id);
  stranger = operator(institutions[1].id);
  users = await userIds(db.database, institutions[0].id);
  const train = (model: 'popularity' | 'linear', activate: boolean) =>
    services.training.train(viewer, { task: 'interest', model, institutions: [institutions[0]], own: true, activate });
  active = await train('popularity', true);
  challenger = await train('linear', false);
}, 240_000);

afterAll(() => engine.close());

let started = 0;
async function start(share = 0.5) {
  const outcome = await services.experiments.start(viewer, {
    name: `experiment ${++started}`,
    challengers: [{ name: 'linear', modelVersionId: challenger.id, share }],
  });
  if (outcome.outcome !== 'started') throw new Error('Another runs.');
  return outcome.experiment;
}
const ask = (userId: string, by = services) =>
  by.recommendations.recommend(viewer, { userId, first: 3, reasons: false });
const resultOf = async (experiment: Awaited<ReturnType<typeof start>>, variant: string) =>
  (await services.experiments.results(viewer, experiment)).variants.find(({ name }) => name === variant)!;

test('without an experiment answers are of no variant', async () => {
  expect(await ask(users[0])).toMatchObject({ exposure: null, modelVersionId: active.id });
});

describe('an experiment', () => {
  test('serves each user by the version of their variant, in every replica, and stores which with the answer', async () => {
    const end = await replica.experiments.listen();
    const experiment = await start();
    try {
      for (const by of [services, replica]) {
        for (const userId of users.slice(0, 12)) {
          const { name } = variantOf(experiment, userId);
          const answer = await ask(userId, by);
          expect(answer.exposure).toEqual({ experimentId: experiment.id, variant: name });
          expect(answer.modelVersionId).toBe(name === CHAMPION ? active.id : challenger.id);
        }
      }
      const page = await ask(users[0]);
      const next = await services.recommendations.continue(
        viewer,
        { userId: users[0], first: 3, reasons: true },
        { answerId: page.id, rank: 3 },
      );
      expect(next.exposure).toEqual(page.exposure);
    } finally {
      await services.experiments.stop(viewer, experiment.id);
      await end();
    }
    expect(await ask(users[0])).toMatchObject({ exposure: null, modelVersionId: active.id });
  });

  test('counts each user once: who was answered, opened, bought, and how they rated', async () => {
    const experiment = await start();
    const dealt = users.map((userId) => ({ userId, variant: variantOf(experiment, userId).name }));
    const mine = dealt.filter(({ variant }) => variant === 'linear').slice(0, 4);
    const theirs = dealt.filter(({ variant }) => variant === CHAMPION).slice(0, 2);
    const react = async (userId: string, kind: 'clicked' | 'purchased' | 'rated', rating?: number) => {
      const answer = await ask(userId);
      const productId = answer.items[0].product.id;
      const outcome = await services.feedback.record(viewer, { recommendationId: answer.id, productId, kind, rating });
      expect(outcome.outcome).toBe('recorded');
    };
    await react(mine[0].userId, 'clicked');
    await react(mine[0].userId, 'clicked');
    await react(mine[1].userId, 'purchased');
    await react(mine[2].userId, 'rated', 5);
    await react(mine[2].userId, 'rated', 4);
    await react(mine[3].userId, 'rated', 2);
    for (const { userId } of theirs) await ask(userId);
    expect(await resultOf(experiment, 'linear')).toMatchObject({
      users: 4,
      answers: 6,
      measures: [
        { measure: 'click_rate', value: 0.25, verdict: 'too_few' },
        { measure: 'purchase_rate', value: 0.25 },
        { measure: 'satisfaction', value: (4.5 + 2) / 2 },
      ],
    });
    expect(await resultOf(experiment, CHAMPION)).toMatchObject({
      users: 2,
      answers: 2,
      measures: [{ value: 0 }, { value: 0 }, { value: null, interval: null, verdict: null }],
    });
    await services.experiments.stop(viewer, experiment.id);
  });

  test('runs alone: another is not begun beside it', async () => {
    const experiment = await start();
    const challengers = [{ name: 'x', modelVersionId: challenger.id, share: 0.1 }];
    const other = await services.experiments.start(viewer, { name: 'beside', challengers });
    expect(other).toMatchObject({ outcome: 'another_runs', experiment: { id: experiment.id } });
    await services.experiments.stop(viewer, experiment.id);
    expect(await services.experiments.stop(viewer, experiment.id)).toMatchObject({ outcome: 'not_running' });
    await expect(services.experiments.start(viewer, { name: experiment.name, challengers })).rejects.toEqual(
      refused('CONFLICT'),
    );
  });

  test('is of one institution', async () => {
    const experiment = await start();
    await expect(services.experiments.one(stranger, experiment.id)).rejects.toEqual(refused('NOT_FOUND'));
    await expect(services.experiments.stop(stranger, experiment.id)).rejects.toEqual(refused('NOT_FOUND'));
    const challengers = [{ name: 'x', modelVersionId: challenger.id, share: 0.1 }];
    await expect(services.experiments.start(stranger, { name: 'theirs', challengers })).rejects.toEqual(
      refused('NOT_FOUND'),
    );
    expect((await services.experiments.list(stranger, 10)).length).toBe(0);
    await services.experiments.stop(viewer, experiment.id);
  });

  test.each<[string, { name: string; share: number }[]]>([
    ['without challengers', []],
    ['whose challenger is called champion', [{ name: CHAMPION, share: 0.1 }]],
    ['that leaves nothing to the champion', [{ name: 'a', share: 1 }]],
    ['with a share below 0', [{ name: 'a', share: -0.1 }]],
    ['with a share that is no number', [{ name: 'a', share: Number.NaN }]],
    [
      'with the same version twice',
      [
        { name: 'a', share: 0.1 },
        { name: 'b', share: 0.1 },
      ],
    ],
  ])('%s is refused', async (name, challengers) => {
    await expect(
      services.experiments.start(viewer, {
        name,
        challengers: challengers.map((one) => ({ ...one, modelVersionId: challenger.id })),
      }),
    ).rejects.toEqual(refused('BAD_INPUT'));
  });

  test('is begun by who may activate versions', async () => {
    const reader = partner(viewer.institutionId!);
    await expect(services.experiments.start(reader, { name: 'no', challengers: [] })).rejects.toEqual(
      refused('FORBIDDEN'),
    );
    expect((await services.experiments.list(reader, 1)).length).toBe(1);
  });

  test('ends with a challenger that takes over, which a rollback takes back', async () => {
    const experiment = await start();
    await expect(services.experiments.promote(viewer, experiment.id, CHAMPION)).rejects.toEqual(refused('BAD_INPUT'));
    const promoted = await services.experiments.promote(viewer, experiment.id, 'linear');
    expect(promoted).toMatchObject({ outcome: 'ended', experiment: { status: 'promoted', promoted: 'linear' } });
    for (const userId of users.slice(0, 5))
      expect(await ask(userId)).toMatchObject({ exposure: null, modelVersionId: challenger.id });
    await services.models.rollback(viewer, 'interest', false);
    expect(await ask(users[0])).toMatchObject({ modelVersionId: active.id });
  });

  test('serves nobody by a challenger that is withdrawn, in any replica, and is not begun with one', async () => {
    const experiment = await start();
    const userId = users.find((id) => variantOf(experiment, id).name === 'linear')!;
    const replicas = [services, replica];
    const ends = await Promise.all(replicas.map((by) => by.experiments.listen()));
    try {
      for (const by of replicas) expect(await ask(userId, by)).toMatchObject({ modelVersionId: challenger.id });
      await services.models.withdraw(viewer, challenger.id);
      for (const by of replicas) {
        let answer = await ask(userId, by);
        while (answer.exposure) answer = await ask(userId, by); // the announcement is on its way
        expect(answer).toMatchObject({ exposure: null, modelVersionId: active.id });
      }
    } finally {
      for (const end of ends) await end();
      await services.experiments.stop(viewer, experiment.id);
    }
    await expect(start()).rejects.toEqual(refused('CONFLICT'));
  });
});
