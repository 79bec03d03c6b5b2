import { EmbeddingsService } from '../../src/embeddings/embeddings.service.js';
import { labelOf } from '../../src/embeddings/profile-model.js';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine } from '../../src/engine/engine.js';
import type { Viewer } from '../../src/graphql/viewer.js';
import { createServices, NOW, type Services, seedSmall, userIds } from '../support/consortium.js';
import { useTestDatabase } from '../support/database.js';
import { operator, partner } from '../support/viewers.js';

const db = useTestDatabase();
let engine: Engine;
let services: Services;
let embeddings: EmbeddingsService;
let viewer: Viewer;
let stranger: Viewer;
let users: string[];

const refused = (code: string) => expect.objectContaining({ code });
const settings = { maxEpochs: 15 };
const read = async <T>(text: string): Promise<T[]> => {
  const [rows] = await db.database.read<[T[]]>(viewer.institutionId!, { text, values: [viewer.institutionId] });
  return rows;
};
const one = async (userId: string) => (await embeddings.of(viewer, [userId])).get(userId)!;

beforeAll(async () => {
  engine = createEngine({ backend: 'onnxruntime', threads: 1 });
  services = createServices(db.database, engine);
  embeddings = new EmbeddingsService({ database: db.database, engine, profiles: services.profiles });
  const institutions = await seedSmall(db.database, 0.05);
  viewer = operator(institutions[0].id);
  stranger = operator(institutions[1].id);
  users = await userIds(db.database, institutions[0].id);
}, 120_000);

afterAll(() => engine.close());

test('an institution without a model has no embeddings, and nothing fails', async () => {
  expect((await embeddings.of(viewer, users.slice(0, 3))).size).toBe(0);
  expect(await embeddings.refresh(viewer)).toBe(0);
  await expect(embeddings.modelOf(viewer)).rejects.toEqual(refused('NOT_FOUND'));
});

describe('a trained model', () => {
  let modelId: string;

  beforeAll(async () => {
    const { model, placed } = await embeddings.train(viewer, 'bank', { settings });
    modelId = model.id;
    expect(placed).toBe(users.length);
  }, 120_000);

  test('places every user: what is stored is what is computed', async () => {
    const stored = await read<{ user_id: string; embedding: number[]; segment: number; percentile: number }>(
      'select user_id, embedding, segment, percentile from concord.profile_embeddings where institution_id = $1',
    );
    expect(stored).toHaveLength(users.length);
    for (const { user_id, embedding, segment, percentile } of stored.slice(0, 5)) {
      const now = await one(user_id);
      expect(embedding.every((value, axis) => Math.abs(value - now.embedding[axis]) < 1e-4)).toBe(true);
      expect(now.segment).toBe(segment);
      expect(now.percentile).toBeCloseTo(percentile, 4);
    }
  });

  test('finds the users who are most alike: of the same institution, without the user itself, best first', async () => {
    const embedded = await one(users[0]);
    const neighbours = await embeddings.neighbours(viewer, embedded, 5);
    expect(neighbours).toHaveLength(5);
    expect(neighbours.map(({ userId }) => userId)).not.toContain(users[0]);
    const cosines = await Promise.all(
      users.slice(1).map(async (userId) => {
        const { embedding } = await one(userId);
        const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, axis) => sum + value * b[axis], 0);
        return (
          dot(embedding, embedded.embedding) /
          Math.sqrt(dot(embedding, embedding) * dot(embedded.embedding, embedded.embedding))
        );
      }),
    );
    const best = cosines.sort((a, b) => b - a).slice(0, 5);
    for (const [place, { similarity }] of neighbours.entries()) expect(similarity).toBeCloseTo(best[place], 4);
  });

  test('counts the users of its segments, and says what sets each apart', async () => {
    const model = await embeddings.modelOf(viewer);
    const segments = await embeddings.segments(viewer, model);
    expect(segments.reduce((sum, { usersNow }) => sum + usersNow, 0)).toBe(users.length);
    for (const { segment } of segments) expect(labelOf(segment).length).toBeGreaterThan(0);
  });

  test('places a user anew when something has happened, and nobody else', async () => {
    expect(await embeddings.refresh(viewer)).toBe(0);
    const before = await one(users[1]);
    await services.profiles.recordEvents(
      viewer,
      Array.from({ length: 40 }, (_, index) => ({
        eventId: `embedding-${index}`,
        userId: users[1],
        type: 'login' as const,
        occurredAt: new Date(NOW.getTime() - index * 3_600_000),
      })),
    );
    const after = await one(users[1]);
    expect(after.embedding).not.toEqual(before.embedding);
    expect(await embeddings.refresh(viewer)).toBe(1);
  });

  test('lets users of the same segment speak where no model of interest is active', async () => {
    const answer = await services.recommendations.recommend(viewer, { userId: users[3], first: 5, reasons: true });
    expect(answer.strategy).toBe('no_model');
    const { segment } = await one(users[3]);
    const [group] = await read<{ users: number }>(
      `select count(*) as users from concord.profile_embeddings where institution_id = $1 and segment = ${segment}`,
    );
    for (const { product, reasons } of answer.items) {
      const [{ owners, all }] = await read<{ owners: number; all: number }>(
        `select count(*) filter (where e.segment = ${segment}) as owners, count(*) as all from concord.holdings h
           join concord.profile_embeddings e using (institution_id, user_id)
          where h.institution_id = $1 and h.product_id = '${product.id}'`,
      );
      const overall = (all + 0.5) / (users.length + 1);
      const popularity = reasons.find(({ feature }) => feature === 'popularity')!;
      expect(popularity.text).toContain('of users of the same segment');
      expect(popularity.value).toBeCloseTo((owners + 50 * overall) / (group.users + 50), 9);
    }
  });

  test('forgets an erased user', async () => {
    const erased = users[2];
    await services.users.erase(viewer, erased);
    const stored = await read<{ user_id: string }>(
      'select user_id from concord.profile_embeddings where institution_id = $1',
    );
    expect(stored.map(({ user_id }) => user_id)).not.toContain(erased);
    const neighbours = await embeddings.neighbours(viewer, await one(users[0]), 100);
    expect(neighbours.map(({ userId }) => userId)).not.toContain(erased);
  });

  test('is of one institution: another sees neither it nor its users', async () => {
    await expect(embeddings.modelOf(stranger)).rejects.toEqual(refused('NOT_FOUND'));
    expect((await embeddings.of(stranger, users.slice(0, 2))).size).toBe(0);
  });

  test('is trained by who may train models', async () => {
    const reader = partner(viewer.institutionId!);
    await expect(embeddings.train(reader, 'bank', { settings })).rejects.toEqual(refused('FORBIDDEN'));
    expect((await embeddings.of(reader, [users[0]])).size).toBe(1);
  });

  test('gives way to the next, with everyone placed by that', async () => {
    const { model } = await embeddings.train(viewer, 'bank', { settings, seed: 2 });
    expect(model.id).not.toBe(modelId);
    const stored = await read<{ profile_model_id: string }>(
      'select distinct profile_model_id from concord.profile_embeddings where institution_id = $1',
    );
    expect(stored).toEqual([{ profile_model_id: model.id }]);
  }, 60_000);
});
