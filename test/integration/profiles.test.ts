import { ErasuresService } from '../../src/erasure/erasures.service.js';
import type { Viewer } from '../../src/graphql/viewer.js';
import { ProductsService } from '../../src/products/products.service.js';
import type { NewEvent } from '../../src/profiles/behaviour-event.js';
import { ProfilesService } from '../../src/profiles/profiles.service.js';
import type { TrainingView } from '../../src/profiles/scoring-view.js';
import { UsersService } from '../../src/users/users.service.js';
import { createInstitution, createProduct, createUser, useTestDatabase } from '../support/database.js';
import { partner } from '../support/viewers.js';

const db = useTestDatabase();
const NOW = new Date('2026-06-17T12:00:00Z');
const UNKNOWN = '00000000-0000-4000-8000-000000000000';
let profiles: ProfilesService;
let users: UsersService;
let ours: string;
let viewer: Viewer;
let stranger: Viewer;
let user: string;
let product: string;

beforeAll(() => {
  const products = new ProductsService({ database: db.database });
  profiles = new ProfilesService({ database: db.database, products, clock: () => NOW });
  users = new UsersService({
    database: db.database,
    products,
    erasures: new ErasuresService({ database: db.database }),
  });
});
beforeEach(async () => {
  ours = await createInstitution(db.database);
  viewer = partner(ours);
  stranger = partner(await createInstitution(db.database));
  user = await createUser(db.database, ours, { external_id: 'C-1', attributes: { age: 40 } });
  product = await createProduct(db.database, ours, { code: 'F', type: 'fund', risk_class: 4 });
});

const refused = (code: string) => expect.objectContaining({ code });
const daysAgo = (days: number) => new Date(NOW.getTime() - days * 86_400_000);
let serial = 0;
const event = (rest: Partial<NewEvent> = {}): NewEvent => ({
  eventId: `e${++serial}`,
  userId: rest.externalUserId ? undefined : user,
  type: 'login',
  occurredAt: daysAgo(1),
  ...rest,
});
const record = async (...events: NewEvent[]) =>
  (await profiles.recordEvents(viewer, events)).map((result) => ('reason' in result ? result.reason : result.status));
const features = async (id = user) => (await profiles.profile(viewer, id)).features;
const held = async () => (await profiles.scoringViews(viewer, [user])).get(user)!.row.owned;
const countEvents = async () => {
  const [rows] = await db.database.read<[{ count: number }[]]>(ours, {
    text: 'select count(*) from concord.behaviour_events',
  });
  return rows[0].count;
};

