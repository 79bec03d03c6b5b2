import type { Database } from '../database/database.js';
import type { Engine, ProfileOptions } from '../engine/engine.js';
import { unpackProfiles } from '../engine/profiling/artifact.js';
import type { ProfileDescription, Segment } from '../engine/profiling/model.js';
import { type OpenProfiles, openProfiles } from '../engine/profiling/open.js';
import { ConcordError, notFound } from '../errors.js';
import { toGlobalId } from '../graphql/relay.js';
import { requireInstitution, requireScope, type Viewer } from '../graphql/viewer.js';
import { TrainingData } from '../models/training-data.js';
import type { ScoringViews } from '../profiles/scoring-view.js';
import { EmbeddingsStore, type PlacedState, type PlacedUsers } from './embeddings.store.js';
import { nearestUsers, type UserNeighbour } from './neighbours.js';
import type { ProfileModelInfo } from './profile-model.js';

/** What the model says of a user now. */
export interface EmbeddedUser extends ProfileDescription {
  readonly userId: string;
  readonly model: ProfileModelInfo;
}

/** A segment, with how many users are in it now. */
export interface SegmentNow {
  readonly index: number;
  readonly segment: Segment;
  readonly usersNow: number;
}

export interface EmbeddingsModules {
  readonly database: Database;
  readonly engine: Pick<Engine, 'trainProfiles'>;
  readonly profiles: Pick<ScoringViews, 'scoringViews' | 'trainingViews'>;
}

interface Ready {
  readonly info: ProfileModelInfo;
  readonly opened: OpenProfiles;
}

/** Users that are placed in one go: a few milliseconds of the thread that serves. */
const PAGE = 50;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';
/** Reading users and placing them are these parts of the work, as progress shows it. */
const READING = 0.1;
const TRAINED = 0.8;

/**
 * Where an institution's users are placed by an autoencoder of its own: embeddings, neighbours, segments, and what is unusual. Models and
 * embeddings never leave the institution.
 */
export class EmbeddingsService {
  private readonly store: EmbeddingsStore;
  private readonly ready = new Map<string, Ready>();
  private readonly placed = new Map<
    string,
    { readonly modelId: string; readonly state: PlacedState; readonly users: PlacedUsers }
  >();

  constructor(private readonly modules: EmbeddingsModules) {
    this.store = new EmbeddingsStore(modules.database);
  }

  /**
   * Trains the institution's model from its stored users, puts it in the place of the one before, and places everyone.
   * @param institution the viewer's own
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scopes models:write and recommendations:read), BAD_INPUT where there is too little to learn from, CONFLICT where a user
   *   was erased meanwhile, CANCELLED
   */
  async train(
    viewer: Viewer | undefined,
    name: string,
    { onProgress, ...options }: ProfileOptions = {},
  ): Promise<{ model: ProfileModelInfo; placed: number }> {
    const institutionId = requireInstitution(viewer, 'models:write');
    requireScope(viewer, 'recommendations:read');
    const { signal, seed = 1 } = options;
    const data = new TrainingData('profile');
    const read: string[] = [];
    for await (const views of this.modules.profiles.trainingViews(viewer, { signal })) {
      data.add(name, views);
      for (const { userId } of views) read.push(userId);
      onProgress?.({ stage: `reading users of ${name}`, fraction: 0, figures: { users: data.size } });
    }
    const trained = await this.modules.engine.trainProfiles(data.build(name, seed), {
      ...options,
      seed,
      onProgress: ({ fraction, ...rest }) =>
        onProgress?.({ ...rest, fraction: READING + (TRAINED - READING) * fraction }),
    });
    const model = await this.modules.database.tenant(institutionId, async (manager) => {
      // Who was erased while the model learnt from them would stay in it, and no receipt would say so.
      if ((await this.store.present(manager, institutionId, read)) < read.length)
        throw new ConcordError(
          'CONFLICT',
          'A user was erased while the profile model was trained on them: train again.',
        );
      return this.store.replace(manager, institutionId, trained);
    });
    const total = Math.max(1, data.size);
    const placed = await this.refresh(viewer, {
      signal,
      onPlaced: (users) =>
        onProgress?.({
          stage: 'placing users',
          fraction: TRAINED + ((1 - TRAINED) * users) / total,
          figures: { users },
        }),
    });
    return { model, placed };
  }

