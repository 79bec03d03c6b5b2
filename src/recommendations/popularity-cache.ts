import type { Popularity } from './popularity.js';

interface Entry {
  value: Promise<Popularity>;
  at: number;
  refreshing: boolean;
}

const FRESH_MS = 5 * 60_000;

/** Owner counts of each institution, at most five minutes old when asked for often; older ones are served while new ones are counted. */
export class PopularityCache {
  private readonly entries = new Map<string, Entry>();

  /** @param now milliseconds, for tests */
  constructor(
    private readonly count: (institutionId: string) => Promise<Popularity>,
    private readonly now: () => number = Date.now,
  ) {}

  get(institutionId: string): Promise<Popularity> {
    const entry = this.entries.get(institutionId);
    if (!entry) return this.first(institutionId);
    if (this.now() - entry.at > FRESH_MS && !entry.refreshing) this.refresh(institutionId, entry);
    return entry.value;
  }

  private first(institutionId: string): Promise<Popularity> {
    const value = this.count(institutionId);
    this.entries.set(institutionId, { value, at: this.now(), refreshing: false });
    value.catch(() => this.entries.delete(institutionId)); // whoever asked has the error; the next one counts again
    return value;
  }

  private refresh(institutionId: string, entry: Entry): void {
    entry.refreshing = true;
    this.count(institutionId)
      .then(
        (popularity) => {
          entry.value = Promise.resolve(popularity);
          entry.at = this.now();
        },
        () => undefined, // the older counts serve until the database answers again
      )
      .finally(() => {
        entry.refreshing = false;
      });
  }
}
