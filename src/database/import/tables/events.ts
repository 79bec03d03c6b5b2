import { createHash } from 'node:crypto';
import { SeriesCleaner } from '../cleaning/series.js';
import type { EventsTable } from '../descriptor.js';
import type { ReadContext, Row } from '../files/csv-file.js';
import { type Accounting, Actions } from '../report.js';
import { LARGEST_AMOUNT, LONGEST_KEY, LONGEST_TEXT } from '../values/text.js';
import { numberField, textField, timeField } from './field.js';
import { openTable, type Table } from './table.js';

export const EVENT_TYPES = [
  'transaction',
  'view',
  'search',
  'click',
  'purchase',
  'sale',
  'deposit',
  'withdrawal',
  'login',
] as const;
const TYPES: ReadonlySet<string> = new Set(EVENT_TYPES);
const EARLIEST = Date.UTC(1900, 0, 1);
/** A clock of the bank may be ahead of ours by so much, and dates without a time may be of another time zone. */
const TOLERANCE_MS = 24 * 3_600_000;

export interface EventRecord {
  readonly row: Row;
  readonly id: string;
  readonly user: string;
  readonly product: string | null;
  readonly type: string;
  readonly amount: number | null;
  readonly durationSeconds: number | null;
  readonly text: string | null;
  readonly time: Date;
}

export interface Events {
  readonly table: Table;
  /** What was done to amounts. */
  readonly actions: Actions;
  /** Events in the order of the file; the caller counts those that it imports. */
  read(accounting: Accounting): AsyncGenerator<EventRecord[]>;
}

/**
 * @param source names the origin in the ids of events that have none of their own.
 * @throws {ConcordError} BAD_INPUT: see openTable; a column that is not there.
 */
export async function openEvents(spec: EventsTable, context: ReadContext, source: string, now: Date): Promise<Events> {
  const table = await openTable(spec, context);
  const idOf = spec.id === undefined ? undefined : textField(spec.id, table);
  const userOf = textField(spec.user, table);
  const typeOf = textField(spec.type, table);
  const productOf = spec.product === undefined ? () => '' : textField(spec.product, table);
  const noteOf = spec.text === undefined ? () => '' : textField(spec.text, table);
  const amountOf = numberField(spec.amount, table);
  const durationOf = numberField(spec.durationSeconds, table);
  const timeOf = timeField(spec.occurredAt, table);
  const latest = now.getTime() + TOLERANCE_MS;
  const actions = new Actions();
  const clean = spec.series && amountCleaner(spec.series, actions);

  function problem(user: string, type: string, time: number, amount: number, duration: number): string | undefined {
    if (user === '') return 'no user id';
    if (user.length > LONGEST_KEY) return 'user id too long';
    if (!TYPES.has(type)) return `type: not one of ${EVENT_TYPES.join(', ')}`;
    if (Number.isNaN(time)) return 'occurredAt: missing or no date of the format';
    if (time > latest) return 'occurredAt: in the future';
    if (time < EARLIEST) return 'occurredAt: before 1900';
    if (Math.abs(amount) >= LARGEST_AMOUNT) return 'amount: too large';
    return duration < 0 ? 'durationSeconds: negative' : undefined;
  }

  return {
    table,
    actions,
    async *read(accounting) {
      for await (const batch of table.rows(accounting)) {
        const events: EventRecord[] = [];
        for (const row of batch) {
          const { fields } = row;
          const [user, type, time] = [userOf(fields), typeOf(fields), timeOf(fields)];
          const [observed, duration] = [amountOf(fields), durationOf(fields)];
          const wrong = problem(user, type, time, observed, duration);
          const id = idOf ? idOf(fields) : wrong ? '' : `${source}:${digest(fields)}`;
          if (wrong !== undefined || id === '' || id.length > LONGEST_KEY) {
            accounting.reject(row, wrong ?? (id === '' ? 'no event id' : 'event id too long'));
            continue;
          }
          const amount = clean ? clean(user, observed) : observed;
          events.push({
            row,
            id,
            user,
            product: productOf(fields) || null,
            type,
            amount: Number.isNaN(amount) ? null : amount,
            durationSeconds: Number.isNaN(duration) ? null : duration,
            text: noteOf(fields).slice(0, LONGEST_TEXT) || null,
            time: new Date(time),
          });
        }
        yield events;
      }
    },
  };
}

/** A row's content, so that equal rows are one event. */
const digest = (fields: readonly string[]) =>
  createHash('sha256').update(fields.join('\u001f')).digest('base64url').slice(0, 22);

/** Keeps a cleaner a user: what is remembered is a window of amounts, not the events. */
function amountCleaner(
  rules: NonNullable<EventsTable['series']>,
  actions: Actions,
): (user: string, amount: number) => number {
  const cleaners = new Map<string, SeriesCleaner>();
  return (user, amount) => {
    let cleaner = cleaners.get(user);
    if (!cleaner) {
      cleaner = new SeriesCleaner(rules);
      cleaners.set(user, cleaner);
    }
    const { value, isCarried, isSmoothed } = cleaner.next(amount);
    if (isCarried) actions.count('missing, filled by last');
    if (isSmoothed) actions.count('smoothed');
    return value;
  };
}
