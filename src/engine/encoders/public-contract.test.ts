import fc from 'fast-check';
import { interestDataset, riskDataset } from '../../../test/support/synthetic.js';
import type { Dataset } from '../data/dataset.js';
import { parseContract } from './contract.js';
import { populationOf, publicContract } from './public-contract.js';
import { countInGrid, type PublicDeclaration, publicGrid } from './public-grid.js';

const DECLARED: PublicDeclaration = {
  columns: [
    { name: 'income', kind: 'numeric' },
    { name: 'delay', kind: 'numeric', codes: [-2, -1] },
    { name: 'job', kind: 'categorical', categories: ['none', 'clerk', 'sailor'] },
    { name: 'opened', kind: 'date' },
  ],
  products: [],
  holdings: false,
};
const all = (dataset: Dataset) => Int32Array.from(dataset.userIds.keys());

/** A user in the place of user 0, with this income and a job that nobody has declared. */
function withExtreme(dataset: Dataset, value: number): Dataset {
  const columns = dataset.columns.map((column) => {
    if (column.kind === 'numeric' && column.name === 'income')
      return { ...column, values: column.values.map((old, user) => (user === 0 ? value : old)) };
    if (column.kind === 'categorical')
      return {
        ...column,
        values: column.values.map((old, user) => (user === 0 ? column.categories.length : old)),
        categories: [...column.categories, 'astronaut'],
      };
    return column;
  });
  return { ...dataset, columns };
}

describe('the public feature contract', () => {
  const dataset = riskDataset();
  const grid = publicGrid(DECLARED);

  test('one user changes nothing but counts, by no more than the sensitivity', () => {
    const users = all(dataset);
    const without = countInGrid(grid, dataset, users.subarray(1));
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.constantFrom(1e300, -1e300, Number.POSITIVE_INFINITY)), (value) => {
        const counts = countInGrid(grid, withExtreme(dataset, value), users);
        const moved = Math.hypot(...counts.map((count, cell) => count - without[cell]));
        expect(moved).toBeLessThanOrEqual(grid.sensitivity * (1 + 1e-12));
        const { features } = publicContract(grid, counts, { bins: 8, deviation: 0.5 });
        const json = JSON.stringify(features);
        expect(json).not.toContain('astronaut');
        for (const feature of features)
          if (feature.kind === 'numeric')
            for (const edge of feature.edges) {
              const { bounds } = grid.features.find(({ name }) => name === feature.name)!;
              expect(bounds).toContain(edge);
            }
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test('a user of many products adds no more to the histogram than the sensitivity', () => {
    const interest = interestDataset({ products: 60 });
    const declared = publicGrid({
      columns: [{ name: 'age', kind: 'numeric', min: 18, max: 110 }],
      products: interest.ownership!.products,
      holdings: true,
    });
    const everyone = all(interest);
    for (const user of everyone) {
      const counts = countInGrid(declared, interest, Int32Array.of(user));
      expect(Math.hypot(...counts)).toBeLessThanOrEqual(declared.sensitivity * (1 + 1e-12));
    }
  });

  test('it is a contract like any other, with rows of about unit length and the population', () => {
    const counts = countInGrid(grid, dataset, all(dataset));
    const contract = publicContract(grid, counts, { bins: 8, deviation: 1 });
    expect(() => parseContract(JSON.parse(JSON.stringify(contract)))).not.toThrow();
    expect(populationOf(counts)).toBe(400);
    const income = contract.features[0];
    expect(income.kind === 'numeric' && income.edges.length).toBeGreaterThan(4);
    expect(income.kind === 'numeric' && income.missing).toBe(true);
  });

  test('noise alone makes no inputs of its own, and no numbers that are none', () => {
    const contract = publicContract(grid, new Float64Array(grid.size).fill(-5), { bins: 8, deviation: 1 });
    expect(() => parseContract(contract)).not.toThrow();
  });
});
