import { Worker } from 'node:worker_threads';

export type EntryName = 'training-worker' | 'scoring-worker' | 'noise-worker';

/** A thread of the engine. */
export const startWorker = (entry: EntryName, workerData: unknown): Worker =>
  startThread(import.meta.url, entry, workerData);

/**
 * A thread that runs the module `entry` beside the module at `base`. Sources run through tsx (development, tests), the build as it is.
 * @param base import.meta.url of the module beside it
 */
export function startThread(base: string, entry: string, workerData?: unknown): Worker {
  if (!base.endsWith('.ts')) return new Worker(new URL(`./${entry}.js`, base), { workerData, execArgv: [] });
  return new Worker(new URL('./run-typescript.mjs', import.meta.url), {
    workerData,
    argv: [new URL(`./${entry}.ts`, base).href],
    execArgv: [],
  });
}
