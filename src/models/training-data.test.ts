import { FOLD } from '../engine/data/dataset.js';
import type { TrainingView } from '../profiles/scoring-view.js';
import { TrainingData } from './training-data.js';

function view(
  index: number,
  change: Partial<TrainingView> & { values?: TrainingView['row']['values'] } = {},
): TrainingView {
  const { values = { age: 20 + index, job: index % 2 ? 'a' : 'b' }, ...rest } = change;
  return {
    userId: `user-${index}`,
    externalId: `E${String(index).padStart(4, '0')}`,
    row: { values, owned: ['P1', index % 2 ? 'P2' : 'P3'] },
    tags: [],
    eventCount: 0,
    holdings: [],
    riskLabel: index % 3 === 0 ? 1 : 0,
    fold: null,
    protectedAttributes: {},
    ...rest,
  };
}
const views = (count: number, change: (index: number) => Parameters<typeof view>[1] = () => ({})) =>
  Array.from({ length: count }, (_, index) => view(index, change(index)));
function dataset(task: 'interest' | 'risk', ...institutions: TrainingView[][]) {
  const data = new TrainingData(task);
  institutions.forEach((users, index) => {
    data.add(`bank-${index}`, users);
  });
  return data.build('test', 7);
}
const count = (fold: Uint8Array, which: number) => fold.filter((each) => each === which).length;

test('the same users give the same data set, in whatever order they come', () => {
  const [all, others] = [views(60), views(30)];
  expect(dataset('interest', [...all].reverse(), others)).toEqual(dataset('interest', all, others));
});

test('interest knows what the catalogue says of the products that are learnt, and risk does not', () => {
  const described = (code: string, type: string) => ({
    ...{ code, type, name: `The ${type}`, riskClass: 3, currency: 'EUR', attributes: {} },
    ...{ expectedYield: null, volatility: null, termMonths: null },
    ...{ minimumAmount: 0, minimumHorizonMonths: 0, requiredKnowledge: 0 },
  });
  const built = (task: 'interest' | 'risk') => {
    const data = new TrainingData(task);
    data.add('bank', views(60));
    data.describe([described('P1', 'fund'), described('P3', 'loan'), described('P9', 'bond')]);
    return data.build('test', 7);
  };
  expect(built('interest').content).toEqual([
    { texts: ['The fund'], attributes: expect.objectContaining({ type: 'fund' }) },
    { texts: [], attributes: expect.objectContaining({ type: null }) },
    { texts: ['The loan'], attributes: expect.objectContaining({ type: 'loan' }) },
  ]);
  expect(built('risk').content).toBeUndefined();
});

test('columns are numeric, dates or categories by what is in them; what an institution does not have is missing', () => {
  const mixed = views(40, (index) => ({
    values: {
      age: index,
      since: index === 5 ? null : '2020-01-02',
      code: index === 0 ? 7 : 'x',
      empty: null,
    },
  }));
  const { columns, size } = dataset(
    'risk',
    mixed,
    views(40, () => ({ values: { income: 1 } })),
  );
  expect(size).toBe(80);
  expect(columns.map(({ name, kind }) => [name, kind])).toEqual([
    ['age', 'numeric'],
    ['code', 'categorical'],
    ['empty', 'numeric'],
    ['income', 'numeric'],
    ['since', 'date'],
  ]);
  const [age, code, , income, since] = columns;
  expect([age.values[3], age.values[40]]).toEqual([3, Number.NaN]);
  expect(code).toMatchObject({ categories: ['7', 'x'] });
  expect([code.values[0], code.values[1], code.values[79]]).toEqual([0, 1, -1]);
  expect([income.values[0], income.values[40]]).toEqual([Number.NaN, 1]);
  expect([since.values[0], since.values[5]]).toEqual([18_263, Number.NaN]);
});

test('interest is learned from users who own something, in products that enough of them own', () => {
  const data = dataset(
    'interest',
    views(40, (index) =>
      index < 4 ? { row: { values: {}, owned: ['P1', 'RARE'] } } : index < 8 ? { row: { values: {}, owned: [] } } : {},
    ),
  );
  expect(data.size).toBe(36);
  expect(data.label).toBeUndefined();
  const { products, offsets, items, heldOut } = data.ownership!;
  expect(products).toEqual(['P1', 'P2', 'P3']);
  expect([...items.subarray(offsets[0], offsets[1])]).toEqual([0]);
  expect([...items.subarray(offsets[4], offsets[5])]).toEqual([0, 2]);
  expect(heldOut.every((product) => product === -1)).toBe(true);
});

