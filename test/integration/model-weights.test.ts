import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { entities } from '../../src/app/entities.js';
import { createDatabase } from '../../src/database/data-source.js';
import type { EntityManager } from '../../src/database/database.js';
import type { ScoringService, TrainedModel } from '../../src/engine/engine.js';
import { writeSafetensors } from '../../src/engine/safetensors/safetensors.js';
import { ModelRegistry } from '../../src/models/model-registry.js';
import { ModelsService } from '../../src/models/models.service.js';
import { createInstitution, useTestDatabase } from '../support/database.js';
import { nodeViewer } from '../support/federation.js';
import { operator, partner } from '../support/viewers.js';

const db = useTestDatabase();
const CHUNK = 1 << 20;
const loaded: Uint8Array[] = [];
let models: ModelsService;
let ours: string;

beforeAll(async () => {
  const scoring = {
    load: async (_: string, { weights }: TrainedModel) => void loaded.push(weights),
    unload: async () => undefined,
  } as unknown as ScoringService;
  const { database } = db;
  models = new ModelsService({ database, registry: new ModelRegistry({ database, scoring }) });
  ours = await createInstitution(database);
});

const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const about = {
  task: 'risk',
  model: 'linear',
  contract: { version: 1, features: [], products: [], scale: 1 },
  metrics: {},
  training: {},
} as const;
/** Not a multiple of the piece's length, and of more than one piece. */
const file = randomBytes(2 * CHUNK + 12_345);

async function* inPieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('weights', () => {
  test.each([
    1000,
    CHUNK,
    CHUNK + 1,
    file.length,
  ])('written in pieces of %i bytes are read as they were', async (size) => {
    const { id } = await db.database.consortium(async (manager) =>
      models.addWritten(manager, about, await models.writeShared(manager, inPieces(file, size))),
    );
    const { bytes, digest, chunks } = await models.weightsOf(nodeViewer(ours), id);
    expect({ bytes, digest }).toEqual({ bytes: file.length, digest: digestOf(file) });
    expect((await buffer(chunks)).equals(file)).toBe(true);
    await models.withVersion(ours, id, async () => undefined);
    expect(Buffer.compare(loaded.at(-1)!, file)).toBe(0);
  });

  test('are read piece by piece, as fast as they are asked for', async () => {
    const { id } = await models.add(operator(), null, { ...about, weights: file }, false);
    const lengths: number[] = [];
    for await (const chunk of (await models.weightsOf(operator(), id)).chunks) {
      lengths.push(chunk.length);
      expect(db.database.pool()).toMatchObject({ waiting: 0 });
      const { connections, idle } = db.database.pool();
      expect(idle).toBe(connections); // a slow reader holds no connection
    }
    expect(lengths).toEqual([CHUNK, CHUNK, 12_345]);
  });

  test('are for who may read models or submit updates, and of an institution for itself alone', async () => {
    const trainer = partner(ours, ['models:read', 'models:write']);
    const { id } = await models.add(trainer, ours, { ...about, weights: file }, false);
    const readers = [trainer, partner(ours, ['updates:submit'])];
    for (const reader of readers) expect((await models.weightsOf(reader, id)).bytes).toBe(file.length);
    const refused = (code: string) => expect.objectContaining({ code });
    await expect(models.weightsOf(partner(ours, []), id)).rejects.toEqual(refused('FORBIDDEN'));
    await expect(models.weightsOf(undefined, id)).rejects.toEqual(refused('UNAUTHENTICATED'));
    const stranger = nodeViewer(await createInstitution(db.database));
    await expect(models.weightsOf(stranger, id)).rejects.toEqual(refused('NOT_FOUND'));
    await expect(models.weightsOf(operator(), id)).rejects.toEqual(refused('NOT_FOUND'));
    await expect(models.weightsOf(trainer, randomUUID())).rejects.toEqual(refused('NOT_FOUND'));
  });
});

