import { badInput } from '../../errors.js';
import type { Column, Dataset, UserRow } from '../data/dataset.js';
import { categoricalPosition } from './categorical.js';
import type { CategoricalFeature, Feature, FeatureContract, NumericFeature, SequenceContract } from './contract.js';
import { datePart, daysOf } from './dates.js';
import { numericPosition } from './numeric.js';
import { lastEvents, sequencesFor } from './sequence.js';

/** Users by position: one float32 a feature and the products owned as sparse rows. Small; inputs are written out a batch at a time. */
export interface EncodedUsers {
  readonly size: number;
  /** One array a feature of the contract, in its order. */
  readonly positions: readonly Float32Array[];
  /** size + 1 offsets into items. */
  readonly offsets: Int32Array;
  /** Indices into contract.products, ascending within a user. */
  readonly items: Int32Array;
  /** The last events of each user, oldest first; present where the contract has a sequence. */
  readonly events?: EncodedEvents;
}

export interface EncodedEvents {
  /** size + 1 offsets into the positions; a user has at most as many events as the contract has steps. */
  readonly offsets: Int32Array;
  /** One array a feature of the contract's sequence, in its order. */
  readonly positions: readonly Float32Array[];
}

/** Where arrays are allocated: shared memory lets several worker threads read one copy. */
export type Allocate = (length: number) => Float32Array;

const allocateShared: Allocate = (length) => new Float32Array(new SharedArrayBuffer(length * 4));

/**
 * Encodes every user of a data set. A column that the data set lacks counts as missing.
 * @throws {ConcordError} BAD_INPUT where a column is of another kind than the contract's.
 */
export function encodeDataset(contract: FeatureContract, dataset: Dataset, allocate = allocateShared): EncodedUsers {
  const columns = new Map(dataset.columns.map((column) => [column.name, column]));
  const positions = contract.features.map((feature) => {
    const target = allocate(dataset.size);
    encodeColumn(feature, columns.get(feature.column), target);
    return target;
  });
  return {
    size: dataset.size,
    positions,
    ...encodeOwnership(contract, dataset),
    ...(contract.sequence && { events: encodeSequences(contract.sequence, dataset, allocate) }),
  };
}

/** Encodes single users, exactly as encodeDataset does. */
export function encodeRows(contract: FeatureContract, rows: readonly UserRow[]): EncodedUsers {
  const positions = contract.features.map((feature) =>
    Float32Array.from(rows, (row) => rowPosition(feature, row.values[feature.column])),
  );
  const offsets = new Int32Array(rows.length + 1);
  const items: number[] = [];
  const index = productIndex(contract);
  rows.forEach((row, user) => {
    const owned = new Set<number>();
    for (const code of row.owned) {
      const product = index.get(code);
      if (product !== undefined) owned.add(product);
    }
    for (const product of [...owned].sort((a, b) => a - b)) items.push(product);
    offsets[user + 1] = items.length;
  });
  return {
    size: rows.length,
    positions,
    offsets,
    items: Int32Array.from(items),
    ...(contract.sequence && { events: encodeEvents(contract.sequence, rows) }),
  };
}

/** The last events of every user. */
function encodeSequences(sequence: SequenceContract, dataset: Dataset, allocate: Allocate): EncodedEvents {
  const { offsets, columns } = lastEvents(sequencesFor(sequence, dataset), sequence.steps);
  const byName = new Map(columns.map((column) => [column.name, column]));
  const positions = sequence.features.map((feature) => {
    const target = allocate(offsets[dataset.size]);
    encodeColumn(feature, byName.get(feature.column), target);
    return target;
  });
  return { offsets: shared(offsets), positions };
}

function encodeEvents({ steps, features, from }: SequenceContract, rows: readonly UserRow[]): EncodedEvents {
  const offsets = new Int32Array(rows.length + 1);
  const events = rows.flatMap((row, user) => {
    const last = from ? stepsOf(from, steps, row) : (row.events ?? []).slice(-steps);
    offsets[user + 1] = offsets[user] + last.length;
    return last;
  });
  const positions = features.map((feature) =>
    Float32Array.from(events, (event) => rowPosition(feature, event[feature.column])),
  );
  return { offsets, positions };
}