test('what tells which products are owned is no input to interest; it is one to risk', () => {
  const leaky = views(40, () => ({
    values: { age: 1, 'profile.trades13w': 3, 'profile.trade.fund': 1, 'profile.views13w': 2 },
  }));
  const names = (task: 'interest' | 'risk') => dataset(task, leaky).columns.map(({ name }) => name);
  expect(names('interest')).toEqual(['age', 'profile.views13w']);
  expect(names('risk')).toContain('profile.trades13w');
});

test('risk is learned from users whose label is known', () => {
  const data = dataset(
    'risk',
    views(60, (index) => (index < 10 ? { riskLabel: null } : {})),
  );
  expect(data.size).toBe(50);
  expect(data.ownership).toBeUndefined();
  expect(data.label!.every((label) => label === 0 || label === 1)).toBe(true);
});

test('users are dealt 8, 1, 1 of 10 by the seed, the label evenly', () => {
  const data = dataset('risk', views(300));
  expect([FOLD.train, FOLD.validation, FOLD.test].map((fold) => count(data.fold!, fold))).toEqual([240, 30, 30]);
  const events = data.label!.filter((label, user) => label === 1 && data.fold![user] === FOLD.test).length;
  expect(events).toBe(10);
});

test('stored folds are kept; validation comes out of training where none is stored', () => {
  const stored = dataset(
    'interest',
    views(100, (index) => ({ fold: index < 30 ? 'test' : 'train' })),
  );
  expect(stored.fold!.subarray(0, 30).every((fold) => fold === FOLD.test)).toBe(true);
  expect(count(stored.fold!, FOLD.test)).toBe(30);
  expect(count(stored.fold!, FOLD.validation)).toBe(7);
  const whole = dataset(
    'interest',
    views(100, (index) => ({ fold: (['train', 'validation', 'test'] as const)[index % 3] })),
  );
  expect([...whole.fold!]).toEqual(Array.from({ length: 100 }, (_, index) => index % 3));
});

test.each([
  ['interest' as const, views(10)],
  ['interest' as const, views(30, () => ({ row: { values: {}, owned: ['P1'] } }))],
  ['risk' as const, views(30, () => ({ riskLabel: 0 as const }))],
  ['risk' as const, []],
])('too little to learn %s from is refused', (task, users) => {
  expect(() => dataset(task, users)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
});

describe('for private training', () => {
  const forTraining = (users: TrainingView[]) => {
    const data = new TrainingData('interest');
    data.add('bank', users);
    return data.buildPrivate('bank');
  };
  /** What the data set says of each user, by names that don't depend on the others. */
  const recordsOf = (users: TrainingView[]) => {
    const { userIds, fold, columns, ownership } = forTraining(users);
    const { products, offsets, items } = ownership!;
    return new Map(
      userIds.map((id, user) => {
        const owned = [...items.slice(offsets[user], offsets[user + 1])].map((item) => products[item]);
        const values = columns.map(({ name, values }) => [name, values[user]]);
        return [id, { owned, values, fold: fold?.[user] }];
      }),
    );
  };

  test('one user more changes nothing about the others: no fold, no product', () => {
    const rare = (index: number) => ({ row: { values: { age: index }, owned: index < 8 ? ['RARE', 'P1'] : ['P1'] } });
    for (const count of [3, 20, 57]) {
      const users = views(count + 1, rare);
      const [all, without] = [recordsOf(users), recordsOf(users.slice(1))];
      for (const [id, record] of without) expect(all.get(id)).toEqual(record);
      expect(all.size).toBe(without.size + 1);
    }
  });

  test('all train but those who are stored for something else', () => {
    const { fold } = forTraining(views(30, (index) => ({ fold: index === 4 ? 'test' : index === 5 ? 'train' : null })));
    expect(count(fold!, FOLD.train)).toBe(29);
    expect(count(fold!, FOLD.test)).toBe(1);
  });
});
