/**
 * What a node computes in a round of histograms, written out from docs/protocol.md, section 12, and without the engine: cells, what users
 * add to them, and what leaves with a noise that is given. The engine is checked against it.
 */
interface ColumnDeclaration {
  readonly name: string;
  readonly kind: 'numeric' | 'categorical' | 'date';
  readonly min?: number;
  readonly max?: number;
  readonly codes?: readonly number[];
  readonly categories?: readonly string[];
}
interface Declaration {
  readonly columns: readonly ColumnDeclaration[];
  readonly products: readonly string[];
  readonly holdings: boolean;
}
interface User {
  readonly values: Readonly<Record<string, number | string | null>>;
  /** Codes of products; of one that is not declared too. */
  readonly owned?: readonly string[];
}
interface Feature {
  readonly name: string;
  readonly column: string;
  readonly start: number;
  /** Cells of values, one more bound than cells; of a categorical feature the names, the last cell being for every other. */
  readonly bounds?: readonly number[];
  readonly categories?: readonly string[];
  readonly codes: readonly number[];
  readonly cells: number;
  readonly numberOf: (value: number | string) => number;
}

const { max, min, round, sqrt } = Math;
const POPULATION = 4;
const HOLDINGS = 1.5;

const equal = (low: number, high: number, cells: number) =>
  Array.from({ length: cells + 1 }, (_, i) => low + ((high - low) * i) / cells);
const DECADES = Array.from({ length: 73 }, (_, i) => 10 ** (i / 8));
const LOGARITHMIC = [...DECADES.map((bound) => -bound).reverse(), 0, ...DECADES];

const dayOf = (date: number | string) => Date.parse(`${date}T00:00:00Z`) / 86_400_000;
const DATE_PARTS = [
  { part: 'days', bounds: equal(-25_567, 47_482, 160), numberOf: dayOf },
  {
    part: 'year',
    bounds: equal(1900, 2100, 200),
    numberOf: (date: number | string) => Number(String(date).slice(0, 4)),
  },
  { part: 'month', bounds: equal(1, 13, 12), numberOf: (date: number | string) => Number(String(date).slice(5, 7)) },
];

function boundsOf({ min: low, max: high }: ColumnDeclaration): readonly number[] {
  if (low === undefined || high === undefined || !(low < high)) return LOGARITHMIC;
  const whole = Number.isInteger(low) && Number.isInteger(high) && high - low <= 128;
  return equal(low, high, whole ? high - low : 128);
}

function featuresOf({ columns }: Declaration): Feature[] {
  const features: Feature[] = [];
  const place = (feature: Omit<Feature, 'start' | 'cells'>) => {
    const last = features.at(-1);
    const values = feature.bounds ? feature.bounds.length - 1 : (feature.categories as string[]).length + 1;
    features.push({ ...feature, start: last ? last.start + last.cells : 1, cells: values + feature.codes.length + 1 });
  };
  for (const column of columns) {
    const { name, kind, codes = [], categories = [] } = column;
    const base = { name, column: name, codes, numberOf: Number };
    if (kind === 'categorical') place({ ...base, categories });
    else if (kind === 'numeric') place({ ...base, bounds: boundsOf(column) });
    else for (const { part, ...of } of DATE_PARTS) place({ ...base, ...of, name: `${name}.${part}` });
  }
  return features;
}

/** A cell of the feature, counted from its first. */
function cellOf(feature: Feature, value: number | string | null | undefined): number {
  const { bounds, categories, codes, cells, numberOf } = feature;
  if (value === null || value === undefined) return cells - 1;
  if (categories) {
    const known = categories.indexOf(String(value));
    return known >= 0 ? known : categories.length;
  }
  const edges = bounds as readonly number[];
  const number = numberOf(value);
  const code = codes.indexOf(number);
  if (code >= 0) return edges.length - 1 + code;
  const below = edges.filter((bound) => bound <= number).length - 1;
  return max(0, min(edges.length - 2, below));
}

type Cells = readonly (readonly [number, number])[];

/** What one user adds: cells and amounts. */
function addedBy(declaration: Declaration, features: readonly Feature[], size: number, user: User): Cells {
  const { products, holdings } = declaration;
  const owned = holdings ? (user.owned ?? []) : [];
  const amount = min((owned.length - 1) / owned.length, HOLDINGS / sqrt(owned.length));
  const places = owned.length < 2 ? [] : owned.map((code) => products.indexOf(code)).filter((place) => place >= 0);
  return [
    [0, POPULATION],
    ...features.map((feature): [number, number] => [feature.start + cellOf(feature, user.values[feature.column]), 1]),
    ...places.sort((a, b) => a - b).map((place): [number, number] => [size - products.length + place, amount]),
  ];
}

/** A noise that anybody can make: what it is does not matter here, but that it is a whole number for each cell. */
const madeUp = (cell: number) => ((cell * 7919 + 13) % 2001) * 1000 - 1_000_000;

