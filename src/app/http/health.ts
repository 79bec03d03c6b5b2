import type { Lifecycle } from '../lifecycle.js';

/** @returns what there is to say where it is well. Throws where it is not. */
export type Check = () => Promise<unknown>;

export interface CheckReport {
  readonly ok: boolean;
  readonly detail?: unknown;
}

export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, CheckReport>>;
}

const TIMEOUT_MS = 2000;

/** Runs all checks at once; each has two seconds. What a check throws is named by its message only where it is meant to be read. */
export async function readiness(lifecycle: Lifecycle, checks: Readonly<Record<string, Check>>): Promise<Readiness> {
  const reports: Record<string, CheckReport> = { server: serverReport(lifecycle) };
  await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      reports[name] = await report(check);
    }),
  );
  return { ready: Object.values(reports).every(({ ok }) => ok), checks: reports };
}

function serverReport(lifecycle: Lifecycle): CheckReport {
  if (lifecycle.phase === 'ready') return { ok: true };
  return { ok: false, detail: lifecycle.phase === 'starting' ? lifecycle.step : lifecycle.phase };
}

async function report(check: Check): Promise<CheckReport> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('It does not answer.')), TIMEOUT_MS);
  });
  try {
    const detail = await Promise.race([check(), tooLong]);
    return { ok: true, ...(detail !== undefined && { detail }) };
  } catch (error) {
    return { ok: false, detail: (error as Error).message };
  } finally {
    clearTimeout(timer);
  }
}
