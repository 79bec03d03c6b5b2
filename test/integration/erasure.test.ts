import { EmbeddingsService } from '../../src/embeddings/embeddings.service.js';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine, ModelName } from '../../src/engine/engine.js';
import { ErasureWork } from '../../src/erasure/erasure-work.js';
import { ErasuresService } from '../../src/erasure/erasures.service.js';
import type { Viewer } from '../../src/graphql/viewer.js';
import { InstitutionsService } from '../../src/institutions/institutions.service.js';
import type { ModelVersionInfo } from '../../src/models/model-version.js';
import { createServices, type Services, seedSmall, userIds } from '../support/consortium.js';
import { useTestDatabase } from '../support/database.js';
import { operator, partner } from '../support/viewers.js';

const db = useTestDatabase();
let engine: Engine;
let services: Services;
let erasures: ErasuresService;
let embeddings: EmbeddingsService;
let work: ErasureWork;
let institution: { readonly id: string; readonly code: string };
let institutions: readonly { readonly id: string; readonly code: string }[];
let viewer: Viewer;
let users: string[];

const refused = (code: string) => expect.objectContaining({ code });
const read = async <T>(text: string, ...values: unknown[]): Promise<T[]> => {
  const [rows] = await db.database.read<[T[]]>(institution.id, { text, values: [institution.id, ...values] });
  return rows;
};

beforeAll(async () => {
  engine = createEngine({ backend: 'onnxruntime', threads: 1 });
  services = createServices(db.database, engine);
  erasures = new ErasuresService({ database: db.database });
  embeddings = new EmbeddingsService({ database: db.database, engine, profiles: services.profiles });
  institutions = await seedSmall(db.database, 0.05);
  institution = institutions[0];
  viewer = operator(institution.id);
  users = await userIds(db.database, institution.id);
  work = new ErasureWork({
    ...{ database: db.database, engine, embeddings, models: services.models, training: services.training },
    institutions: new InstitutionsService({ database: db.database }),
    viewerOf: operator,
  });
}, 120_000);

afterAll(() => engine.close());

const train = (model: ModelName, own = true): Promise<ModelVersionInfo> =>
  services.training.train(own ? viewer : operator(), {
    ...{ task: 'interest', model, own, activate: true },
    institutions: own ? [institution] : institutions,
  });
/** A user of the model whom it has, or has not, learnt from. */
const userOf = async ({ training }: ModelVersionInfo, trained: boolean): Promise<string> => {
  const [{ id }] = await read<{ id: string }>(
    `select user_id as id from concord.model_participants
      where institution_id = $1 and participation = $2 and trained = $3 and cardinality(owned) > 1 order by user_id limit 1`,
    training.participation,
    trained,
  );
  return id;
};
const weightsOf = async (version: ModelVersionInfo) => (await services.models.stored(viewer, version.id)).weights;
const receiptOf = async (userId: string) => erasures.one(viewer, await services.users.erase(viewer, userId));

describe('a model that is a sum', () => {
  test('becomes what training without the erased user makes of it', async () => {
    const version = await train('item-knn');
    const receipt = await receiptOf(await userOf(version, true));
    expect(receipt.models).toMatchObject([{ modelVersionId: version.id, method: null, doneAt: null }]);
    expect(await work.runDue(institution)).toBe(1);
    const [{ method, replacementId, doneAt }] = (await erasures.one(viewer, receipt.id)).models;
    expect({ method, done: doneAt !== null }).toEqual({ method: 'exact', done: true });
    const replacement = await services.models.one(viewer, replacementId!);
    expect(replacement).toMatchObject({ status: 'active', model: 'item-knn', metrics: version.metrics });
    expect((await services.models.one(viewer, version.id)).withdrawnAt).not.toBeNull();
    const [left] = await read<{ count: number }>(
      'select count(*) from concord.model_weights where institution_id = $1 and model_version_id = $2',
      version.id,
    );
    expect(left.count).toBe(0);
  });

  test('can be taken apart again: what is left to take out of a version is taken out of the one in its place', async () => {
    const version = (await services.models.active(viewer, 'interest'))!;
    const first = await userOf(version, true);
    const one = await receiptOf(first);
    const second = await userOf(version, true);
    const two = await receiptOf(second);
    await work.runDue(institution);
    const [a] = (await erasures.one(viewer, one.id)).models;
    const [b] = (await erasures.one(viewer, two.id)).models;
    expect([a.method, b.method]).toEqual(['exact', 'exact']);
    expect(a.replacementId).toBe(b.replacementId);
    expect((await services.models.one(viewer, a.replacementId!)).training).toMatchObject({ erasedUsers: 3 });
  });

  test('is trained again where the user was set aside: settings were chosen by such users', async () => {
    const version = await train('ease');
    const receipt = await receiptOf(await userOf(version, false));
    await work.runDue(institution);
    const own = (await erasures.one(viewer, receipt.id)).models.find(
      ({ modelVersionId }) => modelVersionId === version.id,
    );
    expect(own?.method).toBe('retrained');
  });
});

