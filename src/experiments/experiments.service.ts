import { type Database, notify } from '../database/database.js';
import { badInput, ConcordError, notFound } from '../errors.js';
import { toGlobalId } from '../graphql/relay.js';
import { requireInstitution, type Viewer } from '../graphql/viewer.js';
import type { ActiveModel, ModelVersionInfo } from '../models/model-version.js';
import type { ModelsService } from '../models/models.service.js';
import { CHAMPION, type Experiment, type Exposure, type Variant, variantOf } from './experiment.js';
import { type ExperimentKey, ExperimentsStore } from './experiments.store.js';
import { type ExperimentResults, resultsOf } from './results.js';
import { RunningExperiments } from './running-experiments.js';

export interface Challenger {
  readonly name: string;
  readonly modelVersionId: string;
  /** Of the users, above 0; those of all challengers are below 1. */
  readonly share: number;
}

export interface StartRequest {
  readonly name: string;
  /** 1 to 7. */
  readonly challengers: readonly Challenger[];
}

export type StartOutcome =
  | { readonly outcome: 'started'; readonly experiment: Experiment }
  | { readonly outcome: 'another_runs'; readonly experiment: Experiment };

export type EndOutcome =
  | { readonly outcome: 'ended'; readonly experiment: Experiment }
  /** It had ended before: nothing was changed. */
  | { readonly outcome: 'not_running'; readonly experiment: Experiment };

export interface ExperimentsModules {
  readonly database: Database;
  readonly models: Pick<ModelsService, 'hold' | 'one' | 'activate' | 'withActive' | 'withVersion'>;
  /** Told of what no caller is told of. */
  readonly onError?: (error: Error) => void;
}

const MOST_CHALLENGERS = 7;

/**
 * Experiments with the versions that recommend: users are dealt to the champion (the version that is active) and to challengers, what each
 * is shown is stored with its answer, and what they did with it is compared.
 */
export class ExperimentsService {
  private readonly store: ExperimentsStore;
  private readonly running: RunningExperiments;

  constructor(private readonly modules: ExperimentsModules) {
    this.store = new ExperimentsStore(modules.database);
    this.running = new RunningExperiments({ store: this.store, models: modules.models, onError: modules.onError });
  }

  /**
   * Follows what other processes begin and end. Without it only what is done through this service is seen.
   * @returns a function that ends it
   */
  async listen(): Promise<() => Promise<void>> {
    const end = await this.modules.database.listen('concord_experiments', (institutionId) =>
      this.running.changed(institutionId || undefined),
    );
    this.running.changed(); // what was looked up before anyone listened
    return end;
  }

  /**
   * Newest first, at most `limit` after `after`.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:read)
   */
  async list(
    viewer: Viewer | undefined,
    limit: number,
    after?: ExperimentKey,
  ): Promise<{ experiment: Experiment; key: ExperimentKey }[]> {
    return this.store.list(requireInstitution(viewer, 'models:read'), limit, after);
  }

  /** @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:read), NOT_FOUND */
  async one(viewer: Viewer | undefined, id: string): Promise<Experiment> {
    return this.find(requireInstitution(viewer, 'models:read'), id);
  }

  /** What the variants' users have done so far. @throws {ConcordError} as one */
  async results(viewer: Viewer | undefined, experiment: Experiment): Promise<ExperimentResults> {
    const institutionId = requireInstitution(viewer, 'models:read');
    return resultsOf(experiment, await this.store.counts(institutionId, experiment.id));
  }

  /**
   * Begins an experiment, in every replica. The challengers are loaded first: a version that cannot serve is refused here.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scopes models:write and models:read), BAD_INPUT, NOT_FOUND, CONFLICT where the
   *   name was used before or a challenger was withdrawn
   */
  async start(viewer: Viewer | undefined, { name, challengers }: StartRequest): Promise<StartOutcome> {
    const institutionId = requireInstitution(viewer, 'models:write');
    const variants = variantsOf(challengers);
    for (const { modelVersionId } of challengers)
      requireInterest(await this.modules.models.one(viewer, modelVersionId));
    const held: (() => void)[] = [];
    try {
      for (const { modelVersionId } of challengers)
        held.push(await this.modules.models.hold(institutionId, modelVersionId));
      const id = await this.modules.database.tenant(institutionId, async (manager) => {
        const inserted = await this.store.insert(manager, institutionId, name, variants);
        if (inserted) await notify(manager, 'concord_experiments', institutionId);
        return inserted;
      });
      this.running.changed(institutionId);
      if (id) return { outcome: 'started', experiment: await this.find(institutionId, id) };
    } finally {
      for (const release of held) release();
    }
    const other = await this.store.running(institutionId);
    if (!other) throw new ConcordError('CONFLICT', 'Another experiment has just ended: try again.');
    return { outcome: 'another_runs', experiment: other };
  }

