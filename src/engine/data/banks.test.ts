import { interestDataset, riskDataset } from '../../../test/support/synthetic.js';
import { datasetOf, splitByColumns } from './banks.js';

const everyone = (size: number) => Int32Array.from({ length: size }, (_, user) => user);

describe('splitting a data set into banks', () => {
  test.each([1, 2, 3, 10])('gives exactly %i banks that together hold each user once, always the same', (count) => {
    const dataset = riskDataset();
    const banks = splitByColumns(dataset, everyone(dataset.size), count, ['job', 'income']);
    expect(banks).toHaveLength(count);
    expect(banks.flatMap(({ users }) => [...users]).sort((a, b) => a - b)).toEqual([...everyone(dataset.size)]);
    expect(splitByColumns(dataset, everyone(dataset.size), count, ['job', 'income'])).toEqual(banks);
  });

  test('banks have customers of other kinds and other numbers', () => {
    const dataset = interestDataset();
    const banks = splitByColumns(dataset, everyone(dataset.size), 3, ['kind']);
    for (const { users } of banks)
      expect(new Set([...users].map((user) => dataset.columns[0].values[user])).size).toBe(1);
    expect(new Set(banks.map(({ users }) => users.length)).size).toBeGreaterThan(1);
  });

  test('the rows of a bank are those of the whole', () => {
    const dataset = interestDataset();
    const users = Int32Array.of(3, 5, 250);
    const { ownership, columns, fold, size } = datasetOf(dataset, users);
    expect(size).toBe(3);
    users.forEach((user, place) => {
      const of = (all: typeof ownership, row: number) => [
        ...all!.items.slice(all!.offsets[row], all!.offsets[row + 1]),
      ];
      expect(of(ownership, place)).toEqual(of(dataset.ownership, user));
      expect(columns[1].values[place]).toBe(dataset.columns[1].values[user]);
      expect(fold![place]).toBe(dataset.fold![user]);
    });
  });

  test('a column that is not there and too few users are refused', () => {
    const dataset = riskDataset();
    expect(() => splitByColumns(dataset, everyone(400), 2, ['nothing'])).toThrow(/no column nothing/);
    expect(() => splitByColumns(dataset, everyone(3), 4, [])).toThrow(/4 banks/);
  });
});
