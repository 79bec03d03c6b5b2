import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { importData } from '../../../src/database/import/import-data.js';
import { ProductsService } from '../../../src/products/products.service.js';
import { ProfilesService } from '../../../src/profiles/profiles.service.js';
import { BANK, BANK_FILES, dataFolders, descriptorOf } from '../../support/bank-files.js';
import { createInstitution, useTestDatabase } from '../../support/database.js';
import { operator } from '../../support/viewers.js';

const db = useTestDatabase();
const data = dataFolders();
const NOW = new Date('2026-03-01T12:00:00Z');

let bank: string;
beforeEach(async () => {
  bank = await createInstitution(db.database, { currency: 'CHF' });
});

const TABLES = ['users', 'questionnaires', 'products', 'holdings', 'behaviour_events'];

/** What the institution has, every column and the row versions of PostgreSQL included. */
const everything = (institutionId: string) =>
  db.database.tenant(institutionId, async (manager) => {
    const rows: Record<string, unknown[]> = {};
    for (const table of TABLES)
      rows[table] = await manager.query(`select xmin, ctid, t.* from concord.${table} t order by t::text`);
    return rows;
  });

const query = (text: string, institutionId = bank) =>
  db.database.tenant(institutionId, (manager) => manager.query(text));

test('what a descriptor says of attributes is kept, and what it does not say stays', async () => {
  const folder = data.write({ 'u.csv': 'id,income,job,sex,since\n1,10,baker,f,2020-01-01\n2,20,nurse,m,2021-01-01\n' });
  const columns = {
    income: { type: 'numeric', label: { en: 'net income', zh: '月净收入' }, actionable: 'increase' },
    job: { type: 'categorical', label: 'occupation', actionable: false },
    sex: { type: 'categorical', protected: true, use: 'model' },
    since: 'date',
  };
  const withColumns = (changed: object) =>
    descriptorOf({ users: { file: 'u.csv', id: 'id', columns: { ...columns, ...changed } } });
  const described = () =>
    query('select name, label, label_zh, actionable from concord.attribute_descriptions order by name');
  const expected = [
    { name: 'income', label: 'net income', label_zh: '月净收入', actionable: 'increase' },
    { name: 'job', label: 'occupation', label_zh: null, actionable: 'no' },
    { name: 'sex', label: null, label_zh: null, actionable: 'no' },
    { name: 'since', label: null, label_zh: null, actionable: 'no' },
  ];
  await importData(db.database, bank, withColumns({}), folder, { now: NOW });
  expect(await described()).toEqual(expected);
  await query("update concord.attribute_descriptions set actionable = 'any' where name = 'since'");
  await importData(
    db.database,
    bank,
    withColumns({ income: 'numeric', job: { type: 'categorical', label: { zh: '职业' } } }),
    folder,
    {
      now: NOW,
    },
  );
  expected[1] = { ...expected[1], label_zh: '职业' } as never;
  expected[3] = { ...expected[3], actionable: 'any' };
  expect(await described()).toEqual(expected);
});

