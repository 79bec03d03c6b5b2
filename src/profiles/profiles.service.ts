import type { Database, EntityManager } from '../database/database.js';
import type { UserRow } from '../engine/data/dataset.js';
import { ConcordError, notFound } from '../errors.js';
import { toGlobalId } from '../graphql/relay.js';
import { requireInstitution, type Viewer } from '../graphql/viewer.js';
import type { ProductsService } from '../products/products.service.js';
import { type EventResult, type NewEvent, type ResolvedEvent, resolveEvents } from './behaviour-event.js';
import { eventValues, LATEST_EVENTS } from './event-sequence.js';
import { EventsStore } from './events.store.js';
import { type Profile, profileOf, writtenProfile } from './profile.js';
import { ProfilesStore } from './profiles.store.js';
import { addMonths, checkQuestionnaire, QUESTIONNAIRE_MONTHS, type Questionnaire } from './questionnaire.js';
import { rebuildProfiles } from './rebuild.js';
import { refreshProfiles } from './refresh.js';
import type { ScoringView, ScoringViews, TrainingView, TrainingViewsOptions } from './scoring-view.js';
import { scoringViewOf, trainingViewOf } from './scoring-view.js';
import { applyEvents, emptyState } from './state.js';

export const MAX_EVENTS = 1_000;
export const MAX_VIEWS = 1_000;
/** Small enough that a page is garbage before the collector would have to move it. */
const TRAINING_PAGE = 500;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';
/** Batches lock users in one order, but an import or a bulk update may lock them in another; all is rolled back before it is done again. */
const RETRIES = 3;

/** Answers as a caller records them: completed now and counting for twelve months, unless stated. */
export type NewQuestionnaire = Pick<Questionnaire, 'riskTolerance' | 'knowledge' | 'horizonMonths'> &
  Partial<Pick<Questionnaire, 'investableAmount' | 'completedAt' | 'expiresAt'>>;

/** Profiles of the users of the viewer's institution, and the events and questionnaires that they are made of. */
export class ProfilesService implements ScoringViews {
  private readonly store: ProfilesStore;
  private readonly events = new EventsStore();

  constructor(
    private readonly modules: {
      readonly database: Database;
      readonly products: ProductsService;
      readonly clock?: () => Date;
    },
  ) {
    this.store = new ProfilesStore(modules.database);
  }

  /** @throws {ConcordError} NOT_FOUND */
  async profile(viewer: Viewer | undefined, userId: string): Promise<Profile> {
    const profile = (await this.profiles(viewer, [userId])).get(userId);
    if (!profile) throw unknownUser(userId);
    return profile;
  }

  /** The profiles of the users that exist, by user id; one without any events is empty rather than absent. */
  async profiles(viewer: Viewer | undefined, userIds: readonly string[]): Promise<Map<string, Profile>> {
    const institutionId = requireInstitution(viewer, 'recommendations:read');
    const now = this.now();
    const rows = await this.store.profiles(institutionId, userIds);
    return new Map(rows.map((row) => [row.userId, profileOf(row, now)]));
  }

  async scoringViews(viewer: Viewer | undefined, userIds: readonly string[]): Promise<Map<string, ScoringView>> {
    const institutionId = requireInstitution(viewer, 'recommendations:read');
    if (userIds.length > MAX_VIEWS)
      throw new ConcordError('LIMIT_EXCEEDED', `At most ${MAX_VIEWS} users at a time.`, { limit: MAX_VIEWS });
    const { byId } = await this.modules.products.snapshot(viewer);
    const now = this.now();
    const rows = await this.store.scoring(institutionId, userIds);
    return new Map(rows.map((row) => [row.userId, scoringViewOf(row, byId, now)]));
  }

  async rowsFor(
    viewer: Viewer | undefined,
    { readsEvents }: { readonly readsEvents: boolean },
    views: readonly ScoringView[],
  ): Promise<UserRow[]> {
    const institutionId = requireInstitution(viewer, 'recommendations:read');
    if (!readsEvents || views.length === 0) return views.map(({ row }) => row);
    const { byId } = await this.modules.products.snapshot(viewer);
    return (await this.withEvents(institutionId, views, byId, this.now())).map(({ row }) => row);
  }

