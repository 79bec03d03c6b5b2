import { copyRows } from '../../copy.js';
import type { Accounting } from '../report.js';
import type { Attribute, Value } from '../tables/attribute.js';
import type { Answers } from '../tables/questionnaire.js';
import type { UserRecord, Users } from '../tables/users.js';
import { isoDay } from '../values/date.js';
import { type Changes, countedInsert, countOf, type MergeContext } from './merge.js';

const COLUMNS = [
  'external_id',
  'attributes',
  'protected_attributes',
  'risk_label',
  'fold',
  'owned',
  'risk_tolerance',
  'knowledge',
  'horizon_months',
  'investable_amount',
  'completed_at',
  'expires_at',
] as const;

type AnswersOf = (fields: readonly string[]) => Answers | undefined;

/** Streams users into a temporary table. */
export async function stageUsers(
  { manager }: MergeContext,
  users: Users,
  answersOf: AnswersOf | undefined,
  accounting: Accounting,
): Promise<void> {
  await manager.query(
    `create temporary table import_users (external_id text not null, attributes jsonb not null, protected_attributes jsonb not null,
       risk_label smallint, fold text, owned integer[] not null, risk_tolerance smallint, knowledge smallint, horizon_months integer,
       investable_amount numeric(18, 2), completed_at timestamptz, expires_at timestamptz) on commit drop`,
  );
  async function* rows() {
    for await (const batch of users.read(accounting)) {
      for (const user of batch) {
        accounting.imported++;
        yield stagedRow(user, users.attributes, answersOf?.(user.row.fields));
      }
    }
  }
  await copyRows(manager, 'import_users', COLUMNS, rows());
  await manager.query('analyze import_users');
}

function stagedRow(
  { id, values, owned, label, place }: UserRecord,
  attributes: readonly Attribute[],
  answers: Answers | undefined,
) {
  const forModels: Record<string, number | string | null> = {};
  const protectedOnes: Record<string, number | string | null> = {};
  for (let i = 0; i < attributes.length; i++) {
    const attribute = attributes[i]!;
    const value = storedValue(attribute, values[i]!);
    if (attribute.isForModels) forModels[attribute.name] = value;
    if (attribute.isProtected) protectedOnes[attribute.name] = value;
  }
  return [
    id,
    forModels,
    protectedOnes,
    Number.isNaN(label) ? null : label,
    place?.fold,
    `{${owned.map((product) => product + 1).join(',')}}`,
    answers?.riskTolerance,
    answers?.knowledge,
    answers?.horizonMonths,
    answers?.investableAmount,
    answers?.completedAt,
    answers?.expiresAt,
  ];
}

function storedValue({ spec }: Attribute, value: Value): number | string | null {
  if (typeof value !== 'number') return value;
  if (Number.isNaN(value)) return null;
  return spec.type === 'date' ? isoDay(value) : value;
}

/** Whether a user is as the import would make it. */
const isSame = (
  row: string,
) => `(u.attributes @> ${row}.attributes and u.protected_attributes @> ${row}.protected_attributes
  and u.risk_label is not distinct from coalesce(${row}.risk_label, u.risk_label) and u.fold is not distinct from coalesce(${row}.fold, u.fold))`;

/**
 * Merges the staged users: attributes by name, label and fold where they are given. Users who would not change are left out beforehand: ON CONFLICT
 * alone would lock each of them until the end of the import.
 */
export async function mergeUsers({ manager, institutionId }: MergeContext, staged: number): Promise<Changes> {
  return countedInsert(
    manager,
    `insert into concord.users as u (institution_id, external_id, attributes, protected_attributes, risk_label, fold)
     select $1::uuid, external_id, attributes, protected_attributes, risk_label, fold from import_users s
      where not exists (select from concord.users u where u.institution_id = $1 and u.external_id = s.external_id and ${isSame('s')})
      order by external_id
     on conflict (institution_id, external_id) do update set
       attributes = u.attributes || excluded.attributes,
       protected_attributes = u.protected_attributes || excluded.protected_attributes,
       risk_label = coalesce(excluded.risk_label, u.risk_label),
       fold = coalesce(excluded.fold, u.fold),
       updated_at = now()
     where not (${isSame('excluded')})`,
    [institutionId],
    staged,
  );
}

/**
 * Merges the staged answers; those completed earlier than what is there are of no interest.
 * @returns what changed, and the users whose profiles do not know their answers.
 */
export async function mergeQuestionnaires({
  manager,
  institutionId,
}: MergeContext): Promise<{ changes: Changes; staleUserIds: string[] }> {
  const staged = await countOf(manager, 'select from import_users where risk_tolerance is not null');
  const columns = ['risk_tolerance', 'knowledge', 'horizon_months', 'investable_amount', 'completed_at', 'expires_at'];
  const list = (prefix: string) => columns.map((column) => `${prefix}.${column}`).join(', ');
  await manager.query(
    'create temporary table import_answered (user_id uuid not null, is_new boolean not null) on commit drop',
  );
  await manager.query(
    `with merged as (
       insert into concord.questionnaires as q (user_id, institution_id, ${columns.join(', ')})
       select u.id, $1::uuid, ${list('s')}
         from import_users s join concord.users u on u.institution_id = $1 and u.external_id = s.external_id
        where s.risk_tolerance is not null order by u.id
       on conflict (user_id) do update set (${columns.join(', ')}) = row(${list('excluded')})
       where excluded.completed_at >= q.completed_at and (${list('q')}) is distinct from (${list('excluded')})
       returning q.user_id, (q.xmax = 0) as is_new)
     insert into import_answered select user_id, is_new from merged`,
    [institutionId],
  );
  const [{ created, updated }] = await manager.query(
    `select count(*) filter (where is_new)::int as created, count(*) filter (where not is_new)::int as updated from import_answered`,
  );
  // Answers of an import that was killed before profiles were rebuilt have no profile yet: the next makes it good.
  const stale: { id: string }[] = await manager.query(
    `select user_id as id from import_answered union
     select u.id from import_users s join concord.users u on u.institution_id = $1 and u.external_id = s.external_id
      where s.risk_tolerance is not null and not exists (select from concord.profiles p where p.user_id = u.id)
     order by id`,
    [institutionId],
  );
  return {
    changes: { created, updated, unchanged: staged - created - updated },
    staleUserIds: stale.map(({ id }) => id),
  };
}
