import type { EntityManager } from 'typeorm';
import type { OptimiserState } from '../../federated/aggregation/server-optimiser.js';
import type { RoundState } from '../../federated/coordinator/round.js';
import type { Round, RunSettings, RunStatus, TrainingRun } from './round.js';

const RUN = `r.id, r.status, r.settings, r.created_at as "createdAt", r.ended_at as "endedAt"`;
const ROUND = `r.id, r.run_id as "runId", r.number, r.state, r.plan, r.plan_digest as "planDigest", r.members,
  r.base_version_id as "baseVersionId", r.version_id as "versionId", r.metrics, r.opened_at as "openedAt", r.ended_at as "endedAt"`;

const LAST_PUBLISHED = `select p.id from concord.rounds p where p.run_id = $1 and p.status = 'published' order by p.number desc limit 1`;

const versionOf = (state: RoundState): string | null => ('version' in state ? state.version : null);
const deadlineOf = (state: RoundState): string | null => ('deadline' in state ? state.deadline : null);

/** Runs and rounds: read by members, written in the consortium's transactions. */
export class RoundsStore {
  async insertRun(manager: EntityManager, id: string, settings: RunSettings): Promise<void> {
    await manager.query(`insert into concord.training_runs (id, status, settings) values ($1, 'running', $2)`, [
      id,
      JSON.stringify(settings),
    ]);
  }

  async run(manager: EntityManager, id: string, lock = false): Promise<TrainingRun | undefined> {
    const rows = await manager.query(
      `select ${RUN} from concord.training_runs r where r.id = $1 ${lock ? 'for update' : ''}`,
      [id],
    );
    return rows[0];
  }

  async runs(manager: EntityManager, limit: number): Promise<TrainingRun[]> {
    return manager.query(`select ${RUN} from concord.training_runs r order by r.created_at desc, r.id limit $1`, [
      limit,
    ]);
  }

  async endRun(manager: EntityManager, id: string, status: RunStatus): Promise<void> {
    await manager.query(`update concord.training_runs set status = $2, ended_at = now() where id = $1`, [id, status]);
  }