describe('recordEvents', () => {
  test('puts events into the profile at once', async () => {
    expect(await record(event({ type: 'deposit', amount: 100 }), event({ type: 'view', productCode: 'F' }))).toEqual([
      'accepted',
      'accepted',
    ]);
    expect(await features()).toMatchObject({ events4w: 2, inflow52w: 100, 'interest.fund': 1, interestRiskClass: 4 });
    const stored = await users.list(viewer, { tag: 'new-customer' }, { first: 5 });
    expect(stored.map((each) => each.id)).toEqual([user]);
  });

  test('counts an event once, however often it comes', async () => {
    const [first, second] = [event(), event()];
    expect(await record(first, first, second)).toEqual(['accepted', 'duplicate', 'accepted']);
    const before = await profiles.profile(viewer, user);
    expect(await record(second, { ...first, type: 'deposit', amount: 1e9 })).toEqual(['duplicate', 'duplicate']);
    expect(await profiles.profile(viewer, user)).toEqual(before);
    expect(before.features.events4w).toBe(2);
  });

  test('takes what is good of a batch, and says of the rest why not', async () => {
    const results = await record(
      event({ userId: UNKNOWN }),
      event({ externalUserId: 'C-1', productId: product }),
      event({ externalUserId: 'C-2' }),
      event({ productId: UNKNOWN }),
      event({ productCode: 'nothing' }),
      event({ occurredAt: new Date(NOW.getTime() + 6 * 60_000) }),
      event({ occurredAt: new Date(NOW.getTime() + 4 * 60_000) }),
      event({ occurredAt: new Date('2006-06-17T11:59:00Z') }),
    );
    expect(results).toEqual([
      'UNKNOWN_USER',
      'accepted',
      'UNKNOWN_USER',
      'UNKNOWN_PRODUCT',
      'UNKNOWN_PRODUCT',
      'IN_THE_FUTURE',
      'accepted',
      'TOO_OLD',
    ]);
    expect((await features()).events4w).toBe(2);
    expect(await countEvents()).toBe(2);
  });

  test('a rejected event may be recorded under the same id later', async () => {
    const early = event({ externalUserId: 'C-9' });
    expect(await record(early)).toEqual(['UNKNOWN_USER']);
    await users.create(viewer, { externalId: 'C-9' });
    expect(await record(early)).toEqual(['accepted']);
  });

  test('holdings follow the latest trade, in whatever order trades are recorded', async () => {
    const trade = (type: 'purchase' | 'sale', days: number) =>
      event({ type, productId: product, amount: 500, occurredAt: daysAgo(days) });
    await record(trade('purchase', 30));
    expect(await held()).toEqual(['F']);
    expect((await users.holdingsOf(viewer, [user], 5)).get(user)).toEqual([
      { userId: user, productId: product, amount: 500, acquiredAt: daysAgo(30) },
    ]);
    await record(trade('sale', 10));
    expect(await held()).toEqual([]);
    await record(trade('purchase', 20)); // came late: the sale was after it
    expect(await held()).toEqual([]);
    await record(trade('sale', 3), trade('purchase', 2));
    expect(await held()).toEqual(['F']);
    await record(event({ type: 'purchase' })); // of no product that we know: no holding
    expect(await held()).toEqual(['F']);
  });

  test('a sale that comes late does not end what was acquired after it', async () => {
    await users.addHoldings(viewer, user, [{ productId: product, acquiredAt: daysAgo(5) }]);
    await record(event({ type: 'sale', productId: product, occurredAt: daysAgo(6) }));
    expect(await held()).toEqual(['F']);
    await record(event({ type: 'sale', productId: product, occurredAt: daysAgo(4) }));
    expect(await held()).toEqual([]);
  });

  test('takes 1,000 events, and no more', async () => {
    const many = Array.from({ length: 1_000 }, (_, i) => event({ occurredAt: daysAgo(i / 10) }));
    const results = await record(...many);
    expect(results.every((status) => status === 'accepted')).toBe(true);
    expect((await features()).events52w).toBe(1_000);
    await expect(profiles.recordEvents(viewer, [...many, event()])).rejects.toEqual(refused('LIMIT_EXCEEDED'));
    expect(await record()).toEqual([]);
  });

  test('many at once over the same users neither wait in a circle nor lose or double anything', async () => {
    const ids = await Promise.all(Array.from({ length: 12 }, () => createUser(db.database, ours)));
    const batches = Array.from({ length: 24 }, (_, batch) => {
      const events = ids.flatMap((id, i) => [
        event({ userId: id, eventId: `own-${batch}-${i}`, type: 'deposit', amount: 1 }),
        event({ userId: id, eventId: `shared-${batch % 6}-${i}`, type: 'purchase', productId: product }),
      ]);
      return batch % 2 ? events : events.reverse();
    });
    const results = (await Promise.all(batches.map((events) => profiles.recordEvents(viewer, events)))).flat();
    expect(results.filter((result) => result.status === 'accepted')).toHaveLength(24 * 12 + 6 * 12);
    expect(results.filter((result) => result.status === 'duplicate')).toHaveLength(18 * 12);
    for (const [, profile] of await profiles.profiles(viewer, ids))
      expect(profile).toMatchObject({ eventCount: 30, features: { inflow52w: 24, trades13w: 6 } });
  });

  test('goes on beside bulk updates and erasures of the same users', async () => {
    const externalIds = Array.from({ length: 10 }, (_, i) => `X-${i}`);
    await users.upsert(
      viewer,
      externalIds.map((externalId) => ({ externalId })),
    );
    const work = Array.from({ length: 12 }, (_, i) =>
      i % 3 === 0
        ? users.upsert(
            viewer,
            externalIds.map((externalId) => ({ externalId, attributes: { turn: i } })),
          )
        : profiles.recordEvents(
            viewer,
            externalIds.map((externalUserId) => event({ externalUserId })),
          ),
    );
    const erased = await users.byExternalId(viewer, 'X-0');
    await Promise.all([...work, users.erase(viewer, erased!.id)]);
    const [, ...others] = await users.list(viewer, { externalIdPrefix: 'X-' }, { first: 20 });
    expect(others).toHaveLength(8);
    for (const { id } of others) expect((await features(id)).events4w).toBe(8);
  });
});