  async *trainingViews(
    viewer: Viewer | undefined,
    options: TrainingViewsOptions = {},
  ): AsyncGenerator<readonly TrainingView[]> {
    const institutionId = requireInstitution(viewer, 'models:write');
    const { byId } = await this.modules.products.snapshot(viewer);
    const [now, size] = [this.now(), options.pageSize ?? TRAINING_PAGE];
    for (let after = FIRST_ID; ; ) {
      checkCancelled(options.signal);
      const rows = await this.store.training(institutionId, after, size);
      const views = rows.map((row) => trainingViewOf(row, byId, now));
      if (rows.length > 0) yield options.events ? await this.withEvents(institutionId, views, byId, now) : views;
      if (rows.length < size) return;
      after = rows[rows.length - 1].userId;
    }
  }

  /**
   * Records up to 1,000 events and updates the profiles of their users in the same transaction: the next recommendation sees them.
   * Each event is accepted, a duplicate (its id was recorded before: nothing changes) or rejected for what it refers to.
   * A purchase of a product makes a holding, a sale ends it: see EventsStore.followTrades.
   * @returns one result an event, in the order of the input
   * @throws {ConcordError} LIMIT_EXCEEDED
   */
  async recordEvents(viewer: Viewer | undefined, events: readonly NewEvent[]): Promise<EventResult[]> {
    const institutionId = requireInstitution(viewer, 'users:write');
    if (events.length > MAX_EVENTS)
      throw new ConcordError('LIMIT_EXCEEDED', `A call takes at most ${MAX_EVENTS} events.`, { limit: MAX_EVENTS });
    const products = await this.modules.products.snapshotWith(viewer, {
      ids: defined(events.map((event) => event.productId)),
      codes: defined(events.map((event) => event.productCode)),
    });
    const work = async (manager: EntityManager): Promise<EventResult[]> => {
      const ids = defined(events.map((event) => event.userId));
      const externalIds = defined(events.map((event) => event.externalUserId));
      const users = await this.events.lockUsers(manager, institutionId, ids, externalIds);
      const resolved = resolveEvents(
        events,
        {
          known: new Set(users.map((user) => user.id)),
          byExternalId: new Map(users.map((user) => [user.externalId, user.id])),
        },
        { known: products.byId, byCode: products.byCode },
        this.now(),
      );
      const candidates = resolved.filter((event): event is ResolvedEvent => !('status' in event));
      const accepted = await this.events.insert(manager, institutionId, candidates);
      const fresh = candidates.filter((event) => accepted.has(event.eventId));
      if (fresh.length > 0) await this.update(manager, institutionId, fresh, products.byId);
      return resolved.map((event) =>
        'status' in event
          ? event
          : { eventId: event.eventId, status: accepted.has(event.eventId) ? 'accepted' : 'duplicate' },
      );
    };
    return this.modules.database.tenant(institutionId, work, { retries: RETRIES });
  }

  /**
   * Records a user's answers, in place of earlier ones.
   * @throws {ConcordError} NOT_FOUND, BAD_INPUT for contradictory times, CONFLICT where answers completed later are there
   */
  async recordQuestionnaire(viewer: Viewer | undefined, userId: string, answers: NewQuestionnaire): Promise<Profile> {
    const institutionId = requireInstitution(viewer, 'users:write');
    const now = this.now();
    const completedAt = answers.completedAt ?? now;
    const questionnaire: Questionnaire = {
      riskTolerance: answers.riskTolerance,
      knowledge: answers.knowledge,
      horizonMonths: answers.horizonMonths,
      investableAmount: answers.investableAmount ?? null,
      completedAt,
      expiresAt: answers.expiresAt ?? addMonths(completedAt, QUESTIONNAIRE_MONTHS),
    };
    checkQuestionnaire(questionnaire, now);
    return this.modules.database.tenant(
      institutionId,
      async (manager) => {
        const users = await this.events.lockUsers(manager, institutionId, [userId]);
        if (users.length === 0) throw unknownUser(userId);
        if (!(await this.store.putQuestionnaire(manager, institutionId, userId, questionnaire)))
          throw new ConcordError('CONFLICT', 'A questionnaire that was completed later is there already.');
        const [before] = await this.store.locked(manager, institutionId, [userId]);
        const written = writtenProfile(userId, before.state ?? emptyState(), questionnaire, now);
        await this.store.write(manager, institutionId, [written]);
        return profileOf({ userId, state: written.state, questionnaire, updatedAt: now }, now);
      },
      { retries: RETRIES },
    );
  }

