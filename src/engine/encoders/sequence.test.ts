import { array, assert, constantFrom, integer, option, property, record } from 'fast-check';
import { orderedDataset, rowOf } from '../../../test/support/synthetic.js';
import { datasetOf } from '../data/banks.js';
import type { Column, Dataset } from '../data/dataset.js';
import { usersInFold } from '../data/split.js';
import { channelsOf, type FeatureContract, inputsOf, MAX_SEQUENCE_INPUTS, parseContract } from './contract.js';
import { type EncodedUsers, encodeDataset, encodeRows } from './encode.js';
import { createExpander } from './expand.js';
import { fitContract } from './fit.js';

const contractOf = (dataset: Dataset, steps = 5, users = usersInFold(dataset, 0)): FeatureContract =>
  fitContract(dataset, { users, bins: 4, encoding: 'piecewise', holdings: 'none', sequence: { steps, bins: 4 } });

function inputs(contract: FeatureContract, encoded: EncodedUsers): Float32Array {
  const expander = createExpander(contract);
  const target = new Float32Array(encoded.size * expander.width).fill(7);
  for (let user = 0; user < encoded.size; user++) expander.write(encoded, user, -1, target, user);
  return target;
}

const rowsOf = (dataset: Dataset) => Array.from({ length: dataset.size }, (_, user) => rowOf(dataset, user));

const MONTHS: readonly Column[] = [
  { kind: 'numeric', name: 'jan', values: Float64Array.from([1, 2, 3, 4, 5, -1, -1, -1, -1, -1]), codes: [-1] },
  { kind: 'numeric', name: 'feb', values: Float64Array.from([2, 2, 3, Number.NaN, 5, 6, 7, 8, 9, 10]) },
  {
    kind: 'categorical',
    name: 'kind',
    values: Int32Array.from([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]),
    categories: ['x', 'y'],
  },
  {
    kind: 'categorical',
    name: 'sort',
    values: Int32Array.from([1, 1, 1, 1, 1, 0, 0, 0, 0, -1]),
    categories: ['x', 'z'],
  },
];
const monthly: Dataset = {
  name: 'monthly',
  size: 10,
  userIds: Array.from({ length: 10 }, (_, user) => `u${user}`),
  columns: MONTHS,
  protectedColumns: [],
  series: [
    { name: 'amount', columns: ['jan', 'feb'] },
    { name: 'type', columns: ['kind', 'sort'] },
  ],
  fold: new Uint8Array(10),
};

