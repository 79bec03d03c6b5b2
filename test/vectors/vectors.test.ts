import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gridSigma } from '../../federated/privacy/dp-sgd.js';
import { protocolVectors } from '../../scripts/vectors/all.js';
import type { Backend } from '../../src/engine/backends/backend.js';
import { openBackend } from '../../src/engine/backends/select.js';
import type { Column, Dataset, Ownership } from '../../src/engine/data/dataset.js';
import { inputsOf, parseContract } from '../../src/engine/encoders/contract.js';
import { daysOf } from '../../src/engine/encoders/dates.js';
import { parseDeclaration } from '../../src/engine/encoders/declaration.js';
import { encodeDataset, encodeRows } from '../../src/engine/encoders/encode.js';
import { createExpander } from '../../src/engine/encoders/expand.js';
import { countInGrid, publicGrid } from '../../src/engine/encoders/public-grid.js';
import { federatedArchitecture, toTrainedModel } from '../../src/engine/models/federated.js';
import { unpackNetwork } from '../../src/engine/models/network-file.js';
import { clippedSums } from '../../src/engine/training/private/clipped-sums.js';
import { sumKernel } from '../../src/engine/training/private/sum-kernel.js';
import { histogramPlan } from '../../src/federation/histogram-round.js';

// biome-ignore lint/suspicious/noExplicitAny: the files are read as another program would read them
type Vector = any;
const read = (name: string): Vector => JSON.parse(readFileSync(join(import.meta.dirname, `${name}.json`), 'utf8'));

/** Numbers within a share of them, everything else to the letter. */
function expectSame(actual: Vector, expected: Vector, tolerance: number, path = ''): void {
  if (typeof expected === 'number') {
    const off = Math.abs(actual - expected);
    expect({ path, close: off <= tolerance * Math.max(1, Math.abs(expected)) }).toEqual({ path, close: true });
  } else if (typeof expected === 'object' && expected !== null) {
    expect({ path, keys: Object.keys(actual) }).toEqual({ path, keys: Object.keys(expected) });
    for (const key of Object.keys(expected)) expectSame(actual[key], expected[key], tolerance, `${path}/${key}`);
  } else expect({ path, value: actual }).toEqual({ path, value: expected });
}

test('the script writes the files that are here', async () => {
  const made = await protocolVectors();
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.json'));
  expect(files.sort()).toEqual(
    Object.keys(made)
      .map((name) => `${name}.json`)
      .sort(),
  );
  // ε alone is to four places: another version of the accountant may differ by more than the other files allow.
  for (const [name, value] of Object.entries(made))
    expectSame(JSON.parse(JSON.stringify(value)), read(name), name === 'mechanisms' ? 1e-3 : 1e-9, name);
});

describe('the engine computes what a node must', () => {
  const { cases, weightsFile, tolerance } = read('training');
  const named: readonly [string, Vector][] = cases.map((each: Vector) => [each.name, each]);
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend('onnxruntime');
  });
  afterAll(() => backend.dispose());

  test.each(named)('%s', async (_, vector) => {
    const { task, contract, parameters, users, rows, clipped } = vector;
    const parsed = parseContract(contract);
    const dataset = datasetOf(contract, users);
    const width = inputsOf(parsed);
    const expander = createExpander(parsed);
    for (const encoded of [encodeDataset(parsed, dataset), encodeRows(parsed, users.map(rowOf))]) {
      const hidden = users.flatMap((user: Vector, index: number) =>
        task === 'risk' ? [[index, -1]] : placesOf(contract.products, user.owned).map((product) => [index, product]),
      );
      const target = new Float32Array(hidden.length * width);
      hidden.forEach(([user, product]: number[], row: number) => {
        expander.write(encoded, user, product, target, row);
      });
      expectNear(target, rows.flat(), tolerance.rows);
    }
    const architecture = federatedArchitecture(task, task === 'risk' ? 'logistic' : 'linear', parsed);
    const everyone = Int32Array.from(users.keys());
    for (const { clipping, sum, within } of clipped) {
      const sums = await clippedSums(
        { dataset, task, contract: parsed, architecture, clipping, users: everyone, countBelow: true },
        backend,
        () => undefined,
      );
      const found = new Float64Array(parameters.length);
      const aboveHalf = await sums.of(Float32Array.from(parameters), clipping.norm, everyone, {
        add(part) {
          for (let index = 0; index < part.length; index++) found[index] += part[index];
        },
        draw: () => undefined,
      });
      await sums.dispose();
      expectNear(found, sum, tolerance.sum);
      expect(aboveHalf).toBe(within - users.length / 2);
    }
  });

  test('the weights file', () => {
    const [{ contract }] = cases;
    const parameters = Float32Array.from(weightsFile.parameters);
    const { weights } = toTrainedModel('risk', 'logistic', contract, parameters);
    expect(Buffer.from(weights).toString('hex')).toBe(weightsFile.hex);
    const file = Buffer.from(weightsFile.hex, 'hex');
    expect(unpackNetwork(file, { inputs: 2, outputs: 1 })).toMatchObject({ kind: 'network', members: [parameters] });
  });
});

