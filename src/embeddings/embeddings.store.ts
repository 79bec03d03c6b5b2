import type { EntityManager } from 'typeorm';
import type { Database } from '../database/database.js';
import type { ProfileDescription, TrainedProfiles } from '../engine/profiling/model.js';
import type { ProfileModelInfo } from './profile-model.js';

/** Where users are placed by one model: row after row. */
export interface PlacedUsers {
  readonly userIds: readonly string[];
  /** (users, latent) */
  readonly points: Float32Array;
}

/** What tells one state of the stored embeddings from another. */
export interface PlacedState {
  readonly users: number;
  readonly computedAt: Date | null;
}

export type Placed = Pick<ProfileDescription, 'embedding' | 'segment' | 'percentile'> & { readonly userId: string };

export class EmbeddingsStore {
  constructor(private readonly database: Pick<Database, 'read'>) {}

  async active(institutionId: string): Promise<ProfileModelInfo | undefined> {
    const [rows] = await this.database.read<[ProfileModelInfo[]]>(institutionId, {
      text: `select id, segments, metrics, training, created_at as "createdAt" from concord.profile_models
              where institution_id = $1 and active`,
      values: [institutionId],
    });
    return rows[0];
  }

  async model(institutionId: string, id: string): Promise<Pick<TrainedProfiles, 'contract' | 'weights'> | undefined> {
    const [rows] = await this.database.read<[Pick<TrainedProfiles, 'contract' | 'weights'>[]]>(institutionId, {
      text: 'select contract, weights from concord.profile_models where institution_id = $1 and id = $2',
      values: [institutionId, id],
    });
    return rows[0];
  }

  /** How many of these users there still are. */
  async present(manager: EntityManager, institutionId: string, userIds: readonly string[]): Promise<number> {
    const [{ count }]: { count: string }[] = await manager.query(
      'select count(*) from concord.users where institution_id = $1 and id = any($2::uuid[])',
      [institutionId, userIds],
    );
    return Number(count);
  }

  /** Stores a model in place of the one in use: that, and where it placed users, is deleted. */
  async replace(
    manager: EntityManager,
    institutionId: string,
    { contract, weights, segments, metrics, training }: TrainedProfiles,
  ): Promise<ProfileModelInfo> {
    await manager.query('delete from concord.profile_models where institution_id = $1', [institutionId]);
    const rows: ProfileModelInfo[] = await manager.query(
      `insert into concord.profile_models (institution_id, active, contract, weights, segments, metrics, training)
       values ($1, true, $2::jsonb, $3, $4::jsonb, $5::jsonb, $6::jsonb)
       returning id, segments, metrics, training, created_at as "createdAt"`,
      [
        institutionId,
        JSON.stringify(contract),
        weights,
        JSON.stringify(segments),
        JSON.stringify(metrics),
        JSON.stringify(training),
      ],
    );
    return rows[0];
  }

  /**
   * Users after one, by id, who are not placed by this model yet, have changed since, or were placed more than a day ago; and the moment of
   * which that is true, by the clock that stamps changes.
   */
  async stale(
    institutionId: string,
    modelId: string,
    after: string,
    limit: number,
  ): Promise<{ userIds: string[]; asOf: string }> {
    const [[{ userIds, asOf }]] = await this.database.read<[{ userIds: string[] | null; asOf: string }[]]>(
      institutionId,
      {
        text: `select array_agg(id order by id) as "userIds", now()::text as "asOf" from (
               select u.id from concord.users u
                 left join concord.profiles p on p.institution_id = u.institution_id and p.user_id = u.id
                 left join concord.profile_embeddings e on e.institution_id = u.institution_id and e.user_id = u.id
                where u.institution_id = $1 and u.id > $3
                  and (e.user_id is null or e.profile_model_id <> $2
                    or e.computed_at < greatest(u.updated_at, p.updated_at, now() - interval '1 day'))
                order by u.id limit $4) as stale`,
        values: [institutionId, modelId, after, limit],
      },
    );
    return { userIds: userIds ?? [], asOf };
  }

  /** Users who were erased meanwhile are passed over; so is everyone where the model is no longer there. */
  async write(
    manager: EntityManager,
    institutionId: string,
    modelId: string,
    placed: readonly Placed[],
    asOf: string,
  ): Promise<void> {
    await manager.query(
      `insert into concord.profile_embeddings (institution_id, user_id, profile_model_id, embedding, segment, percentile, computed_at)
       select $1, u.id, m.id, array(select jsonb_array_elements_text(p.embedding)::real), p.segment, p.percentile, $4
         from jsonb_to_recordset($3::jsonb) as p ("userId" uuid, embedding jsonb, segment smallint, percentile real)
         join concord.users u on u.institution_id = $1 and u.id = p."userId"
         join concord.profile_models m on m.institution_id = $1 and m.id = $2
       on conflict (user_id) do update set profile_model_id = excluded.profile_model_id, embedding = excluded.embedding,
         segment = excluded.segment, percentile = excluded.percentile, computed_at = excluded.computed_at`,
      [
        institutionId,
        modelId,
        JSON.stringify(placed.map(({ embedding, ...rest }) => ({ ...rest, embedding: Array.from(embedding) }))),
        asOf,
      ],
    );
  }

  async placedState(institutionId: string, modelId: string): Promise<PlacedState> {
    const [[state]] = await this.database.read<[PlacedState[]]>(institutionId, {
      text: `select count(*) as users, max(computed_at) as "computedAt" from concord.profile_embeddings
              where institution_id = $1 and profile_model_id = $2`,
      values: [institutionId, modelId],
    });
    return state;
  }

  async placed(institutionId: string, modelId: string): Promise<PlacedUsers> {
    const [rows] = await this.database.read<[{ id: string; embedding: number[] }[]]>(institutionId, {
      text: `select user_id as id, embedding from concord.profile_embeddings
              where institution_id = $1 and profile_model_id = $2 order by user_id`,
      values: [institutionId, modelId],
    });
    const latent = rows[0]?.embedding.length ?? 0;
    const points = new Float32Array(rows.length * latent);
    rows.forEach(({ embedding }, row) => {
      points.set(embedding, row * latent);
    });
    return { userIds: rows.map(({ id }) => id), points };
  }

  /** Users of each segment now. */
  async sizes(institutionId: string, modelId: string): Promise<{ segment: number; users: number }[]> {
    const [rows] = await this.database.read<[{ segment: number; users: number }[]]>(institutionId, {
      text: `select segment, count(*) as users from concord.profile_embeddings
              where institution_id = $1 and profile_model_id = $2 group by segment`,
      values: [institutionId, modelId],
    });
    return rows;
  }
}
