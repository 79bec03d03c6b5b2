import { setTimeout as sleep } from 'node:timers/promises';
import { INSTITUTIONS } from '../demo/institutions.js';
import { DEMO_MODELS, DEMO_PROFILES } from '../demo/models.js';
import { seedDemo } from '../demo/seed.js';
import type { Progress } from '../engine/engine.js';
import { localViewer, type Runtime } from './composition.js';
import type { Services } from './services.js';

export interface DemoOptions {
  readonly onProgress: (progress: Progress) => void;
  /** Ends it where it stands; the next start goes on. */
  readonly signal: AbortSignal;
  /** Until when the start waits for the models, on the clock of performance.now(). Generating the data counts. */
  readonly waitUntil: number;
  /** The models are not ready yet, and the server is to serve without them: fallbacks answer until they are. */
  readonly onLate: () => void;
  /** Training has failed after the start. */
  readonly onError: (error: unknown) => void;
}

export interface Demo {
  /** Over when the shared models are there, or can't be trained. */
  readonly settled: Promise<void>;
  /** Ends training, where it goes on. */
  stop(): Promise<void>;
}

/**
 * Generates the demo consortium where the database is empty, and trains the shared models that it lacks. The data are there when
 * this returns; the models, unless they take longer than the start can wait.
 * @throws {ConcordError} CANCELLED where the signal fires
 */
export async function startDemo(runtime: Runtime, options: DemoOptions): Promise<Demo> {
  const { onProgress, waitUntil, onLate, onError } = options;
  const stopped = new AbortController();
  const signal = AbortSignal.any([options.signal, stopped.signal]);
  const onStage = (stage: string, fraction: number) => onProgress({ stage, fraction });
  await seedDemo({ database: runtime.database, signal, onProgress: onStage });

  const trained = trainModels(runtime, onProgress, signal);
  const patience = new AbortController();
  const late = sleep(Math.max(0, waitUntil - performance.now()), true, { signal: patience.signal }).catch(() => false);
  if (await Promise.race([trained.then(() => false), late])) onLate();
  patience.abort();
  const tell = (error: unknown) => {
    if (!signal.aborted) onError(error);
  };
  const settled = trained.catch(tell);
  const rest = settled.then(() => placeUsers(runtime, signal)).catch(tell);
  return {
    settled,
    async stop() {
      stopped.abort();
      await rest;
    },
  };
}

async function trainModels(
  { services }: Runtime,
  onProgress: DemoOptions['onProgress'],
  signal: AbortSignal,
): Promise<void> {
  const members = await demoMembers(services);
  if (members.length < INSTITUTIONS.length) return; // a database of somebody's own
  const viewer = localViewer();
  const active = await Promise.all(DEMO_MODELS.map(({ task }) => services.models.active(viewer, task)));
  const missing = DEMO_MODELS.filter((_, i) => !active[i]);
  if (missing.length === 0) return;
  const tasks = missing.map(({ task }) => task);
  const data = await services.training.read(viewer, tasks, members, { onProgress, signal });
  for (const { task, model, settings } of missing) {
    const request = { task, model, institutions: members, own: false, activate: true };
    await services.training.train(viewer, request, { onProgress, signal, settings, data: data.get(task) });
  }
}

/** Profile models of the institutions that lack one, each from its own users. Nobody waits for them. */
async function placeUsers({ services }: Runtime, signal: AbortSignal): Promise<void> {
  for (const { id, code } of await demoMembers(services)) {
    const viewer = localViewer(id);
    if (!(await services.embeddings.has(viewer)))
      await services.embeddings.train(viewer, code, { signal, settings: DEMO_PROFILES });
  }
}

/** Those of the three institutions that are there. */
export async function demoMembers({
  institutions,
}: Pick<Services, 'institutions'>): Promise<{ id: string; code: string }[]> {
  const found = await Promise.all(INSTITUTIONS.map(async ({ code }) => ({ code, id: await institutions.idOf(code) })));
  return found.filter((member): member is { id: string; code: string } => member.id !== undefined);
}
