import type { ModelsService } from '../models/models.service.js';
import type { Experiment } from './experiment.js';
import type { ExperimentsStore } from './experiments.store.js';

/** An experiment whose challengers are loaded. */
interface Running {
  readonly experiment: Experiment | undefined;
  release(): void;
}

export interface RunningModules {
  readonly store: Pick<ExperimentsStore, 'running'>;
  readonly models: Pick<ModelsService, 'hold'>;
  /** Told where a challenger does not load. */
  readonly onError?: (error: Error) => void;
}

/** The running experiment of each institution, looked up once, with its challengers kept in memory; forgotten when something changes. */
export class RunningExperiments {
  private readonly found = new Map<string, Promise<Running>>();

  constructor(private readonly modules: RunningModules) {}

  /** @returns undefined where none is running, and where a challenger does not load: then everyone is served by the champion */
  async get(institutionId: string): Promise<Experiment | undefined> {
    let running = this.found.get(institutionId);
    if (!running) {
      running = this.find(institutionId);
      this.found.set(institutionId, running);
      running.catch(() => this.forget(institutionId)); // the next call tries again
    }
    return (await running).experiment;
  }

  /** What was found may have changed. Without an institution: of any. */
  changed(institutionId?: string): void {
    for (const id of institutionId ? [institutionId] : [...this.found.keys()]) this.forget(id);
  }

  private forget(institutionId: string): void {
    const running = this.found.get(institutionId);
    this.found.delete(institutionId);
    running?.then(
      ({ release }) => release(),
      () => undefined, // the caller was told; nothing is held
    );
  }

  private async find(institutionId: string): Promise<Running> {
    const { store, models, onError } = this.modules;
    const experiment = await store.running(institutionId);
    const held = await Promise.allSettled(
      (experiment?.variants ?? []).flatMap(({ modelVersionId }) =>
        modelVersionId ? [models.hold(institutionId, modelVersionId)] : [],
      ),
    );
    const release = () => {
      for (const each of held) if (each.status === 'fulfilled') each.value();
    };
    const failed = held.find((each) => each.status === 'rejected');
    if (!failed) return { experiment, release };
    release();
    const { reason } = failed;
    onError?.(new Error(`The experiment ${experiment?.id} pauses: a challenger does not load.`, { cause: reason }));
    return { experiment: undefined, release: () => undefined };
  }
}
