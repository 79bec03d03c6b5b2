import type { Viewer } from '../../src/graphql/viewer.js';
import { type ProductOrder, ProductsService, type ProductValues } from '../../src/products/products.service.js';
import { createInstitution, createProduct, createUser, useTestDatabase } from '../support/database.js';
import { partner } from '../support/viewers.js';

const db = useTestDatabase();
const UNKNOWN = '00000000-0000-4000-8000-000000000000';
let products: ProductsService;
let endListening: () => Promise<void>;
let ours: string;
let viewer: Viewer;
let stranger: Viewer;

beforeAll(async () => {
  products = new ProductsService({ database: db.database });
  endListening = await products.listen();
});
afterAll(() => endListening());
beforeEach(async () => {
  ours = await createInstitution(db.database);
  viewer = partner(ours);
  stranger = partner(await createInstitution(db.database));
});

const refused = (code: string) => expect.objectContaining({ code });
const values = (code: string, rest: Partial<ProductValues> = {}): ProductValues => ({
  code,
  name: `Product ${code}`,
  type: 'fund',
  riskClass: 3,
  expectedYield: null,
  volatility: null,
  termMonths: null,
  minimumAmount: 0,
  minimumHorizonMonths: 0,
  requiredKnowledge: 0,
  currency: 'EUR',
  attributes: {},
  active: true,
  ...rest,
});

/** Walks all pages of a size. */
async function walk(filter: Parameters<ProductsService['list']>[1], by: ProductOrder, descending = false, first = 2) {
  const codes: string[] = [];
  for (let after: Parameters<ProductsService['list']>[3]['after']; ; ) {
    const rows = await products.list(viewer, filter, { by, descending }, { first, after });
    codes.push(...rows.slice(0, first).map(({ product }) => product.code));
    if (rows.length <= first) return codes;
    after = rows[first - 1].key;
  }
}

test('a product is created, read and changed', async () => {
  const created = await products.create(viewer, values('A', { minimumAmount: 250.5, attributes: { isin: 'DE0001' } }));
  expect(created).toMatchObject({ code: 'A', minimumAmount: 250.5, attributes: { isin: 'DE0001' }, currency: 'EUR' });
  const updated = await products.update(viewer, created.id, { volatility: 0.2, active: false });
  expect(updated).toMatchObject({ volatility: 0.2, active: false, minimumAmount: 250.5 });
  expect(await products.update(viewer, created.id, { volatility: null })).toMatchObject({ volatility: null });
  expect(await products.one(viewer, created.id)).toMatchObject({ volatility: null, active: false });
  expect((await products.byCode(viewer, 'A'))?.id).toBe(created.id);
  expect(await products.byCode(viewer, 'B')).toBeUndefined();
  await expect(products.create(viewer, values('A'))).rejects.toEqual(refused('CONFLICT'));
  await expect(products.update(viewer, created.id, { attributes: { a: Number.NaN } })).rejects.toEqual(
    refused('BAD_INPUT'),
  );
});

test('bulk upsert replaces by code, in order, all or none, and changes nothing twice', async () => {
  await products.create(viewer, values('b', { riskClass: 1 }));
  const input = [values('c'), values('a', { attributes: { x: 1 } }), values('b')];
  const results = await products.upsert(viewer, input);
  expect(results.map(({ product, outcome }) => [product.code, outcome])).toEqual([
    ['c', 'created'],
    ['a', 'created'],
    ['b', 'updated'],
  ]);
  expect(results[2].product.riskClass).toBe(3);
  const again = await products.upsert(viewer, input);
  expect(again.map(({ outcome }) => outcome)).toEqual(['unchanged', 'unchanged', 'unchanged']);
  expect(again.map(({ product }) => product)).toEqual(results.map(({ product }) => product));
  await expect(products.upsert(viewer, [values('d'), values('d')])).rejects.toEqual(refused('BAD_INPUT'));
  await expect(products.upsert(viewer, [values('d'), values('e', { riskClass: 6 })])).rejects.toEqual(
    refused('BAD_INPUT'),
  );
  expect(await products.byCode(viewer, 'd')).toBeUndefined();
});

