import { ErasuresService } from '../../src/erasure/erasures.service.js';
import type { Viewer } from '../../src/graphql/viewer.js';
import { ProductsService } from '../../src/products/products.service.js';
import type { AttributeMap } from '../../src/users/user.js';
import { UsersService, type UserUpsert } from '../../src/users/users.service.js';
import { createInstitution, createProduct, createUser, useTestDatabase } from '../support/database.js';
import { partner } from '../support/viewers.js';

const db = useTestDatabase();
const UNKNOWN = '00000000-0000-4000-8000-000000000000';
let users: UsersService;
let products: ProductsService;
let ours: string;
let viewer: Viewer;
let stranger: Viewer;

beforeAll(async () => {
  products = new ProductsService({ database: db.database });
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
});

const refused = (code: string) => expect.objectContaining({ code });

describe('one user', () => {
  test('is created, read and changed', async () => {
    const created = await users.create(viewer, {
      externalId: 'C-1',
      attributes: { income: 41_000.5, job: 'teacher', since: '2019-04-01', children: null },
      protectedAttributes: { sex: 'f' },
      riskLabel: 1,
    });
    expect(created).toMatchObject({ externalId: 'C-1', riskLabel: 1, fold: null });
    expect(created).not.toHaveProperty('protectedAttributes');
    const updated = await users.update(viewer, created.id, {
      attributes: { income: 43_000, city: 'Köln' },
      removeAttributes: ['job'],
      riskLabel: null,
      fold: 'train',
    });
    expect(updated).toMatchObject({ riskLabel: null, fold: 'train' });
    expect(updated.attributes).toEqual({ income: 43_000, since: '2019-04-01', children: null, city: 'Köln' });
    expect(await users.one(viewer, created.id)).toEqual(updated);
    expect(await users.byExternalId(viewer, 'C-1')).toEqual(updated);
    expect(await users.byExternalId(viewer, 'C-2')).toBeUndefined();
  });

  test('has an external id of its own', async () => {
    await users.create(viewer, { externalId: 'C-1' });
    await expect(users.create(viewer, { externalId: 'C-1' })).rejects.toEqual(refused('CONFLICT'));
    await users.create(stranger, { externalId: 'C-1' }); // another institution may use the same
  });

  test('takes no attribute that cannot be stored, and keeps what it had', async () => {
    const { id } = await users.create(viewer, { externalId: 'C-1', attributes: { a: 1 } });
    const bad: AttributeMap[] = [
      { a: Number.NaN },
      { a: Infinity },
      { a: 'x\0' },
      { a: '\ud800' },
      { a: '9999-12-31' },
      { 'a b': 1 },
    ];
    for (const attributes of bad)
      await expect(users.update(viewer, id, { attributes })).rejects.toEqual(refused('BAD_INPUT'));
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`n${i}`, i]));
    await expect(users.update(viewer, id, { attributes: many })).rejects.toEqual(refused('BAD_INPUT'));
    expect((await users.one(viewer, id)).attributes).toEqual({ a: 1 });
  });

  test('is erased with all that hangs on the user', async () => {
    const { id } = await users.create(viewer, { externalId: 'C-1' });
    await users.addHoldings(viewer, id, [{ productId: await createProduct(db.database, ours) }]);
    await users.erase(viewer, id);
    await expect(users.one(viewer, id)).rejects.toEqual(refused('NOT_FOUND'));
    await expect(users.erase(viewer, id)).rejects.toEqual(refused('NOT_FOUND'));
    expect(await users.holdingsOf(viewer, [id], 10)).toEqual(new Map());
  });
});

describe('bulk upsert', () => {
  test('creates, merges and leaves alone, in order and idempotently', async () => {
    await users.create(viewer, { externalId: 'b', attributes: { x: 1, y: 'old' }, riskLabel: 0 });
    await users.create(viewer, { externalId: 'c', attributes: { x: 1 } });
    const input: UserUpsert[] = [
      { externalId: 'c', attributes: { x: 1 } },
      { externalId: 'a', attributes: { x: 2 } },
      { externalId: 'b', attributes: { y: 'new' } },
    ];
    const results = await users.upsert(viewer, input);
    expect(results.map(({ user, outcome }) => [user.externalId, outcome])).toEqual([
      ['c', 'unchanged'],
      ['a', 'created'],
      ['b', 'updated'],
    ]);
    expect(results[2].user).toMatchObject({ attributes: { x: 1, y: 'new' }, riskLabel: 0 });
    const again = await users.upsert(viewer, input);
    expect(again.map(({ outcome }) => outcome)).toEqual(['unchanged', 'unchanged', 'unchanged']);
    expect(again.map(({ user }) => user)).toEqual(results.map(({ user }) => user));
  });

  test('is all or nothing', async () => {
    const input = [{ externalId: 'a' }, { externalId: 'b', attributes: { x: Infinity } }];
    await expect(users.upsert(viewer, input)).rejects.toEqual(refused('BAD_INPUT'));
    await expect(users.upsert(viewer, [{ externalId: 'a' }, { externalId: 'a' }])).rejects.toEqual(
      refused('BAD_INPUT'),
    );
    const many = Array.from({ length: 1_001 }, (_, i) => ({ externalId: `u${i}` }));
    await expect(users.upsert(viewer, many)).rejects.toEqual(refused('LIMIT_EXCEEDED'));
    expect(await users.list(viewer, {}, { first: 5 })).toEqual([]);
  });

  test('of many callers over the same users neither waits for ever nor loses anything', async () => {
    const ids = Array.from({ length: 40 }, (_, i) => `u${i}`);
    const calls = Array.from({ length: 8 }, (_, call) => {
      const order = call % 2 ? ids : [...ids].reverse();
      return users.upsert(
        viewer,
        order.map((externalId) => ({ externalId, attributes: { [`call${call}`]: call } })),
      );
    });
    await Promise.all(calls);
    const all = await users.list(viewer, {}, { first: 100 });
    expect(all).toHaveLength(40);
    for (const user of all) expect(Object.keys(user.attributes)).toHaveLength(8);
  });
});

