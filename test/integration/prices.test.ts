import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiSchema } from '../../src/app/resolvers.js';
import type { Engine } from '../../src/engine/engine.js';
import type { Viewer } from '../../src/graphql/viewer.js';
import { InstitutionsService } from '../../src/institutions/institutions.service.js';
import { createPrivacy } from '../../src/privacy/create-privacy.js';
import { PricesService, type RecordedPrice } from '../../src/products/prices.service.js';
import { ProductsService } from '../../src/products/products.service.js';
import { priceFiguresOf } from '../../src/risk/market/price-figures.js';
import { riskFiguresOf } from '../../src/risk/market/risk-figures.js';
import { createServices } from '../support/consortium.js';
import { createInstitution, createProduct, createUser, useTestDatabase } from '../support/database.js';
import { startHttpServer, type TestHttpServer } from '../support/http-server.js';
import { testLedgerKey } from '../support/ledger-key.js';
import { operator, partner } from '../support/viewers.js';

const db = useTestDatabase();
const WEEK = 7 * 86_400_000;
const END = Date.parse('2026-01-30');
let products: ProductsService;
let prices: PricesService;
let ours: string;
let viewer: Viewer;

beforeEach(async () => {
  products = new ProductsService({ database: db.database });
  prices = new PricesService({ products });
  ours = await createInstitution(db.database);
  viewer = partner(ours);
});

const refused = (code: string, message?: RegExp) =>
  expect.objectContaining({ code, ...(message && { message: expect.stringMatching(message) }) });

/** Five years of weekly prices that go up and down by a share in turn. */
const weekly = (share: number, count = 261): { day: string; price: number }[] =>
  Array.from({ length: count }, (_, week) => ({
    day: new Date(END - (count - 1 - week) * WEEK).toISOString().slice(0, 10),
    price: week % 2 ? 100 * (1 + share) : 100,
  }));
const of = (productCode: string, points: readonly { day: string; price: number | null }[]): RecordedPrice[] =>
  points.map((point) => ({ ...point, productCode }));

test('recording prices computes the figures at once, and the same call again changes nothing', async () => {
  await createProduct(db.database, ours, { code: 'A', minimum_horizon_months: 60 });
  await createProduct(db.database, ours, { code: 'B' });
  const call = [...of('A', weekly(0.03)), ...of('B', weekly(0.01, 5))];
  const recorded = await prices.record(viewer, call);
  expect(recorded).toMatchObject({ created: 266, updated: 0, removed: 0 });
  expect(recorded.products.map(({ code }) => code)).toEqual(['A', 'B']);
  const a = await products.byCode(viewer, 'A');
  expect(a?.priceFigures).toEqual(JSON.parse(JSON.stringify(priceFiguresOf(weekly(0.03)))));
  expect(riskFiguresOf(a!)?.volatility).toBeCloseTo(Math.log(1.03) * Math.sqrt(52), 9);
  expect((await products.byCode(viewer, 'B'))?.priceFigures).toBeNull();
  expect(await prices.record(viewer, call)).toMatchObject({ created: 0, updated: 0, removed: 0 });
});

test('a day takes a new price, or loses it with null, and the figures follow', async () => {
  await createProduct(db.database, ours, { code: 'A' });
  await prices.record(viewer, of('A', weekly(0.03)));
  const [first, second, ...rest] = weekly(0.03);
  const changed = await prices.record(
    viewer,
    of('A', [
      { ...first, price: 104 },
      { ...second, price: null },
    ]),
  );
  expect(changed).toMatchObject({ created: 0, updated: 1, removed: 1 });
  const expected = priceFiguresOf([{ ...first, price: 104 }, ...rest]);
  expect(changed.products[0].priceFigures).toEqual(JSON.parse(JSON.stringify(expected)));
});

