import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importData } from '../../../src/database/import/import-data.js';
import { priceRules } from '../../../src/products/price-rules.js';
import { PricesService } from '../../../src/products/prices.service.js';
import { ProductsService } from '../../../src/products/products.service.js';
import { priceFiguresOf } from '../../../src/risk/market/price-figures.js';
import { dataFolders, descriptorOf } from '../../support/bank-files.js';
import { createInstitution, createProduct, useTestDatabase } from '../../support/database.js';
import { partner } from '../../support/viewers.js';

const db = useTestDatabase();
const data = dataFolders();
const NOW = new Date('2026-03-01T12:00:00Z');
const WEEK = 7 * 86_400_000;
const options = { now: NOW, priceRules };

const DESCRIPTOR = {
  products: { file: 'products.csv', code: 'code', riskClass: 2 },
  prices: { file: 'prices.csv', product: 'isin', date: { column: 'on', format: 'dd.mm.yyyy' }, price: 'close' },
};
const PRODUCTS = 'code\nP1\nP2\n';

let bank: string;
beforeEach(async () => {
  bank = await createInstitution(db.database);
});

const days = Array.from({ length: 261 }, (_, week) => new Date(Date.UTC(2026, 0, 30) - (260 - week) * WEEK));
const points = days.map((day, week) => ({ day: day.toISOString().slice(0, 10), price: week % 2 ? 103.25 : 100 }));
const german = (day: string) => day.split('-').reverse().join('.');
const lines = (code: string) => points.map(({ day, price }) => `${code};${german(day)};${price}`);
const file = (...rows: string[]) => ['isin;on;close', ...rows].join('\n');
const figuresOf = async (code: string) =>
  (await new ProductsService({ database: db.database }).byCode(partner(bank), code))?.priceFigures;
const stored = () =>
  db.database.tenant(bank, (manager) =>
    manager.query('select xmin, p.* from concord.product_prices p order by product_id, day'),
  );

test('prices come with their products in one import, the figures with them, and importing twice changes nothing', async () => {
  const folder = data.write({
    'products.csv': PRODUCTS,
    'prices.csv': file(...lines('P1'), ...lines('P2').slice(0, 5)),
  });
  const { report } = await importData(db.database, bank, descriptorOf(DESCRIPTOR), folder, options);
  expect(report.changes.prices).toEqual({ created: 266, updated: 0, unchanged: 0 });
  expect(await figuresOf('P1')).toEqual(JSON.parse(JSON.stringify(priceFiguresOf(points))));
  expect(await figuresOf('P2')).toBeNull();
  const before = await stored();
  const again = await importData(db.database, bank, descriptorOf(DESCRIPTOR), folder, options);
  expect(again.report.changes.prices).toEqual({ created: 0, updated: 0, unchanged: 266 });
  expect(await stored()).toEqual(before);
});

test('what cannot be a price is rejected and told, and the last of several of one day counts', async () => {
  await createProduct(db.database, bank, { code: 'P1' });
  const folder = data.write({
    'prices.csv': file(
      'P1;02.01.2026;100',
      'P1;05.01.2026;0',
      'P1;06.01.2026;-3',
      'P1;07.01.2026;',
      'P1;31.02.2026;100',
      'P1;01.01.2199;100',
      ';08.01.2026;100',
      'P9;08.01.2026;100',
      'P1;02.01.2026;101',
    ),
  });
  const rejectsPath = join(folder, 'rejects.csv');
  const { products: _, ...descriptor } = DESCRIPTOR;
  const { report } = await importData(db.database, bank, descriptorOf(descriptor), folder, { ...options, rejectsPath });
  expect(report.tables).toEqual([
    {
      ...{ file: 'prices.csv', table: 'prices', read: 9, imported: 1, merged: 1, filtered: 0, rejected: 7 },
      reasons: {
        'price not above 0': 3,
        'no date': 1,
        'date in the future or before 1900': 1,
        'no product code': 1,
        'unknown product': 1,
      },
    },
  ]);
  expect(await stored()).toMatchObject([{ price: 101 }]);
  expect(readFileSync(rejectsPath, 'utf8')).toContain('P9;08.01.2026;100');
});

describe('a history that looks as if it were not adjusted for a split', () => {
  const split = [...lines('P2').slice(0, 250), `P2;${german(points[250].day)};50`];

  test('is rejected for that product alone, and what was there stays', async () => {
    const first = data.write({ 'products.csv': PRODUCTS, 'prices.csv': file(...lines('P2').slice(0, 20)) });
    await importData(db.database, bank, descriptorOf(DESCRIPTOR), first, options);
    const kept = await figuresOf('P2');
    const folder = data.write({ 'products.csv': PRODUCTS, 'prices.csv': file(...split, ...lines('P1')) });
    const { report } = await importData(db.database, bank, descriptorOf(DESCRIPTOR), folder, options);
    expect(report.tables[1]).toMatchObject({
      ...{ read: 512, imported: 261, rejected: 251 },
      reasons: { 'looks like a split that prices are not adjusted for': 251 },
    });
    expect(report.changes.prices).toEqual({ created: 261, updated: 0, unchanged: 0 });
    expect(await figuresOf('P2')).toEqual(kept);
    expect(await stored()).toHaveLength(281);
  });

  test('is accepted where the descriptor says so', async () => {
    const descriptor = { ...DESCRIPTOR, prices: { ...DESCRIPTOR.prices, jumps: 'accept' } };
    const folder = data.write({ 'products.csv': PRODUCTS, 'prices.csv': file(...split) });
    const { report } = await importData(db.database, bank, descriptorOf(descriptor), folder, options);
    expect(report.changes.prices).toMatchObject({ created: 251 });
    expect(await figuresOf('P2')).toMatchObject({ maxDrawdown: 1 - 50 / 103.25 });
  });
});

test('an import adds to what was recorded by the API', async () => {
  await createProduct(db.database, bank, { code: 'P1' });
  const prices = new PricesService({ products: new ProductsService({ database: db.database }) });
  await prices.record(
    partner(bank),
    points.slice(0, 100).map((point) => ({ ...point, productCode: 'P1' })),
  );
  const { products: _, ...descriptor } = DESCRIPTOR;
  const folder = data.write({ 'prices.csv': file(...lines('P1').slice(90)) });
  const { report } = await importData(db.database, bank, descriptorOf(descriptor), folder, options);
  expect(report.changes.prices).toEqual({ created: 161, updated: 0, unchanged: 10 });
  expect(await figuresOf('P1')).toEqual(JSON.parse(JSON.stringify(priceFiguresOf(points))));
});

test('a dry run tells the same and writes nothing', async () => {
  const folder = data.write({ 'products.csv': PRODUCTS, 'prices.csv': file(...lines('P1')) });
  const { report } = await importData(db.database, bank, descriptorOf(DESCRIPTOR), folder, {
    ...options,
    dryRun: true,
  });
  expect(report.changes.prices).toEqual({ created: 261, updated: 0, unchanged: 0 });
  expect(await stored()).toEqual([]);
});
