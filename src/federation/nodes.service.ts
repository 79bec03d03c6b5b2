import { keyId, publicKeyObject } from '../../federated/protocol/keys.js';
import { Refusal } from '../../federated/protocol/refusal.js';
import type { Database, EntityManager } from '../database/database.js';
import { badInput, ConcordError, notFound } from '../errors.js';
import { toGlobalId } from '../graphql/relay.js';
import { requireScope, type Viewer } from '../graphql/viewer.js';
import type { InstitutionsService } from '../institutions/institutions.service.js';
import type { EnrolledKey, FederationNode } from './node.js';
import { NodesStore } from './nodes.store.js';

export interface NewNode {
  /** Code or id of the institution. */
  readonly institution: string;
  readonly name: string;
  /** Ed25519, 32 bytes in base64url. */
  readonly publicKey: string;
}

/** Nodes and their keys: the operator's to enrol, rotate and revoke. */
export class NodesService {
  private readonly store = new NodesStore();

  constructor(private readonly modules: { readonly database: Database; readonly institutions: InstitutionsService }) {}

  /** @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope rounds:admin), NOT_FOUND, BAD_INPUT, CONFLICT */
  async enrol(viewer: Viewer | undefined, { institution, name, publicKey }: NewNode): Promise<FederationNode> {
    requireScope(viewer, 'rounds:admin');
    const key = keyOf(publicKey);
    const institutionId = await this.modules.institutions.idOf(institution);
    if (!institutionId) throw new ConcordError('NOT_FOUND', `There is no institution ${institution}.`);
    return this.modules.database.tenant(institutionId, async (manager) => {
      const id = await this.store.insert(manager, institutionId, name);
      await this.store.addKey(manager, institutionId, id, key);
      return this.found(manager, institutionId, id);
    });
  }

  /**
   * A new key, valid from now on; those before end now.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, BAD_INPUT, CONFLICT where the node was revoked or the key is known
   */
  async rotate(viewer: Viewer | undefined, nodeId: string, publicKey: string): Promise<FederationNode> {
    requireScope(viewer, 'rounds:admin');
    const key = keyOf(publicKey);
    const { institutionId, revokedAt } = await this.one(viewer, nodeId);
    if (revokedAt) throw new ConcordError('CONFLICT', 'The node was revoked: enrol it under another name.');
    return this.modules.database.tenant(institutionId, async (manager) => {
      await this.store.endKeys(manager, institutionId, nodeId, key.validFrom);
      await this.store.addKey(manager, institutionId, nodeId, key);
      return this.found(manager, institutionId, nodeId);
    });
  }

  /** Ends a node and all of its keys, for good. @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN, NOT_FOUND */
  async revoke(viewer: Viewer | undefined, nodeId: string): Promise<FederationNode> {
    requireScope(viewer, 'rounds:admin');
    const { institutionId } = await this.one(viewer, nodeId);
    return this.modules.database.tenant(institutionId, async (manager) => {
      await this.store.revoke(manager, institutionId, nodeId, new Date());
      return this.found(manager, institutionId, nodeId);
    });
  }

  /**
   * The nodes of the viewer's institution; of every institution for an operator without one.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope updates:submit or rounds:admin)
   */
  async list(viewer: Viewer | undefined): Promise<FederationNode[]> {
    if (viewer?.institutionId && viewer.scopes.has('updates:submit')) {
      const own = viewer.institutionId;
      return this.modules.database.tenant(own, (manager) => this.store.list(manager, own));
    }
    requireScope(viewer, 'rounds:admin');
    return this.modules.database.coordinator(async (manager, within) => {
      const members: { id: string }[] = await manager.query('select id from concord.institutions order by code');
      const all: FederationNode[] = [];
      for (const { id } of members) all.push(...(await within(id, () => this.store.list(manager, id))));
      return all;
    });
  }

  /**
   * Within a transaction that sees the institution: the node and key that signed, valid at that time.
   * @throws {Refusal} UNKNOWN_KEY, REVOKED_KEY
   */
  async keyAt(
    manager: EntityManager,
    institutionId: string,
    kid: string,
    at: Date,
  ): Promise<{ node: FederationNode; key: EnrolledKey }> {
    for (const node of await this.store.list(manager, institutionId)) {
      const key = node.keys.find(({ id }) => id === kid);
      if (!key) continue;
      const valid = !node.revokedAt && !key.revokedAt && key.validFrom <= at && (!key.validTo || at < key.validTo);
      if (!valid) throw new Refusal('REVOKED_KEY', 'The key was revoked, or is not valid any more.');
      return { node, key };
    }
    throw new Refusal('UNKNOWN_KEY', 'No enrolled key of this institution has this thumbprint.');
  }

  /** @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (as list), NOT_FOUND */
  async one(viewer: Viewer | undefined, id: string): Promise<FederationNode> {
    const seesAll = viewer?.scopes.has('rounds:admin') ? { ...viewer, institutionId: undefined } : viewer;
    const node = (await this.list(seesAll)).find((each) => each.id === id);
    if (!node) throw notFound('node', toGlobalId('FederationNode', id));
    return node;
  }

  private async found(manager: EntityManager, institutionId: string, id: string): Promise<FederationNode> {
    const node = await this.store.byId(manager, institutionId, id);
    if (!node) throw notFound('node', toGlobalId('FederationNode', id));
    return node;
  }
}

function keyOf(publicKey: string): Pick<EnrolledKey, 'id' | 'publicKey' | 'validFrom'> {
  try {
    publicKeyObject(publicKey);
  } catch (error) {
    throw badInput((error as TypeError).message);
  }
  return { id: keyId(publicKey), publicKey, validFrom: new Date() };
}
