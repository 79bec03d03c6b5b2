import type { Database } from '../database/database.js';
import { ConcordError, notFound } from '../errors.js';
import { toGlobalId } from '../graphql/relay.js';
import { requireScope, requireViewer, type Viewer } from '../graphql/viewer.js';
import type { Institution } from './institution.js';
import { InstitutionsStore } from './institutions.store.js';

export type NewInstitution = Omit<Institution, 'id' | 'createdAt'>;

/** The members of the consortium. Each sees itself; who may administer institutions sees all. */
export class InstitutionsService {
  private readonly store: InstitutionsStore;

  constructor(private readonly modules: { database: Database }) {
    this.store = new InstitutionsStore(modules.database);
  }

  /**
   * @throws {ConcordError} UNAUTHENTICATED, NOT_FOUND: also for an institution that the viewer may not see
   */
  async one(viewer: Viewer | undefined, id: string): Promise<Institution> {
    requireViewer(viewer);
    const institution = viewer.scopes.has('institutions:admin')
      ? await this.modules.database.consortium((manager) => this.store.byId(manager, id))
      : viewer.institutionId === id
        ? await this.store.own(id)
        : undefined;
    if (!institution) throw notFound('institution', toGlobalId('Institution', id));
    return institution;
  }

  /**
   * Institutions by code.
   * @param page `after` is a code, exclusive
   * @returns up to first + 1: one more than the page tells that there are more
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN without the scope institutions:admin
   */
  async list(
    viewer: Viewer | undefined,
    page: { readonly first: number; readonly after?: string },
  ): Promise<Institution[]> {
    requireScope(viewer, 'institutions:admin');
    return this.modules.database.consortium((manager) => this.store.list(manager, page.first + 1, page.after));
  }

  /**
   * For authentication and the command line, which name institutions by their codes before there is a viewer.
   * @returns the id of the institution of this code, or of this id
   */
  async idOf(codeOrId: string): Promise<string | undefined> {
    return this.modules.database.consortium((manager) => this.store.idOf(manager, codeOrId));
  }

  /** @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN, CONFLICT where the code is taken */
  async create(viewer: Viewer | undefined, values: NewInstitution): Promise<Institution> {
    requireScope(viewer, 'institutions:admin');
    const institution = await this.modules.database.consortium((manager) => this.store.insert(manager, values));
    if (!institution) throw new ConcordError('CONFLICT', 'An institution with this code exists already.');
    return institution;
  }
}
