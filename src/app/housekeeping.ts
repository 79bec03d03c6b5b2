import { MAX_PAGE } from '../graphql/relay.js';
import { localViewer } from './composition.js';
import type { Services } from './services.js';

const FIRST_MS = 30_000;
const EVERY_MS = 6 * 3_600_000;
const ERASURES_MS = 5 * 60_000;

export interface Housekeeping {
  stop(): Promise<void>;
}

/**
 * What has to be done beside requests while the server runs. At first the models are loaded and compiled, so that no request waits for
 * it; now and then profiles get the tags that time alone gives or takes, drift is measured, and erased users are taken
 * out of the models that had learnt from them. Several servers on one database do it twice, to no harm.
 * @param onError a round has failed; the next comes all the same
 */
export function startHousekeeping(services: Services, onError: (error: unknown) => void): Housekeeping {
  const controller = new AbortController();
  const { signal } = controller;
  const timers = new Set<NodeJS.Timeout>();
  /** What fails is told, and keeps nothing else from being done. */
  const attempt = (work: Promise<unknown>): Promise<unknown> =>
    work.catch((error) => {
      if (!signal.aborted) onError(error);
    });
  let round = attempt(forAll(services, signal, ({ id }) => services.recommendations.warmUp(id)));
  /** One round after the other, whichever timers are due. */
  const repeat = (firstMs: number, everyMs: number, work: () => Promise<unknown>): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      round = round
        .then(() => (signal.aborted ? undefined : work()))
        .finally(() => {
          if (!signal.aborted) repeat(everyMs, everyMs, work);
        });
    }, firstMs).unref();
    timers.add(timer);
  };
  repeat(FIRST_MS, EVERY_MS, async () => {
    await attempt(refreshAll(services, signal));
    await attempt(placeAll(services, signal));
    await attempt(forAll(services, signal, ({ id }) => attempt(services.oversight.drift.watch(id, signal))));
  });
  repeat(ERASURES_MS, ERASURES_MS, () =>
    attempt(forAll(services, signal, (member) => attempt(services.erasureWork.runDue(member, signal)))),
  );
  return {
    async stop() {
      controller.abort();
      for (const timer of timers) clearTimeout(timer);
      await round;
    },
  };
}

const refreshAll = (services: Services, signal: AbortSignal): Promise<void> =>
  forAll(services, signal, ({ id }) => services.profiles.refresh(localViewer(id), { signal }));

/** Embeddings of users who are new or have changed. */
const placeAll = (services: Services, signal: AbortSignal): Promise<void> =>
  forAll(services, signal, ({ id }) => services.embeddings.refresh(localViewer(id), { signal }));

async function forAll(
  { institutions }: Services,
  signal: AbortSignal,
  work: (institution: { readonly id: string; readonly code: string }) => Promise<unknown>,
): Promise<void> {
  for (let after: string | undefined; ; ) {
    const members = await institutions.list(localViewer(), { first: MAX_PAGE, after });
    for (const member of members.slice(0, MAX_PAGE)) {
      if (signal.aborted) return;
      await work(member);
    }
    if (members.length <= MAX_PAGE) return;
    after = members[MAX_PAGE - 1].code;
  }
}
