import type { Database } from '../database/database.js';
import type { EmbeddingsService } from '../embeddings/embeddings.service.js';
import type { Engine } from '../engine/engine.js';
import { ConcordError } from '../errors.js';
import type { Viewer } from '../graphql/viewer.js';
import type { InstitutionsService } from '../institutions/institutions.service.js';
import type { ModelVersionInfo } from '../models/model-version.js';
import type { ModelsService } from '../models/models.service.js';
import type { TrainingService, TrainRequest } from '../models/training.service.js';
import type { DueErasure, ErasureMethod } from './erasure.js';
import { ErasuresStore } from './erasures.store.js';

export interface ErasureWorkModules {
  readonly database: Database;
  readonly engine: Pick<Engine, 'erase'>;
  readonly institutions: Pick<InstitutionsService, 'idOf'>;
  readonly models: ModelsService;
  readonly training: Pick<TrainingService, 'train'>;
  readonly embeddings: Pick<EmbeddingsService, 'train'>;
  /** Who does it: the server itself, for an institution or for the consortium. */
  readonly viewerOf: (institutionId?: string) => Viewer;
}

/** As the training before stored them. */
const seriesOf = ({ series }: ModelVersionInfo['training']): TrainRequest['series'] =>
  Array.isArray(series) ? (series as TrainRequest['series']) : undefined;

type Institution = { readonly id: string; readonly code: string };

interface Outcome {
  readonly method: ErasureMethod;
  readonly replacementId?: string | null;
  readonly reason?: string;
}

/**
 * Takes erased users out of the models that had learnt from them. Doing it twice does no harm: what is done is looked up anew each time.
 * A version that has learnt from an erased user never serves again.
 */
export class ErasureWork {
  private readonly store: ErasuresStore;

  constructor(private readonly modules: ErasureWorkModules) {
    this.store = new ErasuresStore(modules.database);
  }

  /**
   * Does what is due for an institution. Where a model cannot be trained again (too few users are left, say), the receipt says so, and it is
   * tried again the next time.
   * @returns how many entries of receipts are done
   */
  async runDue(institution: Institution, signal?: AbortSignal): Promise<number> {
    const due = await this.store.due(institution.id);
    const versions = new Map<string | null, DueErasure[]>();
    for (const each of due) versions.set(each.modelVersionId, [...(versions.get(each.modelVersionId) ?? []), each]);
    let done = 0;
    for (const [versionId, entries] of versions) {
      if (signal?.aborted) return done;
      try {
        const outcome =
          versionId === null
            ? await this.profileModel(institution, signal)
            : await this.version(institution, versionId, entries, signal);
        await this.modules.database.tenant(institution.id, (manager) =>
          this.store.finish(manager, institution.id, entries, outcome.method, outcome),
        );
        done += entries.length;
      } catch (error) {
        if (!(error instanceof ConcordError) || error.code === 'CANCELLED') throw error;
        const { message } = error;
        await this.modules.database.tenant(institution.id, (manager) =>
          this.store.explain(manager, institution.id, entries, message),
        );
      }
    }
    return done;
  }

  private async profileModel({ id, code }: Institution, signal: AbortSignal | undefined): Promise<Outcome> {
    await this.modules.embeddings.train(this.modules.viewerOf(id), code, { signal });
    return { method: 'retrained', reason: 'the profile model was trained again' };
  }

  private async version(
    institution: Institution,
    versionId: string,
    due: readonly DueErasure[],
    signal: AbortSignal | undefined,
  ): Promise<Outcome> {
    const found = await this.current(institution, versionId, due);
    if ('method' in found) return found;
    const viewer = this.modules.viewerOf(found.institutionId ?? undefined);
    if (found.status !== 'active') {
      await this.modules.models.withdraw(viewer, found.id);
      return { method: 'withdrawn' };
    }
    const exact = await this.exact(viewer, found, due, signal);
    const next = exact ?? (await this.retrain(viewer, found, signal));
    await this.modules.models.withdraw(viewer, found.id);
    return { method: exact ? 'exact' : 'retrained', replacementId: next.id };
  }

  /**
   * The version in which these users still are: the one that was named, or one that took its place when somebody else was taken out of it.
   */
  private async current(
    institution: Institution,
    versionId: string,
    due: readonly DueErasure[],
  ): Promise<ModelVersionInfo | Outcome> {
    const { models, viewerOf } = this.modules;
    const viewer = viewerOf(institution.id);
    const latest = Math.max(...due.map(({ erasedAt }) => erasedAt.getTime()));
    let version = await models.one(viewer, versionId);
    while (version.withdrawnAt) {
      const next = await models.replacementOf(viewer, version.id);
      if (!next) return { method: 'withdrawn' };
      // Who had been erased before it was trained again was not among the users any more.
      const isNew = next.training.replacedBy === 'retraining' && next.createdAt.getTime() > latest;
      if (isNew) return { method: 'retrained', replacementId: next.id };
      version = next;
    }
    return version;
  }

  /** @returns undefined where the model must be trained again */
  private async exact(
    viewer: Viewer,
    version: ModelVersionInfo,
    due: readonly DueErasure[],
    signal: AbortSignal | undefined,
  ): Promise<ModelVersionInfo | undefined> {
    const users = due.flatMap(({ userKey, owned }) => (userKey !== null && owned ? [{ id: userKey, owned }] : []));
    // What was set aside has had a say in settings and weights of members: no sum can be taken back.
    if (users.length < due.length) return undefined;
    const { models, engine } = this.modules;
    const stored = await models.stored(viewer, version.id);
    const erased = await engine.erase(stored, users, { signal });
    if (erased.outcome === 'retrain') return undefined;
    const before = Number(version.training.erasedUsers ?? 0);
    const training = {
      ...version.training,
      replaces: version.id,
      replacedBy: 'erasure',
      erasedUsers: before + users.length,
    };
    return models.add(viewer, version.institutionId, { ...erased.model, metrics: version.metrics, training }, true);
  }

  private async retrain(
    viewer: Viewer,
    { id, task, model, institutionId, training }: ModelVersionInfo,
    signal: AbortSignal | undefined,
  ): Promise<ModelVersionInfo> {
    const codes = Array.isArray(training.institutions) ? training.institutions.map(String) : [];
    const institutions: Institution[] = [];
    for (const code of codes) {
      const of = await this.modules.institutions.idOf(code);
      if (of) institutions.push({ id: of, code });
    }
    const seed = typeof training.seed === 'number' ? training.seed : 1;
    return this.modules.training.train(
      viewer,
      { task, model, institutions, own: institutionId !== null, activate: true, seed, series: seriesOf(training) },
      { signal, about: { replaces: id, replacedBy: 'retraining' } },
    );
  }
}
