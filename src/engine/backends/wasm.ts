import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import type { Backend, BackendDriver } from './backend.js';
import { probeByOpening } from './probe.js';
import { eagerBackend, exclusively, loadTensorFlow } from './tfjs.js';

/** TensorFlow.js in WebAssembly with SIMD, one thread. */
async function open(): Promise<Backend> {
  const tf = await loadTensorFlow();
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'));
  await exclusively(async () => {
    if (tf.engine().registry.wasm !== undefined) return;
    // Threads would be workers of its own, which outlive the backend.
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    setWasmPaths(join(folder, 'wasm-out') + sep);
    await withoutNewListeners(() => tf.setBackend('wasm'));
  });
  return eagerBackend({ tf, name: 'wasm', device: `TensorFlow.js ${tf.version_core}, WebAssembly, 1 thread` });
}

const FATAL = ['uncaughtException', 'unhandledRejection'] as const;

/**
 * The compiled module puts listeners on the process that rethrow whatever goes wrong anywhere, under its own source text of
 * 200 kB: how a process dies is for its owner to say.
 */
async function withoutNewListeners(load: () => Promise<unknown>): Promise<void> {
  const before = FATAL.map((event) => new Set(process.listeners(event as 'uncaughtException')));
  await load();
  FATAL.forEach((event, index) => {
    for (const listener of process.listeners(event as 'uncaughtException'))
      if (!before[index].has(listener)) process.off(event, listener);
  });
}

export const wasm: BackendDriver = { open, probe: () => probeByOpening('wasm', open) };
