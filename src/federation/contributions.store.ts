import type { EntityManager } from 'typeorm';
import { Refusal, type RefusalCode } from '../../federated/protocol/refusal.js';
import type { BeginStatement, JoinStatement, Statement } from '../../federated/protocol/statement.js';
import { ConcordError } from '../errors.js';
import type { Contribution } from './round.js';

const COLUMNS = `c.id, c.institution_id as "institutionId", c.round_id as "roundId", c.node_id as "nodeId", c.nonce, c.reservation,
  c.join_signature as "joinSignature", c.digest, c.bytes::float8 as bytes, c.received::float8 as received, c.chunks, c.signature,
  c.weight, c.refusal, c.refusal_message as "refusalMessage"`;

export interface Evidence {
  readonly institutionId: string;
  readonly roundId: string | null;
  readonly code: string;
  readonly message: string;
  readonly statement: string | null;
  readonly signature: string | null;
}

/** Evidence as it is kept. */
export interface StoredRefusal extends Omit<Evidence, 'institutionId' | 'code'> {
  readonly code: RefusalCode;
  readonly at: Date;
  /** Of its place in the list. */
  readonly key: readonly [at: string, id: string];
}

/** Contributions, their bytes and refusals: rows of one institution. */
export class ContributionsStore {
  async ofNode(manager: EntityManager, roundId: string, nodeId: string): Promise<Contribution | undefined> {
    const rows = await manager.query(
      `select ${COLUMNS} from concord.contributions c where c.round_id = $1 and c.node_id = $2`,
      [roundId, nodeId],
    );
    return rows[0];
  }

  async one(manager: EntityManager, id: string, lock = false): Promise<Contribution | undefined> {
    const rows = await manager.query(
      `select ${COLUMNS} from concord.contributions c where c.id = $1 ${lock ? 'for update' : ''}`,
      [id],
    );
    return rows[0];
  }

  async insert(
    manager: EntityManager,
    values: Pick<Contribution, 'institutionId' | 'roundId' | 'nodeId' | 'nonce' | 'reservation' | 'joinSignature'> & {
      readonly joinStatement: JoinStatement;
    },
  ): Promise<void> {
    await manager.query(
      `insert into concord.contributions (institution_id, round_id, node_id, nonce, reservation, join_statement, join_signature)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [
        values.institutionId,
        values.roundId,
        values.nodeId,
        values.nonce,
        values.reservation,
        JSON.stringify(values.joinStatement),
        values.joinSignature,
      ],
    );
  }

  async begin(manager: EntityManager, id: string, statement: BeginStatement, signature: string): Promise<void> {
    await manager.query(
      `update concord.contributions set digest = $2, bytes = $3, begin_statement = $4, begin_signature = $5 where id = $1`,
      [id, statement.digest, statement.bytes, JSON.stringify(statement), signature],
    );
  }

  /**
   * Appends at the end of what there is; the caller holds the row's lock.
   * @throws {ConcordError} CONFLICT where the round is over
   */
  async append(manager: EntityManager, { id, institutionId, chunks }: Contribution, bytes: Buffer): Promise<void> {
    const [, counted]: [unknown, number] = await manager.query(
      'update concord.contributions set received = received + $2, chunks = chunks + 1 where id = $1 and dropped_at is null',
      [id, bytes.length],
    );
    if (counted === 0) throw new ConcordError('CONFLICT', 'The round is over: it takes no more bytes.');
    await manager.query(
      'insert into concord.update_chunks (institution_id, contribution_id, sequence, bytes) values ($1, $2, $3, $4)',
      [institutionId, id, chunks, bytes],
    );
  }

  /** @throws {Refusal} ROUND_CLOSED where it was dropped */
  async chunk(manager: EntityManager, id: string, sequence: number): Promise<Buffer> {
    const rows: { bytes: Buffer }[] = await manager.query(
      'select bytes from concord.update_chunks where contribution_id = $1 and sequence = $2',
      [id, sequence],
    );
    if (rows.length === 0) throw new Refusal('ROUND_CLOSED', 'The round is over: its updates are not kept.');
    return rows[0].bytes;
  }

  async accept(
    manager: EntityManager,
    id: string,
    decided: { statement: Statement; signature: string; norm: number; weight: number },
  ): Promise<void> {
    await manager.query(
      `update concord.contributions set statement = $2, signature = $3, norm = $4, weight = $5, decided_at = now() where id = $1`,
      [id, JSON.stringify(decided.statement), decided.signature, decided.norm, decided.weight],
    );
  }

  async refuse(manager: EntityManager, id: string, signature: string, code: string, message: string): Promise<void> {
    await manager.query(
      `update concord.contributions set signature = $2, refusal = $3, refusal_message = $4, decided_at = now() where id = $1`,
      [id, signature, code, message],
    );
  }

  /** Whether a signature was used in another part than this one. */
  async usedElsewhere(manager: EntityManager, signature: string, roundId: string, nodeId: string): Promise<boolean> {
    const rows = await manager.query(
      `select 1 from concord.contributions c where (c.join_signature = $1 or c.signature = $1) and (c.round_id, c.node_id) <> ($2, $3)`,
      [signature, roundId, nodeId],
    );
    return rows.length > 0;
  }

  /** What was aggregated, refused or late is not kept, and nothing comes after it. */
  async dropChunks(manager: EntityManager, id: string): Promise<void> {
    // The row first: an upload that goes on holds its lock until its chunk is there to be deleted.
    await manager.query('update concord.contributions set dropped_at = now() where id = $1 and dropped_at is null', [
      id,
    ]);
    await manager.query('delete from concord.update_chunks where contribution_id = $1', [id]);
  }

  /** Newest first, at most `limit` after `after`. */
  async refusals(manager: EntityManager, limit: number, after?: readonly [string, string]): Promise<StoredRefusal[]> {
    const rows: (Omit<StoredRefusal, 'key'> & { id: string; key: string })[] = await manager.query(
      `select r.id, r.round_id as "roundId", r.code, r.message, r.statement, r.signature, r.at, r.at::text as key
         from concord.refusals r
        where $2::timestamptz is null or (r.at, r.id) < ($2::timestamptz, $3::uuid)
        order by r.at desc, r.id desc limit $1`,
      [limit, after?.[0] ?? null, after?.[1] ?? null],
    );
    return rows.map(({ id, key, ...refusal }) => ({ ...refusal, key: [key, id] }));
  }

  async addRefusal(manager: EntityManager, evidence: Evidence): Promise<void> {
    await manager.query(
      `insert into concord.refusals (institution_id, round_id, code, message, statement, signature)
       values ($1, (select id from concord.rounds where id = $2), $3, $4, $5, $6)`,
      [
        evidence.institutionId,
        evidence.roundId,
        evidence.code,
        storable(evidence.message),
        storable(evidence.statement),
        storable(evidence.signature),
      ],
    );
  }
}

/** Evidence is whatever came, and PostgreSQL's text holds all but NUL. */
const storable = (text: string | null): string | null => text?.replaceAll('\0', '\uFFFD') ?? null;