  /**
   * Computes profiles anew from all events on record, as an import leaves them: of the users given, or of everyone.
   * Works in transactions of 500 users each; nothing waits for more than one of them.
   * @throws {ConcordError} CANCELLED
   */
  async rebuild(
    viewer: Viewer | undefined,
    options: {
      readonly userIds?: readonly string[];
      readonly signal?: AbortSignal;
      readonly onProgress?: (figures: { readonly users: number; readonly events: number }) => void;
    } = {},
  ): Promise<{ users: number; events: number }> {
    const institutionId = requireInstitution(viewer, 'users:write');
    return rebuildProfiles(this.parts(), institutionId, options);
  }

  /**
   * Stores the tags that time alone has given or taken (dormant, new-customer, an expired questionnaire): lists by tag read what is
   * stored. Once or twice a day is enough.
   * @throws {ConcordError} CANCELLED
   */
  async refresh(
    viewer: Viewer | undefined,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<{ looked: number; changed: number }> {
    const institutionId = requireInstitution(viewer, 'users:write');
    return refreshProfiles(this.parts(), institutionId, options.signal);
  }

  private async withEvents<View extends ScoringView>(
    institutionId: string,
    views: readonly View[],
    products: ProductsById,
    now: Date,
  ): Promise<View[]> {
    const ids = views.map(({ userId }) => userId);
    const values = eventValues(await this.store.latestEvents(institutionId, ids, LATEST_EVENTS), products, now);
    return views.map((view) => ({ ...view, row: { ...view.row, events: values.get(view.userId) ?? [] } }));
  }

  private async update(
    manager: EntityManager,
    institutionId: string,
    events: readonly ResolvedEvent[],
    products: ProductsById,
  ): Promise<void> {
    const now = this.now();
    const ofUser = new Map<string, ResolvedEvent[]>();
    for (const event of events) {
      const those = ofUser.get(event.userId);
      if (those) those.push(event);
      else ofUser.set(event.userId, [event]);
    }
    const rows = await this.store.locked(manager, institutionId, [...ofUser.keys()]);
    const profiles = rows.map((row) => {
      const added = ofUser.get(row.userId)!.map((event) => ({
        ...event,
        occurredAt: event.occurredAt.getTime(),
        product: event.productId === null ? null : products.get(event.productId)!,
      }));
      return writtenProfile(row.userId, applyEvents(row.state ?? emptyState(), added), row.questionnaire, now);
    });
    await this.store.write(manager, institutionId, profiles);
    const trades = events.filter((event) => event.type === 'purchase' || event.type === 'sale').flatMap(pairOf);
    if (trades.length > 0) await this.events.followTrades(manager, institutionId, trades);
  }

  private parts() {
    return { database: this.modules.database, store: this.store, events: this.events, now: () => this.now() };
  }

  private now(): Date {
    return this.modules.clock?.() ?? new Date();
  }
}

type ProductsById = Awaited<ReturnType<ProductsService['snapshot']>>['byId'];

const pairOf = ({ userId, productId }: ResolvedEvent) => (productId === null ? [] : [{ userId, productId }]);
const defined = <T>(values: readonly (T | undefined)[]): T[] => [
  ...new Set(values.filter((value) => value !== undefined)),
];
const unknownUser = (id: string) => notFound('user', toGlobalId('User', id));

function checkCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new ConcordError('CANCELLED', 'The work was cancelled.');
}