describe('sequences', () => {
  test('a data set and its single rows are encoded alike, whatever events there are', () => {
    const event = record({
      kind: option(constantFrom('a', 'b', 'other', 'new', '')),
      amount: option(integer({ min: -5, max: 5 })),
    });
    const contract = parseContract(JSON.parse(JSON.stringify(contractOf(orderedDataset({ size: 100 })))));
    assert(
      property(array(array(event, { maxLength: 9 }), { minLength: 1, maxLength: 5 }), (users) => {
        const events = users.flat();
        const offsets = Int32Array.from([0, ...users.map((_, user) => users.slice(0, user + 1).flat().length)]);
        const categories = ['new', 'b', 'a', 'other'];
        const dataset: Dataset = {
          name: 'any',
          size: users.length,
          userIds: users.map((_, user) => `u${user}`),
          columns: [{ kind: 'numeric', name: 'noise', values: new Float64Array(users.length) }],
          protectedColumns: [],
          sequences: {
            offsets,
            columns: [
              {
                kind: 'categorical',
                name: 'kind',
                values: Int32Array.from(events, ({ kind }) => (kind ? categories.indexOf(kind) : -1)),
                categories,
              },
              {
                kind: 'numeric',
                name: 'amount',
                values: Float64Array.from(events, ({ amount }) => amount ?? Number.NaN),
              },
            ],
          },
        };
        const rows = users.map((own) => ({ values: { noise: 0 }, owned: [], events: own }));
        expect(inputs(contract, encodeRows(contract, rows))).toEqual(
          inputs(contract, encodeDataset(contract, dataset)),
        );
      }),
    );
  });

  test('series of columns are encoded alike in a data set and in single rows', () => {
    const contract = parseContract(JSON.parse(JSON.stringify(contractOf(monthly, 64))));
    expect(contract.sequence).toMatchObject({ steps: 2, present: [1, 1], from: { amount: ['jan', 'feb'] } });
    expect(contract.sequence?.features[0]).toMatchObject({ name: 'amount', codes: [-1] });
    expect(contract.sequence?.features[1]).toMatchObject({ name: 'type', categories: ['x', 'y', 'z'], unknown: false });
    const whole = inputs(contract, encodeDataset(contract, monthly));
    expect(inputs(contract, encodeRows(contract, rowsOf(monthly)))).toEqual(whole);
  });

  test('only the last events of a user are read, oldest first, at the last steps', () => {
    const contract = contractOf(orderedDataset(), 4);
    const [a, b] = [
      { kind: 'a', amount: 100 },
      { kind: 'b', amount: 100 },
    ];
    const expanded = (events: readonly Record<string, string | number>[]) => {
      const all = inputs(contract, encodeRows(contract, [{ values: { noise: 0 }, owned: [], events }]));
      const channels = channelsOf(contract.sequence!);
      const first = inputsOf(contract) - 4 * channels;
      return Array.from({ length: 4 }, (_, step) => [
        ...all.slice(first + step * channels, first + (step + 1) * channels),
      ]);
    };
    expect(expanded([b, b, a, a, a, b])).toEqual(expanded([a, a, a, b]));
    expect(expanded([a, b])[3]).toEqual(expanded([b])[3]);
    expect(expanded([a, b])[2]).not.toEqual(expanded([b])[2]);
    expect(expanded([b])[0].slice(1)).toEqual(
      expanded([])[0]
        .slice(1)
        .map(() => 0),
    );
    expect(expanded([b])[0][0]).toBeLessThan(0);
  });

  test('events of training users have mean 0 and mean squared length 1', () => {
    const dataset = orderedDataset();
    const contract = contractOf(dataset, 5);
    const users = usersInFold(dataset, 0);
    const all = inputs(contract, encodeDataset(contract, dataset));
    const width = inputsOf(contract);
    const channels = channelsOf(contract.sequence!);
    const sums = new Float64Array(channels);
    let [squares, events] = [0, 0];
    for (const user of users) {
      const count = Math.min(5, dataset.sequences!.offsets[user + 1] - dataset.sequences!.offsets[user]);
      for (let step = 5 - count; step < 5; step++) {
        const start = user * width + width - (5 - step) * channels;
        for (let channel = 1; channel < channels; channel++) {
          sums[channel] += all[start + channel];
          squares += all[start + channel] ** 2;
        }
        events++;
      }
    }
    for (const sum of sums) expect(sum / events).toBeCloseTo(0, 5);
    expect(squares / events).toBeCloseTo(1, 4);
  });

  test('nothing of other users is looked at', () => {
    const dataset = orderedDataset();
    const changed = structuredClone(dataset);
    const { offsets, columns } = changed.sequences!;
    for (let user = 0; user < dataset.size; user++) {
      if (dataset.fold![user] === 0) continue;
      for (const { values } of columns) values.fill(0, offsets[user], offsets[user + 1]);
    }
    expect(contractOf(changed)).toEqual(contractOf(dataset));
  });

  test('models that read no sequence are not touched by one', () => {
    const dataset = orderedDataset();
    const options = { users: usersInFold(dataset, 0), bins: 4, encoding: 'piecewise', holdings: 'none' } as const;
    expect(fitContract(dataset, options)).toEqual(fitContract({ ...dataset, sequences: undefined }, options));
    expect(encodeDataset(fitContract(dataset, options), dataset).events).toBeUndefined();
  });

  test('a part of the users keeps its events', () => {
    const dataset = orderedDataset({ size: 60 });
    const users = Int32Array.from([3, 17, 59]);
    const part = datasetOf(dataset, users);
    expect(rowsOf(part)).toEqual([...users].map((user) => rowOf(dataset, user)));
  });

  test('where events are so wide that all steps would be too many inputs, the oldest are left out', () => {
    const dataset = orderedDataset({ size: 3000 });
    const events = dataset.sequences!.offsets[3000];
    const wide: Column = {
      kind: 'categorical',
      name: 'wide',
      values: Int32Array.from({ length: events }, (_, event) => event % 900),
      categories: Array.from({ length: 900 }, (_, place) => `c${place}`),
    };
    const columns = [wide, { ...wide, name: 'wider' }, { ...wide, name: 'widest' }];
    const { sequence } = contractOf({ ...dataset, sequences: { ...dataset.sequences!, columns } }, 10);
    expect(sequence!.steps * channelsOf(sequence!)).toBeLessThanOrEqual(MAX_SEQUENCE_INPUTS);
    expect(sequence!.steps).toBeGreaterThanOrEqual(5);
  });

  test('a data set without any is refused, and so are series that do not fit each other', () => {
    expect(() => contractOf({ ...orderedDataset(), sequences: undefined })).toThrow(/has no event sequences/);
    const series = (...columns: string[]) => ({ ...monthly, series: [{ name: 'amount', columns }] });
    expect(() => contractOf(series('jan', 'kind'))).toThrow(/one kind/);
    expect(() => contractOf({ ...monthly, series: [...monthly.series!, { name: 'x', columns: ['jan'] }] })).toThrow(
      /all must have as many/,
    );
    expect(() => contractOf({ ...monthly, series: [...monthly.series!, ...monthly.series!] })).toThrow(/one name/);
  });

  test.each<[string, (sequence: NonNullable<FeatureContract['sequence']>) => unknown]>([
    ['no object', () => 5],
    ['no step', (sequence) => ({ ...sequence, steps: 0, present: [] })],
    ['too many steps', (sequence) => ({ ...sequence, steps: 300, present: new Array(300).fill(1) })],
    ['shares that do not fit', (sequence) => ({ ...sequence, present: [1] })],
    ['no scale', (sequence) => ({ ...sequence, scale: null })],
    ['a malformed feature', (sequence) => ({ ...sequence, features: [{ ...sequence.features[0], mean: [] }] })],
    ['a series too few', (sequence) => ({ ...sequence, from: { amount: ['jan', 'feb'] } })],
    ['a series of too few columns', (sequence) => ({ ...sequence, from: { ...sequence.from, type: ['kind'] } })],
  ])('a stored contract with a sequence of %s is refused', (_, change) => {
    const contract = JSON.parse(JSON.stringify(contractOf(monthly)));
    expect(parseContract(contract)).toEqual(contract);
    expect(() => parseContract({ ...contract, sequence: change(contract.sequence) })).toThrow(/malformed/);
  });
});