  /**
   * Places the users who are new, have changed since they were placed, or were placed more than a day ago: features fade with time.
   * @returns how many
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope recommendations:read), CANCELLED
   */
  async refresh(
    viewer: Viewer | undefined,
    { signal, onPlaced }: { readonly signal?: AbortSignal; readonly onPlaced?: (users: number) => void } = {},
  ): Promise<number> {
    const institutionId = requireInstitution(viewer, 'recommendations:read');
    const ready = await this.model(institutionId);
    if (!ready) return 0;
    const { info, opened } = ready;
    let placed = 0;
    for (let after = FIRST_ID; ; ) {
      if (signal?.aborted) throw new ConcordError('CANCELLED', 'Placing users was cancelled.');
      const { userIds, asOf } = await this.store.stale(institutionId, info.id, after, PAGE);
      if (userIds.length === 0) return placed;
      const views = await this.modules.profiles.scoringViews(viewer, userIds);
      const page = [...views].map(([userId, { row }]) => ({ userId, ...opened.describe(row) }));
      await this.modules.database.tenant(institutionId, (manager) =>
        this.store.write(
          manager,
          institutionId,
          info.id,
          page.map(({ userId, embedding, segment, percentile }) => ({ userId, embedding, segment, percentile })),
          asOf,
        ),
      );
      placed += page.length;
      onPlaced?.(placed);
      after = userIds[userIds.length - 1];
    }
  }

  /**
   * What the model says of users as they are now, by user id; nothing where there is no model, and of users who do not exist.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope recommendations:read), LIMIT_EXCEEDED beyond 1,000 users
   */
  async of(viewer: Viewer | undefined, userIds: readonly string[]): Promise<Map<string, EmbeddedUser>> {
    const institutionId = requireInstitution(viewer, 'recommendations:read');
    const ready = await this.model(institutionId);
    if (!ready) return new Map();
    const views = await this.modules.profiles.scoringViews(viewer, userIds);
    return new Map(
      [...views].map(([userId, { row }]) => [userId, { userId, model: ready.info, ...ready.opened.describe(row) }]),
    );
  }

  /** The users who are most like one, among those that are placed. @throws {ConcordError} as of */
  async neighbours(
    viewer: Viewer | undefined,
    { userId, model, embedding }: EmbeddedUser,
    count: number,
  ): Promise<UserNeighbour[]> {
    const institutionId = requireInstitution(viewer, 'recommendations:read');
    return nearestUsers(await this.placedUsers(institutionId, model.id), embedding, userId, count);
  }

  /** Whether the institution has a model. @throws {ConcordError} as of */
  async has(viewer: Viewer | undefined): Promise<boolean> {
    return (await this.store.active(requireInstitution(viewer, 'recommendations:read'))) !== undefined;
  }

  /** The institution's model. @throws {ConcordError} as of; NOT_FOUND where it has none */
  async modelOf(viewer: Viewer | undefined): Promise<ProfileModelInfo> {
    const institutionId = requireInstitution(viewer, 'recommendations:read');
    const info = await this.store.active(institutionId);
    if (!info) throw notFound('profile model', toGlobalId('Institution', institutionId));
    return info;
  }

  /** Segments of a model, largest at training first. @throws {ConcordError} as of */
  async segments(viewer: Viewer | undefined, model: ProfileModelInfo): Promise<SegmentNow[]> {
    const institutionId = requireInstitution(viewer, 'recommendations:read');
    const sizes = new Map(
      (await this.store.sizes(institutionId, model.id)).map(({ segment, users }) => [segment, users]),
    );
    return model.segments.map((segment, index) => ({ index, segment, usersNow: sizes.get(index) ?? 0 }));
  }

  /** The model in use, made ready; undefined where there is none. */
  private async model(institutionId: string): Promise<Ready | undefined> {
    const info = await this.store.active(institutionId);
    const known = this.ready.get(institutionId);
    if (!info || known?.info.id === info.id) return info && known;
    const stored = await this.store.model(institutionId, info.id);
    if (!stored) return undefined; // replaced meanwhile: the next call finds the other
    const ready = { info, opened: openProfiles(unpackProfiles(stored)) };
    this.ready.set(institutionId, ready);
    return ready;
  }

  /** Read again where any has been placed anew. */
  private async placedUsers(institutionId: string, modelId: string): Promise<PlacedUsers> {
    const state = await this.store.placedState(institutionId, modelId);
    const known = this.placed.get(institutionId);
    const isSame =
      known?.modelId === modelId &&
      known.state.users === state.users &&
      known.state.computedAt?.getTime() === state.computedAt?.getTime();
    if (known && isSame) return known.users;
    const users = await this.store.placed(institutionId, modelId);
    this.placed.set(institutionId, { modelId, state, users });
    return users;
  }
}
