import fc from 'fast-check';
import { dataFolders, descriptorOf } from '../../../test/support/bank-files.js';
import { rowOf } from '../../../test/support/synthetic.js';
import { loadDataset } from './load-dataset.js';

const data = dataFolders();
const load = (descriptor: object, files: Record<string, string>) =>
  loadDataset(descriptorOf(descriptor), data.write(files));

const USERS = 'id,asked,y\nA,2024-03-01,1\nB,2024-06-01,0\nC,,0\n';
const EVENTS = [
  'who,at,kind,amount,status',
  'B,2024-05-30,card,7,ok',
  'A,2024-02-20,card,20,ok',
  'A,2024-02-10,cash,10,ok',
  'A,2024-02-20,card,,ok',
  'A,2024-03-01,cash,99,ok', // on the day of the prediction: may already be its consequence
  'A,2024-03-02,cash,99,ok',
  'A,2024-02-28,odd,5,ok',
  'C,2024-01-01,card,1,ok', // nobody knows when C was judged
  'X,2024-01-01,card,1,ok',
  'B,2024-05-01,card,1,undone',
  'B,yesterday,card,1,ok',
];
const sequence = {
  file: 'e.csv',
  where: { status: 'ok' },
  user: 'who',
  occurredAt: 'at',
  columns: {
    kind: { type: 'categorical', categories: ['card', 'cash'], unknown: 'missing' },
    amount: 'numeric',
  },
  before: 'asked',
};
const base = {
  task: 'risk',
  users: { file: 'u.csv', id: 'id', columns: {} },
  label: { column: 'y', positive: 1 },
};
const loadWith = (changes: object = {}) =>
  load({ ...base, sequence: { ...sequence, ...changes } }, { 'u.csv': USERS, 'e.csv': EVENTS.join('\n') });