  /** Ends an experiment: everyone is served by the champion again. @throws {ConcordError} as start */
  async stop(viewer: Viewer | undefined, id: string): Promise<EndOutcome> {
    return this.end(requireInstitution(viewer, 'models:write'), id, null);
  }

  /**
   * Ends an experiment and activates a challenger; rollbackModel undoes the activation. The activation comes first: where it is refused the
   * experiment goes on.
   * @throws {ConcordError} as start; FORBIDDEN where the challenger is a shared version, which the operator activates
   */
  async promote(viewer: Viewer | undefined, id: string, variant: string): Promise<EndOutcome> {
    const institutionId = requireInstitution(viewer, 'models:write');
    const experiment = await this.find(institutionId, id);
    const challenger = experiment.variants.find(({ name, modelVersionId }) => name === variant && modelVersionId);
    if (!challenger?.modelVersionId) throw badInput(`The experiment has no challenger ${variant}.`, { variant });
    if (experiment.status !== 'running') return { outcome: 'not_running', experiment };
    await this.modules.models.activate(viewer, challenger.modelVersionId);
    return this.end(institutionId, id, variant);
  }

  /**
   * For the service that recommends: runs work with the model of the user's variant. The caller has authorised.
   * @param work with the exposure to store; undefined where no experiment is running
   */
  async withModelFor<T>(
    institutionId: string,
    userId: string,
    work: (model: ActiveModel | undefined, exposure: Exposure | undefined) => Promise<T>,
  ): Promise<T> {
    const { models } = this.modules;
    const experiment = await this.running.get(institutionId);
    if (!experiment) return models.withActive(institutionId, 'interest', (model) => work(model, undefined));
    const { name, modelVersionId } = variantOf(experiment, userId);
    const exposure = { experimentId: experiment.id, variant: name };
    return modelVersionId
      ? models.withVersion(institutionId, modelVersionId, (model) => work(model, exposure))
      : models.withActive(institutionId, 'interest', (model) => work(model, exposure));
  }

  private async end(institutionId: string, id: string, promoted: string | null): Promise<EndOutcome> {
    const ended = await this.modules.database.tenant(institutionId, async (manager) => {
      const changed = await this.store.end(manager, institutionId, id, promoted);
      if (changed) await notify(manager, 'concord_experiments', institutionId);
      return changed;
    });
    this.running.changed(institutionId);
    const experiment = await this.find(institutionId, id);
    return { outcome: ended ? 'ended' : 'not_running', experiment };
  }

  private async find(institutionId: string, id: string): Promise<Experiment> {
    const experiment = await this.store.byId(institutionId, id);
    if (!experiment) throw notFound('experiment', toGlobalId('Experiment', id));
    return experiment;
  }
}

function variantsOf(challengers: readonly Challenger[]): Variant[] {
  if (challengers.length < 1 || challengers.length > MOST_CHALLENGERS)
    throw badInput(`An experiment has 1 to ${MOST_CHALLENGERS} challengers.`);
  const names = new Set([CHAMPION, ...challengers.map(({ name }) => name)]);
  if (names.size <= challengers.length)
    throw badInput(`Challengers have names of their own, and none is called ${CHAMPION}.`);
  const versions = new Set(challengers.map(({ modelVersionId }) => modelVersionId));
  if (versions.size < challengers.length) throw badInput('Each challenger is another version.');
  const taken = challengers.reduce((sum, { share }) => sum + share, 0);
  if (!challengers.every(({ share }) => share > 0) || !(taken < 1))
    throw badInput('The shares of the challengers are above 0, and leave something to the champion.');
  return [
    { name: CHAMPION, share: 1 - taken, modelVersionId: null },
    ...challengers.map(({ name, share, modelVersionId }) => ({ name, share, modelVersionId })),
  ];
}

function requireInterest({ task, id }: ModelVersionInfo): void {
  if (task !== 'interest')
    throw badInput('Experiments are about recommendations: this version predicts risk.', {
      modelVersionId: toGlobalId('ModelVersion', id),
    });
}
