import { dirname } from 'node:path';
import { loadDataset } from '../../database/import/load-dataset.js';
import { readDescriptor } from '../../database/import/read-descriptor.js';
import { createEngine } from '../../engine/create-engine.js';
import type { Dataset } from '../../engine/data/dataset.js';
import type { Engine, Task } from '../../engine/engine.js';
import { badInput, ConcordError } from '../../errors.js';
import { createRuntime, localViewer } from '../composition.js';
import { readConfig } from '../config.js';
import type { TrainerOptions } from './engine-trainer.js';

/** Where a bank's users come from, and what computes. */
export interface LocalData {
  readonly engine: Engine;
  readonly dataset: TrainerOptions['dataset'];
  close(): Promise<void>;
}

/** Files by descriptor: read once. */
export function dataOfFiles(descriptorPath: string, folder = dirname(descriptorPath)): LocalData {
  const engine = createEngine({ backend: readConfig().backend });
  let loaded: ReturnType<typeof loadDataset> | undefined;
  return {
    engine,
    async dataset(task, signal) {
      const descriptor = await readDescriptor(descriptorPath);
      if (descriptor.task !== task) throw badInput(`The files are for the task ${descriptor.task}, not for ${task}.`);
      loaded ??= loadDataset(descriptor, folder, { signal });
      try {
        return (await loaded).dataset;
      } catch (error) {
        loaded = undefined;
        throw error;
      }
    },
    close: () => engine.close(),
  };
}

/**
 * One institution of the bank's own database.
 * @param keepMs how long users that were read serve further rounds; 0: each round reads them anew
 * @throws {ConcordError} NOT_FOUND where it has no such institution, CONFIGURATION, UNAVAILABLE
 */
export async function dataOfInstitution(code: string, onStep: (step: string) => void, keepMs = 0): Promise<LocalData> {
  const runtime = await createRuntime(readConfig(), { onStep });
  const { engine, services } = runtime;
  const id = await services.institutions.idOf(code);
  if (!id) {
    await runtime.close();
    throw new ConcordError('NOT_FOUND', `There is no institution with the code ${code}.`);
  }
  let kept: { readonly task: Task; readonly until: number; readonly dataset: Dataset } | undefined;
  return {
    engine,
    async dataset(task, signal) {
      if (kept?.task === task && performance.now() < kept.until) return kept.dataset;
      const data = await services.training.read(localViewer(id), [task], [{ id, code }], { signal });
      kept = { task, until: performance.now() + keepMs, dataset: data.get(task)!.buildPrivate(code) };
      return kept.dataset;
    },
    close: () => runtime.close(),
  };
}
