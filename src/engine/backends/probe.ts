import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import type { Backend, BackendName, BackendReport } from './backend.js';

/** Where an optional package starts, or undefined where it is not installed. */
export function findPackage(name: string): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

export const unavailable = (name: BackendName, reason: string): BackendReport => ({
  name,
  available: false,
  software: false,
  reason,
});

/** For backends that can be opened in this process at no risk. */
export async function probeByOpening(name: BackendName, open: () => Promise<Backend>): Promise<BackendReport> {
  try {
    const backend = await open();
    await backend.dispose();
    return { name, available: true, software: false, device: backend.device };
  } catch (error) {
    return unavailable(name, `It does not load here: ${(error as Error).message}`);
  }
}

export type ProbeResult<T> = { readonly found: T } | { readonly failure: string };

const TIMEOUT_MS = 60_000;

/**
 * Asks a driver in a process of its own: a broken graphics driver may crash the process that opens it, and drivers
 * write warnings straight to stderr. The script, ESM, gets `argument` as process.argv[1] and writes JSON to stdout.
 */
export function probeApart<T>(script: string, argument: string): Promise<ProbeResult<T>> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--input-type=module', '--eval', script, '--', argument],
      { timeout: TIMEOUT_MS, windowsHide: true },
      (error, stdout, stderr) => {
        if (error?.killed) resolve({ failure: `no answer within ${TIMEOUT_MS / 1000} s` });
        else if (error?.signal) resolve({ failure: `its driver crashed with ${error.signal}` });
        else if (error) resolve({ failure: lastErrorLine(stderr) });
        else resolve({ found: JSON.parse(stdout.slice(stdout.lastIndexOf('\n') + 1)) as T });
      },
    );
  });
}

const lastErrorLine = (stderr: string): string =>
  stderr.split('\n').find((line) => /^\w*Error/.test(line)) ?? 'it failed without a message';
