import type { Database, EntityManager } from '../database/database.js';
import type { ErasuresService } from '../erasure/erasures.service.js';
import { badInput, ConcordError, notFound } from '../errors.js';
import { toGlobalId } from '../graphql/relay.js';
import { requireInstitution, requireScope, type Viewer } from '../graphql/viewer.js';
import type { ProductsService } from '../products/products.service.js';
import { MAX_ATTRIBUTES, parseAttributes } from './attributes.js';
import { HoldingsStore, type HoldingValues } from './holdings.store.js';
import type { AttributeMap, Holding, User } from './user.js';
import { type UserFilter, UserListStore } from './user-list.store.js';
import { type UpsertedUser, type UserPatch, UsersStore, type UserValues } from './users.store.js';

export type { HoldingValues } from './holdings.store.js';
export type { AttributeCondition, QuestionnaireStatus, UserFilter } from './user-list.store.js';
export type { UpsertedUser, UserPatch } from './users.store.js';

/** A user as a caller states it: what is left out is empty or unknown. */
export type NewUser = Pick<UserValues, 'externalId'> & Partial<UserValues>;
export type UserUpsert = Omit<UserPatch, 'removeAttributes'> & { readonly externalId: string };

export const MAX_BULK = 1_000;

/** The customers of the viewer's institution, and what they hold. */
export class UsersService {
  private readonly users: UsersStore;
  private readonly lists: UserListStore;
  private readonly holdings: HoldingsStore;

  constructor(
    private readonly modules: {
      readonly database: Database;
      readonly products: ProductsService;
      readonly erasures: Pick<ErasuresService, 'record'>;
    },
  ) {
    this.users = new UsersStore(modules.database);
    this.lists = new UserListStore(modules.database);
    this.holdings = new HoldingsStore(modules.database);
  }

  /** @throws {ConcordError} NOT_FOUND */
  async one(viewer: Viewer | undefined, id: string): Promise<User> {
    const user = (await this.byIds(viewer, [id])).get(id);
    if (!user) throw unknownUser(id);
    return user;
  }

  /** @returns undefined where no user has this external id. */
  async byExternalId(viewer: Viewer | undefined, externalId: string): Promise<User | undefined> {
    const institutionId = requireInstitution(viewer, 'recommendations:read');
    return this.users.byExternalId(institutionId, externalId);
  }

  /** The users that exist, by id; an id of another institution is as absent as an unknown one. */
  async byIds(viewer: Viewer | undefined, ids: readonly string[]): Promise<Map<string, User>> {
    const institutionId = requireInstitution(viewer, 'recommendations:read');
    const rows = await this.users.byIds(institutionId, ids);
    return new Map(rows.map((user) => [user.id, user]));
  }

  /**
   * Users by external id.
   * @param page `after` is an external id, exclusive
   * @returns up to first + 1 users: one more than the page tells that there are more
   */
  async list(
    viewer: Viewer | undefined,
    filter: UserFilter,
    page: { readonly first: number; readonly after?: string },
  ): Promise<User[]> {
    const institutionId = requireInstitution(viewer, 'recommendations:read');
    return this.lists.list(institutionId, filter, page.first + 1, page.after);
  }

  /**
   * Sex, age and what else the institution keeps apart: only for whoever maintains these records, and never part of a User.
   * @throws {ConcordError} FORBIDDEN without the scope users:write
   */
  async protectedAttributes(viewer: Viewer | undefined, ids: readonly string[]): Promise<Map<string, AttributeMap>> {
    requireScope(viewer, 'recommendations:read');
    const institutionId = requireInstitution(viewer, 'users:write');
    const rows = await this.users.protectedAttributes(institutionId, ids);
    return new Map(rows.map((row) => [row.id, row.attributes]));
  }

  /** @throws {ConcordError} CONFLICT where the external id is taken, BAD_INPUT for attributes that can't be stored */
  async create(viewer: Viewer | undefined, input: NewUser): Promise<User> {
    const institutionId = requireInstitution(viewer, 'users:write');
    const values: UserValues = {
      externalId: input.externalId,
      attributes: parseAttributes(input.attributes ?? {}),
      protectedAttributes: parseAttributes(input.protectedAttributes ?? {}),
      riskLabel: input.riskLabel ?? null,
      fold: input.fold ?? null,
    };
    checkCount(Object.keys(values.attributes).length + Object.keys(values.protectedAttributes).length);
    const user = await this.modules.database.tenant(institutionId, (manager) =>
      this.users.insert(manager, institutionId, values),
    );
    if (!user) throw new ConcordError('CONFLICT', 'A user with this external id exists already.');
    return user;
  }

  /**
   * Changes what is given: attributes are merged by name, null clears a label or fold.
   * @throws {ConcordError} NOT_FOUND, BAD_INPUT
   */
  async update(viewer: Viewer | undefined, id: string, patch: UserPatch): Promise<User> {
    const institutionId = requireInstitution(viewer, 'users:write');
    const checked = parsePatch(patch);
    return this.modules.database.tenant(institutionId, async (manager) => {
      const updated = await this.users.update(manager, institutionId, id, checked);
      if (!updated) throw unknownUser(id);
      checkCount(updated.attributeCount);
      return updated.user;
    });
  }