describe('the list', () => {
  const everyone = async (filter: Parameters<UsersService['list']>[1]) =>
    (await users.list(viewer, filter, { first: 100 })).map((user) => user.externalId);

  test('goes by external id, page by page, also while users come and go', async () => {
    await users.upsert(
      viewer,
      ['e', 'a', 'c', 'g'].map((externalId) => ({ externalId })),
    );
    const first = await users.list(viewer, {}, { first: 2 });
    expect(first.map((user) => user.externalId)).toEqual(['a', 'c', 'e']); // one more than asked for
    await users.upsert(viewer, [{ externalId: 'b' }, { externalId: 'd' }]);
    const second = await users.list(viewer, {}, { first: 2, after: 'c' });
    expect(second.map((user) => user.externalId)).toEqual(['d', 'e', 'g']);
  });

  test('filters by attributes, and never trips over other types', async () => {
    await users.upsert(viewer, [
      { externalId: 'a', attributes: { age: 30, city: 'Bonn', since: '2020-01-01' } },
      { externalId: 'b', attributes: { age: 50, city: 'Köln', since: '2024-01-01' } },
      { externalId: 'c', attributes: { age: 'unknown', city: null, since: 'long ago' } },
      { externalId: 'd' },
    ]);
    expect(await everyone({ attributes: [{ name: 'age', min: 30, max: 49 }] })).toEqual(['a']);
    expect(await everyone({ attributes: [{ name: 'city', equals: 'Köln' }] })).toEqual(['b']);
    expect(await everyone({ attributes: [{ name: 'city', equals: null }] })).toEqual(['c', 'd']);
    expect(await everyone({ attributes: [{ name: 'since', from: '2020-01-01', to: '2023-12-31' }] })).toEqual(['a']);
    expect(await everyone({ attributes: [{ name: "x'; drop table concord.users --", equals: 1 }] })).toEqual([]);
    expect(
      await everyone({
        attributes: [
          { name: 'age', min: 30 },
          { name: 'city', equals: 'Köln' },
        ],
      }),
    ).toEqual(['b']);
  });

  test('filters by prefix, taken literally, by time and by product held', async () => {
    await users.upsert(
      viewer,
      ['x_1', 'x%2', 'y'].map((externalId) => ({ externalId })),
    );
    expect(await everyone({ externalIdPrefix: 'x_' })).toEqual(['x_1']);
    expect(await everyone({ createdTo: new Date('2020-01-01') })).toEqual([]);
    expect(await everyone({ createdFrom: new Date('2020-01-01') })).toHaveLength(3);
    const productId = await createProduct(db.database, ours);
    const holder = await users.byExternalId(viewer, 'y');
    await users.addHoldings(viewer, holder!.id, [{ productId }]);
    expect(await everyone({ holdsProductId: productId })).toEqual(['y']);
  });

  test('filters by questionnaire and tag', async () => {
    const [valid, expired, missing] = await Promise.all(
      ['valid', 'expired', 'missing'].map((external_id) => createUser(db.database, ours, { external_id })),
    );
    await db.database.tenant(ours, async (manager) => {
      for (const [id, tolerance, days] of [
        [valid, 4, 10],
        [expired, 2, -10],
      ])
        await manager.query(
          `insert into concord.questionnaires (institution_id, user_id, risk_tolerance, knowledge, horizon_months, completed_at, expires_at)
           values ($1, $2, $3, 1, 12, now() - interval '1 year', now() + $4 * interval '1 day')`,
          [ours, id, tolerance, days],
        );
      await manager.query(
        `insert into concord.profiles (institution_id, user_id, features, state, tags) values ($1, $2, '{}', '{}', '[{"tag": "saver", "rule": "…"}]')`,
        [ours, missing],
      );
    });
    expect(await everyone({ questionnaire: 'valid' })).toEqual(['valid']);
    expect(await everyone({ questionnaire: 'expired' })).toEqual(['expired']);
    expect(await everyone({ questionnaire: 'missing' })).toEqual(['missing']);
    expect(await everyone({ minRiskTolerance: 3 })).toEqual(['valid']);
    expect(await everyone({ maxRiskTolerance: 3 })).toEqual(['expired']);
    expect(await everyone({ tag: 'saver' })).toEqual(['missing']);
    expect(await everyone({ tag: 'dormant' })).toEqual([]);
  });
});

