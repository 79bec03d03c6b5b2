/**
 * What a node computes, written out from docs/protocol.md in double precision and without the engine: encoded rows, gradients of single
 * users, clipped sums, and a weights file. The engine is checked against it.
 */
interface NumericFeature {
  readonly kind: 'numeric';
  readonly name: string;
  readonly column: string;
  readonly part?: 'days' | 'year' | 'month';
  readonly encoding: 'piecewise' | 'bins';
  readonly edges: readonly number[];
  readonly codes: readonly number[];
  readonly missing: boolean;
  readonly mean: readonly number[];
}
interface CategoricalFeature {
  readonly kind: 'categorical';
  readonly name: string;
  readonly column: string;
  readonly categories: readonly string[];
  readonly unknown: boolean;
  readonly missing: boolean;
  readonly mean: readonly number[];
}
type Feature = NumericFeature | CategoricalFeature;
interface Contract {
  readonly version: 1;
  readonly features: readonly Feature[];
  readonly products: readonly string[];
  readonly holdings?: { readonly mean: readonly number[] };
  readonly scale: number;
}
interface User {
  readonly values: Readonly<Record<string, number | string | null>>;
  /** Codes of products, for interest. */
  readonly owned?: readonly string[];
  /** 0 or 1, for risk. */
  readonly label?: number;
}
type Clipping =
  | { readonly kind: 'flat'; readonly norm: number }
  | { readonly kind: 'automatic'; readonly norm: number; readonly stability: number };

const { abs, exp, floor, max, min, sqrt } = Math;
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const rounded = (value: number) => Number(value.toPrecision(9));

/** One feature of one user before the mean is taken away: 0 and 1, but for piecewise bins; undefined: it says nothing. */
function encodeFeature(feature: Feature, value: number | string | null | undefined): number[] | undefined {
  const absent = value === null || value === undefined || value === '';
  const only = (place: number) => feature.mean.map((_, input) => (input === place ? 1 : 0));
  if (feature.kind === 'categorical') {
    const { categories, unknown, missing } = feature;
    const place = absent ? -1 : categories.indexOf(String(value));
    if (place >= 0) return only(place);
    if (absent) return missing ? only(categories.length + (unknown ? 1 : 0)) : undefined;
    return unknown ? only(categories.length) : undefined;
  }
  const { part, edges, codes, missing, encoding } = feature;
  const number = absent ? Number.NaN : part ? partOf(String(value), part) : Number(value);
  const bins = max(0, edges.length - 1);
  if (!Number.isFinite(number)) return missing ? only(bins + codes.length) : undefined;
  const code = codes.indexOf(number);
  if (code >= 0) return only(bins + code);
  const through = Array.from({ length: bins }, (_, bin) =>
    min(1, max(0, (number - edges[bin]) / (edges[bin + 1] - edges[bin]))),
  );
  const rest = [...codes.map(() => 0), ...(missing ? [0] : [])];
  if (encoding === 'piecewise') return [...through, ...rest];
  return bins === 0 ? rest : only(min(floor(sum(through)), bins - 1));
}

function partOf(date: string, part: 'days' | 'year' | 'month'): number {
  const [year, month, day] = date.split('-').map(Number);
  return part === 'days' ? Date.UTC(year, month - 1, day) / 86_400_000 : part === 'year' ? year : month;
}

/** @param hidden a product code that the row does not show */
function encodeRow(contract: Contract, user: User, hidden?: string): number[] {
  const { features, products, holdings, scale } = contract;
  const inputs = features.flatMap((feature) => {
    const raw = encodeFeature(feature, user.values[feature.column]);
    return feature.mean.map((mean, input) => (raw ? (raw[input] - mean) * scale : 0));
  });
  if (!holdings) return inputs;
  const shown = products.map((code) => (code !== hidden && user.owned?.includes(code) ? 1 : 0));
  return [...inputs, ...shown.map((has, product) => (has - holdings.mean[product]) * scale)];
}