  /**
   * Creates or updates up to 1,000 users by external id, all or none. The same call again changes nothing.
   * @returns one result a user, in the order of the input
   * @throws {ConcordError} BAD_INPUT, LIMIT_EXCEEDED
   */
  async upsert(viewer: Viewer | undefined, users: readonly UserUpsert[]): Promise<UpsertedUser[]> {
    const institutionId = requireInstitution(viewer, 'users:write');
    checkBulk(users.length);
    if (new Set(users.map((user) => user.externalId)).size < users.length)
      throw badInput('An external id comes twice in one call.');
    const checked = users.map((user) => ({ externalId: user.externalId, ...parsePatch(user) }));
    return this.modules.database.tenant(
      institutionId,
      async (manager) => {
        const results = await this.users.upsert(manager, institutionId, checked);
        for (const { attributeCount } of results) checkCount(attributeCount);
        return results;
      },
      { retries: 3 },
    );
  }

  /**
   * Erases a user with everything of theirs: profile, questionnaire, holdings, events, assessments, recommendations and feedback. The models
   * that had learnt from the user are written down in a receipt, and dealt with soon after.
   * @returns the receipt's id
   * @throws {ConcordError} NOT_FOUND
   */
  async erase(viewer: Viewer | undefined, id: string): Promise<string> {
    const institutionId = requireInstitution(viewer, 'users:write');
    return this.modules.database.tenant(institutionId, async (manager) => {
      const receipt = await this.modules.erasures.record(manager, institutionId, id);
      if (!(await this.users.delete(manager, institutionId, id))) throw unknownUser(id);
      return receipt;
    });
  }

  /** Up to `limit` holdings of each user, by product id. */
  async holdingsOf(
    viewer: Viewer | undefined,
    userIds: readonly string[],
    limit: number,
  ): Promise<Map<string, Holding[]>> {
    const institutionId = requireInstitution(viewer, 'recommendations:read');
    return byUser(await this.holdings.ofUsers(institutionId, userIds, limit));
  }

  /**
   * Adds holdings; amount and date of one that is there already are replaced where they are given. Idempotent.
   * @throws {ConcordError} NOT_FOUND for the user or any of the products, BAD_INPUT where a product comes twice
   */
  async addHoldings(viewer: Viewer | undefined, userId: string, holdings: readonly HoldingValues[]): Promise<User> {
    const institutionId = requireInstitution(viewer, 'users:write');
    checkBulk(holdings.length);
    const productIds = holdings.map((holding) => holding.productId);
    if (new Set(productIds).size < productIds.length) throw badInput('A product comes twice in one call.');
    await this.modules.products.requireAll(viewer, productIds);
    return this.withUser(institutionId, userId, (manager) =>
      this.holdings.put(manager, institutionId, userId, holdings),
    );
  }

  /**
   * Ends holdings. What the user doesn't hold is passed over. Idempotent.
   * @throws {ConcordError} NOT_FOUND for the user
   */
  async removeHoldings(viewer: Viewer | undefined, userId: string, productIds: readonly string[]): Promise<User> {
    const institutionId = requireInstitution(viewer, 'users:write');
    checkBulk(productIds.length);
    return this.withUser(institutionId, userId, async (manager) => {
      await this.holdings.remove(manager, institutionId, userId, productIds);
    });
  }

  /** Work on a user whom nobody else changes or erases meanwhile. */
  private async withUser(
    institutionId: string,
    id: string,
    work: (manager: EntityManager) => Promise<void>,
  ): Promise<User> {
    return this.modules.database.tenant(institutionId, async (manager) => {
      const user = await this.users.lock(manager, institutionId, id);
      if (!user) throw unknownUser(id);
      await work(manager);
      return user;
    });
  }
}

function parsePatch(patch: UserPatch): UserPatch {
  return {
    ...patch,
    attributes: patch.attributes && parseAttributes(patch.attributes),
    protectedAttributes: patch.protectedAttributes && parseAttributes(patch.protectedAttributes),
  };
}

const unknownUser = (id: string) => notFound('user', toGlobalId('User', id));

function checkCount(count: number): void {
  if (count > MAX_ATTRIBUTES)
    throw badInput(
      `A user has at most ${MAX_ATTRIBUTES} attributes, protected ones included; this would make ${count}.`,
    );
}

function checkBulk(count: number): void {
  if (count > MAX_BULK)
    throw new ConcordError('LIMIT_EXCEEDED', `A call takes at most ${MAX_BULK} items.`, { limit: MAX_BULK });
}

function byUser(holdings: readonly Holding[]): Map<string, Holding[]> {
  const result = new Map<string, Holding[]>();
  for (const holding of holdings) {
    const those = result.get(holding.userId);
    if (those) those.push(holding);
    else result.set(holding.userId, [holding]);
  }
  return result;
}