describe('holdings', () => {
  test('are added and removed, twice as well as once', async () => {
    const id = await createUser(db.database, ours);
    const [a, b] = [await createProduct(db.database, ours), await createProduct(db.database, ours)];
    const acquiredAt = new Date('2024-05-01T00:00:00Z');
    await users.addHoldings(viewer, id, [{ productId: a, amount: 100.25, acquiredAt }, { productId: b }]);
    await users.addHoldings(viewer, id, [{ productId: a }]);
    const held = (await users.holdingsOf(viewer, [id], 10)).get(id);
    expect(held).toHaveLength(2);
    expect(held).toContainEqual({ userId: id, productId: a, amount: 100.25, acquiredAt });
    await users.removeHoldings(viewer, id, [a, UNKNOWN]);
    await users.removeHoldings(viewer, id, [a]);
    expect((await users.holdingsOf(viewer, [id], 10)).get(id)).toEqual([
      { userId: id, productId: b, amount: null, acquiredAt: null },
    ]);
  });

  test('name users and products of the institution only, and none in part', async () => {
    const id = await createUser(db.database, ours);
    const productId = await createProduct(db.database, ours);
    const foreign = await createProduct(db.database, stranger.institutionId!);
    for (const other of [foreign, UNKNOWN])
      await expect(users.addHoldings(viewer, id, [{ productId }, { productId: other }])).rejects.toEqual(
        refused('NOT_FOUND'),
      );
    await expect(users.addHoldings(viewer, UNKNOWN, [{ productId }])).rejects.toEqual(refused('NOT_FOUND'));
    expect(await users.holdingsOf(viewer, [id], 10)).toEqual(new Map());
  });
});

describe('another institution', () => {
  test('finds nothing of ours, and learns nothing', async () => {
    const id = await createUser(db.database, ours, { external_id: 'C-1' });
    const attempts: (() => Promise<unknown>)[] = [
      () => users.one(stranger, id),
      () => users.update(stranger, id, { attributes: { a: 1 } }),
      () => users.erase(stranger, id),
      () => users.addHoldings(stranger, id, []),
      () => users.removeHoldings(stranger, id, []),
    ];
    for (const attempt of attempts) {
      const error = await attempt().catch((thrown) => thrown);
      expect(error).toEqual(refused('NOT_FOUND'));
    }
    const [known, unknown] = await Promise.all([id, UNKNOWN].map((each) => users.one(stranger, each).catch((e) => e)));
    expect(known.message.replace(known.details.id, '')).toBe(unknown.message.replace(unknown.details.id, ''));
    expect(await users.byExternalId(stranger, 'C-1')).toBeUndefined();
    expect(await users.byIds(stranger, [id])).toEqual(new Map());
    expect(await users.list(stranger, {}, { first: 10 })).toEqual([]);
    expect(await users.holdingsOf(stranger, [id], 10)).toEqual(new Map());
    expect(await users.protectedAttributes(stranger, [id])).toEqual(new Map());
    await users.upsert(stranger, [{ externalId: 'C-1', attributes: { theirs: 1 } }]);
    expect((await users.one(viewer, id)).attributes).toEqual({});
  });
});

test('needs scopes: reading to read, writing to write, and both for protected attributes', async () => {
  const id = await createUser(db.database, ours, { protected_attributes: { sex: 'f' } });
  const reader = partner(ours, ['recommendations:read']);
  expect((await users.one(reader, id)).id).toBe(id);
  await expect(users.create(reader, { externalId: 'x' })).rejects.toEqual(refused('FORBIDDEN'));
  await expect(users.erase(reader, id)).rejects.toEqual(refused('FORBIDDEN'));
  await expect(users.protectedAttributes(reader, [id])).rejects.toEqual(refused('FORBIDDEN'));
  await expect(users.list(partner(ours, ['models:read']), {}, { first: 1 })).rejects.toEqual(refused('FORBIDDEN'));
  await expect(users.one(undefined, id)).rejects.toEqual(refused('UNAUTHENTICATED'));
  expect(await users.protectedAttributes(viewer, [id])).toEqual(new Map([[id, { sex: 'f' }]]));
});
