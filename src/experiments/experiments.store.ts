import type { EntityManager } from 'typeorm';
import type { Database } from '../database/database.js';
import type { Experiment, Variant } from './experiment.js';

/** What users of a variant did with what was recommended to them. Each user counts once, however many answers they got. */
export interface VariantCounts {
  readonly variant: string;
  /** Who got at least one answer. */
  readonly users: number;
  readonly answers: number;
  /** Users who opened something; who bought something. */
  readonly clicked: number;
  readonly purchased: number;
  /** Users who rated something; mean and variance (n − 1) over them of their mean rating. */
  readonly raters: number;
  readonly rating: number | null;
  readonly ratingVariance: number | null;
}

export type ExperimentKey = readonly [startedAt: string, id: string];

const EXPERIMENT = `e.id, e.name, e.status, e.started_at as "startedAt", e.ended_at as "endedAt", e.promoted,
  (select jsonb_agg(jsonb_build_object('name', v.name, 'share', v.share, 'modelVersionId', v.model_version_id) order by v.position)
     from concord.experiment_variants v where v.experiment_id = e.id and v.institution_id = e.institution_id) as variants`;

export class ExperimentsStore {
  constructor(private readonly database: Pick<Database, 'read'>) {}

  /** Newest first, at most `limit` after `after`, each with the key of its cursor. */
  async list(
    institutionId: string,
    limit: number,
    after: ExperimentKey | undefined,
  ): Promise<{ experiment: Experiment; key: ExperimentKey }[]> {
    const [rows] = await this.database.read<[(Experiment & { key: string })[]]>(institutionId, {
      text: `select ${EXPERIMENT}, e.started_at::text as key from concord.experiments e
              where e.institution_id = $1 and ($2::timestamptz is null or (e.started_at, e.id) < ($2, $3::uuid))
              order by e.started_at desc, e.id desc limit $4`,
      values: [institutionId, ...(after ?? [null, null]), limit],
    });
    return rows.map(({ key, ...experiment }) => ({ experiment, key: [key, experiment.id] }));
  }

  async byId(institutionId: string, id: string): Promise<Experiment | undefined> {
    const [rows] = await this.database.read<[Experiment[]]>(institutionId, {
      text: `select ${EXPERIMENT} from concord.experiments e where e.institution_id = $1 and e.id = $2`,
      values: [institutionId, id],
    });
    return rows[0];
  }

  async running(institutionId: string): Promise<Experiment | undefined> {
    const [rows] = await this.database.read<[Experiment[]]>(institutionId, {
      text: `select ${EXPERIMENT} from concord.experiments e where e.institution_id = $1 and e.status = 'running'`,
      values: [institutionId],
    });
    return rows[0];
  }

  /** @returns undefined where another is running */
  async insert(
    manager: EntityManager,
    institutionId: string,
    name: string,
    variants: readonly Variant[],
  ): Promise<string | undefined> {
    const rows: { id: string }[] = await manager.query(
      `insert into concord.experiments (institution_id, name, status) values ($1, $2, 'running')
       on conflict (institution_id) where status = 'running' do nothing returning id`,
      [institutionId, name],
    );
    if (rows.length === 0) return undefined;
    const [{ id }] = rows;
    await manager.query(
      `insert into concord.experiment_variants (institution_id, experiment_id, position, name, share, model_version_id)
       select $1, $2, v.position - 1, v.variant ->> 'name', (v.variant ->> 'share')::float8, (v.variant ->> 'modelVersionId')::uuid
         from jsonb_array_elements($3::jsonb) with ordinality as v (variant, position)`,
      [institutionId, id, JSON.stringify(variants)],
    );
    return id;
  }

  /** Ends a running experiment. @returns false where it does not run */
  async end(manager: EntityManager, institutionId: string, id: string, promoted: string | null): Promise<boolean> {
    const [, count] = await manager.query(
      `update concord.experiments set status = case when $3::text is null then 'stopped' else 'promoted' end, promoted = $3, ended_at = now()
        where institution_id = $1 and id = $2 and status = 'running'`,
      [institutionId, id, promoted],
    );
    return count === 1;
  }

  /** Of the variants under which anything was answered. */
  async counts(institutionId: string, id: string): Promise<VariantCounts[]> {
    const [rows] = await this.database.read<[VariantCounts[]]>(institutionId, {
      text: `with answers as (
               select id, variant, user_id from concord.recommendations where institution_id = $1 and experiment_id = $2),
             exposed as (select variant, user_id, count(*) as answers from answers group by 1, 2),
             marks as (
               select a.variant, a.user_id, bool_or(f.kind = 'clicked') as clicked, bool_or(f.kind = 'purchased') as purchased,
                      avg(f.rating) filter (where f.kind = 'rated') as rating
                 from answers a join concord.feedback f on f.institution_id = $1 and f.recommendation_id = a.id
                group by 1, 2)
             select variant, count(*) as users, sum(answers)::bigint as answers,
                    count(*) filter (where clicked) as clicked, count(*) filter (where purchased) as purchased,
                    count(rating) as raters, avg(rating)::float8 as rating, var_samp(rating)::float8 as "ratingVariance"
               from exposed left join marks using (variant, user_id) group by variant`,
      values: [institutionId, id],
    });
    return rows;
  }
}
