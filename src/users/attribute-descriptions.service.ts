import type { Database } from '../database/database.js';
import { badInput, ConcordError } from '../errors.js';
import { requireInstitution, type Viewer } from '../graphql/viewer.js';
import type { AttributeDescription } from './attribute-description.js';
import { AttributeDescriptionsStore } from './attribute-descriptions.store.js';

export const MAX_DESCRIPTIONS = 400;

/** What the viewer's institution says of its users' attributes: what people call them, and how they can be changed. */
export class AttributeDescriptionsService {
  private readonly store: AttributeDescriptionsStore;

  constructor(private readonly modules: { readonly database: Database }) {
    this.store = new AttributeDescriptionsStore(modules.database);
  }

  /** By name. @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope recommendations:read) */
  async all(viewer: Viewer | undefined): Promise<AttributeDescription[]> {
    return this.store.all(requireInstitution(viewer, 'recommendations:read'));
  }

  /**
   * Describes attributes, in the place of what was said of them before; the others stay as they are.
   * @returns all of the institution, as they are now
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope users:write), BAD_INPUT where a name comes twice, LIMIT_EXCEEDED
   */
  async describe(
    viewer: Viewer | undefined,
    descriptions: readonly AttributeDescription[],
  ): Promise<AttributeDescription[]> {
    const institutionId = requireInstitution(viewer, 'users:write');
    if (descriptions.length > MAX_DESCRIPTIONS)
      throw new ConcordError('LIMIT_EXCEEDED', `A call describes at most ${MAX_DESCRIPTIONS} attributes.`, {
        limit: MAX_DESCRIPTIONS,
      });
    if (new Set(descriptions.map(({ name }) => name)).size < descriptions.length)
      throw badInput('An attribute comes twice in one call.');
    await this.modules.database.tenant(
      institutionId,
      (manager) => this.store.write(manager, institutionId, descriptions),
      { retries: 3 },
    );
    return this.store.all(institutionId);
  }
}
