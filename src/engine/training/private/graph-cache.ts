import type { Backend, Executable } from '../../backends/backend.js';

/** Compiled graphs by what they are compiled for. */
export type Graphs = Map<string, Executable>;

const kept = new WeakMap<Backend, { readonly key: string; readonly graphs: Graphs }>();

/**
 * The graphs of the model that was trained last on this backend, where it is the one that `key` stands for, else none: a federation trains
 * the same model round after round. They belong to who takes them, because an executable runs one thing at a time.
 */
export function takeGraphs(backend: Backend, key: string): Graphs {
  const found = kept.get(backend);
  if (found?.key !== key) return new Map();
  kept.delete(backend);
  return found.graphs;
}

/** Keeps graphs for the next one, in place of those that were kept. */
export async function keepGraphs(backend: Backend, key: string, graphs: Graphs): Promise<void> {
  const before = kept.get(backend);
  kept.set(backend, { key, graphs });
  for (const executable of before?.graphs.values() ?? []) await executable.dispose();
}
