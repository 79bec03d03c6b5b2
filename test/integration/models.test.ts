import { randomUUID } from 'node:crypto';
import { entities } from '../../src/app/entities.js';
import { createDatabase } from '../../src/database/data-source.js';
import type { Database } from '../../src/database/database.js';
import type { ScoringService, TrainedModel } from '../../src/engine/engine.js';
import type { Viewer } from '../../src/graphql/viewer.js';
import { ModelRegistry } from '../../src/models/model-registry.js';
import { ModelsService } from '../../src/models/models.service.js';
import { createInstitution, useTestDatabase } from '../support/database.js';
import { operator, partner } from '../support/viewers.js';

const db = useTestDatabase();

/** Keeps what is loaded, and nothing else: the registry is tested here, not the scorer. */
class LoadedModels {
  readonly loaded = new Map<string, Uint8Array>();
  loads = 0;
  failing = false;
  async load(handle: string, { weights }: Pick<TrainedModel, 'weights'>): Promise<void> {
    this.loads++;
    if (this.failing) throw new Error('out of memory');
    this.loaded.set(handle, weights);
  }
  async unload(handle: string): Promise<void> {
    if (!this.loaded.delete(handle)) throw new Error(`${handle} is not loaded`);
  }
}

function trained(task: 'interest' | 'risk' = 'interest'): TrainedModel {
  return {
    task,
    model: 'popularity',
    contract: { version: 1, features: [], products: task === 'interest' ? ['A', 'B'] : [], scale: 1 },
    weights: new TextEncoder().encode(randomUUID()),
    metrics: { mrr: 0.5 },
    training: { seed: 1, institutions: ['a', 'b'] },
  };
}

function replica(database: Database) {
  const scoring = new LoadedModels();
  const registry = new ModelRegistry({ database, scoring: scoring as unknown as ScoringService });
  return { scoring, registry, models: new ModelsService({ database, registry }) };
}

const refused = (code: string) => expect.objectContaining({ code });
const consortium = operator();
let ours: string;
let theirs: string;
let bank: Viewer;
let { scoring, registry, models } = {} as ReturnType<typeof replica>;

beforeEach(async () => {
  ({ scoring, registry, models } = replica(db.database));
  ours = await createInstitution(db.database);
  theirs = await createInstitution(db.database);
  bank = partner(ours, ['models:read', 'models:write']);
});

const serving = (institution: string) =>
  models.withActive(institution, 'interest', async (model) => model && { id: model.id, handle: model.handle });
const addOwn = (activate = true) => models.add(bank, ours, trained(), activate);

describe('versions', () => {
  test('are numbered by owner and task; the first serves, others when they are activated', async () => {
    const [first, second, risk] = [
      await addOwn(false),
      await addOwn(false),
      await models.add(bank, ours, trained('risk'), false),
    ];
    expect([first, second, risk].map(({ number, status }) => [number, status])).toEqual([
      [1, 'active'],
      [2, 'candidate'],
      [1, 'active'],
    ]);
    expect(await models.active(bank, 'interest')).toEqual(first);
    const { active, retired } = await models.activate(bank, second.id);
    expect(active).toMatchObject({ id: second.id, status: 'active', activatedAt: expect.any(Date) });
    expect(retired).toMatchObject({ id: first.id, status: 'retired' });
    expect((await models.activate(bank, second.id)).retired).toBeUndefined();
    expect(await models.one(bank, second.id)).toMatchObject({ metrics: { mrr: 0.5 }, training: { seed: 1 } });
  });

  test('are listed newest first, in pages', async () => {
    const added = [];
    for (let index = 0; index < 5; index++) added.push((await addOwn(false)).id);
    const page = await models.list(bank, { shared: false }, 3);
    const rest = await models.list(bank, { shared: false }, 10, page[2].key);
    expect([...page, ...rest].map(({ version }) => version.id)).toEqual(added.reverse());
    expect(await models.list(bank, { shared: false, status: 'active' }, 10)).toHaveLength(1);
    expect(await models.list(bank, { shared: false, task: 'risk' }, 10)).toEqual([]);
  });

  test('stored at the same moment get numbers of their own, and one serves', async () => {
    const added = await Promise.all(Array.from({ length: 8 }, () => addOwn(true)));
    expect(added.map(({ number }) => number).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await models.list(bank, { shared: false, status: 'active' }, 10)).toHaveLength(1);
  });

  test('activated at the same moment leave exactly one that serves', async () => {
    const added = [];
    for (let index = 0; index < 6; index++) added.push(await addOwn(false));
    await Promise.all(added.map(({ id }) => models.activate(bank, id)));
    const active = await models.list(bank, { shared: false, status: 'active' }, 10);
    expect(active).toHaveLength(1);
    expect((await serving(ours))?.id).toBe(active[0].version.id);
  });
});

describe('rollback', () => {
  test('goes one version back each time, and not to what was rolled back itself', async () => {
    const [v1, v2, v3] = [await addOwn(), await addOwn(), await addOwn()];
    const back = async () => (await models.rollback(bank, 'interest', false))?.active.id;
    expect(await back()).toBe(v2.id);
    expect(await back()).toBe(v1.id);
    expect(await back()).toBeUndefined();
    expect(await models.one(bank, v3.id)).toMatchObject({ status: 'retired', rolledBackAt: expect.any(Date) });
    const v4 = await addOwn();
    expect((await models.rollback(bank, 'interest', false))?.retired?.id).toBe(v4.id);
    expect((await serving(ours))?.id).toBe(v1.id);
    await models.activate(bank, v3.id); // asked for by name it serves again
    expect(await models.one(bank, v3.id)).toMatchObject({ status: 'active', rolledBackAt: null });
  });
});

