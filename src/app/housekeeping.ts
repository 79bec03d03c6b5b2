import { MAX_PAGE } from '../graphql/relay.js';
import { localViewer } from './composition.js';
import type { Services } from './services.js';

const FIRST_MS = 30_000;
const EVERY_MS = 6 * 3_600_000;

export interface Housekeeping {
  stop(): Promise<void>;
}

/**
 * What has to be done beside requests while the server runs. At first the models are loaded and compiled, so that no request waits for
 * it; now and then profiles get the tags that time alone gives or takes, and drift is measured. Several servers on one database do it twice, to no harm.
 * @param onError a round has failed; the next comes all the same
 */
export function startHousekeeping(services: Services, onError: (error: unknown) => void): Housekeeping {
  const controller = new AbortController();
  const { signal } = controller;
  let timer: NodeJS.Timeout;
  /** What fails is told, and keeps nothing else from being done. */
  const attempt = (work: Promise<unknown>): Promise<unknown> =>
    work.catch((error) => {
      if (!signal.aborted) onError(error);
    });
  let round = attempt(forAll(services, signal, ({ id }) => services.recommendations.warmUp(id)));
  const schedule = (ms: number) => {
    timer = setTimeout(() => {
      round = round
        .then(() => attempt(refreshAll(services, signal)))
        .then(() => attempt(placeAll(services, signal)))
        .then(() => attempt(forAll(services, signal, ({ id }) => attempt(services.oversight.drift.watch(id, signal)))))
        .finally(() => {
          if (!signal.aborted) schedule(EVERY_MS);
        });
    }, ms).unref();
  };
  schedule(FIRST_MS);
  return {
    async stop() {
      controller.abort();
      clearTimeout(timer);
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
  work: (institution: { readonly id: string }) => Promise<unknown>,
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
