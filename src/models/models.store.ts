import { createHash, randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { notify } from '../database/database.js';
import type { Task, TrainedModel } from '../engine/engine.js';
import type { ModelStatus, ModelVersionInfo } from './model-version.js';
import type { Participant } from './participant.js';
import { chunksIn, cut } from './weight-chunks.js';

const COLUMNS = `v.id, v.institution_id as "institutionId", v.task, v.model, v.number, v.status, v.metrics, v.training,
  v.created_at as "createdAt", v.activated_at as "activatedAt", v.rolled_back_at as "rolledBackAt", v.withdrawn_at as "withdrawnAt"`;

/** null: the consortium's shared versions. */
export type Owner = string | null;

export interface VersionFilter {
  readonly task?: Task;
  readonly status?: ModelStatus;
  /** true: shared versions only; false: the institution's own only. */
  readonly shared?: boolean;
}

export type VersionKey = readonly [createdAt: string, id: string];

/** What a scorer needs of a version, besides its weights. */
export interface VersionContract {
  readonly id: string;
  readonly institutionId: Owner;
  readonly task: Task;
  readonly model: TrainedModel['model'];
  readonly number: number;
  readonly contract: Readonly<Record<string, unknown>>;
  /** Of the weights file. */
  readonly bytes: number;
  /** SHA-256 of the weights file, in hexadecimal. */
  readonly digest: string;
  readonly withdrawnAt: Date | null;
}

/** A version but for its weights. */
export type VersionAbout = Omit<TrainedModel, 'weights'>;

/** Weights that are written, and not yet those of a version. */
export interface StoredWeights extends Pick<VersionContract, 'bytes' | 'digest'> {
  /** The version that they will be of. */
  readonly id: string;
}

/** Versions that an institution sees are its own and the shared ones; the consortium (null) sees the shared ones. */
const VISIBLE = '(v.institution_id is null or v.institution_id = $1)';

export class ModelsStore {
  /** Newest first, at most `limit` after `after`, each with the key of its cursor. */
  async list(
    manager: EntityManager,
    owner: Owner,
    filter: VersionFilter,
    limit: number,
    after: VersionKey | undefined,
  ): Promise<{ version: ModelVersionInfo; key: VersionKey }[]> {
    const rows: (ModelVersionInfo & { key: string })[] = await manager.query(
      `select ${COLUMNS}, v.created_at::text as key from concord.model_versions v
        where ${VISIBLE} and ($2::text is null or v.task = $2) and ($3::text is null or v.status = $3)
          and ($4::boolean is null or (v.institution_id is null) = $4)
          and ($5::timestamptz is null or (v.created_at, v.id) < ($5, $6::uuid))
        order by v.created_at desc, v.id desc limit $7`,
      [owner, filter.task ?? null, filter.status ?? null, filter.shared ?? null, ...(after ?? [null, null]), limit],
    );
    return rows.map(({ key, ...version }) => ({ version, key: [key, version.id] }));
  }

  /** By id, those that exist and are visible. */
  async byIds(manager: EntityManager, owner: Owner, ids: readonly string[]): Promise<ModelVersionInfo[]> {
    return manager.query(
      `select ${COLUMNS} from concord.model_versions v where ${VISIBLE} and v.id = any($2::uuid[])`,
      [owner, ids],
    );
  }

  /** The version that serves an institution: its own active one, else the shared one. */
  async active(manager: EntityManager, owner: Owner, task: Task): Promise<ModelVersionInfo | undefined> {
    const rows = await manager.query(`select ${COLUMNS} ${ACTIVE}`, [owner, task]);
    return rows[0];
  }

  async activeContract(manager: EntityManager, owner: Owner, task: Task): Promise<VersionContract | undefined> {
    const rows = await manager.query(`select ${CONTRACT} ${ACTIVE}`, [owner, task]);
    return rows[0];
  }

  async contract(manager: EntityManager, owner: Owner, id: string): Promise<VersionContract | undefined> {
    const rows = await manager.query(
      `select ${CONTRACT} from concord.model_versions v where ${VISIBLE} and v.id = $2`,
      [owner, id],
    );
    return rows[0];
  }

  /** What a version's weights file is. */
  async file(
    manager: EntityManager,
    owner: Owner,
    id: string,
  ): Promise<(Pick<VersionContract, 'bytes' | 'digest'> & { readonly holdsUsers: boolean }) | undefined> {
    const rows = await manager.query(
      `select v.bytes, v.digest, coalesce((v.training->>'holdsUsers')::boolean, false) as "holdsUsers" from concord.model_versions v where ${VISIBLE} and v.id = $2`,
      [owner, id],
    );
    return rows[0];
  }

  /** The whole weights file; undefined where the version is not visible. */
  async weights(
    manager: EntityManager,
    { id, bytes }: Pick<VersionContract, 'id' | 'bytes'>,
  ): Promise<Buffer | undefined> {
    const weights = Buffer.alloc(bytes);
    let at = 0;
    for (let sequence = 0; sequence < chunksIn(bytes); sequence++) {
      const chunk = await this.chunk(manager, id, sequence);
      if (!chunk) return undefined;
      weights.set(chunk, at);
      at += chunk.length;
    }
    return weights;
  }

  /** A piece of a version's weights. */
  async chunk(manager: EntityManager, id: string, sequence: number): Promise<Buffer | undefined> {
    const rows: { bytes: Buffer }[] = await manager.query(
      'select bytes from concord.model_weights where model_version_id = $1 and sequence = $2',
      [id, sequence],
    );
    return rows[0]?.bytes;
  }

  /**
   * Writes a weights file as it comes. It must become a version (create) in the same transaction, or PostgreSQL refuses to commit: weights
   * without a version, and versions without all of their weights, are never seen.
   */
  async write(
    manager: EntityManager,
    owner: Owner,
    pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<StoredWeights> {
    const id = randomUUID();
    const hash = createHash('sha256');
    let bytes = 0;
    let sequence = 0;
    for await (const chunk of cut(pieces)) {
      hash.update(chunk);
      bytes += chunk.length;
      await manager.query(
        'insert into concord.model_weights (model_version_id, institution_id, sequence, bytes) values ($1, $2, $3, $4)',
        [id, owner, sequence++, chunk],
      );
    }
    return { id, bytes, digest: hash.digest('hex') };
  }

  /** Makes weights a candidate under the next number of its owner and task. */
  async create(
    manager: EntityManager,
    owner: Owner,
    about: VersionAbout,
    { id, bytes, digest }: StoredWeights,
  ): Promise<ModelVersionInfo> {
    await this.lock(manager, owner, about.task);
    const rows: ModelVersionInfo[] = await manager.query(
      `insert into concord.model_versions as v
         (id, institution_id, task, model, number, status, contract, metrics, training, bytes, digest, created_at)
       select $1, $2::uuid, $3, $4, coalesce(max(number), 0) + 1, 'candidate', $5::jsonb, $6::jsonb, $7::jsonb, $8, $9, clock_timestamp()
         from concord.model_versions where institution_id is not distinct from $2::uuid and task = $3
       returning ${COLUMNS}`,
      [
        id,
        owner,
        about.task,
        about.model,
        JSON.stringify(about.contract),
        JSON.stringify(about.metrics),
        JSON.stringify(about.training),
        bytes,
        digest,
      ],
    );
    return rows[0];
  }

  /** The version that was active before the current one, leaving out those that were rolled back themselves. */
  async previous(manager: EntityManager, owner: Owner, task: Task): Promise<string | undefined> {
    const rows: { id: string }[] = await manager.query(
      `select v.id from concord.model_versions v
        where v.institution_id is not distinct from $1::uuid and v.task = $2 and v.status = 'retired' and v.rolled_back_at is null and v.withdrawn_at is null
          and v.activated_at < (select activated_at from concord.model_versions
                                 where institution_id is not distinct from $1::uuid and task = $2 and status = 'active')
        order by v.activated_at desc, v.number desc limit 1`,
      [owner, task],
    );
    return rows[0]?.id;
  }

  /**
   * Retires the active version and activates another, and announces it when the transaction commits. Call lock first.
   * @param rollback the retired version counts as rolled back, and the other keeps the time of its activation: the next rollback goes further
   */
  async switchTo(
    manager: EntityManager,
    owner: Owner,
    task: Task,
    id: string,
    rollback: boolean,
  ): Promise<{ active: ModelVersionInfo; retired: ModelVersionInfo | undefined }> {
    const [retired]: [ModelVersionInfo[]] = await manager.query(
      `update concord.model_versions v
          set status = 'retired', rolled_back_at = case when $4 then clock_timestamp() else v.rolled_back_at end
        where v.institution_id is not distinct from $1::uuid and v.task = $2 and v.status = 'active' and v.id <> $3
       returning ${COLUMNS}`,
      [owner, task, id, rollback],
    );
    const [active]: [ModelVersionInfo[]] = await manager.query(
      `update concord.model_versions v
          set status = 'active', rolled_back_at = null,
              activated_at = case when $4 then v.activated_at else clock_timestamp() end
        where v.institution_id is not distinct from $1::uuid and v.task = $2 and v.id = $3 returning ${COLUMNS}`,
      [owner, task, id, rollback],
    );
    await notify(manager, 'concord_models', JSON.stringify({ institutionId: owner, task }));
    return { active: active[0], retired: retired[0] };
  }

  /** Takes a version that is not active out of service for good, and deletes its weights. Experiments that serve by it hear of it. */
  async withdraw(manager: EntityManager, owner: Owner, id: string): Promise<void> {
    await manager.query(
      `update concord.model_versions set withdrawn_at = coalesce(withdrawn_at, now())
        where institution_id is not distinct from $1::uuid and id = $2`,
      [owner, id],
    );
    await manager.query(
      'delete from concord.model_weights where institution_id is not distinct from $1::uuid and model_version_id = $2',
      [owner, id],
    );
    await notify(manager, 'concord_experiments', owner ?? '');
  }

  /** The version that took the place of one that was withdrawn. */
  async replacement(manager: EntityManager, owner: Owner, id: string): Promise<ModelVersionInfo | undefined> {
    const rows = await manager.query(
      `select ${COLUMNS} from concord.model_versions v where ${VISIBLE} and v.training ->> 'replaces' = $2::text
        order by v.created_at desc limit 1`,
      [owner, id],
    );
    return rows[0];
  }

  /** Who takes part in a training: users who were erased meanwhile are passed over. */
  async participate(
    manager: EntityManager,
    institutionId: string,
    participation: string,
    participants: readonly Participant[],
  ): Promise<void> {
    await manager.query(
      `insert into concord.model_participants (institution_id, participation, user_id, trained, owned)
       select $1, $2, u.id, p.trained, p.owned
         from jsonb_to_recordset($3::jsonb) as p ("userId" uuid, trained boolean, owned text[])
         join concord.users u on u.institution_id = $1 and u.id = p."userId"`,
      [institutionId, participation, JSON.stringify(participants)],
    );
  }

  /** How many of those who take part are still there. */
  async participants(manager: EntityManager, institutionId: string, participation: string): Promise<number> {
    const [{ count }]: { count: number }[] = await manager.query(
      'select count(*) from concord.model_participants where institution_id = $1 and participation = $2',
      [institutionId, participation],
    );
    return count;
  }

  /** Until the end of the transaction nobody else numbers or activates versions of this owner and task. */
  async lock(manager: EntityManager, owner: Owner, task: Task): Promise<void> {
    await manager.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `concord.model_versions/${owner ?? 'shared'}/${task}`,
    ]);
  }
}

const CONTRACT = `v.id, v.institution_id as "institutionId", v.task, v.model, v.number, v.contract, v.bytes, v.digest,
  v.withdrawn_at as "withdrawnAt"`;

const ACTIVE = `from concord.model_versions v where ${VISIBLE} and v.task = $2 and v.status = 'active'
  order by v.institution_id nulls last limit 1`;
