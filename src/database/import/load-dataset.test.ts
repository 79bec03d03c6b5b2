import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataFolders, descriptorOf } from '../../../test/support/bank-files.js';
import { FOLD } from '../../engine/data/dataset.js';
import { loadDataset } from './load-dataset.js';

const data = dataFolders();
const load = (descriptor: object, files: Record<string, string>) =>
  loadDataset(descriptorOf(descriptor), data.write(files));
const risk = (rest: object) => ({ task: 'risk', label: { column: 'y', positive: 1 }, ...rest });

describe('columns', () => {
  test('are inferred, and what was inferred is said', async () => {
    const lines = Array.from(
      { length: 300 },
      (_, i) => `${i + 1},${i % 7}.5%,${i % 2 ? 'own' : ''},0${1 + (i % 9)}/12/2020,text ${i},x,${i % 2}`,
    );
    const { dataset, report } = await load(risk({ users: { file: 'u.csv', id: { rowNumber: 1 } } }), {
      'u.csv': `id,int rate,home,issued,desc,same,y\n${lines.join('\n')}\n`,
    });
    expect(dataset.columns.map(({ kind, name }) => [kind, name])).toEqual([
      ['numeric', 'int_rate'],
      ['date', 'issued'],
    ]);
    expect(report.notes).toEqual([
      'u.csv: id is a number that names the row: not used',
      'u.csv: int rate is numeric, called int_rate',
      'u.csv: home is always "own" in the sample: not used',
      'u.csv: issued is date, dd/mm/yyyy',
      'u.csv: desc is free text (300 different values in 300 rows): not used',
      'u.csv: same is always "x" in the sample: not used',
    ]);
    expect(dataset.columns[0]!.values[1]).toBe(1.5);
    expect(dataset.userIds.slice(0, 2)).toEqual(['1', '2']);
  });

  test('that are protected are for models only where the descriptor says so', async () => {
    const columns = {
      sex: { type: 'categorical', protected: true },
      age: { type: 'numeric', protected: true, use: 'model' },
      job: 'categorical',
    };
    const { dataset } = await load(risk({ users: { file: 'u.csv', id: 'id', columns } }), {
      'u.csv': 'id,sex,age,job,y\n1,f,30,a,1\n2,,,,0\n',
    });
    expect(dataset.columns.map(({ name }) => name)).toEqual(['age', 'job']);
    expect(dataset.protectedColumns.map(({ name }) => name)).toEqual(['sex', 'age']);
    expect([...dataset.columns[1]!.values]).toEqual([0, -1]);
    expect([...dataset.columns[0]!.values]).toEqual([30, Number.NaN]);
  });

  test('are joined from other files by key, through each other', async () => {
    const { dataset } = await load(
      risk({
        users: {
          file: 'u.csv',
          id: 'id',
          join: [
            { file: 'card.csv', as: 'card', key: 'id', references: 'owner', duplicates: { newest: 'at' } },
            { file: 'tier.csv', as: 'tier', key: 'card.tier', references: 'code' },
          ],
          columns: { limit: { type: 'numeric', from: 'tier.limit' } },
        },
      }),
      {
        'u.csv': 'id,y\n1,1\n2,0\n3,0\n',
        'card.csv': 'owner,tier,at\n1,g,2020-01-01\n1,s,2021-01-01\n1,g,2019-01-01\n2,g,2020-01-01\n',
        'tier.csv': 'code,limit\ng,900\ns,300\n',
      },
    );
    expect([...dataset.columns[0]!.values]).toEqual([300, 900, Number.NaN]);
  });

  test('that are series are carried forward and smoothed', async () => {
    const { dataset, report } = await load(
      risk({
        users: {
          file: 'u.csv',
          id: 'id',
          columns: { b1: 'numeric', b2: 'numeric', b3: 'numeric' },
          series: [{ columns: ['b3', 'b2', 'b1'], missing: 'last', smooth: { rule: 'moving-average', window: 2 } }],
        },
      }),
      { 'u.csv': 'id,b1,b2,b3,y\n1,8,,4,1\n2,,,,0\n' },
    );
    expect(dataset.columns.map(({ values }) => values[0])).toEqual([6, 4, 4]);
    expect(report.columns).toEqual([
      { column: 'b1', kind: 'numeric', actions: { missing: 1, smoothed: 1 } },
      { column: 'b2', kind: 'numeric', actions: { missing: 1, 'missing, filled by last': 1 } },
      { column: 'b3', kind: 'numeric', actions: { missing: 1 } },
    ]);
  });
});