/** Of a linear model: weights (inputs × outputs, by rows), then a bias for each output. */
function gradientOf(contract: Contract, parameters: readonly number[], user: User): number[] {
  const hiding =
    user.label === undefined ? contract.products.filter((code) => user.owned?.includes(code)) : [undefined];
  const outputs = user.label === undefined ? contract.products.length : 1;
  const gradient = parameters.map(() => 0);
  for (const hidden of hiding) {
    const row = encodeRow(contract, user, hidden);
    const biases = row.length * outputs;
    const logits = Array.from({ length: outputs }, (_, out) =>
      sum([...row.map((x, input) => x * parameters[input * outputs + out]), parameters[biases + out]]),
    );
    slopesOf(contract, user, logits, hidden).forEach((slope, out) => {
      row.forEach((x, input) => {
        gradient[input * outputs + out] += (x * slope) / hiding.length;
      });
      gradient[biases + out] += slope / hiding.length;
    });
  }
  return gradient;
}

/** Derivative of the log loss by each logit. */
function slopesOf({ products }: Contract, user: User, logits: readonly number[], hidden: string | undefined): number[] {
  if (user.label !== undefined) return [1 / (1 + exp(-logits[0])) - user.label];
  const open = products.map((code) => code === hidden || !user.owned?.includes(code));
  const total = sum(logits.map((logit, out) => (open[out] ? exp(logit) : 0)));
  return logits.map((logit, out) => (open[out] ? exp(logit) / total : 0) - (products[out] === hidden ? 1 : 0));
}

function clippedSum(contract: Contract, parameters: readonly number[], users: readonly User[], clipping: Clipping) {
  const gradients = users.map((user) => gradientOf(contract, parameters, user));
  const norms = gradients.map((gradient) => sqrt(sum(gradient.map((value) => value * value))));
  const factors = norms.map((norm) =>
    clipping.kind === 'flat' ? min(1, clipping.norm / norm) : clipping.norm / (norm + clipping.stability),
  );
  const clipped = parameters.map((_, index) => sum(gradients.map((gradient, user) => factors[user] * gradient[index])));
  const within = norms.filter((norm) => norm <= clipping.norm).length;
  return { clipping, norms: norms.map(rounded), sum: clipped.map(rounded), within };
}

/** Safetensors: the length of the header, the header padded by spaces to a multiple of 8, the data; all little-endian. */
function safetensors(
  metadata: object,
  tensors: readonly (readonly [string, readonly number[], readonly number[]])[],
): Buffer {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let at = 0;
  for (const [name, shape, values] of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [at, at + 4 * values.length] };
    at += 4 * values.length;
  }
  const json = JSON.stringify(header);
  const text = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const data = Buffer.alloc(at);
  tensors
    .flatMap(([, , values]) => values)
    .forEach((value, index) => {
      data.writeFloatLE(value, 4 * index);
    });
  return Buffer.concat([length, text, data]);
}

const AGE: NumericFeature = {
  ...{ kind: 'numeric', name: 'age', column: 'age', encoding: 'piecewise', edges: [0, 50, 100], codes: [] },
  ...{ missing: false, mean: [0.75, 0.25] },
};
const SMALL: Contract = { version: 1, features: [AGE], products: [], scale: 1 };
const SMALL_PARAMETERS = [0.5, -0.25, 0.125];

/** The weights from which the first plan's round starts. */
export const WEIGHTS_FILE = {
  contract: { ...SMALL },
  parameters: SMALL_PARAMETERS,
  bytes: safetensors({ format: 'concord', kind: 'network', hidden: '[]', members: '1' }, [
    ['member.0.output.weight', [2, 1], SMALL_PARAMETERS.slice(0, 2)],
    ['member.0.output.bias', [1], SMALL_PARAMETERS.slice(2)],
  ]),
};

