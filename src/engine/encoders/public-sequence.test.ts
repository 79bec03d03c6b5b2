import type { Dataset } from '../data/dataset.js';
import { createRandom } from '../layers/random.js';
import { channelsOf, parseContract } from './contract.js';
import { parseDeclaration } from './declaration.js';
import { encodeDataset } from './encode.js';
import { declaredContract, publicContract } from './public-contract.js';
import { countInGrid, type PublicDeclaration, publicGrid } from './public-grid.js';

const DECLARED: PublicDeclaration = {
  columns: [
    { name: 'age', kind: 'numeric', min: 18, max: 100 },
    { name: 'late_1', kind: 'numeric', min: 0, max: 8, codes: [-1] },
    { name: 'late_2', kind: 'numeric', min: 0, max: 8, codes: [-1] },
    { name: 'kind_1', kind: 'categorical', categories: ['x', 'y'] },
    { name: 'kind_2', kind: 'categorical', categories: ['x', 'y'] },
  ],
  series: [
    { name: 'late', columns: ['late_1', 'late_2'] },
    { name: 'kind', columns: ['kind_1', 'kind_2'] },
  ],
  products: [],
  holdings: false,
};

function dataset(size = 300): Dataset {
  const random = createRandom(2);
  const numeric = (name: string, draw: () => number) =>
    ({ kind: 'numeric', name, values: Float64Array.from({ length: size }, draw) }) as const;
  const kind = (name: string) =>
    ({
      kind: 'categorical',
      name,
      categories: ['y', 'x', 'z'],
      values: Int32Array.from({ length: size }, () => random.below(4) - 1),
    }) as const;
  return {
    name: 'months',
    size,
    userIds: Array.from({ length: size }, (_, user) => `u${user}`),
    columns: [
      numeric('age', () => 18 + random.below(60)),
      numeric('late_1', () => random.below(6) - 1),
      numeric('late_2', () => random.below(9) - 1),
      kind('kind_1'),
      kind('kind_2'),
    ],
    protectedColumns: [],
  };
}

describe('a declared sequence', () => {
  test('is made of what is counted of its columns: nothing more is counted', () => {
    const { series: _, ...without } = DECLARED;
    const [grid, plain] = [publicGrid(DECLARED), publicGrid(without)];
    expect([grid.size, grid.sensitivity]).toEqual([plain.size, plain.sensitivity]);
    const data = dataset();
    const users = Int32Array.from(data.userIds.keys());
    const counts = countInGrid(grid, data, users);
    expect(counts).toEqual(countInGrid(plain, data, users));
    const options = { bins: 6, deviation: 0.1 };
    const { sequence, ...others } = publicContract(grid, counts, options);
    expect(others).toEqual(publicContract(plain, counts, options));
    expect(sequence).toMatchObject({ steps: 2, present: [1, 1], from: { late: ['late_1', 'late_2'] } });
    const [late, kind] = sequence!.features;
    expect(late).toMatchObject({ name: 'late', codes: [-1] });
    expect(kind).toMatchObject({ name: 'kind', categories: ['x', 'y'], unknown: true, missing: true });
    // Both columns have their part in what is usual.
    const share = (name: string) => others.features.find((feature) => feature.name === name)!.mean[0];
    expect(kind.mean[0]).toBeCloseTo((share('kind_1') + share('kind_2')) / 2, 9);
  });

  test('can be encoded, and survives being stored', () => {
    const contract = declaredContract(publicGrid(DECLARED), 8);
    expect(parseContract(JSON.parse(JSON.stringify(contract)))).toEqual(contract);
    const data = dataset();
    const { events } = encodeDataset(contract, data);
    expect(events!.offsets.at(-1)).toBe(2 * data.size);
    expect(events!.positions).toHaveLength(2);
    expect(channelsOf(contract.sequence!)).toBe(1 + 8 + 1 + 1 + 4);
  });

  test('of a declaration from outside is believed only where its columns are declared, and alike', () => {
    expect(parseDeclaration(JSON.parse(JSON.stringify(DECLARED)))).toMatchObject({ series: DECLARED.series });
    const refused = (series: unknown, columns: object[] = []) =>
      expect(() => parseDeclaration({ ...DECLARED, columns: [...DECLARED.columns, ...columns], series }));
    refused('late').toThrow(/list/);
    refused([{ name: 'a' }]).toThrow(/malformed/);
    refused([{ name: 'a', columns: [] }]).toThrow(/columns/);
    refused([{ name: 'a', columns: ['late_1', 'late_3'] }]).toThrow(/late_3/);
    refused([{ name: 'a', columns: ['late_1', 'kind_1'] }]).toThrow(/declared alike/);
    refused([{ name: 'a', columns: ['late_1', 'age'] }]).toThrow(/declared alike/);
    refused([{ name: 'a', columns: ['when'] }], [{ name: 'when', kind: 'date' }]).toThrow(/when/);
    refused([...DECLARED.series!, { name: 'b', columns: ['age'] }]).toThrow(/as many/);
    refused([...DECLARED.series!, ...DECLARED.series!]).toThrow(/one name/);
  });
});
