import type { EntityManager } from 'typeorm';
import type { EnrolledKey, FederationNode } from './node.js';

type NodeRow = Omit<FederationNode, 'keys'>;
const COLUMNS = `n.id, n.institution_id as "institutionId", n.name, n.created_at as "createdAt", n.revoked_at as "revokedAt"`;

/** All methods see the rows of one institution: that of the transaction. */
export class NodesStore {
  async list(manager: EntityManager, institutionId: string): Promise<FederationNode[]> {
    const nodes: NodeRow[] = await manager.query(
      `select ${COLUMNS} from concord.nodes n where n.institution_id = $1 order by n.name`,
      [institutionId],
    );
    const keys: (EnrolledKey & { nodeId: string })[] = await manager.query(
      `select k.id, k.node_id as "nodeId", k.public_key as "publicKey", k.valid_from as "validFrom", k.valid_to as "validTo",
              k.revoked_at as "revokedAt"
         from concord.node_keys k where k.institution_id = $1 order by k.valid_from, k.id`,
      [institutionId],
    );
    return nodes.map((node) => ({ ...node, keys: keys.filter(({ nodeId }) => nodeId === node.id) }));
  }

  async byId(manager: EntityManager, institutionId: string, id: string): Promise<FederationNode | undefined> {
    return (await this.list(manager, institutionId)).find((node) => node.id === id);
  }

  async insert(manager: EntityManager, institutionId: string, name: string): Promise<string> {
    const rows: { id: string }[] = await manager.query(
      'insert into concord.nodes (institution_id, name) values ($1, $2) returning id',
      [institutionId, name],
    );
    return rows[0].id;
  }

  async addKey(
    manager: EntityManager,
    institutionId: string,
    nodeId: string,
    key: Pick<EnrolledKey, 'id' | 'publicKey' | 'validFrom'>,
  ): Promise<void> {
    await manager.query(
      `insert into concord.node_keys (id, institution_id, node_id, public_key, valid_from) values ($1, $2, $3, $4, $5)`,
      [key.id, institutionId, nodeId, key.publicKey, key.validFrom],
    );
  }

  /** Ends the keys that are valid without an end. */
  async endKeys(manager: EntityManager, institutionId: string, nodeId: string, at: Date): Promise<void> {
    await manager.query(
      `update concord.node_keys set valid_to = $3
        where institution_id = $1 and node_id = $2 and valid_to is null and revoked_at is null`,
      [institutionId, nodeId, at],
    );
  }

  async revoke(manager: EntityManager, institutionId: string, nodeId: string, at: Date): Promise<void> {
    const values = [institutionId, nodeId, at];
    await manager.query(
      'update concord.nodes set revoked_at = coalesce(revoked_at, $3) where institution_id = $1 and id = $2',
      values,
    );
    await manager.query(
      'update concord.node_keys set revoked_at = coalesce(revoked_at, $3) where institution_id = $1 and node_id = $2',
      values,
    );
  }
}
