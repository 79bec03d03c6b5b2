import type { NumericColumn, Sequences } from '../../../engine/data/dataset.js';
import type { SequenceTable } from '../descriptor.js';
import type { ReadContext } from '../files/csv-file.js';
import { Accounting, type RejectSink, type TableReport } from '../report.js';
import { momentReader, openSequence } from '../tables/sequence.js';
import { EventAggregates } from './aggregates.js';
import { LatestEvents } from './sequences.js';
import type { UserRows } from './user-rows.js';

/** Events of a user that are kept, where the descriptor does not say how many. */
const LAST_EVENTS = 32;
const DAY_MS = 86_400_000;

export interface SequenceSource {
  readonly spec: SequenceTable;
  readonly rows: UserRows;
  /** Whether the users are those of a file: then events of others are an error. */
  readonly hasUsers: boolean;
  readonly context: ReadContext;
  readonly rejects: RejectSink | undefined;
}

export interface ReadSequence {
  readonly sequences: Sequences;
  /** Attributes; none where they are not asked for. */
  readonly aggregates: readonly NumericColumn[];
  readonly report: TableReport;
  readonly notes: readonly string[];
}

/**
 * Reads every event once. Those that are not before the moment of their user's prediction are passed over, whatever they are for; of the
 * others the aggregates see all, and the sequence the latest.
 * @throws {ConcordError} BAD_INPUT: see openSequence
 */
export async function readSequence({ spec, rows, hasUsers, context, rejects }: SequenceSource): Promise<ReadSequence> {
  const { table, attributes, read } = await openSequence(spec, context);
  const latest = new LatestEvents(spec.last ?? LAST_EVENTS);
  const aggregates = new EventAggregates(attributes, spec.aggregates?.days ?? []);
  const same = hasUsers ? undefined : momentReader(spec, undefined)();
  const moments = rows.ids.map((_, user) => same ?? rows.moments[user] ?? Number.NaN);
  for (const moment of moments) {
    latest.addUser(moment);
    aggregates.addUser();
  }
  const accounting = new Accounting(table.name, 'sequence', rejects);
  let late = 0;
  for await (const batch of read(accounting)) {
    for (const { row, user, time, values } of batch) {
      const at = rows.index.get(user);
      if (at === undefined) {
        if (hasUsers && !rows.excluded.has(user)) accounting.reject(row, 'unknown user', user);
        else accounting.filtered++;
      } else if (!(time < moments[at]!)) {
        accounting.filtered++;
        late++;
      } else {
        aggregates.add(at, (moments[at]! - time) / DAY_MS, values);
        if (latest.add(at, time, values)) accounting.imported++;
        else accounting.filtered++;
      }
    }
  }
  const unknown = moments.filter(Number.isNaN).length;
  return {
    sequences: latest.build(attributes),
    aggregates: spec.aggregates ? aggregates.build() : [],
    report: accounting.report(),
    notes: [
      ...(late > 0 ? [`${table.name}: ${late} events are not before the moment of the prediction: not read`] : []),
      ...(unknown > 0 ? [`${unknown} users have no moment of the prediction: none of their events is read`] : []),
    ],
  };
}