describe('who may do what', () => {
  test("an institution's own version serves it, others the shared one", async () => {
    const shared = await models.add(consortium, null, trained(), true);
    expect((await serving(ours))?.id).toBe(shared.id);
    const own = await addOwn();
    expect((await serving(ours))?.id).toBe(own.id);
    expect((await serving(theirs))?.id).toBe(shared.id);
    expect((await models.active(bank, 'interest'))?.id).toBe(own.id);
    expect((await models.active(consortium, 'interest'))?.id).toBe(shared.id);
  });

  test("another institution's versions do not exist, shared ones are the operator's", async () => {
    const own = await addOwn();
    const stranger = partner(theirs, ['models:read', 'models:write']);
    await expect(models.one(stranger, own.id)).rejects.toEqual(refused('NOT_FOUND'));
    await expect(models.activate(stranger, own.id)).rejects.toEqual(refused('NOT_FOUND'));
    await expect(models.one(consortium, own.id)).rejects.toEqual(refused('NOT_FOUND'));
    await expect(models.add(stranger, ours, trained(), true)).rejects.toEqual(refused('NOT_FOUND'));
    const shared = await models.add(consortium, null, trained(), true);
    expect(await models.one(stranger, shared.id)).toMatchObject({ institutionId: null });
    await expect(models.activate(stranger, shared.id)).rejects.toEqual(refused('FORBIDDEN'));
    await expect(models.rollback(stranger, 'interest', true)).rejects.toEqual(refused('FORBIDDEN'));
    await expect(models.add(stranger, null, trained(), true)).rejects.toEqual(refused('FORBIDDEN'));
  });

  test('without the scope nothing is shown or changed', async () => {
    const own = await addOwn();
    const reader = partner(ours, ['models:read']);
    await expect(models.activate(reader, own.id)).rejects.toEqual(refused('FORBIDDEN'));
    await expect(models.rollback(reader, 'interest', false)).rejects.toEqual(refused('FORBIDDEN'));
    await expect(models.list(partner(ours, []), {}, 10)).rejects.toEqual(refused('FORBIDDEN'));
    await expect(models.one(undefined, own.id)).rejects.toEqual(refused('UNAUTHENTICATED'));
    await expect(models.one(reader, randomUUID())).rejects.toEqual(refused('NOT_FOUND'));
  });
});

describe('models in memory', () => {
  test('are loaded once, for all institutions that they serve', async () => {
    const shared = await models.add(consortium, null, trained(), true);
    const handles = await Promise.all(
      [ours, theirs, ours, theirs, ours].map(async (institution) => (await serving(institution))?.handle),
    );
    expect(new Set(handles).size).toBe(1);
    expect(handles[0]).toContain(shared.id);
    expect(scoring.loads).toBe(1);
  });

  test('change with an activation: the next call has the new one, calls in flight keep theirs, then it is unloaded', async () => {
    const first = await addOwn();
    let finish = () => {};
    const inFlight = models.withActive(ours, 'interest', async (model) => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return scoring.loaded.has(model!.handle);
    });
    while (scoring.loaded.size === 0) await new Promise(setImmediate);
    const second = await addOwn();
    expect((await serving(ours))?.id).toBe(second.id);
    expect(scoring.loaded.size).toBe(2);
    finish();
    expect(await inFlight).toBe(true);
    await new Promise(setImmediate);
    expect([...scoring.loaded.keys()].every((handle) => handle.startsWith(second.id))).toBe(true);
    const back = await models.withVersion(ours, first.id, async (model) => model.id);
    expect(back).toBe(first.id);
    await new Promise(setImmediate);
    expect(scoring.loaded.size).toBe(1);
    await expect(models.withVersion(theirs, first.id, async () => 1)).rejects.toEqual(refused('NOT_FOUND'));
  });

  test('change in every replica', async () => {
    const database = await createDatabase({ url: db.appUrl, entities, poolSize: 2 });
    const other = replica(database);
    const end = await other.models.listen();
    try {
      const servingThere = () => other.models.withActive(ours, 'interest', async (model) => model?.id);
      const first = await addOwn();
      while ((await servingThere()) !== first.id) await new Promise(setImmediate);
      const second = await addOwn();
      while ((await servingThere()) !== second.id) await new Promise(setImmediate);
      await models.rollback(bank, 'interest', false);
      while ((await servingThere()) !== first.id) await new Promise(setImmediate);
      const own = await other.models.list(bank, { shared: false, status: 'active' }, 10);
      expect(own.map(({ version }) => version.id)).toEqual([first.id]);
    } finally {
      await end();
      await database.close();
    }
  });

  test('that cannot be loaded fail the call, not the next one', async () => {
    const own = await addOwn();
    scoring.failing = true;
    registry.changedAll();
    await expect(serving(ours)).rejects.toThrow('out of memory');
    scoring.failing = false;
    expect((await serving(ours))?.id).toBe(own.id);
  });

  test('are none where none is active', async () => {
    // Shared versions of other tests are active for interest: risk has none yet.
    expect(await models.withActive(ours, 'risk', async (model) => model)).toBeUndefined();
  });

  test('survive a thousand calls among activations, and end with one loaded', async () => {
    const versions = [await addOwn(), await addOwn(), await addOwn()];
    const calls = Array.from({ length: 1000 }, async (_, index) => {
      if (index % 100 === 0) await models.activate(bank, versions[(index / 100) % 3].id);
      return models.withActive(ours, 'interest', async (model) => {
        await new Promise(setImmediate);
        return scoring.loaded.has(model!.handle);
      });
    });
    expect((await Promise.all(calls)).every(Boolean)).toBe(true);
    await serving(ours);
    await new Promise(setImmediate);
    expect(scoring.loaded.size).toBe(1);
  });
});
