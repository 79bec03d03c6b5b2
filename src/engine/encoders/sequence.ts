import { badInput } from '../../errors.js';
import type { CategoricalColumn, Column, Dataset, Sequences, Series } from '../data/dataset.js';
import { takeRows } from '../data/take-rows.js';
import { MAX_STEPS, type SequenceContract } from './contract.js';

/** What a model of sequences reads of a data set. */
export interface ReadSequences {
  readonly sequences: Sequences;
  /** Steps that there may be. */
  readonly steps: number;
  /** By the name of each series, its columns; where the events are series. */
  readonly from?: NonNullable<SequenceContract['from']>;
}

/**
 * The events of a data set, or its series as if they were events.
 * @throws {ConcordError} BAD_INPUT where it has neither, or series do not fit each other
 */
export function sequencesOf(dataset: Dataset): ReadSequences {
  const { name, series, sequences } = dataset;
  if (series && series.length > 0) {
    checkSeries(name, series);
    const from = Object.fromEntries(series.map((each) => [each.name, each.columns]));
    return { sequences: seriesAsEvents(dataset, from), steps: series[0].columns.length, from };
  }
  if (sequences && sequences.offsets[dataset.size] > 0) return { sequences, steps: MAX_STEPS };
  throw badInput(
    `${name} has no event sequences: a model of sequences reads events of its users, or named series of columns.`,
  );
}

/** What a contract reads of a data set; where that has none of it, no user has an event. */
export function sequencesFor({ from }: SequenceContract, dataset: Dataset): Sequences {
  if (from) return seriesAsEvents(dataset, from);
  return dataset.sequences ?? { offsets: new Int32Array(dataset.size + 1), columns: [] };
}

/** The last events of each user, at most `steps`. */
export function lastEvents(sequences: Sequences, steps: number): Sequences {
  const size = sequences.offsets.length - 1;
  const offsets = new Int32Array(size + 1);
  for (let user = 0; user < size; user++) {
    const count = sequences.offsets[user + 1] - sequences.offsets[user];
    offsets[user + 1] = offsets[user] + Math.min(count, steps);
  }
  if (offsets[size] === sequences.offsets[size]) return sequences;
  const places = new Int32Array(offsets[size]);
  for (let user = 0; user < size; user++) {
    const first = sequences.offsets[user + 1] - offsets[user + 1];
    for (let event = offsets[user]; event < offsets[user + 1]; event++) places[event] = first + event;
  }
  return { offsets, columns: sequences.columns.map((column) => takeRows(column, places)) };
}

/** @throws {ConcordError} BAD_INPUT where series have one name, or not as many columns as each other */
export function checkSeries(dataset: string, series: readonly Series[]): void {
  const [{ columns }] = series;
  const names = new Set(series.map(({ name }) => name));
  if (names.size < series.length) throw badInput(`${dataset}: two series have one name.`);
  if (columns.length < 1 || columns.length > MAX_STEPS)
    throw badInput(`${dataset}: a series has 1 to ${MAX_STEPS} columns, not ${columns.length}.`);
  const odd = series.find((each) => each.columns.length !== columns.length);
  if (odd)
    throw badInput(
      `${dataset}: the series ${odd.name} has ${odd.columns.length} columns and ${series[0].name} has ${columns.length}; all must have as many.`,
    );
}

/** @throws {ConcordError} BAD_INPUT for a series whose columns are of several kinds */
function seriesAsEvents(dataset: Dataset, from: NonNullable<SequenceContract['from']>): Sequences {
  const byName = new Map(dataset.columns.map((column) => [column.name, column]));
  const series = Object.entries(from);
  const steps = series.reduce((_, [, columns]) => columns.length, 0);
  const offsets = Int32Array.from({ length: dataset.size + 1 }, (_, user) => user * steps);
  const columns = series.map(([name, names]) => {
    const each = names.map((column) => byName.get(column));
    const known = each.filter((column) => column !== undefined);
    if (known.some(({ kind }) => kind !== known[0].kind))
      throw badInput(`${dataset.name}: the columns of the series ${name} must all be of one kind.`);
    return interleaved(name, each, known, dataset.size);
  });
  return { offsets, columns: columns.filter((column) => column !== undefined) };
}

/** One column of the values of several: user after user, and of each user one column after the other. */
function interleaved(
  name: string,
  columns: readonly (Column | undefined)[],
  known: readonly Column[],
  size: number,
): Column | undefined {
  const steps = columns.length;
  const [first] = known;
  if (!first) return undefined;
  if (first.kind === 'categorical') {
    const categories = [...new Set((known as CategoricalColumn[]).flatMap((column) => column.categories))];
    const places = new Map(categories.map((category, place) => [category, place]));
    const values = new Int32Array(size * steps).fill(-1);
    columns.forEach((column, step) => {
      if (column?.kind !== 'categorical') return;
      const moved = column.categories.map((category) => places.get(category) as number);
      for (let user = 0; user < size; user++)
        if (column.values[user] >= 0) values[user * steps + step] = moved[column.values[user]];
    });
    return { kind: 'categorical', name, values, categories };
  }
  const values = new Float64Array(size * steps).fill(Number.NaN);
  columns.forEach((column, step) => {
    if (!column) return;
    for (let user = 0; user < size; user++) values[user * steps + step] = column.values[user];
  });
  if (first.kind === 'date') return { kind: 'date', name, values };
  const codes = [...new Set(known.flatMap((column) => (column.kind === 'numeric' ? (column.codes ?? []) : [])))];
  return { kind: 'numeric', name, values, ...(codes.length > 0 && { codes }) };
}