describe('duplicates of a user', () => {
  const files = { 'u.csv': 'id,n,at,y\n1,10,2021-01-01,1\n1,30,2023-01-01,1\n1,20,2022-01-01,1\n2,5,,0\n' };
  test.each([
    ['reject', 10, { merged: 0, rejected: 2 }],
    ['first', 10, { merged: 2, rejected: 0 }],
    ['last', 20, { merged: 2, rejected: 0 }],
    [{ newest: 'at' }, 30, { merged: 2, rejected: 0 }],
  ])('%j', async (duplicates, value, counts) => {
    const { dataset, report } = await load(
      risk({ users: { file: 'u.csv', id: 'id', duplicates, columns: { n: 'numeric' } } }),
      files,
    );
    expect([...dataset.columns[0]!.values]).toEqual([value, 5]);
    expect(report.tables[0]).toMatchObject({ read: 4, imported: 2, ...counts });
  });
});

describe('a split', () => {
  const users = { file: 'u.csv', id: 'id', columns: { n: { type: 'numeric', missing: 'mean' } } };
  const files = {
    'u.csv': 'id,n,f,y\na,1,train,1\nb,3,train,0\nc,100,test,1\nd,,val,0\ne,7,,1\n',
    's.csv': 'row,fold\n0,train\n1,train\n2,test\n3,val\n',
  };

  test.each([
    ['by file and row number', { file: 's.csv', key: 'row', matches: { rowNumber: 0 }, fold: 'fold' }],
    ['by column', { column: 'f' }],
  ])('%s leaves others out, and statistics to training rows', async (_, split) => {
    const { dataset, report } = await load(risk({ users, split }), files);
    expect(dataset.userIds).toEqual(['a', 'b', 'c', 'd']);
    expect([...dataset.fold!]).toEqual([FOLD.train, FOLD.train, FOLD.test, FOLD.validation]);
    expect([...dataset.columns[0]!.values]).toEqual([1, 3, 100, 2]);
    expect(report.tables[0]).toMatchObject({ read: 5, imported: 4, filtered: 1 });
  });

  test('may keep others for training', async () => {
    const split = { file: 's.csv', key: 'row', matches: { rowNumber: 0 }, fold: 'fold', others: 'train' };
    expect((await load(risk({ users, split }), files)).dataset.size).toBe(5);
  });

  test('is absent where a risk set has none; users without a label are left out', async () => {
    const { dataset } = await load(risk({ users, label: { column: 'y', positive: [1], negative: [2] } }), files);
    expect(dataset.fold).toBeUndefined();
    expect(dataset.userIds).toEqual(['a', 'c', 'e']);
  });

  test('of an unknown fold is refused', async () => {
    const split = { file: 's.csv', key: 'row', fold: 'fold', folds: { test: ['x'] } };
    await expect(load(risk({ users, split }), files)).rejects.toMatchObject({
      message: expect.stringContaining('line 4: "test" names no fold'),
    });
  });
});

