import type { Column, Dataset, UserRow } from '../../src/engine/data/dataset.js';
import { createRandom } from '../../src/engine/layers/random.js';

/** Small made-up data sets in which there is something to find; the same seed gives the same set. */
export function riskDataset({ size = 400, seed = 1 } = {}): Dataset {
  const random = createRandom(seed);
  const draw = <T>(make: () => T) => Array.from({ length: size }, make);
  const income = Float64Array.from(draw(() => Math.round(Math.exp(8 + random.normal()))));
  const delay = Float64Array.from(draw(() => random.below(6) - 2));
  const job = Int32Array.from(draw(() => random.below(4) - 1));
  const opened = Float64Array.from(draw(() => (random.uniform() < 0.1 ? Number.NaN : 15_000 + random.below(4000))));
  for (let user = 0; user < size; user += 9) income[user] = Number.NaN;
  const label = Float32Array.from({ length: size }, (_, user) => {
    const odds =
      -1 + (delay[user] > 0 ? 0.9 * delay[user] : 0) + (job[user] === 2 ? 1.5 : 0) - (income[user] > 5000 ? 1 : 0);
    return random.uniform() < 1 / (1 + Math.exp(-odds)) ? 1 : 0;
  });
  return {
    name: 'made-up risk',
    size,
    userIds: draw(() => '').map((_, user) => `u${user}`),
    columns: [
      { kind: 'numeric', name: 'income', values: income },
      { kind: 'numeric', name: 'delay', values: delay, codes: [-2, -1] },
      { kind: 'categorical', name: 'job', values: job, categories: ['none', 'clerk', 'sailor'] },
      { kind: 'date', name: 'opened', values: opened },
    ],
    protectedColumns: [],
    label,
    fold: Uint8Array.from({ length: size }, (_, user) => [0, 0, 0, 1, 2][user % 5]),
  };
}

/** Users of kinds that favour products of their kind; folds and hidden products as an import would give them. */
export function interestDataset({ users = 300, products = 8, seed = 1, split = true } = {}): Dataset {
  const random = createRandom(seed);
  const kind = Int32Array.from({ length: users }, () => random.below(3));
  const offsets = new Int32Array(users + 1);
  const items: number[] = [];
  const heldOut = new Int32Array(users).fill(-1);
  const fold = Uint8Array.from({ length: users }, (_, user) => [0, 0, 0, 1, 2][user % 5]);
  for (let user = 0; user < users; user++) {
    const owned: number[] = [];
    for (let product = 0; product < products; product++) {
      if (random.uniform() < (product % 3 === kind[user] ? 0.6 : 0.1)) owned.push(product);
    }
    if (owned.length === 0) owned.push(kind[user] % products);
    items.push(...owned);
    offsets[user + 1] = items.length;
    if (split && fold[user] > 0 && owned.length > 1) heldOut[user] = owned[random.below(owned.length)];
  }
  return {
    name: 'made-up interest',
    size: users,
    userIds: Array.from({ length: users }, (_, user) => `u${user}`),
    columns: [
      { kind: 'categorical', name: 'kind', values: kind, categories: ['a', 'b', 'c'] },
      { kind: 'numeric', name: 'age', values: Float64Array.from({ length: users }, () => 18 + random.below(60)) },
    ],
    protectedColumns: [],
    ownership: {
      products: Array.from({ length: products }, (_, product) => `P${product}`),
      offsets,
      items: Int32Array.from(items),
      heldOut,
    },
    content: Array.from({ length: products }, (_, product) => ({
      texts: [`${['fund 基金', 'loan 贷款', 'card 银行卡'][product % 3]} no. ${product}`],
      attributes: { riskClass: 1 + (product % 3) },
    })),
    ...(split && { fold }),
  };
}

/** Users of three to ten events: one "a", one "b", and others. The label says whether the "a" came after the "b": only the order tells. */
export function orderedDataset({ size = 600, seed = 1 } = {}): Dataset {
  const random = createRandom(seed);
  const offsets = new Int32Array(size + 1);
  const kinds: number[] = [];
  const amounts: number[] = [];
  for (let user = 0; user < size; user++) {
    const count = 3 + random.below(8);
    const own = random.shuffle(Array.from({ length: count }, (_, event) => (event < 2 ? event : 2)));
    for (const kind of own) {
      kinds.push(kind);
      amounts.push(random.uniform() < 0.05 ? Number.NaN : Math.round(100 * Math.exp(random.normal())));
    }
    offsets[user + 1] = kinds.length;
  }
  const last = (user: number, kind: number) => kinds.slice(offsets[user], offsets[user + 1]).lastIndexOf(kind);
  return {
    name: 'made-up order',
    size,
    userIds: Array.from({ length: size }, (_, user) => `u${user}`),
    columns: [{ kind: 'numeric', name: 'noise', values: Float64Array.from({ length: size }, () => random.normal()) }],
    protectedColumns: [],
    sequences: {
      offsets,
      columns: [
        { kind: 'categorical', name: 'kind', values: Int32Array.from(kinds), categories: ['a', 'b', 'other'] },
        { kind: 'numeric', name: 'amount', values: Float64Array.from(amounts) },
      ],
    },
    label: Float32Array.from({ length: size }, (_, user) => (last(user, 0) > last(user, 1) ? 1 : 0)),
    fold: Uint8Array.from({ length: size }, (_, user) => [0, 0, 0, 1, 2][user % 5]),
  };
}

/** The same users with up to six events each, which say nothing. */
export function withEvents(dataset: Dataset, seed = 1): Dataset {
  const random = createRandom(seed);
  const offsets = new Int32Array(dataset.size + 1);
  for (let user = 0; user < dataset.size; user++) offsets[user + 1] = offsets[user] + random.below(7);
  const amounts = Float64Array.from({ length: offsets[dataset.size] }, () => Math.round(100 * random.normal()));
  return { ...dataset, sequences: { offsets, columns: [{ kind: 'numeric', name: 'amount', values: amounts }] } };
}

/** A user of a data set as the server would hand it over. */
export function rowOf({ columns, ownership, sequences }: Dataset, user: number): UserRow {
  return {
    values: Object.fromEntries(columns.map((column) => [column.name, valueAt(column, user)])),
    owned: ownership
      ? [...ownership.items.subarray(ownership.offsets[user], ownership.offsets[user + 1])].map(
          (item) => ownership.products[item],
        )
      : [],
    ...(sequences && {
      events: Array.from({ length: sequences.offsets[user + 1] - sequences.offsets[user] }, (_, event) =>
        Object.fromEntries(
          sequences.columns.map((column) => [column.name, valueAt(column, sequences.offsets[user] + event)]),
        ),
      ),
    }),
  };
}

function valueAt(column: Column, user: number): number | string | null {
  const value = column.values[user];
  if (column.kind === 'categorical') return value < 0 ? null : column.categories[value];
  if (Number.isNaN(value)) return null;
  return column.kind === 'date' ? new Date(value * 86_400_000).toISOString().slice(0, 10) : value;
}
