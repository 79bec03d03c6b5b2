import { MAX_PAGE } from '../graphql/relay.js';
import { localViewer } from './composition.js';
import type { Services } from './services.js';

const FIRST_MS = 30_000;
const EVERY_MS = 6 * 3_600_000;

export interface Housekeeping {
  stop(): Promise<void>;
}

/**
 * What has to be done now and then while the server runs: profiles get the tags that time alone gives or takes. Several servers on one
 * database do it twice, to no harm.
 * @param onError a round has failed; the next comes all the same
 */
export function startHousekeeping(services: Services, onError: (error: unknown) => void): Housekeeping {
  const controller = new AbortController();
  let timer: NodeJS.Timeout;
  let round = Promise.resolve();
  const schedule = (ms: number) => {
    timer = setTimeout(() => {
      round = refreshAll(services, controller.signal)
        .catch((error) => {
          if (!controller.signal.aborted) onError(error);
        })
        .finally(() => {
          if (!controller.signal.aborted) schedule(EVERY_MS);
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

async function refreshAll({ institutions, profiles }: Services, signal: AbortSignal): Promise<void> {
  for (let after: string | undefined; ; ) {
    const members = await institutions.list(localViewer(), { first: MAX_PAGE, after });
    for (const { id } of members.slice(0, MAX_PAGE)) await profiles.refresh(localViewer(id), { signal });
    if (members.length <= MAX_PAGE) return;
    after = members[MAX_PAGE - 1].code;
  }
}