describe('questionnaires', () => {
  const answers = { riskTolerance: 5, knowledge: 2, horizonMonths: 120, investableAmount: 10_000.5 };

  test('count for twelve months unless stated, and change tags at once', async () => {
    const profile = await profiles.recordQuestionnaire(viewer, user, answers);
    expect(profile.questionnaire).toEqual({
      ...answers,
      completedAt: NOW,
      expiresAt: new Date('2027-06-17T12:00:00Z'),
    });
    expect(profile.tags.map(({ tag }) => tag)).toEqual(['high-risk']);
    expect(await profiles.profile(viewer, user)).toEqual({ ...profile, updatedAt: expect.any(Date) });
    expect(await users.list(viewer, { tag: 'high-risk' }, { first: 5 })).toHaveLength(1);
  });

  test('later answers replace earlier ones, and not the other way round', async () => {
    await profiles.recordQuestionnaire(viewer, user, { ...answers, completedAt: daysAgo(100) });
    await profiles.recordQuestionnaire(viewer, user, { ...answers, riskTolerance: 1, completedAt: daysAgo(50) });
    await expect(profiles.recordQuestionnaire(viewer, user, { ...answers, completedAt: daysAgo(51) })).rejects.toEqual(
      refused('CONFLICT'),
    );
    expect((await profiles.profile(viewer, user)).questionnaire?.riskTolerance).toBe(1);
  });

  test('expired answers are kept, and give no tag', async () => {
    await profiles.recordQuestionnaire(viewer, user, { ...answers, completedAt: daysAgo(400) });
    const profile = await profiles.profile(viewer, user);
    expect(profile.questionnaire).toBeDefined();
    expect(profile.tags).toEqual([]);
  });

  test('need a user, and times that fit', async () => {
    await expect(profiles.recordQuestionnaire(viewer, UNKNOWN, answers)).rejects.toEqual(refused('NOT_FOUND'));
    const future = { ...answers, completedAt: new Date(NOW.getTime() + 3_600_000) };
    await expect(profiles.recordQuestionnaire(viewer, user, future)).rejects.toEqual(refused('BAD_INPUT'));
    await expect(profiles.recordQuestionnaire(viewer, user, { ...answers, riskTolerance: 9 })).rejects.toEqual(
      refused('BAD_INPUT'),
    );
    expect((await profiles.profile(viewer, user)).questionnaire).toBeUndefined();
  });
});

describe('views', () => {
  test('of scoring have attributes, features, answers and holdings, and nothing protected', async () => {
    const cold = await createUser(db.database, ours, { protected_attributes: { sex: 'f' } });
    await record(event({ type: 'purchase', productId: product }));
    await profiles.recordQuestionnaire(viewer, user, { riskTolerance: 2, knowledge: 0, horizonMonths: 12 });
    const views = await profiles.scoringViews(viewer, [user, cold, UNKNOWN]);
    expect([...views.keys()].sort()).toEqual([cold, user].sort());
    const view = views.get(user)!;
    expect(view).toMatchObject({
      row: { values: { age: 40, 'profile.trades13w': 1, 'profile.daysSinceView': null }, owned: ['F'] },
      questionnaire: { riskTolerance: 2 },
      eventCount: 1,
      holdings: [{ productId: product, code: 'F' }],
    });
    expect(views.get(cold)).toMatchObject({ eventCount: 0, holdings: [], tags: [] });
    expect(JSON.stringify(views.get(cold))).not.toContain('sex');
  });

  test('of training have everyone, page by page', async () => {
    const trainer = partner(ours, ['recommendations:read', 'models:write']);
    for (let i = 0; i < 6; i++)
      await createUser(db.database, ours, { risk_label: i % 2, fold: 'test', protected_attributes: { sex: 'm' } });
    const pages: (readonly TrainingView[])[] = [];
    for await (const page of profiles.trainingViews(trainer, { pageSize: 3 })) pages.push(page);
    expect(pages.map((page) => page.length)).toEqual([3, 3, 1]);
    const everyone = pages.flat();
    expect(new Set(everyone.map((view) => view.userId)).size).toBe(7);
    expect(everyone.filter((view) => view.riskLabel === 1 && view.fold === 'test')).toHaveLength(3);
    expect(everyone.find((view) => view.userId === user)).toMatchObject({ externalId: 'C-1', riskLabel: null });
    const cancelled = profiles.trainingViews(trainer, { signal: AbortSignal.abort() }).next();
    await expect(cancelled).rejects.toEqual(refused('CANCELLED'));
    await expect(profiles.trainingViews(viewer).next()).rejects.toEqual(refused('FORBIDDEN'));
  });
});