describe('weights that hold rows of users', () => {
  const personal = writeSafetensors({
    tensors: [{ name: 'member.0.rows.items', shape: [2], values: Float32Array.of(1, 2) }],
    metadata: { kind: 'recommender', members: JSON.stringify([{ name: 'user-knn' }]) },
  });

  test('are kept and served, and never sent', async () => {
    const trainer = partner(ours, ['models:read', 'models:write', 'updates:submit']);
    const { id } = await models.add(trainer, ours, { ...about, weights: personal }, false);
    await models.withVersion(ours, id, async () => undefined);
    expect(Buffer.compare(loaded.at(-1)!, personal)).toBe(0);
    for (const reader of [trainer, nodeViewer(ours)])
      await expect(models.weightsOf(reader, id)).rejects.toEqual(expect.objectContaining({ code: 'FORBIDDEN' }));
  });

  test('are no shared version', async () => {
    const refused = expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringMatching(/cannot be shared/) });
    await expect(models.add(operator(), null, { ...about, weights: personal }, false)).rejects.toEqual(refused);
  });
});

describe('a version is whole, or not there', () => {
  const write = (manager: EntityManager) => models.writeShared(manager, inPieces(file, CHUNK));
  const piece = (manager: EntityManager, id: string, sequence: number, bytes: Buffer) =>
    manager.query('insert into concord.model_weights (model_version_id, sequence, bytes) values ($1, $2, $3)', [
      id,
      sequence,
      bytes,
    ]);

  test.each<[string, (manager: EntityManager) => Promise<unknown>]>([
    ['weights without a version', write],
    [
      'a version without weights',
      (manager) => models.addWritten(manager, about, { id: randomUUID(), bytes: file.length, digest: digestOf(file) }),
    ],
    [
      'a version of which the last piece is missing',
      async (manager) => {
        const id = randomUUID();
        for (const at of [0, 1]) await piece(manager, id, at, file.subarray(at * CHUNK, (at + 1) * CHUNK));
        await models.addWritten(manager, about, { id, bytes: file.length, digest: digestOf(file) });
      },
    ],
    [
      'a version with a piece that is too short',
      async (manager) => models.addWritten(manager, about, { ...(await write(manager)), bytes: file.length + 1 }),
    ],
  ])('%s cannot be committed', async (_, work) => {
    const before = await countRows();
    await expect(db.database.consortium(work)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(await countRows()).toEqual(before);
  });

  test('nobody sees it before it is', async () => {
    await db.database.consortium(async (manager) => {
      const weights = await write(manager);
      await models.addWritten(manager, about, weights);
      await expect(models.weightsOf(operator(), weights.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(models.activate(operator(), weights.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });
  });

  test('of a connection that is lost in the middle nothing remains', async () => {
    const before = await countRows();
    const database = await createDatabase({ url: db.appUrl, entities, poolSize: 1 });
    const lost = database.consortium(async (manager) => {
      await models.writeShared(
        manager,
        (async function* () {
          yield* inPieces(file.subarray(0, 2 * CHUNK), CHUNK);
          const [{ pid }] = await manager.query('select pg_backend_pid() as pid');
          await db.database.consortium((other) => other.query('select pg_terminate_backend($1)', [pid]));
          yield file.subarray(2 * CHUNK);
        })(),
      );
    });
    await expect(lost).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await database.close();
    expect(await countRows()).toEqual(before);
  });

  test('nothing is added to it, changed of it or deleted', async () => {
    const { id } = await models.add(operator(), null, { ...about, weights: file }, false);
    const attempt = (work: (manager: EntityManager) => Promise<unknown>) =>
      expect(db.database.consortium(work)).rejects;
    await attempt((manager) => piece(manager, id, 3, Buffer.from([1]))).toMatchObject({ code: 'BAD_INPUT' });
    for (const sql of [
      `update concord.model_weights set bytes = '\\x00' where model_version_id = $1`,
      'delete from concord.model_weights where model_version_id = $1',
      'delete from concord.model_versions where id = $1',
      `update concord.model_versions set digest = repeat('a', 64) where id = $1`,
      `update concord.model_versions set contract = '{}' where id = $1`,
      `update concord.model_versions set bytes = 1 where id = $1`,
    ])
      await attempt((manager) => manager.query(sql, [id])).toThrow();
    expect((await buffer((await models.weightsOf(operator(), id)).chunks)).equals(file)).toBe(true);
  });
});

const countRows = () =>
  db.database.consortium((manager) =>
    manager.query(
      `select (select count(*) from concord.model_versions) as versions, (select count(*) from concord.model_weights) as weights`,
    ),
  );