describe('any other model', () => {
  test('is trained again, and serves from then on; older ones are withdrawn', async () => {
    const older = await train('popularity');
    const version = await train('linear');
    const erased = await userOf(version, true);
    const before = await weightsOf(version);
    const receipt = await receiptOf(erased);
    await work.runDue(institution);
    const { models } = await erasures.one(viewer, receipt.id);
    const of = (id: string) => models.find(({ modelVersionId }) => modelVersionId === id);
    expect(of(older.id)?.method).toBe('withdrawn');
    expect(of(version.id)?.method).toBe('retrained');
    const replacement = await services.models.one(viewer, of(version.id)!.replacementId!);
    expect(replacement).toMatchObject({ status: 'active', model: 'linear' });
    expect(await weightsOf(replacement)).not.toEqual(before);
    const [again] = await read<{ count: number }>(
      'select count(*) from concord.model_participants where institution_id = $1 and participation = $2 and user_id = $3',
      replacement.training.participation,
      erased,
    );
    expect(again.count).toBe(0);
  });

  test('that was withdrawn can neither be activated nor rolled back to', async () => {
    const [withdrawn] = (await services.models.list(viewer, { task: 'interest' }, 100)).filter(
      ({ version }) => version.withdrawnAt,
    );
    await expect(services.models.activate(viewer, withdrawn.version.id)).rejects.toEqual(refused('CONFLICT'));
    const rolledBack = await services.models.rollback(viewer, 'interest', false);
    expect(rolledBack?.active.withdrawnAt ?? null).toBeNull();
  });

  test('that serves cannot be withdrawn, and weights of what serves cannot be deleted', async () => {
    const active = await train('popularity');
    await expect(services.models.withdraw(viewer, active.id)).rejects.toEqual(refused('BAD_INPUT'));
    await expect(
      db.database.tenant(institution.id, (manager) =>
        manager.query('delete from concord.model_weights where model_version_id = $1', [active.id]),
      ),
    ).rejects.toThrow();
  });
});

test('a shared version is dealt with for the users of each institution', async () => {
  const version = await train('item-knn', false);
  const receipt = await receiptOf(await userOf(version, true));
  await work.runDue(institution);
  const { models } = await erasures.one(viewer, receipt.id);
  const own = models.find(({ modelVersionId }) => modelVersionId === version.id)!;
  expect(own.method).toBe('exact');
  expect(await services.models.one(viewer, own.replacementId!)).toMatchObject({
    institutionId: null,
    status: 'active',
  });
});

test('the profile model is trained again, without the user', async () => {
  await embeddings.train(viewer, institution.code, { settings: { maxEpochs: 3 } });
  const before = await embeddings.modelOf(viewer);
  const remaining = await userIds(db.database, institution.id);
  const receipt = await receiptOf(remaining[0]);
  expect(receipt.models.at(-1)).toMatchObject({ modelVersionId: null, method: null });
  await work.runDue(institution);
  expect((await erasures.one(viewer, receipt.id)).models.at(-1)).toMatchObject({ method: 'retrained' });
  expect((await embeddings.modelOf(viewer)).id).not.toBe(before.id);
}, 120_000);

test('the profile model is trained again though it never placed the user whom it read', async () => {
  const [userId] = await userIds(db.database, institution.id);
  await db.database.tenant(institution.id, (manager) =>
    manager.query('delete from concord.profile_embeddings where institution_id = $1 and user_id = $2', [
      institution.id,
      userId,
    ]),
  );
  expect((await receiptOf(userId)).models.at(-1)).toMatchObject({ modelVersionId: null, method: null });
});

test('a profile model that learnt from a user who was erased meanwhile is not stored', async () => {
  const before = await embeddings.modelOf(viewer);
  const [userId] = await userIds(db.database, institution.id);
  const meanwhile: Engine['trainProfiles'] = async (...args) => {
    await services.users.erase(viewer, userId);
    return engine.trainProfiles(...args);
  };
  const racing = new EmbeddingsService({
    ...{ database: db.database, profiles: services.profiles },
    engine: { trainProfiles: meanwhile },
  });
  await expect(racing.train(viewer, institution.code, { settings: { maxEpochs: 1 } })).rejects.toEqual(
    refused('CONFLICT'),
  );
  expect((await embeddings.modelOf(viewer)).id).toBe(before.id);
  await work.runDue(institution);
  expect((await embeddings.modelOf(viewer)).id).not.toBe(before.id);
}, 120_000);

test('a receipt names no one, is of one institution, and what was to be taken out is forgotten', async () => {
  const [{ erasure }] = await erasures.list(viewer, 1);
  expect(JSON.stringify(erasure)).not.toContain(users[0]);
  const stranger = partner(institutions[1].id);
  await expect(erasures.one(stranger, erasure.id)).rejects.toEqual(refused('NOT_FOUND'));
  expect(await erasures.list(stranger, 10)).toEqual([]);
  const [kept] = await read<{ count: number }>(
    `select count(*) from concord.erasure_models where institution_id = $1 and (user_key is not null or owned is not null)`,
  );
  expect(kept.count).toBe(0);
});

test('an unknown user leaves no receipt', async () => {
  const count = async () => (await erasures.list(viewer, 100)).length;
  const before = await count();
  await expect(services.users.erase(viewer, '00000000-0000-4000-8000-000000000000')).rejects.toEqual(
    refused('NOT_FOUND'),
  );
  expect(await count()).toBe(before);
});
