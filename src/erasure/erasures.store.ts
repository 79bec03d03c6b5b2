import type { EntityManager } from 'typeorm';
import type { Database } from '../database/database.js';
import type { DueErasure, Erasure, ErasureMethod } from './erasure.js';

export type ErasureKey = readonly [erasedAt: string, id: string];

const ERASURE = `e.id, e.erased_at as "erasedAt", coalesce((
  select jsonb_agg(jsonb_build_object('modelVersionId', m.model_version_id, 'method', m.method, 'replacementId', m.replacement_id,
           'reason', m.reason, 'doneAt', m.done_at) order by m.position)
    from concord.erasure_models m where m.erasure_id = e.id and m.institution_id = e.institution_id), '[]') as models`;

export class ErasuresStore {
  constructor(private readonly database: Pick<Database, 'read'>) {}

  /**
   * Within the transaction that deletes the user, before that: which models had learnt from the user, and what has to be taken out of them.
   * Federated versions that serve are bounded already. A profile model reads everyone who was there when it was trained.
   */
  async record(manager: EntityManager, institutionId: string, userId: string): Promise<string> {
    const [{ id }]: { id: string }[] = await manager.query(
      'insert into concord.erasures (institution_id) values ($1) returning id',
      [institutionId],
    );
    await manager.query(
      `insert into concord.erasure_models
         (institution_id, erasure_id, position, model_version_id, method, user_key, owned, reason, done_at)
       select $1, $2, row_number() over (order by found.kind, found.created_at) - 1, found.version, found.method, found.key, found.owned,
              found.reason, case when found.method is null then null else now() end
         from (
           select 0 as kind, v.created_at, v.id as version, null as method,
                  case when p.trained then i.code || '/' || u.external_id end as key,
                  case when p.trained then p.owned end as owned, null as reason
             from concord.model_participants p
             join concord.model_versions v on v.training ->> 'participation' = p.participation::text and v.withdrawn_at is null
             join concord.users u on u.institution_id = $1 and u.id = $3
             join concord.institutions i on i.id = $1
            where p.institution_id = $1 and p.user_id = $3
           union all
           select 1, v.created_at, v.id, 'bounded', null, null,
                  'differential privacy bounds what one user can have changed: the ledger says by which ε'
             from concord.model_versions v
            where v.institution_id is null and v.status = 'active' and (v.training ->> 'federated')::boolean
              and exists (select from concord.contributions c where c.institution_id = $1)
           union all
           select 2, m.created_at, null, null, null, null, null
             from concord.profile_models m where m.institution_id = $1 and m.active
              and exists (select from concord.users u where u.institution_id = $1 and u.id = $3 and u.created_at <= m.created_at)
         ) as found`,
      [institutionId, id, userId],
    );
    return id;
  }

  async byId(institutionId: string, id: string): Promise<Erasure | undefined> {
    const [rows] = await this.database.read<[Erasure[]]>(institutionId, {
      text: `select ${ERASURE} from concord.erasures e where e.institution_id = $1 and e.id = $2`,
      values: [institutionId, id],
    });
    return rows.map(withDates)[0];
  }

  /** Newest first, at most `limit` after `after`, each with the key of its cursor. */
  async list(
    institutionId: string,
    limit: number,
    after: ErasureKey | undefined,
  ): Promise<{ erasure: Erasure; key: ErasureKey }[]> {
    const [rows] = await this.database.read<[(Erasure & { key: string })[]]>(institutionId, {
      text: `select ${ERASURE}, e.erased_at::text as key from concord.erasures e
              where e.institution_id = $1 and ($2::timestamptz is null or (e.erased_at, e.id) < ($2, $3::uuid))
              order by e.erased_at desc, e.id desc limit $4`,
      values: [institutionId, ...(after ?? [null, null]), limit],
    });
    return rows.map(({ key, ...erasure }) => ({ erasure: withDates(erasure), key: [key, erasure.id] }));
  }

  /** Everything that is left to be done for an institution, oldest first. */
  async due(institutionId: string): Promise<DueErasure[]> {
    const [rows] = await this.database.read<[DueErasure[]]>(institutionId, {
      text: `select m.erasure_id as "erasureId", m.position, e.erased_at as "erasedAt", m.model_version_id as "modelVersionId",
                    m.user_key as "userKey", m.owned
               from concord.erasure_models m join concord.erasures e on e.institution_id = m.institution_id and e.id = m.erasure_id
              where m.institution_id = $1 and m.done_at is null order by e.erased_at, m.erasure_id, m.position`,
      values: [institutionId],
    });
    return rows;
  }

  /** What had to be taken out is forgotten. */
  async finish(
    manager: EntityManager,
    institutionId: string,
    due: readonly Pick<DueErasure, 'erasureId' | 'position'>[],
    method: ErasureMethod,
    {
      replacementId = null,
      reason = null,
    }: { readonly replacementId?: string | null; readonly reason?: string | null } = {},
  ): Promise<void> {
    for (const { erasureId, position } of due)
      await manager.query(
        `update concord.erasure_models
            set method = $4, replacement_id = $5, reason = $6, done_at = now(), user_key = null, owned = null
          where institution_id = $1 and erasure_id = $2 and position = $3 and done_at is null`,
        [institutionId, erasureId, position, method, replacementId, reason],
      );
  }

  /** Says why it has not been done. */
  async explain(
    manager: EntityManager,
    institutionId: string,
    due: readonly Pick<DueErasure, 'erasureId' | 'position'>[],
    reason: string,
  ): Promise<void> {
    for (const { erasureId, position } of due)
      await manager.query(
        `update concord.erasure_models set reason = $4
          where institution_id = $1 and erasure_id = $2 and position = $3 and done_at is null`,
        [institutionId, erasureId, position, reason],
      );
  }
}

/** Dates within JSON come as text. */
const withDates = (erasure: Erasure): Erasure => ({
  ...erasure,
  models: erasure.models.map((model) => ({ ...model, doneAt: model.doneAt && new Date(model.doneAt) })),
});
