import type { EntityManager } from 'typeorm';
import type { Database } from '../database/database.js';
import type { UpsertOutcome } from '../graphql/upsert-outcome.js';
import type { AttributeMap, Fold, User } from './user.js';

const COLUMNS = `u.id, u.external_id as "externalId", u.attributes, u.risk_label as "riskLabel", u.fold,
  u.created_at as "createdAt", u.updated_at as "updatedAt"`;

export interface UserValues {
  readonly externalId: string;
  readonly attributes: AttributeMap;
  readonly protectedAttributes: AttributeMap;
  readonly riskLabel: 0 | 1 | null;
  readonly fold: Fold | null;
}

/** What an update changes: undefined keeps, null clears. Attributes are merged by name. */
export interface UserPatch {
  readonly attributes?: AttributeMap;
  readonly removeAttributes?: readonly string[];
  readonly protectedAttributes?: AttributeMap;
  readonly riskLabel?: 0 | 1 | null;
  readonly fold?: Fold | null;
}

export interface UpsertedUser {
  readonly user: User;
  readonly outcome: UpsertOutcome;
  /** The number of attributes and protected attributes after merging. */
  readonly attributeCount: number;
}

export class UsersStore {
  constructor(private readonly database: Database) {}

  async byIds(institutionId: string, ids: readonly string[]): Promise<User[]> {
    const [rows] = await this.database.read<[User[]]>(institutionId, {
      text: `select ${COLUMNS} from concord.users u where u.institution_id = $1 and u.id = any($2::uuid[])`,
      values: [institutionId, ids],
    });
    return rows;
  }

  async byExternalId(institutionId: string, externalId: string): Promise<User | undefined> {
    const [rows] = await this.database.read<[User[]]>(institutionId, {
      text: `select ${COLUMNS} from concord.users u where u.institution_id = $1 and u.external_id = $2`,
      values: [institutionId, externalId],
    });
    return rows[0];
  }

  /** The user, whom nobody else changes or erases before the transaction ends. */
  async lock(manager: EntityManager, institutionId: string, id: string): Promise<User | undefined> {
    const rows: User[] = await manager.query(
      `select ${COLUMNS} from concord.users u where u.institution_id = $1 and u.id = $2 for no key update`,
      [institutionId, id],
    );
    return rows[0];
  }

  async protectedAttributes(
    institutionId: string,
    ids: readonly string[],
  ): Promise<{ id: string; attributes: AttributeMap }[]> {
    const [rows] = await this.database.read<[{ id: string; attributes: AttributeMap }[]]>(institutionId, {
      text: `select id, protected_attributes as attributes from concord.users where institution_id = $1 and id = any($2::uuid[])`,
      values: [institutionId, ids],
    });
    return rows;
  }

  /** @returns undefined where the external id is taken. */
  async insert(manager: EntityManager, institutionId: string, values: UserValues): Promise<User | undefined> {
    const rows: User[] = await manager.query(
      `insert into concord.users as u (institution_id, external_id, attributes, protected_attributes, risk_label, fold)
       values ($1, $2, $3, $4, $5, $6)
       on conflict (institution_id, external_id) do nothing
       returning ${COLUMNS}`,
      [
        institutionId,
        values.externalId,
        JSON.stringify(values.attributes),
        JSON.stringify(values.protectedAttributes),
        values.riskLabel,
        values.fold,
      ],
    );
    return rows[0];
  }

