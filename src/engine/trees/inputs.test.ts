import { interestDataset, riskDataset } from '../../../test/support/synthetic.js';
import { encodeDataset, encodeRows } from '../encoders/encode.js';
import { fitContract } from '../encoders/fit.js';
import { shownProducts, treeInputs } from './inputs.js';

const everyone = (size: number) => Int32Array.from({ length: size }, (_, user) => user);

describe('what trees read', () => {
  const dataset = riskDataset();
  const contract = fitContract(dataset, {
    users: everyone(dataset.size),
    bins: 16,
    encoding: 'piecewise',
    holdings: 'none',
  });
  const inputs = treeInputs(contract);
  const of = (values: Record<string, number | string | null>) => {
    const target = new Float32Array(inputs.width);
    inputs.write(encodeRows(contract, [{ values, owned: [] }]), 0, -1, target, 0);
    return Object.fromEntries(contract.features.map(({ name }, place) => [name, target[place]]));
  };

  test('rises with a number, its codes among the others', () => {
    const places = [-2, -1, 0, 1, 2, 3].map((delay) => of({ delay }).delay);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(new Set(places).size).toBe(6);
    const incomes = [100, 1000, 3000, 10_000].map((income) => of({ income }).income);
    expect(incomes).toEqual([...incomes].sort((a, b) => a - b));
  });

  test('is NaN for what is missing or says nothing, and a number for each category', () => {
    expect(of({ income: null, job: null }).income).toBeNaN();
    expect(of({ job: null }).job).toBeNaN();
    expect(['none', 'clerk', 'sailor'].map((job) => of({ job }).job)).toEqual([0, 1, 2]);
    expect(of({ job: 'astronaut' }).job).toBeNaN();
    expect(inputs.categories[contract.features.findIndex(({ name }) => name === 'job')]).toBe(3);
  });

  test('is the same for a user of a data set and alone', () => {
    const encoded = encodeDataset(contract, dataset);
    const columns = inputs.columns(encoded);
    const row = new Float32Array(inputs.width);
    for (let user = 0; user < dataset.size; user += 7) {
      inputs.write(encoded, user, -1, row, 0);
      expect([...row]).toEqual(columns.map(({ values }) => values[user]));
    }
  });
});

test('a code between other values keeps its place', () => {
  const dataset = riskDataset();
  const [income, delay, ...rest] = dataset.columns;
  const columns = [income, { ...delay, codes: [1] } as typeof delay, ...rest];
  const users = everyone(dataset.size);
  const contract = fitContract({ ...dataset, columns }, { users, bins: 16, encoding: 'bins', holdings: 'none' });
  const target = new Float32Array(6);
  const places = [-2, -1, 0, 1, 2, 3].map((value, row) => {
    treeInputs(contract).write(encodeRows(contract, [{ values: { delay: value }, owned: [] }]), 0, -1, target, 0);
    return [target[1], row];
  });
  expect(places.toSorted(([a], [b]) => a - b)).toEqual(places);
});

test('products that are hidden are not shown, whichever way', () => {
  const dataset = interestDataset();
  const users = everyone(dataset.size);
  const contract = fitContract(dataset, { users, bins: 8, encoding: 'piecewise', holdings: 'oneHidden' });
  const encoded = encodeDataset(contract, dataset);
  const inputs = treeInputs(contract);
  const hidden = users.map((user) => encoded.items[encoded.offsets[user]]);
  const shown = shownProducts(contract, encoded, users, hidden);
  const row = new Float32Array(inputs.width);
  for (const user of users.subarray(0, 50)) {
    inputs.write(encoded, user, hidden[user], row, 0);
    const owned = encoded.items.subarray(encoded.offsets[user] + 1, encoded.offsets[user + 1]);
    const flags = Array.from(contract.products, (_, product) => (owned.includes(product) ? 1 : 0));
    expect([...row.subarray(inputs.features)]).toEqual(flags);
    expect([...shown.items.subarray(shown.offsets[user], shown.offsets[user + 1])]).toEqual([...owned]);
  }
});
