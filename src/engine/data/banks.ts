import { badInput } from '../../errors.js';
import type { Column, Dataset, Sequences } from './dataset.js';
import { takeRows } from './take-rows.js';

/** Users of one bank of a simulation. */
export interface Bank {
  readonly name: string;
  /** Row numbers in the whole data set, ascending. */
  readonly users: Int32Array;
}

/** Numeric columns are cut at so many quantiles, to make banks of them. */
const PARTS = 3;
/** A group that is cut in two gives this share to the first. */
const FIRST_SHARE = 0.6;

/**
 * Deals users to exactly so many banks of unlike customers and unequal sizes, by the values of some columns; always the same ones. Groups of
 * equal values are merged, the smallest first with the smaller of its neighbours, or cut, the largest first, until their number is right.
 * @throws {ConcordError} BAD_INPUT where a column is unknown or there are too few users.
 */
export function splitByColumns(dataset: Dataset, users: Int32Array, banks: number, names: readonly string[]): Bank[] {
  if (!Number.isInteger(banks) || banks < 1 || users.length < banks)
    throw badInput(`${users.length} users cannot be dealt to ${banks} banks.`);
  const readers = names.map((name) => {
    const column = [...dataset.columns, ...dataset.protectedColumns].find((each) => each.name === name);
    if (!column) throw badInput(`${dataset.name} has no column ${name} to split by.`);
    return partOf(column, users);
  });
  const groups = new Map<string, number[]>();
  for (const user of users) {
    const key = readers.map((read) => String(read(user)).padStart(6, '0')).join(' ');
    const group = groups.get(key);
    if (group) group.push(user);
    else groups.set(key, [user]);
  }
  const parts = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
  while (parts.length > banks) {
    const least = placeOf(parts, (a, b) => a < b);
    const before = parts[least - 1]?.length ?? Number.POSITIVE_INFINITY;
    const after = parts[least + 1]?.length ?? Number.POSITIVE_INFINITY;
    const left = before <= after ? least - 1 : least;
    parts.splice(left, 2, [...parts[left], ...parts[left + 1]]);
  }
  while (parts.length < banks) {
    const most = placeOf(parts, (a, b) => a > b);
    const cut = Math.max(1, Math.floor(parts[most].length * FIRST_SHARE));
    parts.splice(most, 1, parts[most].slice(0, cut), parts[most].slice(cut));
  }
  return parts.map((group, place) => ({ name: `bank-${place + 1}`, users: Int32Array.from(group).sort() }));
}

function placeOf(parts: readonly (readonly number[])[], better: (a: number, b: number) => boolean): number {
  return parts.reduce((best, part, place) => (better(part.length, parts[best].length) ? place : best), 0);
}

/** Which part of a column a user is in: the category, or the quantile; 0 = missing. */
function partOf(column: Column, users: Int32Array): (user: number) => number {
  const { values } = column;
  if (column.kind === 'categorical') return (user) => values[user] + 1;
  const sorted = Float64Array.from(users, (user) => values[user])
    .filter(Number.isFinite)
    .sort();
  const cuts = Array.from({ length: PARTS - 1 }, (_, cut) => sorted[Math.floor(((cut + 1) * sorted.length) / PARTS)]);
  return (user) => (Number.isFinite(values[user]) ? 1 + cuts.filter((cut) => values[user] >= cut).length : 0);
}

/** The rows of some users as a data set of its own. */
export function datasetOf(dataset: Dataset, users: Int32Array): Dataset {
  const columns = (all: readonly Column[]) => all.map((column) => takeRows(column, users));
  const { ownership, label, weights, fold, sequences, series } = dataset;
  return {
    name: dataset.name,
    size: users.length,
    userIds: Array.from(users, (user) => dataset.userIds[user]),
    columns: columns(dataset.columns),
    protectedColumns: columns(dataset.protectedColumns),
    ...(label && { label: Float32Array.from(users, (user) => label[user]) }),
    ...(weights && { weights: Float32Array.from(users, (user) => weights[user]) }),
    ...(fold && { fold: Uint8Array.from(users, (user) => fold[user]) }),
    ...(ownership && { ownership: ownershipOf(ownership, users) }),
    ...(sequences && { sequences: sequencesOf(sequences, users) }),
    ...(series && { series }),
  };
}

function sequencesOf({ offsets, columns }: Sequences, users: Int32Array): Sequences {
  const taken = new Int32Array(users.length + 1);
  users.forEach((user, place) => {
    taken[place + 1] = taken[place] + offsets[user + 1] - offsets[user];
  });
  const events = new Int32Array(taken[users.length]);
  users.forEach((user, place) => {
    for (let event = taken[place]; event < taken[place + 1]; event++)
      events[event] = offsets[user] + event - taken[place];
  });
  return { offsets: taken, columns: columns.map((column) => takeRows(column, events)) };
}

function ownershipOf({ products, offsets, items, heldOut }: NonNullable<Dataset['ownership']>, users: Int32Array) {
  const taken = new Int32Array(users.length + 1);
  users.forEach((user, place) => {
    taken[place + 1] = taken[place] + offsets[user + 1] - offsets[user];
  });
  const owned = new Int32Array(taken[users.length]);
  users.forEach((user, place) => {
    owned.set(items.subarray(offsets[user], offsets[user + 1]), taken[place]);
  });
  return { products, offsets: taken, items: owned, heldOut: Int32Array.from(users, (user) => heldOut[user]) };
}
