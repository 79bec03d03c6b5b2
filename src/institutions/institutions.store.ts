import type { EntityManager } from 'typeorm';
import type { Database } from '../database/database.js';
import type { Institution } from './institution.js';

const COLUMNS = 'i.id, i.code, i.name, i.kind, i.country, i.currency, i.created_at as "createdAt"';

export class InstitutionsStore {
  constructor(private readonly database: Database) {}

  /** The institution itself, as it sees itself. */
  async own(institutionId: string): Promise<Institution | undefined> {
    const [rows] = await this.database.read<[Institution[]]>(institutionId, {
      text: `select ${COLUMNS} from concord.institutions i where i.id = $1`,
      values: [institutionId],
    });
    return rows[0];
  }

  /** In a transaction of the consortium. @returns undefined where the code is taken. */
  async insert(
    manager: EntityManager,
    values: Omit<Institution, 'id' | 'createdAt'>,
  ): Promise<Institution | undefined> {
    const rows: Institution[] = await manager.query(
      `insert into concord.institutions as i (code, name, kind, country, currency) values ($1, $2, $3, $4, $5)
       on conflict (code) do nothing returning ${COLUMNS}`,
      [values.code, values.name, values.kind, values.country, values.currency],
    );
    return rows[0];
  }

  /** In a transaction of the consortium. */
  async byId(manager: EntityManager, id: string): Promise<Institution | undefined> {
    const rows: Institution[] = await manager.query(`select ${COLUMNS} from concord.institutions i where i.id = $1`, [
      id,
    ]);
    return rows[0];
  }

  /** In a transaction of the consortium: the id of the institution of this code, or of this id. */
  async idOf(manager: EntityManager, codeOrId: string): Promise<string | undefined> {
    const rows: { id: string }[] = await manager.query(
      'select i.id from concord.institutions i where i.code = $1 or i.id::text = $1',
      [codeOrId],
    );
    return rows[0]?.id;
  }

  /** In a transaction of the consortium: the next by code after `after`. */
  async list(manager: EntityManager, limit: number, after: string | undefined): Promise<Institution[]> {
    return manager.query(
      `select ${COLUMNS} from concord.institutions i where $1::text is null or i.code > $1 order by i.code limit $2`,
      [after ?? null, limit],
    );
  }
}