describe('the list', () => {
  beforeEach(async () => {
    await products.upsert(viewer, [
      values('a', {
        type: 'bond',
        riskClass: 2,
        expectedYield: 0.03,
        volatility: 0.04,
        termMonths: 60,
        currency: 'USD',
      }),
      values('b', { type: 'stock', riskClass: 5, expectedYield: 0.08, volatility: 0.25, minimumAmount: 100 }),
      values('c', { type: 'deposit', riskClass: 1, expectedYield: 0.01, termMonths: 12, minimumAmount: 5_000 }),
      values('d', { riskClass: 3, expectedYield: 0.05, volatility: 0.12, minimumAmount: 100, active: false }),
      values('e', { riskClass: 3, expectedYield: 0.05, volatility: 0.12 }),
    ]);
  });

  test('is walked in any order, ties and missing values included', async () => {
    expect(await walk({}, 'code')).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(await walk({}, 'code', true)).toEqual(['e', 'd', 'c', 'b', 'a']);
    expect((await walk({}, 'expectedYield', true)).filter((code) => !'de'.includes(code))).toEqual(['b', 'a', 'c']);
    for (const by of ['name', 'riskClass', 'expectedYield', 'volatility', 'termMonths', 'minimumAmount'] as const)
      for (const descending of [false, true]) {
        const walked = await walk({}, by, descending);
        expect([...walked].sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
        expect(walked).toEqual(await walk({}, by, descending, 100));
      }
    expect((await walk({}, 'termMonths')).slice(0, 2)).toEqual(['c', 'a']);
    expect((await walk({}, 'termMonths', true)).slice(0, 2)).toEqual(['a', 'c']);
  });

  test('filters by type, currency, state and ranges', async () => {
    expect(await walk({ types: ['bond', 'stock'] }, 'code')).toEqual(['a', 'b']);
    expect(await walk({ currencies: ['USD'] }, 'code')).toEqual(['a']);
    expect(await walk({ active: false }, 'code')).toEqual(['d']);
    expect(await walk({ riskClass: { min: 2, max: 3 } }, 'code')).toEqual(['a', 'd', 'e']);
    expect(await walk({ expectedYield: { min: 0.05 } }, 'code')).toEqual(['b', 'd', 'e']);
    expect(await walk({ volatility: { max: 0.12 } }, 'code')).toEqual(['a', 'd', 'e']);
    expect(await walk({ termMonths: { max: 24 } }, 'code')).toEqual(['c']);
    expect(await walk({ minimumAmount: { min: 100, max: 1_000 } }, 'code')).toEqual(['b', 'd']);
    expect(await walk({ types: ['fund'], active: true, riskClass: { min: 3 } }, 'code')).toEqual(['e']);
  });
});

test('similar products are explained by what they are and by who holds them', async () => {
  const [a, b, c] = (
    await products.upsert(
      viewer,
      ['a', 'b', 'c'].map((code) => values(code)),
    )
  ).map((r) => r.product);
  await products.create(viewer, values('inactive', { active: false }));
  await db.database.tenant(ours, async (manager) => {
    for (let i = 0; i < 5; i++)
      await manager.query(
        `insert into concord.holdings (institution_id, user_id, product_id) select $1, $2, * from unnest($3::uuid[])`,
        [ours, await createUser(db.database, ours), i < 4 ? [a.id, c.id] : [b.id]],
      );
  });
  const similar = await products.similar(viewer, a.id, 10);
  expect(similar.map(({ product }) => product.code).sort()).toEqual(['b', 'c']);
  const ofC = similar.find(({ product }) => product.code === 'c');
  const co = ofC?.reasons.find((reason) => reason.dimension === 'coOwnership');
  expect(co).toMatchObject({ similarity: 1, text: '4 users hold both, of 4 who hold either' });
  await expect(products.similar(viewer, UNKNOWN, 10)).rejects.toEqual(refused('NOT_FOUND'));
});

describe('the catalogue', () => {
  test('has the active products, and is the same object until one changes', async () => {
    const alone = new ProductsService({ database: db.database }); // hears of no changes but its own
    const [a] = await alone.upsert(viewer, [values('a'), values('b', { active: false })]);
    const before = await alone.catalogue(viewer);
    expect(before.products.map((product) => product.code)).toEqual(['a']);
    expect(before.byId.get(a.product.id)).toBe(before.byCode.get('a'));
    expect(await alone.catalogue(viewer)).toBe(before);
    await alone.create(viewer, values('c'));
    const after = await alone.catalogue(viewer);
    expect(after.products.map((product) => product.code)).toEqual(['a', 'c']);
    expect(after.version).toBeGreaterThan(before.version);
  });

  test('hears of what another process changes', async () => {
    const other = new ProductsService({ database: db.database });
    expect((await products.catalogue(viewer)).products).toEqual([]);
    const created = await other.create(viewer, values('a'));
    expect(await products.one(viewer, created.id)).toEqual(created); // at once, whether announced or not
    await other.update(viewer, created.id, { name: 'Renamed' });
    for (let i = 0; i < 500; i++) {
      if ((await products.catalogue(viewer)).byCode.get('a')?.name === 'Renamed') return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error('The change was never announced.');
  });
});

test('another institution finds nothing of ours, and learns nothing', async () => {
  const id = await createProduct(db.database, ours, { code: 'A' });
  for (const attempt of [
    () => products.one(stranger, id),
    () => products.update(stranger, id, { name: 'Theirs' }),
    () => products.similar(stranger, id, 5),
    () => products.requireAll(stranger, [id]),
  ])
    await expect(attempt()).rejects.toEqual(refused('NOT_FOUND'));
  expect(await products.byCode(stranger, 'A')).toBeUndefined();
  expect((await products.catalogue(stranger)).products).toEqual([]);
  expect(await products.list(stranger, {}, { by: 'code', descending: false }, { first: 5 })).toEqual([]);
  const [{ outcome }] = await products.upsert(stranger, [values('A', { name: 'Theirs' })]);
  expect(outcome).toBe('created');
  expect((await products.one(viewer, id)).name).toBe('A fund');
});

test('writing needs the scope to write', async () => {
  const reader = partner(ours, ['recommendations:read']);
  await expect(products.create(reader, values('a'))).rejects.toEqual(refused('FORBIDDEN'));
  await expect(products.upsert(reader, [values('a')])).rejects.toEqual(refused('FORBIDDEN'));
  await expect(products.catalogue(partner(ours, ['users:write']))).rejects.toEqual(refused('FORBIDDEN'));
  await expect(products.catalogue(undefined)).rejects.toEqual(refused('UNAUTHENTICATED'));
});
