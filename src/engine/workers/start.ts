import { Worker } from 'node:worker_threads';

export type EntryName = 'training-worker' | 'scoring-worker';

/** Sources run through tsx (development, tests), the build as it is. */
export function startWorker(entry: EntryName, workerData: unknown): Worker {
  if (!import.meta.url.endsWith('.ts')) {
    return new Worker(new URL(`./${entry}.js`, import.meta.url), { workerData, execArgv: [] });
  }
  const source = new URL(`./${entry}.ts`, import.meta.url);
  return new Worker(new URL('./run-typescript.mjs', import.meta.url), {
    workerData,
    argv: [source.href],
    execArgv: [],
  });
}