test('rebuilding gives what recording gave, also where profiles were lost or never made', async () => {
  const others = await Promise.all(Array.from({ length: 5 }, () => createUser(db.database, ours)));
  const events = [user, ...others].flatMap((id, n) =>
    Array.from({ length: 40 }, (_, i) =>
      event({
        userId: id,
        type: i % 3 ? 'view' : 'transaction',
        amount: i * 1.25,
        productId: product,
        occurredAt: daysAgo(i * 9 + n),
      }),
    ),
  );
  for (let i = 0; i < events.length; i += 70) await record(...events.slice(i, i + 70));
  await profiles.recordQuestionnaire(viewer, user, { riskTolerance: 5, knowledge: 1, horizonMonths: 1 });
  const before = await profiles.profiles(viewer, [user, ...others]);
  await db.database.tenant(ours, async (manager) => {
    await manager.query('delete from concord.profiles where user_id = $1', [user]);
    await manager.query(
      `update concord.profiles set state = '{"version":1,"at":null,"first":null,"last":{},"weeks":{},"decayed":{}}'`,
    );
  });
  expect((await features(others[0])).events52w).toBe(0);
  const seen: number[] = [];
  const figures = await profiles.rebuild(viewer, { onProgress: ({ users: done }) => seen.push(done) });
  expect(figures).toEqual({ users: 6, events: 240 });
  expect(seen).toEqual([6]);
  for (const [id, profile] of await profiles.profiles(viewer, [user, ...others])) {
    const was = before.get(id)!;
    expect(profile.tags).toEqual(was.tags);
    for (const [name, value] of Object.entries(was.features))
      expect([name, profile.features[name] ?? 0]).toEqual([name, expect.closeTo(value ?? 0, 5)]);
  }
  expect(await profiles.rebuild(viewer, { userIds: [user] })).toEqual({ users: 1, events: 40 });
  expect(await profiles.rebuild(stranger, { userIds: [user] })).toEqual({ users: 0, events: 0 });
});

test('refreshing stores the tags that time alone has changed', async () => {
  const early = new Date('2024-06-17T12:00:00Z');
  const products = new ProductsService({ database: db.database });
  const then = new ProfilesService({ database: db.database, products, clock: () => early });
  await then.recordEvents(viewer, [event({ occurredAt: early })]);
  const listed = async (tag: string) => (await users.list(viewer, { tag }, { first: 5 })).map((each) => each.id);
  const { updatedAt } = await profiles.profile(viewer, user);
  expect([await listed('new-customer'), await listed('dormant')]).toEqual([[user], []]);
  expect(await profiles.refresh(viewer)).toEqual({ looked: 1, changed: 1 });
  expect([await listed('new-customer'), await listed('dormant')]).toEqual([[], [user]]);
  expect((await profiles.profile(viewer, user)).updatedAt).toEqual(updatedAt);
  expect(await profiles.refresh(viewer)).toEqual({ looked: 1, changed: 0 });
  await expect(profiles.refresh(viewer, { signal: AbortSignal.abort() })).rejects.toEqual(refused('CANCELLED'));
});

test('another institution finds nothing of ours, and records nothing about it', async () => {
  expect((await profiles.recordEvents(stranger, [event()]))[0]).toMatchObject({ reason: 'UNKNOWN_USER' });
  const theirUser = await createUser(db.database, stranger.institutionId!);
  const [result] = await profiles.recordEvents(stranger, [event({ userId: theirUser, productId: product })]);
  expect(result).toMatchObject({ reason: 'UNKNOWN_PRODUCT' });
  for (const attempt of [
    () => profiles.profile(stranger, user),
    () => profiles.recordQuestionnaire(stranger, user, { riskTolerance: 1, knowledge: 1, horizonMonths: 1 }),
  ])
    await expect(attempt()).rejects.toEqual(refused('NOT_FOUND'));
  expect(await profiles.scoringViews(stranger, [user])).toEqual(new Map());
  expect((await profiles.profile(viewer, user)).eventCount).toBe(0);
  const same = event({ eventId: 'same' }); // an id of an event is unique in its institution only
  expect(await record(same)).toEqual(['accepted']);
  expect((await profiles.recordEvents(stranger, [{ ...same, userId: theirUser }]))[0].status).toBe('accepted');
});

test('needs the scopes', async () => {
  const reader = partner(ours, ['recommendations:read']);
  await expect(profiles.recordEvents(reader, [event()])).rejects.toEqual(refused('FORBIDDEN'));
  await expect(profiles.rebuild(reader)).rejects.toEqual(refused('FORBIDDEN'));
  await expect(profiles.scoringViews(undefined, [user])).rejects.toEqual(refused('UNAUTHENTICATED'));
  const writer = partner(ours, ['users:write']);
  expect((await profiles.recordEvents(writer, [event()]))[0].status).toBe('accepted');
  await expect(profiles.profile(writer, user)).rejects.toEqual(refused('FORBIDDEN'));
});
