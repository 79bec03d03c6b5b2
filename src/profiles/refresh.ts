import type { Database } from '../database/database.js';
import { ConcordError } from '../errors.js';
import type { EventsStore } from './events.store.js';
import { profileOf, writtenProfile } from './profile.js';
import type { ProfilesStore, TaggedRow } from './profiles.store.js';
import { emptyState } from './state.js';

/** So few that computing their tags does not hold up the thread that serves. */
const PAGE = 200;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

interface Modules {
  readonly database: Database;
  readonly store: ProfilesStore;
  readonly events: EventsStore;
  readonly now: () => Date;
}

/** Stores the tags that time alone has given or taken. See ProfilesService.refresh. */
export async function refreshProfiles(
  modules: Modules,
  institutionId: string,
  signal: AbortSignal | undefined,
): Promise<{ looked: number; changed: number }> {
  const figures = { looked: 0, changed: 0 };
  for (let after = FIRST_ID; ; ) {
    if (signal?.aborted) throw new ConcordError('CANCELLED', 'Refreshing profiles was cancelled.');
    const rows = await modules.store.tagged(institutionId, after, PAGE);
    const now = modules.now();
    const stale = rows.filter((row) => isStale(row, now)).map((row) => row.userId);
    if (stale.length > 0) await rewrite(modules, institutionId, stale, now);
    figures.looked += rows.length;
    figures.changed += stale.length;
    if (rows.length < PAGE) return figures;
    after = rows[rows.length - 1].userId;
  }
}

/** Rules name days and sums, which change all the time: only which tags there are counts, for only that is searched by. */
function isStale(row: TaggedRow, now: Date): boolean {
  const names = (tags: readonly { readonly tag: string }[]) => tags.map(({ tag }) => tag).join();
  return names(row.tags) !== names(profileOf(row, now).tags);
}

/** Read once more under lock: events may have come since. */
async function rewrite(modules: Modules, institutionId: string, userIds: readonly string[], now: Date): Promise<void> {
  await modules.database.tenant(
    institutionId,
    async (manager) => {
      await modules.events.lockUsers(manager, institutionId, userIds);
      const rows = await modules.store.locked(manager, institutionId, userIds);
      const profiles = rows.map((row) => writtenProfile(row.userId, row.state ?? emptyState(), row.questionnaire, now));
      await modules.store.writeTags(manager, institutionId, profiles);
    },
    { retries: 3 },
  );
}