test('a history without figures loses those that it had', async () => {
  await createProduct(db.database, ours, { code: 'A' });
  const points = weekly(0.03, 13);
  await prices.record(viewer, of('A', points));
  expect((await products.byCode(viewer, 'A'))?.priceFigures).not.toBeNull();
  await prices.record(viewer, of('A', [{ day: points[3].day, price: null }]));
  expect((await products.byCode(viewer, 'A'))?.priceFigures).toBeNull();
});

describe('what is refused leaves nothing behind', () => {
  const day = '2026-01-02';

  test.each<[string, RecordedPrice[], RegExp]>([
    ['a price of zero', of('A', [{ day, price: 0 }]), /above 0/],
    ['an infinite price', of('A', [{ day, price: Number.POSITIVE_INFINITY }]), /above 0/],
    ['no day', of('A', [{ day: '2026-02-31', price: 1 }]), /no day/],
    ['a day twice', of('A', [...weekly(0.01, 2), ...weekly(0.01, 1)]), /twice/],
    ['a day to come', of('A', [{ day: '2199-01-01', price: 1 }]), /future/],
    ['a split', of('A', [...weekly(0, 3), { day: '2026-01-31', price: 50.2 }]), /split/],
    ['two names of a product', [{ productCode: 'A', productId: randomUUID(), day, price: 1 }], /not both/],
    ['no product', [{ day, price: 1 }], /not both/],
  ])('%s', async (_, call, message) => {
    const id = await createProduct(db.database, ours, { code: 'A' });
    await expect(prices.record(viewer, call)).rejects.toEqual(refused('BAD_INPUT', message));
    const [rows] = await db.database.read<[unknown[]]>(ours, {
      text: 'select from concord.product_prices where product_id = $1',
      values: [id],
    });
    expect(rows).toEqual([]);
  });

  test('an unknown product, one of another institution, too many prices, and who may not', async () => {
    const id = await createProduct(db.database, ours, { code: 'A' });
    const stranger = partner(await createInstitution(db.database));
    const price = { day, price: 1 };
    await expect(prices.record(viewer, of('B', [price]))).rejects.toEqual(refused('NOT_FOUND'));
    await expect(prices.record(stranger, of('A', [price]))).rejects.toEqual(refused('NOT_FOUND'));
    await expect(prices.record(stranger, [{ productId: id, ...price }])).rejects.toEqual(refused('NOT_FOUND'));
    await expect(prices.record(viewer, of('A', Array(2001).fill(price)))).rejects.toEqual(refused('LIMIT_EXCEEDED'));
    const reader = partner(ours, ['recommendations:read']);
    await expect(prices.record(reader, of('A', [price]))).rejects.toEqual(refused('FORBIDDEN'));
    await expect(prices.record(undefined, of('A', [price]))).rejects.toEqual(refused('UNAUTHENTICATED'));
    await expect(prices.record(operator(), of('A', [price]))).rejects.toEqual(refused('FORBIDDEN'));
  });
});

test('a jump that was accepted once is not asked about again', async () => {
  await createProduct(db.database, ours, { code: 'A' });
  const split = [...weekly(0.01, 20), { day: '2026-01-31', price: 50 }];
  await prices.record(viewer, of('A', split), { acceptJumps: true });
  const next = of('A', [{ day: '2026-02-01', price: 51 }]);
  expect(await prices.record(viewer, next, { now: new Date('2026-02-01') })).toMatchObject({ created: 1 });
});

test('calls at once on one product end as if they had come one after the other', async () => {
  await createProduct(db.database, ours, { code: 'A' });
  const points = weekly(0.03);
  const parts = Array.from({ length: 6 }, (_, part) => points.filter((_point, index) => index % 6 === part));
  await Promise.all(parts.map((part) => prices.record(viewer, of('A', part), { acceptJumps: true })));
  const expected = JSON.parse(JSON.stringify(priceFiguresOf(points)));
  expect((await products.byCode(viewer, 'A'))?.priceFigures).toEqual(expected);
});

