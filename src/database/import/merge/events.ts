import { copyRows } from '../../copy.js';
import type { Accounting } from '../report.js';
import type { Events } from '../tables/events.js';
import { type Changes, countedInsert, countOf, type MergeContext, rejectLines } from './merge.js';

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
 * @returns what changed, and the users of these events whose profiles are older than their events.
 */
export async function mergeEvents(
  { manager, institutionId }: MergeContext,
  events: Events,
  accounting: Accounting,
): Promise<{ changes: Changes; staleUserIds: string[] }> {
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
  const changes = await countedInsert(
    manager,
    `insert into concord.behaviour_events (institution_id, ${columns})
     select $1::uuid, ${columns} from (
       select distinct on (event_id) ${columns} from import_known_events where ${isKnown} order by event_id, line) as known
     on conflict (institution_id, event_id) do nothing`,
    [institutionId],
    offered,
  );
  // Not only of the events that are new: an import that was killed before profiles were rebuilt is made good by the next.
  const users: { id: string }[] = await manager.query(
    `select s.user_id as id from (select distinct user_id from import_known_events where ${isKnown}) as s
       left join concord.profiles p on p.user_id = s.user_id
      where p.user_id is null or exists (
        select from concord.behaviour_events e where e.user_id = s.user_id and e.recorded_at > p.updated_at)
      order by s.user_id`,
  );
  return { changes, staleUserIds: users.map(({ id }) => id) };
}
