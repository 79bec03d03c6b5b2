import { INSTITUTIONS } from '../demo/institutions.js';
import { DEMO_MODELS } from '../demo/models.js';
import { seedDemo } from '../demo/seed.js';
import type { Progress } from '../engine/engine.js';
import { localViewer, type Runtime } from './composition.js';

export interface DemoOptions {
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

/**
 * Generates the demo consortium where the database is empty, and trains the shared models that it lacks. Interrupted, it goes
 * on at the next start.
 * @throws {ConcordError} CANCELLED where the signal fires
 */
export async function prepareDemo({ database, services }: Runtime, { onProgress, signal }: DemoOptions): Promise<void> {
  await seedDemo({ database, signal, onProgress: (stage, fraction) => onProgress({ stage, fraction }) });
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

async function demoMembers({ institutions }: Runtime['services']): Promise<{ id: string; code: string }[]> {
  const found = await Promise.all(INSTITUTIONS.map(async ({ code }) => ({ code, id: await institutions.idOf(code) })));
  return found.filter((member): member is { id: string; code: string } => member.id !== undefined);
}