describe('a bank with users, products, holdings, answers and events', () => {
  test('is imported, and what cannot be is told', async () => {
    const folder = data.write(BANK_FILES);
    const rejectsPath = join(folder, 'out', 'rejects.csv');
    const { report, staleUserIds } = await importData(db.database, bank, BANK, folder, { rejectsPath, now: NOW });

    expect(report.tables).toEqual([
      {
        file: 'products.csv',
        table: 'products',
        read: 3,
        imported: 2,
        merged: 0,
        filtered: 0,
        rejected: 1,
        reasons: { [expectedType]: 1 },
      },
      {
        file: 'users.csv',
        table: 'users',
        read: 7,
        imported: 4,
        merged: 0,
        filtered: 0,
        rejected: 3,
        reasons: { 'wrong number of fields': 1, 'duplicate user': 1, 'no user id': 1 },
      },
      {
        file: 'holdings.csv',
        table: 'holdings',
        read: 6,
        imported: 3,
        merged: 1,
        filtered: 0,
        rejected: 2,
        reasons: { 'unknown product': 1, 'unknown user': 1 },
      },
      {
        file: 'events.csv',
        table: 'events',
        read: 9,
        imported: 3,
        merged: 1,
        filtered: 0,
        rejected: 5,
        reasons: {
          [`type: ${TYPES}`]: 1,
          'occurredAt: in the future': 1,
          'unreadable row': 1,
          'unknown user': 1,
          'unknown product': 1,
        },
      },
    ]);
    expect(report.changes).toMatchObject({
      products: { created: 2, updated: 0, unchanged: 0 },
      users: { created: 4, updated: 0, unchanged: 0 },
      questionnaires: { created: 3, updated: 0, unchanged: 0 },
      holdings: { created: 3, updated: 0, unchanged: 0 },
      events: { created: 3, updated: 0, unchanged: 0 },
    });
    expect(report.columns).toContainEqual({
      column: 'income',
      kind: 'numeric',
      actions: { 'impossible value, missing': 1, 'missing, filled by median': 2 },
    });

    const users = await query(
      'select external_id, attributes, protected_attributes, risk_label from concord.users order by external_id',
    );
    expect(users).toEqual([
      {
        external_id: 'U1',
        attributes: { born: '1980-02-01', income: 40000, job: 'nurse' },
        protected_attributes: { sex: 'f', born: '1980-02-01' },
        risk_label: 0,
      },
      {
        external_id: 'U2',
        attributes: { born: '1975-03-01', income: 45500, job: 'baker' },
        protected_attributes: { sex: 'm', born: '1975-03-01' },
        risk_label: 1,
      },
      {
        external_id: 'U3',
        attributes: { born: '1990-12-31', income: 45500, job: null },
        protected_attributes: { sex: 'f', born: '1990-12-31' },
        risk_label: 0,
      },
      {
        external_id: 'U5',
        attributes: { born: '1960-06-06', income: 51000, job: 'clerk; retired' },
        protected_attributes: { sex: 'm', born: '1960-06-06' },
        risk_label: null,
      },
    ]);
    const holdings = await query(
      `select u.external_id, p.code, h.amount from concord.holdings h join concord.users u on u.id = h.user_id join concord.products p on p.id = h.product_id order by 1, 2`,
    );
    expect(holdings).toEqual([
      { external_id: 'U1', code: 'P1', amount: 200 },
      { external_id: 'U1', code: 'P2', amount: 50 },
      { external_id: 'U5', code: 'P2', amount: null },
    ]);
    const products = await query('select code, name, type, risk_class, currency from concord.products order by code');
    expect(products).toEqual([
      { code: 'P1', name: 'Fund one', type: 'fund', risk_class: 2, currency: 'CHF' },
      { code: 'P2', name: 'Bond two', type: 'bond', risk_class: 1, currency: 'CHF' },
    ]);
    const answers = await query(
      'select risk_tolerance, knowledge, expires_at from concord.questionnaires order by risk_tolerance',
    );
    expect(answers).toEqual([
      { risk_tolerance: 1, knowledge: 0, expires_at: new Date('2027-02-01') },
      { risk_tolerance: 3, knowledge: 2, expires_at: new Date('2027-01-05') },
      { risk_tolerance: 5, knowledge: 3, expires_at: new Date('2026-12-24') },
    ]);
    const events = await query('select event_id, type, amount from concord.behaviour_events order by event_id');
    expect(events).toEqual([
      { event_id: 'e1', type: 'purchase', amount: 100 },
      { event_id: 'e2', type: 'deposit', amount: 1000 },
      { event_id: 'e8', type: 'deposit', amount: null },
    ]);
    const changed = await query(
      `select external_id from concord.users where id in ('${staleUserIds.join("','")}') order by 1`,
    );
    expect(changed).toEqual([{ external_id: 'U1' }, { external_id: 'U2' }, { external_id: 'U5' }]);

    const rejects: string[][] = parse(readFileSync(rejectsPath, 'utf8'));
    expect(rejects).toHaveLength(1 + 1 + 3 + 2 + 5);
    expect(rejects).toContainEqual([
      'users.csv',
      '6',
      'duplicate user: as on line 3',
      'U2;m;1975-03-01;1;baker;yes;Cautious;0;2026-02-01',
    ]);
    expect(rejects).toContainEqual(['holdings.csv', '6', 'unknown user: U9', 'U9,P1,1,2025-01-01']);
    expect(rejects).toContainEqual([
      'events.csv',
      '9',
      'unreadable row: a quote is opened and never closed',
      'e7,"U2,,IN,10,2025-01-04',
    ]);
    expect(await query('select descriptor, report from concord.imports')).toMatchObject([
      { descriptor: 'test', report: { dryRun: false } },
    ]);
  });

  test('imported twice, changes nothing the second time', async () => {
    const folder = data.write(BANK_FILES);
    const first = await importData(db.database, bank, BANK, folder, { now: NOW });
    const before = await everything(bank);
    const { report, staleUserIds } = await importData(db.database, bank, BANK, folder, { now: NOW });
    expect(await everything(bank)).toEqual(before);
    expect([...staleUserIds].sort()).toEqual([...first.staleUserIds].sort()); // nobody rebuilt their profiles
    for (const changes of Object.values(report.changes)) expect(changes).toMatchObject({ created: 0, updated: 0 });
  });

  test('asks for profiles until they are rebuilt', async () => {
    const folder = data.write(BANK_FILES);
    const { staleUserIds: userIds } = await importData(db.database, bank, BANK, folder, { now: NOW });
    const profiles = new ProfilesService({
      database: db.database,
      products: new ProductsService({ database: db.database }),
    });
    expect(await profiles.rebuild(operator(bank), { userIds })).toEqual({ users: 3, events: 3 });
    const { staleUserIds } = await importData(db.database, bank, BANK, folder, { now: NOW });
    expect(staleUserIds).toEqual([]);
  });

  test('imported with corrections, changes the rows concerned only', async () => {
    await importData(db.database, bank, BANK, data.write(BANK_FILES), { now: NOW });
    const corrected = { ...BANK_FILES, 'users.csv': BANK_FILES['users.csv'].replace('nurse', 'doctor') };
    const { report } = await importData(db.database, bank, BANK, data.write(corrected), { now: NOW });
    expect(report.changes.users).toEqual({ created: 0, updated: 1, unchanged: 3 });
    expect(await query(`select count(*)::int as n from concord.users where updated_at > created_at`)).toEqual([
      { n: 1 },
    ]);
  });

  test('is rolled back by a dry run, which reports all the same', async () => {
    const folder = data.write(BANK_FILES);
    const { report } = await importData(db.database, bank, BANK, folder, { now: NOW, dryRun: true });
    expect(report).toMatchObject({ dryRun: true, changes: { users: { created: 4 } } });
    expect(Object.values(await everything(bank)).flat()).toEqual([]);
    expect(await query('select from concord.imports')).toEqual([]);
  });

  test('leaves nothing behind when a later file is broken, nor a file of rejected rows', async () => {
    const folder = data.write({ ...BANK_FILES, 'events.csv': 'nr,who\n1,2\n' });
    const rejectsPath = join(folder, 'rejects.csv');
    await expect(importData(db.database, bank, BANK, folder, { rejectsPath })).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringContaining('events.csv has no column "sort"'),
    });
    expect(Object.values(await everything(bank)).flat()).toEqual([]);
    expect(existsSync(rejectsPath)).toBe(false);
  });

  test('is of no other institution', async () => {
    const stranger = await createInstitution(db.database);
    await importData(db.database, bank, BANK, data.write(BANK_FILES), { now: NOW });
    expect(Object.values(await everything(stranger)).flat()).toEqual([]);
  });

  test('waits for another import of the same institution', async () => {
    const folder = data.write(BANK_FILES);
    const outcomes = await Promise.all([1, 2, 3].map(() => importData(db.database, bank, BANK, folder, { now: NOW })));
    expect(outcomes.map(({ report }) => report.changes.users!.created).sort()).toEqual([0, 0, 4]);
  });

  test('ends when it is cancelled', async () => {
    const folder = data.write(BANK_FILES);
    const controller = new AbortController();
    const onProgress = (stage: string) => stage === 'merging users' && controller.abort();
    await expect(
      importData(db.database, bank, BANK, folder, { signal: controller.signal, onProgress }),
    ).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(Object.values(await everything(bank)).flat()).toEqual([]);
  });
});