describe('a table of events', () => {
  test('becomes sequences, oldest first, with the days to the prediction and to the event before', async () => {
    const { dataset } = await loadWith();
    expect(rowOf(dataset, 0).events).toEqual([
      { kind: 'cash', amount: 10, daysBefore: 20, gapDays: null },
      { kind: 'card', amount: 20, daysBefore: 10, gapDays: 10 },
      { kind: 'card', amount: null, daysBefore: 10, gapDays: 0 },
      { kind: null, amount: 5, daysBefore: 2, gapDays: 8 },
    ]);
    expect(rowOf(dataset, 1).events).toEqual([{ kind: 'card', amount: 7, daysBefore: 2, gapDays: null }]);
    expect(dataset.columns).toEqual([]);
  });

  test('gives nothing that was not before the moment of the prediction, and nothing where that is unknown', async () => {
    const { dataset, report } = await loadWith();
    expect(rowOf(dataset, 2).events).toEqual([]);
    expect([...dataset.sequences!.columns[1]!.values]).not.toContain(99);
    expect(report.notes).toEqual([
      'u.csv: columns not used: asked',
      'e.csv: 3 events are not before the moment of the prediction: not read',
      '1 users have no moment of the prediction: none of their events is read',
      expect.stringContaining('2 rows rejected'),
    ]);
    const table = report.tables.find((each) => each.table === 'sequence')!;
    expect(table).toMatchObject({ read: 11, imported: 5, filtered: 4, rejected: 2 });
    expect(table.reasons).toEqual({ 'unknown user': 1, 'occurredAt: missing or no date of the format': 1 });
  });

  test('whatever times events have: what is on or after the moment changes nothing', async () => {
    const time = fc.integer({ min: -40, max: 40 });
    await fc.assert(
      fc.asyncProperty(fc.array(time, { maxLength: 30 }), async (times) => {
        const day = (offset: number) => new Date(Date.UTC(2024, 2, 1) + offset * 86_400_000).toISOString().slice(0, 10);
        const text = (all: readonly number[]) =>
          ['who,at,kind,amount,status', ...all.map((offset) => `A,${day(offset)},card,${offset},ok`), ''].join('\n');
        const read = async (all: readonly number[]) => {
          const files = { 'u.csv': USERS, 'e.csv': text(all) };
          const wanted = { ...sequence, last: 5, aggregates: { days: [10] } };
          return (await load({ ...base, sequence: wanted }, files)).dataset;
        };
        const earlier = times.filter((offset) => offset < 0);
        const all = await read(times);
        expect(all).toEqual(await read(earlier));
        const kept = [...earlier].sort((a, b) => a - b).slice(-5);
        expect(rowOf(all, 0).events!.map(({ amount }) => amount)).toEqual(kept);
      }),
      { numRuns: 20 },
    );
  });

  test('keeps the latest of a user, and can move the moment', async () => {
    const { dataset } = await loadWith({ last: 2, plusDays: 2 });
    expect(rowOf(dataset, 0).events).toEqual([
      { kind: 'cash', amount: 99, daysBefore: 2, gapDays: null },
      { kind: 'cash', amount: 99, daysBefore: 1, gapDays: 1 },
    ]);
  });

  test('gives counts, sums and means of all events before the moment to every model, where they are asked for', async () => {
    const { dataset } = await loadWith({ last: 1, aggregates: { days: [10, 30] } });
    const { values } = rowOf(dataset, 0);
    expect(values).toEqual({
      'events.daysSinceLast': 2,
      'events.daysSinceFirst': 20,
      'events.count10d': 3,
      'events.kind.card.count10d': 2,
      'events.kind.cash.count10d': 0,
      'events.amount.sum10d': 25,
      'events.amount.mean10d': 12.5,
      'events.count30d': 4,
      'events.kind.card.count30d': 2,
      'events.kind.cash.count30d': 1,
      'events.amount.sum30d': 35,
      'events.amount.mean30d': 35 / 3,
    });
    expect(rowOf(dataset, 2).values).toMatchObject({
      'events.daysSinceLast': null,
      'events.count30d': 0,
      'events.amount.mean30d': null,
    });
  });

  test('has one moment for all where it is a date, with or without a file of users', async () => {
    const same = { before: { value: '2024-02-25' } };
    expect(rowOf((await loadWith(same)).dataset, 0).events).toHaveLength(3);
    const { dataset } = await load(
      {
        task: 'interest',
        holdings: { file: 'h.csv', user: 'who', product: 'what' },
        sequence: { ...sequence, ...same },
      },
      { 'h.csv': 'who,what\nA,x\nA,y\nB,x\n', 'e.csv': EVENTS.join('\n') },
    );
    expect(dataset.userIds.map((_, user) => rowOf(dataset, user).events!.length)).toEqual([3, 0]);
  });

  test.each<[string, object, RegExp]>([
    ['a moment that is no date', { before: { value: 'now' } }, /no date/],
    ['a moment in a column that is not there', { before: 'when' }, /no column "when"/],
    ['rules that need all events', { columns: { amount: { type: 'numeric', missing: 'mean' } } }, /means or quantiles/],
    ['a name that is taken', { columns: { gapDays: 'numeric' } }, /gapDays/],
  ])('is refused: %s', async (_, changes, message) => {
    await expect(async () => loadWith(changes)).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(message),
    });
  });

  test('and named series are not read together', () => {
    const users = {
      ...base.users,
      columns: { y: 'numeric', id: 'numeric' },
      series: [{ name: 'a', columns: ['y', 'id'] }],
    };
    expect(() => descriptorOf({ ...base, users, sequence })).toThrow(/either events or series/);
  });

  test('needs the moment of the prediction', () => {
    const { before: _, ...without } = sequence;
    expect(() => descriptorOf({ ...base, sequence: without })).toThrow(/"before" is missing/);
  });
});

describe('series of columns with a name', () => {
  const columns = {
    jan: { type: 'numeric', codes: [-1] },
    feb: 'numeric',
    sex: { type: 'categorical', protected: true },
  };
  const loadSeries = (series: object[]) =>
    load(
      { ...base, users: { file: 'u.csv', id: 'id', columns, series } },
      { 'u.csv': 'id,jan,feb,sex,y\nA,-1,2,f,1\nB,3,,m,0\n' },
    );

  test('are said to be sequences, and stay attributes as they are', async () => {
    const { dataset } = await loadSeries([{ name: 'paid', columns: ['jan', 'feb'] }]);
    expect(dataset.series).toEqual([{ name: 'paid', columns: ['jan', 'feb'] }]);
    expect(dataset.columns.map(({ name }) => name)).toEqual(['jan', 'feb']);
  });

  test.each<[string, object[], RegExp]>([
    ['a column that models may not use', [{ name: 'paid', columns: ['jan', 'sex'] }], /"sex" of paid/],
    ['a column that is not there', [{ name: 'paid', columns: ['jan', 'mar'] }], /"mar"/],
    [
      'two of one name',
      [
        { name: 'a', columns: ['jan', 'feb'] },
        { name: 'a', columns: ['feb', 'jan'] },
      ],
      /one name/,
    ],
    [
      'unlike lengths',
      [
        { name: 'a', columns: ['jan', 'feb'] },
        { name: 'b', columns: ['jan', 'feb', 'jan'] },
      ],
      /as many columns/,
    ],
  ])('are refused: %s', async (_, series, message) => {
    await expect(async () => loadSeries(series)).rejects.toThrow(message);
  });
});
