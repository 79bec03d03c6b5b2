import type { ModelName, Task } from '../engine/engine.js';
import type { ProfileSettings } from '../engine/profiling/settings.js';
import type { TrainingSettings } from '../engine/training/settings.js';

export interface DemoModel {
  readonly task: Task;
  readonly model: ModelName;
  readonly settings: Partial<TrainingSettings>;
}

/**
 * The shared models that the demo consortium starts with. Their settings are given rather than chosen, and they see the data a few
 * times only: the server waits for them at its first start. docs/demo.md says what `concord train` reaches with more time.
 */
export const DEMO_MODELS: readonly DemoModel[] = [
  {
    task: 'interest',
    model: 'linear',
    settings: { bins: 8, learningRate: 0.02, weightDecay: 0.01, batchSize: 512, maxEpochs: 6 },
  },
  { task: 'risk', model: 'logistic', settings: { bins: 10, learningRate: 0.02, weightDecay: 0.01, maxEpochs: 8 } },
];

/** The institutions' profile models, which are trained when the server serves already. */
export const DEMO_PROFILES: Partial<ProfileSettings> = { maxEpochs: 12, learningRate: 0.005 };
