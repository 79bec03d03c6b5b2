import type { Database } from '../database/database.js';
import { ConcordError } from '../errors.js';
import type { EventsStore, StoredEvent } from './events.store.js';
import { writtenProfile } from './profile.js';
import type { ProfilesStore } from './profiles.store.js';
import { applyEvents, emptyState, type ProfileState } from './state.js';

const PAGE = 500;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

interface Modules {
  readonly database: Database;
  readonly store: ProfilesStore;
  readonly events: EventsStore;
  readonly now: () => Date;
}

/** Computes profiles anew, a page of users in a transaction. See ProfilesService.rebuild. */
export async function rebuildProfiles(
  modules: Modules,
  institutionId: string,
  options: {
    readonly userIds?: readonly string[];
    readonly signal?: AbortSignal;
    readonly onProgress?: (figures: { readonly users: number; readonly events: number }) => void;
  },
): Promise<{ users: number; events: number }> {
  const total = { users: 0, events: 0 };
  const pages = options.userIds ? chunks(options.userIds) : everyone(modules.store, institutionId);
  for await (const userIds of pages) {
    if (options.signal?.aborted) throw new ConcordError('CANCELLED', 'Rebuilding profiles was cancelled.');
    const page = await rebuildPage(modules, institutionId, userIds);
    total.users += page.users;
    total.events += page.events;
    options.onProgress?.({ ...total });
  }
  return total;
}

/** Users who have neither events nor a profile nor answers are passed over: there is nothing to write. */
async function rebuildPage(modules: Modules, institutionId: string, userIds: readonly string[]) {
  return modules.database.tenant(
    institutionId,
    async (manager) => {
      await modules.events.lockUsers(manager, institutionId, userIds);
      const states = new Map<string, ProfileState>();
      let events = 0;
      for await (const chunk of modules.events.stream(manager, institutionId, userIds)) {
        events += chunk.length;
        for (const [userId, those] of runs(chunk))
          states.set(userId, applyEvents(states.get(userId) ?? emptyState(), those));
      }
      const rows = await modules.store.locked(manager, institutionId, userIds);
      const now = modules.now();
      const profiles = rows
        .filter((row) => states.has(row.userId) || row.state !== null || row.questionnaire)
        .map((row) => writtenProfile(row.userId, states.get(row.userId) ?? emptyState(), row.questionnaire, now));
      await modules.store.write(manager, institutionId, profiles);
      return { users: profiles.length, events };
    },
    { long: true, retries: 3 },
  );
}

/** Events in runs of the same user. */
function* runs(events: readonly StoredEvent[]): Generator<[string, readonly StoredEvent[]]> {
  for (let start = 0; start < events.length; ) {
    let end = start + 1;
    while (end < events.length && events[end].userId === events[start].userId) end++;
    yield [events[start].userId, events.slice(start, end)];
    start = end;
  }
}

function* chunks(ids: readonly string[]): Generator<readonly string[]> {
  for (let start = 0; start < ids.length; start += PAGE) yield ids.slice(start, start + PAGE);
}

async function* everyone(store: ProfilesStore, institutionId: string): AsyncGenerator<readonly string[]> {
  for (let after = FIRST_ID; ; ) {
    const ids = await store.userIds(institutionId, after, PAGE);
    if (ids.length > 0) yield ids;
    if (ids.length < PAGE) return;
    after = ids[ids.length - 1];
  }
}