  async insert(manager: EntityManager, round: Omit<Round, 'versionId' | 'metrics' | 'endedAt'>): Promise<void> {
    await manager.query(
      `insert into concord.rounds (id, run_id, number, status, state, plan, plan_digest, members, deadline, base_version_id, opened_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [
        round.id,
        round.runId,
        round.number,
        round.state.status,
        JSON.stringify(round.state),
        JSON.stringify(round.plan),
        round.planDigest,
        JSON.stringify(round.members),
        deadlineOf(round.state),
        round.baseVersionId,
        round.openedAt,
      ],
    );
  }

  /** @param lock the row, until the transaction ends: every change of the state goes through it */
  async one(manager: EntityManager, id: string, lock = false): Promise<Round | undefined> {
    const rows = await manager.query(
      `select ${ROUND} from concord.rounds r where r.id = $1 ${lock ? 'for update' : ''}`,
      [id],
    );
    return rows[0];
  }

  async save(manager: EntityManager, id: string, state: RoundState): Promise<void> {
    await manager.query(
      `update concord.rounds set status = $2, state = $3, deadline = $4, version_id = coalesce($5, version_id),
              ended_at = case when $4::timestamptz is null then now() end
        where id = $1`,
      [id, state.status, JSON.stringify(state), deadlineOf(state), versionOf(state)],
    );
  }

  async saveMetrics(manager: EntityManager, id: string, metrics: Readonly<Record<string, number>>): Promise<void> {
    await manager.query('update concord.rounds set metrics = $2 where id = $1', [id, JSON.stringify(metrics)]);
  }

  async ofRun(manager: EntityManager, runId: string): Promise<Round[]> {
    return manager.query(`select ${ROUND} from concord.rounds r where r.run_id = $1 order by r.number`, [runId]);
  }

  async byVersion(manager: EntityManager, versionId: string): Promise<Round | undefined> {
    const rows = await manager.query(`select ${ROUND} from concord.rounds r where r.version_id = $1`, [versionId]);
    return rows[0];
  }

  /** The rounds that a node may take part in, oldest first. */
  async openFor(manager: EntityManager, nodeIds: readonly string[]): Promise<Round[]> {
    return manager.query(
      `select ${ROUND} from concord.rounds r
        where r.status = 'collecting' and r.deadline > now() and r.members ?| $1::text[] order by r.opened_at, r.id`,
      [nodeIds],
    );
  }

  /** Rounds whose deadline is over, or that have work to be done. */
  async due(manager: EntityManager): Promise<{ id: string; status: RoundState['status']; overdue: boolean }[]> {
    return manager.query(
      `select r.id, r.status, r.deadline <= now() as overdue from concord.rounds r
        where r.deadline is not null and (r.status <> 'collecting' or r.deadline <= now()) order by r.deadline, r.id`,
    );
  }

  /** Rounds that are over, of which something is kept that nobody needs any more. */
  async untidy(manager: EntityManager): Promise<Pick<Round, 'id' | 'runId' | 'members'>[]> {
    return manager.query(
      `select r.id, r.run_id as "runId", r.members from concord.rounds r
        where r.ended_at is not null and r.tidied_at is null order by r.ended_at, r.id`,
    );
  }

  async tidied(manager: EntityManager, id: string): Promise<void> {
    await manager.query('update concord.rounds set tidied_at = now() where id = $1', [id]);
  }

  /** A slice of what the optimiser remembers of a round. */
  async saveOptimiser(
    manager: EntityManager,
    roundId: string,
    sequence: number,
    { first, second }: OptimiserState,
  ): Promise<void> {
    await manager.query(
      'insert into concord.optimiser_states (round_id, sequence, first, second) values ($1, $2, $3, $4)',
      [roundId, sequence, bytesOf(first), bytesOf(second)],
    );
  }

  /** The run's last published round, where the optimiser remembers something of it. */
  async remembered(manager: EntityManager, runId: string): Promise<string | undefined> {
    const rows: { id: string }[] = await manager.query(
      `select r.id from concord.rounds r
        where r.id = (${LAST_PUBLISHED}) and exists (select from concord.optimiser_states o where o.round_id = r.id)`,
      [runId],
    );
    return rows[0]?.id;
  }

  /** What the optimiser remembers of a round, slice by slice as it was saved. */
  async *optimiser(manager: EntityManager, roundId: string): AsyncGenerator<OptimiserState> {
    for (let sequence = 0; ; sequence++) {
      const rows: { first: Buffer; second: Buffer }[] = await manager.query(
        'select first, second from concord.optimiser_states where round_id = $1 and sequence = $2',
        [roundId, sequence],
      );
      if (rows.length === 0) return;
      yield { first: floatsOf(rows[0].first), second: floatsOf(rows[0].second) };
    }
  }

  /** Of a run the optimiser's last state is kept, and none once it has ended. */
  async dropOptimisers(manager: EntityManager, runId: string): Promise<void> {
    await manager.query(
      `delete from concord.optimiser_states o using concord.rounds r join concord.training_runs t on t.id = r.run_id
        where r.id = o.round_id and t.id = $1 and r.ended_at is not null
          and (t.status <> 'running' or r.id is distinct from (${LAST_PUBLISHED}))`,
      [runId],
    );
  }

  /** Held by the transaction: whoever works at a round is alone, and lets go when its process dies. */
  async tryWorkLock(manager: EntityManager, roundId: string): Promise<boolean> {
    const rows = await manager.query('select pg_try_advisory_xact_lock(hashtextextended($1, 7)) as locked', [roundId]);
    return rows[0].locked;
  }
}

const bytesOf = (values: Float32Array): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength);

/** Copies: a float32 view must be aligned. */
const floatsOf = (bytes: Buffer): Float32Array => new Float32Array(Uint8Array.from(bytes).buffer);
