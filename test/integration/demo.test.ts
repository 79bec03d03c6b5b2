import type { EntityManager } from 'typeorm';
import { INSTITUTIONS } from '../../src/demo/institutions.js';
import { seedDemo } from '../../src/demo/seed.js';
import { featuresOf } from '../../src/profiles/features.js';
import { applyEvents, emptyState } from '../../src/profiles/state.js';
import type { PricePoint } from '../../src/risk/market/history.js';
import { priceFiguresOf } from '../../src/risk/market/price-figures.js';
import { createInstitution, createTestDatabase, type TestDatabase } from '../support/database.js';

const NOW = new Date('2026-03-01T12:00:00Z');
const TABLES = [
  'products',
  'product_prices',
  'users',
  'attribute_descriptions',
  'questionnaires',
  'holdings',
  'behaviour_events',
  'profiles',
];

describe('seeding the demo consortium', () => {
  let test: TestDatabase & { drop: () => Promise<void> };
  const options = () => ({ database: test.database, now: NOW, scale: 0.01 });
  beforeEach(async () => {
    test = await createTestDatabase();
  });
  afterEach(() => test.drop());

  const count = (id: string, table: string): Promise<number> =>
    test.database.tenant(id, async (manager) => {
      const [row] = await manager.query(`select count(*)::int as count from concord.${table}`);
      return row.count;
    });

  it('writes every institution once', async () => {
    const fractions: number[] = [];
    const report = await seedDemo({ ...options(), onProgress: (_, fraction) => fractions.push(fraction) });
    expect(report.institutions.map(({ code }) => code)).toEqual(INSTITUTIONS.map(({ code }) => code));
    for (const { id, rows } of report.institutions) {
      for (const table of TABLES) {
        expect(rows[table]).toBeGreaterThan(0);
        expect(await count(id, table)).toBe(rows[table]);
      }
    }
    expect(fractions.at(-1)).toBe(1);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    const again = await seedDemo(options());
    expect(again.institutions).toEqual([]);
    expect(await count(report.institutions[0].id, 'users')).toBe(report.institutions[0].rows.users);
  });

  it('writes all of an institution or nothing of it, and completes what a crash left', async () => {
    const controller = new AbortController();
    const onProgress = (_: string, fraction: number) => {
      if (fraction > 0.5) controller.abort();
    };
    const crashed = seedDemo({ ...options(), signal: controller.signal, onProgress });
    await expect(crashed).rejects.toMatchObject({ code: 'CANCELLED' });
    const ids: { id: string; code: string }[] = await test.database.consortium((manager) =>
      manager.query('select id, code from concord.institutions'),
    );
    const whole: string[] = [];
    for (const { id, code } of ids) {
      const counts = await Promise.all(TABLES.map((table) => count(id, table)));
      if (counts.every((rows) => rows > 0)) whole.push(code);
      else expect(counts).toEqual(TABLES.map(() => 0));
    }
    expect(whole.length).toBeLessThan(INSTITUTIONS.length);
    const report = await seedDemo(options());
    const completed = [...whole, ...report.institutions.map(({ code }) => code)];
    expect(completed.sort()).toEqual(INSTITUTIONS.map(({ code }) => code).sort());
  });

  it('lets two servers that start at once write it once', async () => {
    const reports = await Promise.all([seedDemo(options()), seedDemo(options())]);
    const codes = reports.flatMap(({ institutions }) => institutions.map(({ code }) => code));
    expect(codes.sort()).toEqual(INSTITUTIONS.map(({ code }) => code).sort());
  });

  it('leaves a database alone that has institutions of its own', async () => {
    await createInstitution(test.database);
    expect((await seedDemo(options())).institutions).toEqual([]);
  });

  it('stores the figures that the stored prices give', async () => {
    const { institutions } = await seedDemo(options());
    const products: { prices: PricePoint[] | null; figures: object | null }[] = await test.database.tenant(
      institutions[1].id,
      (manager) =>
        manager.query(
          `select p.price_figures as figures,
                  (select json_agg(json_build_object('day', day::text, 'price', price)) from concord.product_prices where product_id = p.id) as prices
             from concord.products p`,
        ),
    );
    const priced = products.filter(({ prices }) => prices !== null);
    expect(priced.length).toBeGreaterThan(30);
    for (const { prices, figures } of products)
      expect(figures).toEqual(JSON.parse(JSON.stringify(priceFiguresOf(prices ?? []) ?? null)));
  });

  it('stores the profiles that the stored events give', async () => {
    const { institutions } = await seedDemo(options());
    const { id } = institutions[0];
    const [events, profiles] = await test.database.tenant(id, async (manager: EntityManager) => [
      await manager.query(
        `select e.user_id, e.type, e.amount, e.duration_seconds, e.occurred_at, p.type as product_type, p.risk_class
           from concord.behaviour_events e left join concord.products p on p.id = e.product_id order by e.occurred_at`,
      ),
      await manager.query('select user_id, features from concord.profiles'),
    ]);
    expect(profiles.length).toBeGreaterThan(30);
    for (const { user_id, features } of profiles.slice(0, 10)) {
      const own = events.filter((event: { user_id: string }) => event.user_id === user_id);
      const state = applyEvents(
        emptyState(),
        own.map((event: Record<string, never>) => ({
          type: event.type,
          occurredAt: (event.occurred_at as Date).getTime(),
          amount: event.amount,
          durationSeconds: event.duration_seconds,
          product: event.product_type ? { type: event.product_type, riskClass: event.risk_class } : null,
        })),
      );
      expect(featuresOf(state, NOW)).toEqual(features);
    }
  });
});
