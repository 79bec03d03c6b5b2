import type { Database, EntityManager } from '../database/database.js';
import { notFound } from '../errors.js';
import { toGlobalId } from '../graphql/relay.js';
import { requireInstitution, type Viewer } from '../graphql/viewer.js';
import type { Erasure } from './erasure.js';
import { type ErasureKey, ErasuresStore } from './erasures.store.js';

/** Receipts of erased users: which models had learnt from them, and what became of these. */
export class ErasuresService {
  private readonly store: ErasuresStore;

  constructor({ database }: { readonly database: Pick<Database, 'read'> }) {
    this.store = new ErasuresStore(database);
  }

  /** For the service that erases users, within its transaction and before the user is deleted. @returns the receipt's id */
  record(manager: EntityManager, institutionId: string, userId: string): Promise<string> {
    return this.store.record(manager, institutionId, userId);
  }

  /** @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope recommendations:read, or users:write, which erases), NOT_FOUND */
  async one(viewer: Viewer | undefined, id: string): Promise<Erasure> {
    const scope = viewer?.scopes.has('users:write') ? 'users:write' : 'recommendations:read';
    const institutionId = requireInstitution(viewer, scope);
    const erasure = await this.store.byId(institutionId, id);
    if (!erasure) throw notFound('erasure', toGlobalId('Erasure', id));
    return erasure;
  }

  /** Newest first, at most `limit` after `after`. @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope recommendations:read) */
  async list(
    viewer: Viewer | undefined,
    limit: number,
    after?: ErasureKey,
  ): Promise<{ erasure: Erasure; key: ErasureKey }[]> {
    return this.store.list(requireInstitution(viewer, 'recommendations:read'), limit, after);
  }
}