const RICH: Contract = {
  version: 1,
  features: [
    {
      ...{ kind: 'numeric', name: 'income', column: 'income', encoding: 'piecewise', edges: [0, 1000, 5000] },
      ...{ codes: [-1], missing: true, mean: [0.75, 0.25, 0.125, 0.125] },
    },
    {
      ...{ kind: 'numeric', name: 'since.year', column: 'since', part: 'year', encoding: 'bins' },
      ...{ edges: [1990, 2000, 2010, 2020], codes: [], missing: false, mean: [0.25, 0.25, 0.5] },
    },
    {
      ...{ kind: 'categorical', name: 'job', column: 'job', categories: ['clerk', 'baker'], unknown: true },
      ...{ missing: false, mean: [0.5, 0.25, 0.25] },
    },
  ],
  products: [],
  scale: 0.5,
};
const WIDE: Contract = {
  version: 1,
  features: [AGE],
  products: ['CARD', 'FUND', 'LOAN', 'SAVE'],
  holdings: { mean: [0.5, 0.25, 0.25, 0.5] },
  scale: 0.5,
};

interface Case {
  readonly name: string;
  readonly task: 'risk' | 'interest';
  readonly contract: Contract;
  readonly parameters: readonly number[];
  readonly users: readonly User[];
  readonly clippings: readonly Clipping[];
}

const eighths = (length: number) => Array.from({ length }, (_, index) => (((index * 5) % 9) - 4) / 8);
const CASES: readonly Case[] = [
  {
    ...{ name: 'the first plan', task: 'risk', contract: SMALL, parameters: SMALL_PARAMETERS },
    users: [
      { values: { age: 25 }, label: 1 },
      { values: { age: 75 }, label: 0 },
      { values: { age: null }, label: 1 },
    ],
    clippings: [
      { kind: 'flat', norm: 0.5 },
      { kind: 'automatic', norm: 0.5, stability: 0.01 },
    ],
  },
  {
    ...{ name: 'codes, missing, dates, categories', task: 'risk', contract: RICH, parameters: eighths(11) },
    users: [
      { values: { income: 3000, since: '1995-06-30', job: 'baker' }, label: 0 },
      { values: { income: -1, since: '2030-01-01', job: 'astronaut' }, label: 1 },
      { values: { income: null, since: null, job: null }, label: 1 },
      { values: { income: 9000, since: '2010-01-01', job: 'clerk' }, label: 0 },
    ],
    clippings: [{ kind: 'flat', norm: 0.5 }],
  },
  {
    ...{ name: 'holdings, each hidden in turn', task: 'interest', contract: WIDE, parameters: eighths(28) },
    users: [
      { values: { age: 25 }, owned: ['FUND'] },
      { values: { age: 100 }, owned: ['SAVE', 'CARD', 'LOAN'] },
      { values: { age: 0 }, owned: ['CARD', 'SAVE'] },
    ],
    clippings: [{ kind: 'flat', norm: 0.75 }],
  },
];

export function trainingVectors() {
  return {
    about:
      'What a node computes before noise: encoded rows (of interest one for each product hidden), norms of the users’ gradients, the sum of the clipped ones, and how many are within the norm. weightsFile: the base of the first plan of plans.json.',
    tolerance: { rows: 1e-6, norms: 1e-5, sum: 1e-5 },
    weightsFile: { parameters: SMALL_PARAMETERS, hex: WEIGHTS_FILE.bytes.toString('hex') },
    cases: CASES.map(({ clippings, ...about }) => ({
      ...about,
      rows: about.users.flatMap((user) => {
        const hiding =
          about.task === 'risk' ? [undefined] : about.contract.products.filter((c) => user.owned?.includes(c));
        return hiding.map((hidden) => encodeRow(about.contract, user, hidden).map((x) => (abs(x) === 0 ? 0 : x)));
      }),
      clipped: clippings.map((clipping) => clippedSum(about.contract, about.parameters, about.users, clipping)),
    })),
  };
}
