import { copyRows } from '../../copy.js';
import type { Accounting } from '../report.js';
import type { Events } from '../tables/events.js';
import { type Changes, countOf, type MergeContext, rejectLines } from './merge.js';

const COLUMNS = [
  'line',
  'event_id',
  'external_id',
  'code',
  'type',
  'amount',
  'duration_seconds',
  'text',
  'occurred_at',
] as const;

/** Streams events into a temporary table. */
export async function stageEvents({ manager }: MergeContext, events: Events, accounting: Accounting): Promise<void> {
  await manager.query(
    `create temporary table import_events (line integer not null, event_id text not null, external_id text not null, code text, type text not null,
       amount numeric(18, 2), duration_seconds double precision, text text, occurred_at timestamptz not null) on commit drop`,
  );
  async function* rows() {
    for await (const batch of events.read(accounting)) {
      for (const event of batch) {
        yield [
          event.row.line,
          event.id,
          event.user,
          event.product,
          event.type,
          event.amount,
          event.durationSeconds,
          event.text,
          event.time,
        ];
      }
    }
  }
  await copyRows(manager, 'import_events', COLUMNS, rows());
  await manager.query('analyze import_events');
}

/**
 * Inserts the staged events that are not there yet; of several with one id the first in the file counts.
 * @returns what changed, and the ids of users who have new events.
 */
export async function mergeEvents(
  { manager, institutionId }: MergeContext,
  events: Events,
  accounting: Accounting,
): Promise<{ changes: Changes; userIds: string[] }> {
  await manager.query(
    `create temporary table import_known_events on commit drop as
       select s.line, s.event_id, u.id as user_id, p.id as product_id, s.type, s.amount, s.duration_seconds, s.text, s.occurred_at,
         s.external_id, s.code
       from import_events s
       left join concord.users u on u.institution_id = '${institutionId}' and u.external_id = s.external_id
       left join concord.products p on p.institution_id = '${institutionId}' and p.code = s.code`,
  );
  await manager.query('drop table import_events');
  const isKnown = 'user_id is not null and (product_id is not null or code is null)';
  await rejectLines(
    manager,
    events.table.csv,
    `select line, case when user_id is null then 'unknown user' else 'unknown product' end as reason,
       case when user_id is null then external_id else code end as particulars
     from import_known_events where not (${isKnown})`,
    accounting,
  );
  const known = await countOf(manager, `select from import_known_events where ${isKnown}`);
  const offered = await countOf(manager, `select distinct event_id from import_known_events where ${isKnown}`);
  accounting.imported += offered;
  accounting.merged += known - offered;
  const columns = 'event_id, user_id, product_id, type, amount, duration_seconds, text, occurred_at';
  await manager.query(
    `create temporary table import_new_events (user_id uuid not null, events integer not null) on commit drop`,
  );
  const [{ created }] = await manager.query(
    `with inserted as (
       insert into concord.behaviour_events (institution_id, ${columns})
       select $1::uuid, ${columns} from (
         select distinct on (event_id) ${columns} from import_known_events where ${isKnown} order by event_id, line) as known
       on conflict (institution_id, event_id) do nothing returning user_id),
     counted as (
       insert into import_new_events select user_id, count(*)::int from inserted group by user_id returning events)
     select coalesce(sum(events), 0)::int as created from counted`,
    [institutionId],
  );
  const users: { id: string }[] = await manager.query('select user_id as id from import_new_events order by user_id');
  return { changes: { created, updated: 0, unchanged: offered - created }, userIds: users.map(({ id }) => id) };
}