function described({ name, declaration, users, noiseMultiplier, expectedUsers }: Case) {
  const features = featuresOf(declaration);
  const last = features.at(-1);
  const size = (last ? last.start + last.cells : 1) + (declaration.holdings ? declaration.products.length : 0);
  const sensitivity = sqrt(features.length + POPULATION ** 2 + (declaration.holdings ? HOLDINGS ** 2 : 0));
  const added = users.map((user) => addedBy(declaration, features, size, user));
  const counts = new Float64Array(size);
  for (const [cell, amount] of added.flat()) counts[cell] += amount;
  const sigma = max(2 ** 20, 2 ** 10 * noiseMultiplier * sqrt(size));
  const unit = noiseMultiplier / sigma;
  const grid = Array.from(counts, (count) => round(count / sensitivity / unit));
  const update = grid.map((whole, cell) => Math.fround((whole + madeUp(cell)) * unit * sensitivity));
  return {
    ...{ name, declaration, size, sensitivity },
    features: features.map(({ numberOf: _, ...feature }) => feature),
    users: users.map((user, index) => ({ ...user, adds: added[index], norm: sqrt(sumOfSquares(added[index])) })),
    counts: [...counts.entries()].filter(([, count]) => count !== 0),
    plan: {
      ...{ noiseMultiplier, expectedUsers },
      mechanisms: [{ mechanism: 'gaussian', noiseMultiplier: noiseMultiplier / (1 + 2 ** -10), count: 1 }],
      normBound: sensitivity * (POPULATION * expectedUsers + noiseMultiplier * (sqrt(size) + 6)),
    },
    noise: {
      sigma,
      grid: [...grid.entries()].filter(([, whole]) => whole !== 0),
      added: grid.map((_, cell) => madeUp(cell)),
      update,
    },
  };
}
const sumOfSquares = (cells: Cells) => cells.reduce((total, [, amount]) => total + amount ** 2, 0);

interface Case {
  readonly name: string;
  readonly declaration: Declaration;
  readonly users: readonly User[];
  readonly noiseMultiplier: number;
  readonly expectedUsers: number;
}

const RISK: Declaration = {
  columns: [
    { name: 'age', kind: 'numeric', min: 18, max: 98 },
    { name: 'ratio', kind: 'numeric', min: 0, max: 2.5 },
    { name: 'income', kind: 'numeric', codes: [-2, 7] },
    { name: 'job', kind: 'categorical', categories: ['clerk', 'sailor'] },
    { name: 'since', kind: 'date' },
  ],
  products: [],
  holdings: false,
};
const INTEREST: Declaration = {
  columns: [{ name: 'age', kind: 'numeric', min: 18, max: 28 }],
  products: ['CARD', 'FUND', 'LOAN', 'SAVE'],
  holdings: true,
};
const PRODUCTS = [...INTEREST.products, 'P5', 'P6', 'P7', 'P8', 'P9'];

const CASES: readonly Case[] = [
  {
    ...{ name: 'kinds of features, codes, missing values, ends of cells', declaration: RISK },
    ...{ noiseMultiplier: 5, expectedUsers: 1000 },
    users: [
      { values: { age: 18, ratio: 0, income: 0, job: 'clerk', since: '1970-01-01' } },
      { values: { age: 18.999, ratio: 2.5, income: 1, job: 'sailor', since: '2100-01-01' } },
      { values: { age: 98, ratio: -1, income: -1, job: 'astronaut', since: '1899-12-31' } },
      { values: { age: 3, ratio: 1.25, income: -0.5, job: 'baker', since: '2000-02-29' } },
      { values: { age: 120, ratio: 0.01953125, income: 7, job: 'Clerk', since: '2024-12-31' } },
      { values: { age: null, ratio: null, income: null, job: null, since: null } },
      { values: { age: 40, ratio: 2.4, income: -2, job: 'clerk' } },
      { values: { age: 41, ratio: 2.4, income: 1e12, job: 'clerk', since: '1999-11-30' } },
      { values: { age: 41, ratio: 2.4, income: -1e12, job: 'clerk', since: '2099-12-31' } },
      { values: { age: 41, ratio: 2.4, income: 52_000, job: 'clerk', since: '1900-01-01' } },
    ],
  },
  {
    ...{ name: 'holdings of none, one and many products', declaration: INTEREST },
    ...{ noiseMultiplier: 0.75, expectedUsers: 200 },
    users: [0, 1, 2, 3, 4, 5, 9]
      .map((owned) => ({ values: { age: 20 + owned / 3 }, owned: PRODUCTS.slice(0, owned) }))
      .concat([
        { values: { age: 27.5 }, owned: ['SAVE', 'P5'] },
        { values: { age: 28 }, owned: ['P5', 'P6'] },
      ]),
  },
];

export function histogramVectors() {
  return {
    about:
      'A round of histograms: the cells that follow from a declaration (bounds: a cell is from one to the next; codes and missing values follow), what each user adds (cell, amount), the counts (cells that are not 0), what the plan charges and bounds, the counts on the grid, and the update for a noise that is given in units of the grid. A value that is null, or is not there, is missing.',
    tolerance: 1e-9,
    cases: CASES.map(described),
  };
}