describe('over HTTP', () => {
  const folder = mkdtempSync(join(tmpdir(), 'concord-prices-'));
  let server: TestHttpServer;
  let institution: string;
  let userId: string;

  beforeAll(async () => {
    const services = createServices(db.database, { scoring: {}, train: undefined } as unknown as Engine);
    const institutions = new InstitutionsService({ database: db.database });
    const privacy = createPrivacy({ database: db.database, institutions, key: testLedgerKey() });
    institution = await createInstitution(db.database);
    await createProduct(db.database, institution, { code: 'CALM', risk_class: 2 });
    await createProduct(db.database, institution, { code: 'WILD', risk_class: 2 });
    userId = await createUser(db.database, institution);
    server = await startHttpServer({
      env: { CONCORD_DATA_DIR: folder },
      schema: createApiSchema({ ...services, institutions, privacy, federation: {}, oversight: {} } as never),
      institutions: { bank: institution },
    });
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  async function ask(query: string, variables: object = {}, client: 'partner' | 'auditor' = 'partner') {
    const token = await server.issuer.issue({ client, institution: 'bank', audience: 'concord', expiresInSeconds: 60 });
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query, variables }),
    });
    // biome-ignore lint/suspicious/noExplicitAny: the shape of an answer is what the test is about
    return (await response.json()) as any;
  }

  const RECORD = `mutation ($input: RecordPricesInput!) {
    recordPrices(input: $input) {
      created updated removed
      products { code riskClass riskFigures { volatility maxDrawdown valueAtRisk expectedShortfall sri riskClass asOf observations sufficient } }
    }
  }`;

  test('prices are recorded in bulk, and the product shows what follows', async () => {
    const before = await ask('{ productByCode(code: "WILD") { riskFigures { sri } } }');
    expect(before.data.productByCode.riskFigures).toBeNull();
    const input = { prices: [...of('CALM', weekly(0.002)), ...of('WILD', weekly(0.05))] };
    const { data } = await ask(RECORD, { input });
    expect(data.recordPrices).toMatchObject({ created: 522, updated: 0, removed: 0 });
    const [calm, wild] = data.recordPrices.products;
    expect(calm).toMatchObject({
      code: 'CALM',
      riskFigures: { sri: 2, riskClass: 2, asOf: '2026-01-30', sufficient: true },
    });
    expect(wild).toMatchObject({
      code: 'WILD',
      riskClass: 2,
      riskFigures: { sri: 6, riskClass: 5, observations: 260 },
    });
    expect(wild.riskFigures.valueAtRisk).toBeCloseTo(1 - 1 / 1.05, 9);
    expect(wild.riskFigures.expectedShortfall).toBeCloseTo(1 - 1 / 1.05, 9);
    expect(wild.riskFigures.maxDrawdown).toBeCloseTo(1 - 1 / 1.05, 9);
  });

  test('what is wrong is said, and nobody else writes', async () => {
    const zero = await ask(RECORD, { input: { prices: of('CALM', [{ day: '2026-01-30', price: 0 }]) } });
    expect(zero.errors[0].extensions.code).toBe('BAD_INPUT');
    const unnamed = await ask(RECORD, { input: { prices: [{ day: '2026-01-30', price: 1 }] } });
    expect(unnamed.errors[0].message).toMatch(/productId or by productCode/);
    const auditor = await ask(RECORD, { input: { prices: of('CALM', weekly(0.05, 2)) } }, 'auditor');
    expect(auditor.errors[0].extensions.code).toBe('FORBIDDEN');
  });

  test('who tolerates the stated class only is not offered what its prices show to be riskier', async () => {
    await db.database.tenant(institution, (manager) =>
      manager.query(
        `insert into concord.questionnaires (user_id, institution_id, risk_tolerance, knowledge, horizon_months, completed_at, expires_at)
         values ($1, $2, 2, 3, 240, now(), now() + interval '1 year')`,
        [userId, institution],
      ),
    );
    const services = createServices(db.database, { scoring: {} } as unknown as Engine, () => new Date());
    const page = await services.recommendations.recommend(partner(institution), { userId, first: 10, reasons: false });
    expect(page.items.map(({ product }) => product.code)).toEqual(['CALM']);
  });
});
