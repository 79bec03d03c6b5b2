import type { EntityManager } from 'typeorm';
import type { Checkpoint } from '../../federated/privacy/ledger/checkpoint.js';
import type { LedgerEntry } from '../../federated/privacy/ledger/entry.js';

const ENTRY = 'e.institution_id as institution, e.sequence, e.record, e.spent, e.previous, e.hash';
const CHECKPOINT = `c.institution_id as institution, c.size, c.root, c.head, c.at, c.key, c.signature`;

export interface PublishedKey {
  readonly id: string;
  /** 32 bytes in base64url. */
  readonly publicKey: string;
}

export class LedgerStore {
  /** One writer of an institution's ledger at a time, until the transaction ends. */
  async lock(manager: EntityManager, institutionId: string): Promise<void> {
    await manager.query(`select pg_advisory_xact_lock(hashtextextended('concord.ledger ' || $1, 0))`, [institutionId]);
  }

  /** In order, those after `sequence`, at most `limit`. */
  async after(manager: EntityManager, institutionId: string, sequence: number, limit?: number): Promise<LedgerEntry[]> {
    return manager.query(
      `select ${ENTRY} from concord.ledger_entries e where e.institution_id = $1 and e.sequence > $2
        order by e.sequence limit $3`,
      [institutionId, sequence, limit ?? null],
    );
  }

  /** The latest of a population, newest first. */
  async history(
    manager: EntityManager,
    institutionId: string,
    population: string,
    limit: number,
  ): Promise<LedgerEntry[]> {
    return manager.query(
      `select ${ENTRY} from concord.ledger_entries e where e.institution_id = $1 and e.record ->> 'population' = $2
        order by e.sequence desc limit $3`,
      [institutionId, population, limit],
    );
  }

  async hashAt(manager: EntityManager, institutionId: string, sequence: number): Promise<string | undefined> {
    const rows: { hash: string }[] = await manager.query(
      'select e.hash from concord.ledger_entries e where e.institution_id = $1 and e.sequence = $2',
      [institutionId, sequence],
    );
    return rows[0]?.hash;
  }

  /** Of the first entries, in order. */
  async hashes(manager: EntityManager, institutionId: string, size: number): Promise<string[]> {
    const rows: { hash: string }[] = await manager.query(
      'select e.hash from concord.ledger_entries e where e.institution_id = $1 and e.sequence <= $2 order by e.sequence',
      [institutionId, size],
    );
    return rows.map(({ hash }) => hash);
  }

  /** @throws {ConcordError} CONFLICT where another entry has taken the place */
  async append(manager: EntityManager, entry: LedgerEntry): Promise<void> {
    const { institution, sequence, record, spent, previous, hash } = entry;
    await manager.query(
      `insert into concord.ledger_entries (institution_id, sequence, record, spent, previous, hash)
       values ($1, $2, $3::jsonb, $4::jsonb, $5, $6)`,
      [institution, sequence, JSON.stringify(record), JSON.stringify(spent), previous, hash],
    );
  }

  async addCheckpoint(manager: EntityManager, checkpoint: Checkpoint, publicKey: string): Promise<void> {
    const { institution, size, root, head, at, key, signature } = checkpoint;
    await manager.query(
      `insert into concord.ledger_checkpoints (institution_id, size, root, head, at, key, public_key, signature)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [institution, size, root, head, at, key, publicKey, signature],
    );
  }

  async latestCheckpoint(manager: EntityManager, institutionId: string): Promise<Checkpoint | undefined> {
    const rows: Checkpoint[] = await manager.query(
      `select ${CHECKPOINT} from concord.ledger_checkpoints c where c.institution_id = $1 order by c.size desc limit 1`,
      [institutionId],
    );
    return rows[0];
  }

  async checkpoints(manager: EntityManager, institutionId: string): Promise<Checkpoint[]> {
    return manager.query(
      `select ${CHECKPOINT} from concord.ledger_checkpoints c where c.institution_id = $1 order by c.size`,
      [institutionId],
    );
  }

  /** The keys that signed an institution's checkpoints: replicas may have keys of their own. */
  async keys(manager: EntityManager, institutionId: string): Promise<PublishedKey[]> {
    return manager.query(
      `select distinct c.key as id, c.public_key as "publicKey" from concord.ledger_checkpoints c
        where c.institution_id = $1 order by 1`,
      [institutionId],
    );
  }
}