/** Columns of a user as events. */
function stepsOf(from: NonNullable<SequenceContract['from']>, steps: number, { values }: UserRow) {
  const series = Object.entries(from);
  return Array.from({ length: steps }, (_, step) =>
    Object.fromEntries(series.map(([name, columns]) => [name, values[columns[step]]])),
  );
}

function shared(offsets: Int32Array): Int32Array {
  const copy = new Int32Array(new SharedArrayBuffer(offsets.length * 4));
  copy.set(offsets);
  return copy;
}

/** Look-up tables of contracts and features, made once for each. */
const products = new WeakMap<FeatureContract, ReadonlyMap<string, number>>();
const categories = new WeakMap<CategoricalFeature, ReadonlyMap<string, number>>();

function remembered<K extends object>(
  cache: WeakMap<K, ReadonlyMap<string, number>>,
  key: K,
  names: readonly string[],
) {
  let index = cache.get(key);
  if (!index) {
    index = new Map(names.map((name, place) => [name, place]));
    cache.set(key, index);
  }
  return index;
}

/** Place of each product code in the contract. */
export const productIndex = (contract: FeatureContract) => remembered(products, contract, contract.products);

const categoryIndex = (feature: CategoricalFeature) => remembered(categories, feature, feature.categories);

function rowPosition(feature: Feature, value: number | string | null | undefined): number {
  if (feature.kind === 'categorical') {
    const missing = value === null || value === undefined || value === '';
    return categoricalPosition(feature, missing ? -2 : (categoryIndex(feature).get(String(value)) ?? -1));
  }
  return numericPosition(feature, numberOf(feature, value));
}

/** What cannot be read as the feature's number is missing: a served request does not fail for one odd attribute. */
function numberOf(feature: NumericFeature, value: number | string | null | undefined): number {
  if (value === null || value === undefined || value === '') return Number.NaN;
  if (feature.part) return datePart(typeof value === 'number' ? value : daysOf(value), feature.part);
  return Number(value);
}

function encodeColumn(feature: Feature, column: Column | undefined, target: Float32Array): void {
  if (!column) {
    target.fill(rowPosition(feature, null));
    return;
  }
  if (feature.kind === 'categorical') {
    if (column.kind !== 'categorical') throw wrongKind(feature, column);
    const index = categoryIndex(feature);
    const places = column.categories.map((category) => categoricalPosition(feature, index.get(category) ?? -1));
    const missing = categoricalPosition(feature, -2);
    for (let user = 0; user < target.length; user++) {
      const value = column.values[user];
      target[user] = value < 0 ? missing : places[value];
    }
    return;
  }
  const { part } = feature;
  if (column.kind !== (part ? 'date' : 'numeric')) throw wrongKind(feature, column);
  for (let user = 0; user < target.length; user++) {
    const value = column.values[user];
    target[user] = numericPosition(feature, part ? datePart(value, part) : value);
  }
}

const wrongKind = (feature: Feature, column: Column) =>
  badInput(
    `The model reads ${feature.column} as ${feature.kind === 'numeric' && feature.part ? 'a date' : feature.kind}, but in the data it is ${column.kind}.`,
  );

function encodeOwnership(contract: FeatureContract, dataset: Dataset): Pick<EncodedUsers, 'offsets' | 'items'> {
  const { ownership } = dataset;
  if (!ownership || contract.products.length === 0) {
    return { offsets: new Int32Array(new SharedArrayBuffer((dataset.size + 1) * 4)), items: new Int32Array(0) };
  }
  const index = productIndex(contract);
  const places = Int32Array.from(ownership.products, (code) => index.get(code) ?? -1);
  const ordered = places.every((place, product) => product === 0 || place > places[product - 1]);
  const offsets = new Int32Array(new SharedArrayBuffer((dataset.size + 1) * 4));
  const items = new Int32Array(new SharedArrayBuffer(ownership.items.length * 4));
  let count = 0;
  for (let user = 0; user < dataset.size; user++) {
    const start = count;
    for (let item = ownership.offsets[user]; item < ownership.offsets[user + 1]; item++) {
      const place = places[ownership.items[item]];
      if (place >= 0) items[count++] = place;
    }
    if (!ordered) items.subarray(start, count).sort();
    offsets[user + 1] = count;
  }
  return { offsets, items: items.subarray(0, count) };
}