describe('the engine counts what a node must', () => {
  const { cases, tolerance } = read('histogram');
  const named: readonly [string, Vector][] = cases.map((each: Vector) => [each.name, each]);

  test.each(named)('%s', (_, vector) => {
    const { declaration, size, sensitivity, features, users, counts, plan, noise } = vector;
    const grid = publicGrid(parseDeclaration(declaration));
    expect(grid.size).toBe(size);
    expect(grid.sensitivity).toBeCloseTo(sensitivity, 12);
    for (const [index, { bounds = [], ...feature }] of features.entries()) {
      expect(grid.features[index]).toMatchObject(feature);
      expectSame([...grid.features[index].bounds], bounds, tolerance, feature.name);
    }
    const { dataset, places } = datasetOfDeclaration(declaration, users);
    for (const { user, adds, norm } of users.map((user: Vector, index: number) => ({ ...user, user: index }))) {
      const own = countInGrid(grid, dataset, Int32Array.of(user));
      expectSame(cellsOf(own), adds, tolerance, `user ${user}`);
      expect(Math.hypot(...own)).toBeCloseTo(norm, 9);
      expect(norm).toBeLessThanOrEqual(sensitivity * (1 + 1e-12));
    }
    const total = countInGrid(grid, dataset, places);
    expectSame(cellsOf(total), counts, tolerance, 'counts');

    const { noiseMultiplier, expectedUsers, mechanisms, normBound } = plan;
    const planned = histogramPlan({ name: 'logistic' }, { noiseMultiplier, bins: 8, declaration }, { expectedUsers });
    expect(planned.mechanisms).toEqual(mechanisms);
    expect(planned.normBound / normBound).toBeCloseTo(1, 12);
    expect(planned.model.parameters).toBe(size);

    expect(gridSigma(noiseMultiplier, size)).toBeCloseTo(noise.sigma, 6);
    const scale = noise.sigma / noiseMultiplier;
    const release = (added: readonly number[]) => {
      const sum = sumKernel(size);
      sum.total.set(total);
      sum.noise.set(added);
      sum.release(scale / grid.sensitivity, 1 / scale);
      return sum.total;
    };
    expect(cellsOf(release(noise.added.map(() => 0)).map((value) => Math.round(value * scale)))).toEqual(noise.grid);
    const update = Float32Array.from(release(noise.added), (value) => value * grid.sensitivity);
    expectSame([...update], noise.update, 1e-6, 'update');
  });
});

const cellsOf = (cells: Float64Array) => [...cells.entries()].filter(([, amount]) => amount !== 0);

/** @returns the users as a bank has them, and their places */
function datasetOfDeclaration({ columns, products }: Vector, users: readonly Vector[]) {
  const owned = [...new Set([...products, ...users.flatMap((user) => user.owned ?? [])])];
  const features = columns.map(({ kind, name, categories = [] }: Vector) => ({
    ...{ kind: kind === 'categorical' ? kind : 'numeric', column: name, categories },
    ...(kind === 'date' && { part: 'days' }),
  }));
  const complete = users.map(({ values, ...user }) => ({
    ...user,
    values: Object.fromEntries(columns.map(({ name }: Vector) => [name, values[name] ?? null])),
  }));
  const dataset = datasetOf({ features, products: owned }, complete);
  return { dataset, places: Int32Array.from(users.keys()) };
}

function expectNear(actual: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  const largest = Math.max(...expected.map(Math.abs));
  expect(actual).toHaveLength(expected.length);
  expected.forEach((value, index) => {
    expect(Math.abs(actual[index] - value)).toBeLessThanOrEqual(tolerance * largest);
  });
}

const rowOf = ({ values, owned }: Vector) => ({ values, owned: owned ?? [] });
const placesOf = (products: readonly string[], owned: readonly string[] = []) =>
  owned.map((code) => products.indexOf(code)).sort((a, b) => a - b);

function datasetOf(contract: Vector, users: readonly Vector[]): Dataset {
  const columns = contract.features.map(({ kind, column, part, categories }: Vector): Column => {
    const values = users.map((user) => user.values[column]);
    if (kind === 'categorical') {
      const names = [...new Set([...values.filter((value) => value !== null), ...categories])];
      return {
        kind,
        name: column,
        values: Int32Array.from(values, (value) => names.indexOf(value)),
        categories: names,
      };
    }
    const numbers = Float64Array.from(values, (value) => (value === null ? Number.NaN : part ? daysOf(value) : value));
    return { kind: part ? 'date' : 'numeric', name: column, values: numbers };
  });
  const items = users.map(({ owned }) => placesOf(contract.products, owned));
  const offsets = Int32Array.from([0, ...items.keys()], (_, index) => items.slice(0, index).flat().length);
  const ownership: Ownership = {
    products: contract.products,
    offsets,
    items: Int32Array.from(items.flat()),
    heldOut: new Int32Array(users.length).fill(-1),
  };
  return {
    name: 'vectors',
    size: users.length,
    userIds: users.map((_, index) => `u${index}`),
    columns,
    protectedColumns: [],
    ...(contract.products.length > 0 ? { ownership } : { label: Float32Array.from(users, ({ label }) => label) }),
  };
}
