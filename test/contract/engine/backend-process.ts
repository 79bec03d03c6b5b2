import { writeSync } from 'node:fs';
import { BACKENDS, type BackendName } from '../../../src/engine/backends/backend.js';
import { openBackend, probeBackends } from '../../../src/engine/backends/select.js';
import { checkBackend } from './check.js';

/**
 * Run by the contract test in a process of its own. Without an argument, writes what backends there are, as JSON; with
 * the name of one, what became of every case on it. WebGPU's package cannot be loaded inside jest, a driver that crashes
 * fails its own tests alone, and arithmetic in JavaScript is many times slower in jest's sandbox.
 */
async function main(name: string | undefined): Promise<unknown> {
  if (!BACKENDS.includes(name as BackendName)) return probeBackends();
  const backend = await openBackend(name as BackendName);
  try {
    return await checkBackend(backend);
  } finally {
    await backend.dispose();
  }
}

main(process.argv[2]).then((result) => writeSync(1, `\n${JSON.stringify(result)}`));
