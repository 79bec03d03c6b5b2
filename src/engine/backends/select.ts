import { ConcordError } from '../../errors.js';
import {
  BACKENDS,
  type Backend,
  type BackendDriver,
  type BackendName,
  type BackendOptions,
  type BackendReport,
} from './backend.js';
import { cpu } from './cpu.js';
import { onnxruntime } from './onnxruntime.js';
import { tensorflow } from './tensorflow.js';
import { wasm } from './wasm.js';
import { webgpu } from './webgpu.js';

const DRIVERS: Readonly<Record<BackendName, BackendDriver>> = { tensorflow, webgpu, onnxruntime, wasm, cpu };

/** Every backend, in the order in which they are preferred: what it would run on, or why it does not run. Never throws. */
export function probeBackends(options?: BackendOptions): Promise<BackendReport[]> {
  return Promise.all(BACKENDS.map((name) => DRIVERS[name].probe(options)));
}

/**
 * Opens the backend named, or with 'auto' the first in the order of BACKENDS that is at home here.
 * Throws CONFIGURATION, with the reason, where the named one is not available.
 */
export async function openBackend(choice: BackendName | 'auto', options?: BackendOptions): Promise<Backend> {
  if (choice === 'auto') return DRIVERS[await chooseBackend(options)].open(options);
  if (!Object.hasOwn(DRIVERS, choice))
    throw new ConcordError('CONFIGURATION', `No backend is called ${choice}: there are ${BACKENDS.join(', ')}.`);
  await requireBackend(choice, options);
  return DRIVERS[choice].open(options);
}

/** Throws CONFIGURATION, with the reason, where the backend is not available here. */
export async function requireBackend(name: BackendName, options?: BackendOptions): Promise<void> {
  const { available, reason } = await DRIVERS[name].probe(options);
  if (!available)
    throw new ConcordError('CONFIGURATION', `The backend ${name} cannot be used. ${reason}`, { backend: name });
}

/** The name of the backend that 'auto' stands for on this machine. */
export async function chooseBackend(options?: BackendOptions): Promise<BackendName> {
  for (const name of BACKENDS) {
    const { available, software } = await DRIVERS[name].probe(options);
    if (available && !software) return name;
  }
  throw new ConcordError('CONFIGURATION', 'No tensor backend runs on this machine; `concord doctor` says why.');
}