  /** @returns undefined where there is no such user in the institution. */
  async update(
    manager: EntityManager,
    institutionId: string,
    id: string,
    patch: UserPatch,
  ): Promise<{ user: User; attributeCount: number } | undefined> {
    const [rows]: [(User & { attributeCount: number })[]] = await manager.query(
      `update concord.users u set
         attributes = (u.attributes || $3::jsonb) - $4::text[],
         protected_attributes = (u.protected_attributes || $5::jsonb) - $4::text[],
         risk_label = case when $6 then $7::smallint else u.risk_label end,
         fold = case when $8 then $9::text else u.fold end,
         updated_at = now()
       where u.institution_id = $1 and u.id = $2
       returning ${COLUMNS}, ${COUNT} as "attributeCount"`,
      [
        institutionId,
        id,
        JSON.stringify(patch.attributes ?? {}),
        patch.removeAttributes ?? [],
        JSON.stringify(patch.protectedAttributes ?? {}),
        patch.riskLabel !== undefined,
        patch.riskLabel ?? null,
        patch.fold !== undefined,
        patch.fold ?? null,
      ],
    );
    if (rows.length === 0) return undefined;
    const { attributeCount, ...user } = rows[0];
    return { user, attributeCount };
  }

  /**
   * Creates the users that are new and merges attributes into the others, in the order of the input. Rows of users that exist are
   * locked by id first, as recording events locks them, so that the two can't wait for each other.
   */
  async upsert(
    manager: EntityManager,
    institutionId: string,
    users: readonly (UserPatch & { externalId: string })[],
  ): Promise<UpsertedUser[]> {
    await manager.query(
      `select 1 from concord.users where institution_id = $1 and external_id = any($2::text[]) order by id for no key update`,
      [institutionId, users.map((user) => user.externalId)],
    );
    const rows: (User & Omit<UpsertedUser, 'user'> & { position: string })[] = await manager.query(UPSERT, [
      institutionId,
      users.map((user) => user.externalId),
      users.map((user) => JSON.stringify(user.attributes ?? {})),
      users.map((user) => JSON.stringify(user.protectedAttributes ?? {})),
      users.map((user) => user.riskLabel ?? null),
      users.map((user) => user.fold ?? null),
    ]);
    return rows.map(({ outcome, attributeCount, position: _, ...user }) => ({ user, outcome, attributeCount }));
  }

  /** Deletes the user and, by cascade, all that hangs on the user. @returns false where there is none. */
  async delete(manager: EntityManager, institutionId: string, id: string): Promise<boolean> {
    const [, count]: [unknown, number] = await manager.query(
      `delete from concord.users where institution_id = $1 and id = $2`,
      [institutionId, id],
    );
    return count > 0;
  }
}

const COUNT = `((select count(*) from jsonb_object_keys(u.attributes)) +
  (select count(*) from jsonb_object_keys(u.protected_attributes)))::int`;

/** A value that is not given (null) keeps what is there. A user for whom nothing changes is not written. */
const UPSERT = `
with input as (
  select * from unnest($2::text[], $3::jsonb[], $4::jsonb[], $5::smallint[], $6::text[])
    with ordinality as t (external_id, attributes, protected_attributes, risk_label, fold, position)
), written as (
  insert into concord.users as u (institution_id, external_id, attributes, protected_attributes, risk_label, fold)
  select $1, external_id, attributes, protected_attributes, risk_label, fold from input order by external_id
  on conflict (institution_id, external_id) do update set
    attributes = u.attributes || excluded.attributes,
    protected_attributes = u.protected_attributes || excluded.protected_attributes,
    risk_label = coalesce(excluded.risk_label, u.risk_label),
    fold = coalesce(excluded.fold, u.fold),
    updated_at = now()
  where not u.attributes @> excluded.attributes
     or not u.protected_attributes @> excluded.protected_attributes
     or excluded.risk_label is not null and excluded.risk_label is distinct from u.risk_label
     or excluded.fold is not null and excluded.fold is distinct from u.fold
  returning ${COLUMNS}, ${COUNT} as "attributeCount", xmax = 0 as created
)
select w.id, w."externalId", w.attributes, w."riskLabel", w.fold, w."createdAt", w."updatedAt", w."attributeCount",
       case when w.created then 'created' else 'updated' end as outcome, i.position
  from input i join written w on w."externalId" = i.external_id
union all
select ${COLUMNS}, ${COUNT}, 'unchanged', i.position
  from input i join concord.users u on u.institution_id = $1 and u.external_id = i.external_id
 where not exists (select 1 from written w where w."externalId" = i.external_id)
 order by position`;
