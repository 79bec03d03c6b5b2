import { copyRows } from '../../copy.js';
import type { Accounting } from '../report.js';
import type { FoldName } from '../split.js';
import type { HoldingsTable } from '../tables/holdings.js';
import { type Changes, countedInsert, countOf, type MergeContext, rejectLines, sumOf } from './merge.js';

/** Merges what the staged users own by their 0/1 columns. @param codes of those columns, in their order */
export async function mergeOwned(
  { manager, institutionId }: MergeContext,
  codes: readonly string[],
  isComplete: boolean,
): Promise<Changes> {
  const owned = `select u.id as user_id, p.id as product_id
    from import_users s join concord.users u on u.institution_id = $1 and u.external_id = s.external_id
    cross join lateral unnest(s.owned) as o (position)
    join concord.products p on p.institution_id = $1 and p.code = ($2::text[])[o.position]`;
  const values = [institutionId, codes];
  const offered = await countOf(manager, owned, values);
  const changes = await countedInsert(
    manager,
    `insert into concord.holdings (institution_id, user_id, product_id)
     select $1::uuid, user_id, product_id from (${owned}) as owned order by user_id, product_id
     on conflict (user_id, product_id) do nothing`,
    values,
    offered,
  );
  if (!isComplete) return changes;
  const ended = await deleted(
    manager,
    `delete from concord.holdings h using import_users s, concord.users u, concord.products p
      where u.institution_id = $1 and u.external_id = s.external_id and h.user_id = u.id
        and p.institution_id = $1 and p.id = h.product_id and p.code = any($2::text[])
        and not array_position($2::text[], p.code) = any(s.owned)`,
    values,
  );
  return sumOf(changes, { created: 0, updated: 0, unchanged: 0, ended });
}

/** Streams a table of holdings into a temporary table. @param foldOf where users are made of holdings. */
export async function stageHoldings(
  { manager }: MergeContext,
  holdings: HoldingsTable,
  accounting: Accounting,
  foldOf: (user: string) => FoldName | undefined,
): Promise<void> {
  await manager.query(
    `create temporary table import_holdings (line integer not null, external_id text not null, code text not null, amount numeric(18, 2),
       acquired_at timestamptz, fold text) on commit drop`,
  );
  async function* rows() {
    for await (const batch of holdings.read(accounting)) {
      for (const { row, user, product, amount, time } of batch) {
        const acquired = Number.isNaN(time) ? null : new Date(time);
        yield [row.line, user, product, Number.isNaN(amount) ? null : amount, acquired, foldOf(user)];
      }
    }
  }
  await copyRows(manager, 'import_holdings', ['line', 'external_id', 'code', 'amount', 'acquired_at', 'fold'], rows());
  await manager.query('analyze import_holdings');
}

/** Makes users of those whom the staged holdings name, where a descriptor has no table of users. */
export async function mergeHolders({ manager, institutionId }: MergeContext): Promise<Changes> {
  const holders = 'select external_id, min(fold) as fold from import_holdings group by external_id';
  return countedInsert(
    manager,
    `insert into concord.users as u (institution_id, external_id, fold)
     select $1::uuid, external_id, fold from (${holders}) as holders order by external_id
     on conflict (institution_id, external_id) do update set fold = excluded.fold, updated_at = now()
     where u.fold is null and excluded.fold is not null`,
    [institutionId],
    await countOf(manager, holders),
  );
}

/** Merges the staged holdings; of several of one product the last in the file counts. */
export async function mergeHoldings(
  { manager, institutionId }: MergeContext,
  holdings: HoldingsTable,
  accounting: Accounting,
  isComplete: boolean,
): Promise<Changes> {
  await manager.query(
    `create temporary table import_known_holdings on commit drop as
       select s.line, u.id as user_id, p.id as product_id, s.amount, s.acquired_at, s.external_id, s.code
         from import_holdings s
         left join concord.users u on u.institution_id = '${institutionId}' and u.external_id = s.external_id
         left join concord.products p on p.institution_id = '${institutionId}' and p.code = s.code`,
  );
  await rejectLines(
    manager,
    holdings.table.csv,
    `select line, case when user_id is null then 'unknown user' else 'unknown product' end as reason,
       case when user_id is null then external_id else code end as particulars
     from import_known_holdings where user_id is null or product_id is null`,
    accounting,
  );
  const distinct = `select distinct on (user_id, product_id) user_id, product_id, amount, acquired_at
    from import_known_holdings where user_id is not null and product_id is not null order by user_id, product_id, line desc`;
  const known = await countOf(
    manager,
    'select from import_known_holdings where user_id is not null and product_id is not null',
  );
  const offered = await countOf(manager, distinct);
  accounting.imported += offered;
  accounting.merged += known - offered;
  const changes = await countedInsert(
    manager,
    `insert into concord.holdings as h (institution_id, user_id, product_id, amount, acquired_at)
     select $1::uuid, * from (${distinct}) as known
     on conflict (user_id, product_id) do update set
       amount = coalesce(excluded.amount, h.amount), acquired_at = coalesce(excluded.acquired_at, h.acquired_at)
     where (h.amount, h.acquired_at) is distinct from (coalesce(excluded.amount, h.amount), coalesce(excluded.acquired_at, h.acquired_at))`,
    [institutionId],
    offered,
  );
  if (!isComplete) return changes;
  const ended = await deleted(
    manager,
    `delete from concord.holdings h where h.institution_id = $1 and h.user_id in (select user_id from import_known_holdings)
       and not exists (select from import_known_holdings k where k.user_id = h.user_id and k.product_id = h.product_id)`,
    [institutionId],
  );
  return sumOf(changes, { created: 0, updated: 0, unchanged: 0, ended });
}

async function deleted(
  manager: MergeContext['manager'],
  statement: string,
  values: readonly unknown[],
): Promise<number> {
  const [{ count }] = await manager.query(
    `with ended as (${statement} returning 1) select count(*)::int as count from ended`,
    values as unknown[],
  );
  return count;
}