describe('products owned', () => {
  test('as 0/1 columns, with the product that the split hides', async () => {
    const { dataset, report } = await load(
      {
        users: { file: 'u.csv', id: 'id', columns: {} },
        holdings: { columns: ['P*'] },
        split: { file: 's.csv', key: 'id', fold: 'fold', heldOut: 'hide' },
      },
      {
        'u.csv': 'id,P1,P2,P3\n1,1,0,yes\n2,0,1.0,0\n3,2,f,\n4,x,0,0\n',
        's.csv': 'id,fold,hide\n1,test,P3\n2,train,\n3,val,P1\n4,train,\n',
      },
    );
    expect(dataset.ownership).toEqual({
      products: ['P1', 'P2', 'P3'],
      offsets: Int32Array.of(0, 2, 3, 4),
      items: Int32Array.of(0, 2, 1, 0),
      heldOut: Int32Array.of(2, -1, 0),
    });
    expect(report.tables[0]!.reasons).toEqual({ 'P1: neither owned (1) nor not (0)': 1 });
  });

  test('of which the split hides one that is not there, are refused', async () => {
    await expect(
      load(
        {
          users: { file: 'u.csv', id: 'id', columns: {} },
          holdings: { columns: ['P1'] },
          split: { file: 's.csv', key: 'id', fold: 'fold', heldOut: 'hide' },
        },
        { 'u.csv': 'id,P1\n1,0\n', 's.csv': 'id,fold,hide\n1,test,P1\n' },
      ),
    ).rejects.toMatchObject({ code: 'BAD_INPUT', message: expect.stringContaining('hides P1 of user 1') });
  });

  const lines = Array.from({ length: 200 }, (_, user) =>
    [0, 1, 2].map((i) => `${user}\t${(user + i) % 9}\t${i + 3}\t${1e9 + i * 86_400}`),
  ).flat();
  const ratings = (split?: object) => ({
    holdings: {
      file: { name: 'r.tsv', header: ['user', 'item', 'rating', 'time'] },
      user: 'user',
      product: 'item',
      date: { column: 'time', format: 'unix' },
    },
    ...(split && { split }),
  });

  test('as a table: users are those whom it names, split at random without being told', async () => {
    const { dataset, report } = await load(ratings(), { 'r.tsv': lines.join('\n') });
    expect(dataset.size).toBe(200);
    expect(dataset.ownership!.products).toHaveLength(9);
    const counts = [0, 1, 2].map((fold) => dataset.fold!.filter((each) => each === fold).length);
    expect(counts[0]).toBeGreaterThan(110);
    expect(counts[2]).toBeGreaterThan(20);
    dataset.fold!.forEach((fold, user) => {
      expect(dataset.ownership!.heldOut[user]! >= 0).toBe(fold !== FOLD.train);
    });
    expect(report.notes[0]).toContain('no split is given');
    expect((await load(ratings(), { 'r.tsv': lines.join('\n') })).dataset).toEqual(dataset);
  });

  test('hide the latest where it is asked for', async () => {
    const { dataset } = await load(ratings({ random: { validation: 0.3, test: 0.3, hide: 'latest' } }), {
      'r.tsv': lines.join('\n'),
    });
    const { products, heldOut } = dataset.ownership!;
    dataset.fold!.forEach((fold, user) => {
      if (fold !== FOLD.train) expect(products[heldOut[user]!]).toBe(String((Number(dataset.userIds[user]) + 2) % 9));
    });
  });

  test('come with what the table of products, or the descriptor, says of them', async () => {
    const holdings = { file: 'h.csv', user: 'u', product: 'p', unknownProducts: 'create' };
    const files = {
      'h.csv': 'u,p\n1,A\n1,B\n2,A\n2,C\n3,B\n',
      'p.csv': 'code,title,kind,story\nA,Green fund,fund,绿色能源与新兴市场的股票基金\nB,Home loan,loan,\n',
    };
    const products = { file: 'p.csv', code: 'code', name: 'title', type: { column: 'kind' }, attributes: ['story'] };
    const { dataset } = await load({ task: 'interest', holdings, products }, files);
    expect(dataset.content).toEqual([
      { texts: ['Green fund', '绿色能源与新兴市场的股票基金'], attributes: { type: 'fund' } },
      { texts: ['Home loan'], attributes: { type: 'loan' } },
      { texts: [], attributes: { type: 'other' } },
    ]);
    const named = await load({ task: 'interest', holdings, products: { items: { C: { name: 'Card' } } } }, files);
    expect(named.dataset.content?.map(({ texts }) => texts)).toEqual([[], [], ['Card']]);
    expect((await load({ task: 'interest', holdings }, files)).dataset.content).toBeUndefined();
  });

  test('of unknown users and products are rejected', async () => {
    const { report } = await load(
      {
        users: { file: 'u.csv', id: 'id', columns: {} },
        holdings: { file: 'h.csv', user: 'u', product: 'p' },
        products: { file: 'p.csv', code: 'c' },
      },
      { 'u.csv': 'id\n1\n', 'h.csv': 'u,p\n1,A\n1,A\n1,Z\n9,A\n,A\n1,\n', 'p.csv': 'c\nA\n' },
    );
    expect(report.tables[2]).toMatchObject({
      read: 6,
      imported: 1,
      merged: 1,
      rejected: 4,
      reasons: { 'unknown product': 1, 'unknown user': 1, 'no user id': 1, 'no product code': 1 },
    });
  });
});

describe('files that do not fit', () => {
  const users = { file: 'u.csv', id: 'id', columns: { n: 'numeric' } };
  test.each([
    ['a column that is not there', 'id,m,y\n1,2,1\n', 'has no column "n". It has: id, m, y'],
    ['every row rejected', 'id,n,y\n1,2\n1\n', 'all 2 rows are rejected, the first on line 2: wrong number of fields'],
    ['no row', 'id,n,y\n', 'no user is left'],
  ])('%s', async (_, text, message) => {
    await expect(load(risk({ users }), { 'u.csv': text })).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringContaining(message),
    });
  });

  test('nothing owned, and so nothing to recommend', async () => {
    await expect(load({ users }, { 'u.csv': 'id,n\n1,2\n' })).rejects.toMatchObject({
      message: expect.stringContaining('nothing to learn from'),
    });
  });

  test('rejected rows go to a file, which is not left there by a run without any', async () => {
    const folder = data.write({ 'u.csv': 'id,n,y\n1,2,1\n"1,2,1\n,"a, b",0\n' });
    const rejectsPath = join(folder, 'deep', 'rejects.csv');
    const descriptor = descriptorOf(risk({ users }));
    await loadDataset(descriptor, folder, { rejectsPath });
    expect(readFileSync(rejectsPath, 'utf8')).toBe(
      'file,line,reason,row\nu.csv,3,unreadable row: text follows a closing quote,"""1,2,1"\nu.csv,4,no user id,",""a, b"",0"\n',
    );
    await loadDataset(descriptor, data.write({ 'u.csv': 'id,n,y\n1,2,1\n' }), { rejectsPath });
    expect(existsSync(rejectsPath)).toBe(false);
  });

  test('a run that is cancelled', async () => {
    const signal = AbortSignal.abort();
    const folder = data.write({ 'u.csv': 'id,n,y\n1,2,1\n' });
    await expect(loadDataset(descriptorOf(risk({ users })), folder, { signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
  });
});
