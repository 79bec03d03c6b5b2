import type { RoundWork } from './round-work.js';

export interface RoundTicker {
  /** Ends the pass under way: nothing of what it has not finished remains, and the next server begins it anew. */
  stop(): Promise<void>;
}

/** Deadlines are looked at this often; work that a round has come to is announced, and begins at once. */
const EVERY_MS = 1000;
/** Where passes fail, they come at growing intervals up to this. */
const SLOWEST_MS = 30_000;

/**
 * Passes over what is due, for ever. What is due stands in the rounds alone: after a crash, here or of the database, the next pass of any
 * server goes on (docs/adr/0010).
 */
export async function startRoundTicker(
  { work, listen }: { readonly work: RoundWork; readonly listen: (wake: () => void) => Promise<() => Promise<void>> },
  onError: (error: unknown) => void,
): Promise<RoundTicker> {
  const stopped = new AbortController();
  let wanted = false;
  let wait = EVERY_MS;
  let timer: NodeJS.Timeout | undefined;
  let passing: Promise<void> | undefined;

  async function pass(): Promise<void> {
    wanted = false;
    let failed = false;
    const onFailure = (error: unknown) => {
      if (stopped.signal.aborted) return; // the work was told to end
      failed = true;
      onError(error);
    };
    await work.runDue(onFailure, stopped.signal).catch(onFailure);
    wait = failed ? Math.min(SLOWEST_MS, 2 * wait) : EVERY_MS;
  }

  function tick(): void {
    clearTimeout(timer);
    if (stopped.signal.aborted) return;
    passing = pass().finally(() => {
      passing = undefined;
      if (!stopped.signal.aborted) timer = setTimeout(tick, wanted ? 0 : wait).unref();
    });
  }

  const end = await listen(() => {
    wanted = true;
    if (!passing) tick();
  });
  tick();
  return {
    async stop() {
      stopped.abort();
      clearTimeout(timer);
      await end();
      await passing;
    },
  };
}
