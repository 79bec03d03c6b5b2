import { interestDataset, riskDataset, rowOf } from '../../../test/support/synthetic.js';
import { ConcordError } from '../../errors.js';
import type { Column, Dataset } from '../data/dataset.js';
import { usersInFold } from '../data/split.js';
import { type FeatureContract, inputsOf, parseContract } from './contract.js';
import { type EncodedUsers, encodeDataset, encodeRows } from './encode.js';
import { createExpander } from './expand.js';
import { fitContract } from './fit.js';

const contractOf = (dataset: Dataset, users = usersInFold(dataset, 0)): FeatureContract =>
  fitContract(dataset, { users, bins: 6, encoding: 'piecewise', holdings: dataset.ownership ? 'oneHidden' : 'none' });

function inputs(contract: FeatureContract, encoded: EncodedUsers, hidden = -1): Float32Array {
  const expander = createExpander(contract);
  const target = new Float32Array(encoded.size * expander.width);
  for (let user = 0; user < encoded.size; user++) expander.write(encoded, user, hidden, target, user);
  return target;
}

describe('the feature contract', () => {
  test.each([
    riskDataset(),
    interestDataset(),
  ])('a data set and its single rows are encoded alike ($name)', (dataset) => {
    const contract = parseContract(JSON.parse(JSON.stringify(contractOf(dataset))));
    const whole = inputs(contract, encodeDataset(contract, dataset));
    const rows = Array.from({ length: dataset.size }, (_, user) => rowOf(dataset, user));
    expect(inputs(contract, encodeRows(contract, rows))).toEqual(whole);
    rows.slice(0, 20).forEach((row, user) => {
      const width = inputsOf(contract);
      expect(inputs(contract, encodeRows(contract, [row]))).toEqual(whole.slice(user * width, (user + 1) * width));
    });
  });

  test('inputs of the training users have mean 0 and mean squared length 1', () => {
    const dataset = riskDataset();
    const users = usersInFold(dataset, 0);
    const contract = contractOf(dataset);
    const width = inputsOf(contract);
    const all = inputs(contract, encodeDataset(contract, dataset));
    const sums = new Float64Array(width);
    let squares = 0;
    for (const user of users) {
      for (let input = 0; input < width; input++) {
        sums[input] += all[user * width + input];
        squares += all[user * width + input] ** 2;
      }
    }
    for (const sum of sums) expect(sum / users.length).toBeCloseTo(0, 5);
    expect(squares / users.length).toBeCloseTo(1, 4);
  });

  test('nothing of other users is looked at', () => {
    const dataset = riskDataset();
    const users = usersInFold(dataset, 0);
    const changed = structuredClone(dataset);
    for (let user = 0; user < dataset.size; user++) {
      if (dataset.fold?.[user] !== 0) for (const { values } of changed.columns) values[user] = 0;
    }
    expect(contractOf(changed, users)).toEqual(contractOf(dataset, users));
  });

  test('rare and unseen categories are unknown, and an unknown that training never saw counts as the mean', () => {
    const values = Int32Array.from({ length: 100 }, (_, user) => (user < 3 ? 2 : user % 2));
    const column: Column = { kind: 'categorical', name: 'c', values, categories: ['x', 'y', 'rare'] };
    const dataset: Dataset = { name: 'c', size: 100, userIds: [], columns: [column], protectedColumns: [] };
    const contract = contractOf(
      dataset,
      Int32Array.from({ length: 100 }, (_, user) => user),
    );
    expect(contract.features[0]).toMatchObject({ categories: ['x', 'y'], unknown: false, missing: false });
    const neutral = inputs(contract, encodeRows(contract, [{ values: { c: 'new' }, owned: [] }]));
    expect([...neutral]).toEqual([0, 0]);
    values.fill(2, 0, 5);
    const second = contractOf(
      dataset,
      Int32Array.from({ length: 100 }, (_, user) => user),
    );
    expect(second.features[0]).toMatchObject({ categories: ['x', 'y', 'rare'], unknown: false });
  });

  test('columns that say nothing do no harm', () => {
    const size = 50;
    const users = Int32Array.from({ length: size }, (_, user) => user);
    const columns: Column[] = [
      { kind: 'numeric', name: 'constant', values: new Float64Array(size).fill(3) },
      { kind: 'numeric', name: 'missing', values: new Float64Array(size).fill(Number.NaN) },
      { kind: 'numeric', name: 'infinite', values: new Float64Array(size).fill(Number.POSITIVE_INFINITY) },
      { kind: 'categorical', name: 'one', values: new Int32Array(size), categories: ['only'] },
      { kind: 'categorical', name: 'none', values: new Int32Array(size).fill(-1), categories: [] },
      { kind: 'categorical', name: 'id', values: users.slice(), categories: [...users].map(String) },
      { kind: 'date', name: 'never', values: new Float64Array(size).fill(Number.NaN) },
    ];
    const dataset: Dataset = { name: 'dull', size, userIds: [], columns, protectedColumns: [] };
    const contract = contractOf(dataset, users);
    expect(contract.scale).toBe(1);
    const encoded = inputs(contract, encodeDataset(contract, dataset));
    expect(encoded.every((value) => value === 0)).toBe(true);
  });

  test('a hidden product is not shown', () => {
    const dataset = interestDataset();
    const contract = contractOf(dataset);
    const row = { values: {}, owned: ['P1', 'P4'] };
    const without = { values: {}, owned: ['P4'] };
    expect(inputs(contract, encodeRows(contract, [row]), 1)).toEqual(inputs(contract, encodeRows(contract, [without])));
  });

  test('owned products that the model does not know, and repeated ones, are passed over', () => {
    const contract = contractOf(interestDataset());
    const { items } = encodeRows(contract, [{ values: {}, owned: ['P3', 'new', 'P1', 'P3'] }]);
    expect([...items]).toEqual([1, 3]);
  });

  test('products are matched by code, whatever their order in the data', () => {
    const dataset = interestDataset();
    const contract = contractOf(dataset);
    const reversed = { ...contract, products: [...contract.products].reverse() };
    const { items, offsets } = encodeDataset(reversed, dataset);
    const rows = encodeRows(
      reversed,
      Array.from({ length: dataset.size }, (_, user) => rowOf(dataset, user)),
    );
    expect(items).toEqual(rows.items);
    expect(offsets).toEqual(rows.offsets);
  });

  test('a column of another kind than the contract is refused', () => {
    const dataset = riskDataset();
    const [income, ...others] = dataset.columns;
    const contract = contractOf(dataset);
    const wrong: Column = { kind: 'date', name: income.name, values: new Float64Array(dataset.size) };
    expect(() => encodeDataset(contract, { ...dataset, columns: [wrong, ...others] })).toThrow(/income as numeric/);
  });

  test('a column that is gone counts as missing', () => {
    const dataset = riskDataset();
    const contract = contractOf(dataset);
    const gone = inputs(contract, encodeDataset(contract, { ...dataset, columns: [] }));
    const nothing = inputs(contract, encodeRows(contract, [{ values: {}, owned: [] }]));
    expect(gone.slice(0, nothing.length)).toEqual(nothing);
  });

  test.each<[string, (contract: FeatureContract) => unknown]>([
    ['no object', () => null],
    ['another version', (contract) => ({ ...contract, version: 2 })],
    ['no scale', (contract) => ({ ...contract, scale: null })],
    ['edges out of order', (contract) => ({ ...contract, features: [{ ...contract.features[0], edges: [2, 1] }] })],
    ['too few means', (contract) => ({ ...contract, features: [{ ...contract.features[0], mean: [] }] })],
    ['holdings that do not fit', (contract) => ({ ...contract, holdings: { mean: [1] }, products: [] })],
  ])('a stored contract with %s is refused', (_, change) => {
    const contract = JSON.parse(JSON.stringify(contractOf(riskDataset())));
    expect(() => parseContract(change(contract))).toThrow(ConcordError);
  });
});
