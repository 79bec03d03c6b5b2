import { badInput } from '../../../errors.js';
import type { Fault } from '../cleaning/cleaner.js';
import type { SequenceTable } from '../descriptor.js';
import type { ReadContext, Row } from '../files/csv-file.js';
import type { Accounting } from '../report.js';
import { type Attribute, attributeOf, type Value } from './attribute.js';
import { textField, timeField } from './field.js';
import { openTable, type Table } from './table.js';

/** One event as a model reads it. */
export interface SequenceEvent {
  readonly row: Row;
  readonly user: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** In the order of the attributes. */
  readonly values: readonly Value[];
}

export interface SequenceEvents {
  readonly table: Table;
  readonly attributes: readonly Attribute[];
  /** Events in the order of the file; the caller counts those that it keeps. */
  read(accounting: Accounting): AsyncGenerator<SequenceEvent[]>;
}

/**
 * @throws {ConcordError} BAD_INPUT: see openTable; a column that is not there, or whose rules need statistics
 */
export async function openSequence(spec: SequenceTable, context: ReadContext): Promise<SequenceEvents> {
  const table = await openTable(spec, context);
  const userOf = textField(spec.user, table);
  const timeOf = timeField(spec.occurredAt, table);
  const attributes = Object.entries(spec.columns).map(([name, column]) => attributeOf(name, column, table, undefined));
  const learner = attributes.find(({ cleaner }) => cleaner.needsStatistics);
  if (learner)
    throw badInput(
      `sequence.columns.${learner.name}: events are read once, so rules that need means or quantiles are not for them.`,
    );
  return {
    table,
    attributes,
    async *read(accounting) {
      for await (const batch of table.rows(accounting)) {
        const events: SequenceEvent[] = [];
        for (const row of batch) {
          const [user, time] = [userOf(row.fields), timeOf(row.fields)];
          const fault: Fault = {};
          const values = valuesOf(row, attributes, fault);
          if (user === '') accounting.reject(row, 'no user id');
          else if (Number.isNaN(time)) accounting.reject(row, 'occurredAt: missing or no date of the format');
          else if (fault.reason) accounting.reject(row, fault.reason);
          else events.push({ row, user, time, values });
        }
        yield events;
      }
    },
  };
}

function valuesOf(row: Row, attributes: readonly Attribute[], fault: Fault): Value[] {
  return attributes.map(({ cleaner, index, actions, name }) => {
    const own: Fault = {};
    const value = cleaner.fill(cleaner.clean(row.fields[index]!.trim(), actions, own), actions, own);
    if (own.reason) fault.reason ??= `${name}: ${own.reason}`;
    return value;
  });
}

/**
 * The moment of each user's prediction, from the user's row; NaN where it is missing: then no event is known to be before it.
 * @throws {ConcordError} BAD_INPUT for a column that is not there, and for one where there is no users' file
 */
export function momentReader({ before, plusDays = 0 }: SequenceTable, users: Table | undefined): (row?: Row) => number {
  const isConstant = typeof before === 'object' && 'value' in before;
  if (!users && !isConstant)
    throw badInput(
      'sequence.before: is a field of the users\' file, and there is no "users"; write {"value": "YYYY-MM-DD"}.',
    );
  const timeOf = timeField(before, users ?? NO_TABLE);
  if (isConstant && Number.isNaN(timeOf([]))) throw badInput(`sequence.before: ${before.value} is no date YYYY-MM-DD.`);
  return (row) => timeOf(row?.fields ?? []) + plusDays * 86_400_000;
}

const NO_TABLE = { csv: { nulls: new Set<string>() } } as unknown as Table;
