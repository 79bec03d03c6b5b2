import type { NumericColumn, Sequences } from '../../../engine/data/dataset.js';
import type { Attribute, Value } from '../tables/attribute.js';
import { columnOf } from './columns.js';

const DAY_MS = 86_400_000;

/** Columns of every event: days from it to the moment of the prediction, and since the user's event before it. */
export const TIME_COLUMNS = ['daysBefore', 'gapDays'] as const;

interface Kept {
  readonly time: number;
  readonly values: readonly Value[];
}

/** The latest events of each user, as they come in any order. Only what was before the moment of a user's prediction may be added. */
export class LatestEvents {
  private readonly events: Kept[][] = [];
  private readonly moments: number[] = [];

  /** @param last events of a user that are kept */
  constructor(private readonly last: number) {}

  /** @param moment of the prediction, in milliseconds since 1970; NaN = no event may be read */
  addUser(moment: number): void {
    this.events.push([]);
    this.moments.push(moment);
  }

  /** @returns whether there is one more event now; else the event, or an older one, has been left out. */
  add(user: number, time: number, values: readonly Value[]): boolean {
    const kept = this.events[user]!;
    let place = kept.length;
    while (place > 0 && kept[place - 1]!.time > time) place--;
    const isFull = kept.length === this.last;
    if (isFull && place === 0) return false;
    kept.splice(place, 0, { time, values });
    if (isFull) kept.shift();
    return !isFull;
  }

  build(attributes: readonly Attribute[]): Sequences {
    const offsets = new Int32Array(this.events.length + 1);
    this.events.forEach((kept, user) => {
      offsets[user + 1] = offsets[user]! + kept.length;
    });
    const all = this.events.flat();
    const columns = attributes.map((attribute, i) =>
      columnOf(
        attribute,
        all.map(({ values }) => values[i]!),
      ),
    );
    const [daysBefore, gapDays] = TIME_COLUMNS.map(
      (name): NumericColumn => ({ kind: 'numeric', name, values: new Float64Array(all.length) }),
    );
    this.events.forEach((kept, user) => {
      kept.forEach(({ time }, event) => {
        const place = offsets[user]! + event;
        daysBefore!.values[place] = (this.moments[user]! - time) / DAY_MS;
        gapDays!.values[place] = event === 0 ? Number.NaN : (time - kept[event - 1]!.time) / DAY_MS;
      });
    });
    return { offsets, columns: [...columns, daysBefore!, gapDays!] };
  }
}