const TYPES = 'not one of transaction, view, search, click, purchase, sale, deposit, withdrawal, login';
const expectedType = 'type: not one of deposit, fund, bond, stock, insurance, loan, portfolio, card, account, other';

describe('products owned', () => {
  const FLAGS = descriptorOf({
    users: { file: 'flags.csv', id: 'id', columns: {} },
    holdings: { columns: ['own_*'] },
    products: { type: { value: 'insurance' }, riskClass: 2 },
  });
  const owned = () =>
    query(
      `select u.external_id || ' ' || p.code as pair from concord.holdings h join concord.users u on u.id = h.user_id join concord.products p on p.id = h.product_id order by 1`,
    ).then((rows: { pair: string }[]) => rows.map(({ pair }) => pair));

  test('as 0/1 columns, end when the column says so', async () => {
    await importData(
      db.database,
      bank,
      FLAGS,
      data.write({ 'flags.csv': 'id,own_a,own_b\n1,1,0\n2,yes,true\n3,,maybe\n' }),
    );
    expect(await owned()).toEqual(['1 own_a', '2 own_a', '2 own_b']);
    const { report } = await importData(
      db.database,
      bank,
      FLAGS,
      data.write({ 'flags.csv': 'id,own_a,own_b\n1,0,1\n' }),
    );
    expect(await owned()).toEqual(['1 own_b', '2 own_a', '2 own_b']);
    expect(report.changes.holdings).toEqual({ created: 1, updated: 0, unchanged: 0, ended: 1 });
    expect(await query('select distinct type, risk_class, currency from concord.products')).toEqual([
      { type: 'insurance', risk_class: 2, currency: 'CHF' },
    ]);
  });

  test('make users and products where there is no table of either', async () => {
    const ratings = descriptorOf({
      holdings: {
        file: 'ratings.tsv',
        user: 'user',
        product: 'item',
        where: { rating: { min: 4 } },
        date: { column: 'timestamp', format: 'unix' },
      },
    });
    const folder = data.write({
      'ratings.tsv': 'user\titem\trating\ttimestamp\n7\t10\t5\t881250949\n7\t11\t3\t881250949\n8\t10\t4\t881250950\n',
    });
    const { report } = await importData(db.database, bank, ratings, folder);
    expect(report.tables[0]).toMatchObject({ read: 3, imported: 2, filtered: 1 });
    expect(await owned()).toEqual(['7 10', '8 10']);
  });
});
