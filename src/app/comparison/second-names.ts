import type { ModelName, Task } from '../../engine/engine.js';

/** Linear models of interest and of risk go by either name. */
const SECOND_NAMES: Readonly<Record<Task, Partial<Record<ModelName, ModelName>>>> = {
  interest: { logistic: 'linear' },
  risk: { linear: 'logistic' },
};

/** The first name of a model that this is another name of, for this task. */
export const firstNameOf = (task: Task, model: ModelName): ModelName | undefined => SECOND_NAMES[task][model];
