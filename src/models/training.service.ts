import { randomUUID } from 'node:crypto';
import type { Dataset, Series } from '../engine/data/dataset.js';
import type { Engine, ModelName, Progress, RunOptions, Task } from '../engine/engine.js';
import { badInput, ConcordError } from '../errors.js';
import { requireScope, type Viewer } from '../graphql/viewer.js';
import type { ProductsService } from '../products/products.service.js';
import type { ScoringViews } from '../profiles/scoring-view.js';
import type { ModelVersionInfo } from './model-version.js';
import type { ModelsService } from './models.service.js';
import type { Participant } from './participant.js';
import { requireShareable } from './personal.js';
import { TrainingData } from './training-data.js';

export interface TrainRequest {
  readonly task: Task;
  readonly model: ModelName;
  /** Whose users are learned from, pooled. */
  readonly institutions: readonly { readonly id: string; readonly code: string }[];
  /** The version becomes the own one of the only institution, rather than the consortium's shared one. */
  readonly own: boolean;
  /** Also where another version is active already; the first is activated in any case. */
  readonly activate: boolean;
  readonly seed?: number;
  /** Attributes that are steps of a sequence, for models of sequences to read in place of events. */
  readonly series?: readonly Series[];
}

export interface TrainOptions extends Omit<RunOptions, 'seed'> {
  /** What `read` gave for the same task and institutions, where several models are trained: users are read once. */
  readonly data?: TrainingData;
  /** To be stored with what training says of itself. */
  readonly about?: Readonly<Record<string, unknown>>;
}

/** Models that read events where there are any, or may be made of such. */
const EVENT_MODELS: ReadonlySet<ModelName> = new Set<ModelName>(['cnn', 'gru', 'two-tower', 'stack', 'hybrid']);

/** A training, and how many users of each institution it reads. */
interface Participation {
  readonly id: string;
  readonly counts: ReadonlyMap<string, number>;
}

/** Users that are written down in one statement. */
const PAGE = 1000;

/** Reading users is this part of the work, as progress shows it. */
const READING = 0.1;

/** Trains model versions from what is stored. Deterministic: the same users, request and seed give the same model. */
export class TrainingService {
  constructor(
    private readonly modules: {
      readonly engine: Pick<Engine, 'train'>;
      readonly profiles: Pick<ScoringViews, 'trainingViews'>;
      readonly models: ModelsService;
      readonly products: Pick<ProductsService, 'described'>;
    },
  ) {}

  /**
   * Reads the users, trains in the engine's workers, and stores a candidate with its metrics.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:write; for a shared version, or another institution's users,
   *   institutions:admin too), BAD_INPUT where there is too little to learn from, CANCELLED
   */
  async train(
    viewer: Viewer | undefined,
    request: TrainRequest,
    options: TrainOptions = {},
  ): Promise<ModelVersionInfo> {
    requireScope(viewer, 'models:write');
    const { task, model, institutions, own, activate, seed = 1, series } = request;
    if (institutions.length === 0) throw badInput('There is no institution to train for: import data first.');
    if (own && institutions.length > 1) throw badInput('An own model is trained for one institution.');
    if (!own) requireShareable(model);
    if (!own || institutions[0].id !== viewer.institutionId) requireScope(viewer, 'institutions:admin');

    const {
      data = (
        await this.read(viewer, [task], institutions, { ...options, events: !series && EVENT_MODELS.has(model) })
      ).get(task)!,
      about: _about,
      ...run
    } = options;
    const name = institutions.map(({ code }) => code).join('+');
    const dataset = { ...data.build(name, seed), ...(series && { series }) };
    const unknown = series?.flatMap(({ columns }) => columns).find((column) => !hasColumn(dataset, column));
    if (unknown) throw badInput(`No user has the attribute ${unknown}, which a series reads.`, { attribute: unknown });
    const participation = await this.participate(institutions, data.participants(dataset));
    const trained = await this.modules.engine.train(dataset, task, model, {
      ...run,
      seed,
      onProgress: ({ fraction, ...progress }) =>
        options.onProgress?.({ ...progress, fraction: READING + (1 - READING) * fraction }),
    });
    const about = {
      ...trained.training,
      ...options.about,
      institutions: institutions.map(({ code }) => code),
      users: data.size,
      participation: participation.id,
      ...(series && { series }),
    };
    await this.requireEveryone(participation);
    const owner = own ? institutions[0].id : null;
    const storing = own ? { ...viewer, institutionId: institutions[0].id } : viewer;
    return this.modules.models.add(storing, owner, { ...trained, training: about }, activate);
  }

  /** Writes down of whom the training reads, so that who is erased can be taken out of the model. */
  private async participate(
    institutions: TrainRequest['institutions'],
    participants: ReadonlyMap<string, readonly Participant[]>,
  ): Promise<Participation> {
    const id = randomUUID();
    const counts = new Map<string, number>();
    for (const { id: institutionId, code } of institutions) {
      const own = participants.get(code) ?? [];
      for (let from = 0; from < own.length; from += PAGE)
        await this.modules.models.participate(institutionId, id, own.slice(from, from + PAGE));
      counts.set(institutionId, own.length);
    }
    return { id, counts };
  }

  /** A user who was erased while the model learnt from them would stay in it, and no receipt would say so. @throws {ConcordError} CONFLICT */
  private async requireEveryone({ id, counts }: Participation): Promise<void> {
    for (const [institutionId, count] of counts)
      if ((await this.modules.models.participants(institutionId, id)) < count)
        throw new ConcordError('CONFLICT', 'A user was erased while the model was trained on them: train again.');
  }

  /**
   * Reads the users once for several tasks, with their latest events where these are asked for.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:write), CANCELLED
   */
  async read(
    viewer: Viewer | undefined,
    tasks: readonly Task[],
    institutions: TrainRequest['institutions'],
    { onProgress, signal, events }: Pick<RunOptions, 'onProgress' | 'signal'> & { readonly events?: boolean } = {},
  ): Promise<ReadonlyMap<Task, TrainingData>> {
    requireScope(viewer, 'models:write');
    const data = new Map(tasks.map((task) => [task, new TrainingData(task)]));
    let users = 0;
    for (const [index, { id, code }] of institutions.entries()) {
      const progress = (): Progress => ({
        stage: `reading users of ${code}`,
        fraction: (READING * index) / institutions.length,
        figures: { users },
      });
      onProgress?.(progress());
      const described = await this.modules.products.described({ ...viewer, institutionId: id });
      for (const each of data.values()) each.describe(described);
      for await (const views of this.modules.profiles.trainingViews(
        { ...viewer, institutionId: id },
        { signal, events },
      )) {
        if (signal?.aborted) throw new ConcordError('CANCELLED', 'Training was cancelled.');
        for (const each of data.values()) each.add(code, views);
        users += views.length;
        onProgress?.(progress());
      }
    }
    return data;
  }
}

const hasColumn = ({ columns }: Dataset, name: string): boolean => columns.some((column) => column.name === name);
