import type { Dataset, UserRow } from '../engine/data/dataset.js';
import { ColumnBuilder } from './training-columns.js';

/** Events of users, as they are read. */
export class EventsBuilder {
  private readonly columns = new Map<string, ColumnBuilder>();
  /** By user: where the events begin among all, and how many they are. */
  private readonly places: { readonly first: number; readonly count: number }[] = [];
  private size = 0;

  /** @param user position of the user. @param events absent where none are read at all */
  set(user: number, events: UserRow['events'] = []): void {
    this.places[user] = { first: this.size, count: events.length };
    for (const event of events) {
      for (const name in event) {
        // What no event has is no column: of what kind it is nobody knows.
        if (event[name] === null) continue;
        const column = this.columns.get(name) ?? new ColumnBuilder(name);
        this.columns.set(name, column);
        column.set(this.size, event[name]);
      }
      this.size++;
    }
  }

  /**
   * @param order users by position, in the order of the data set
   * @returns nothing where nobody has an event
   */
  build(order: Int32Array): Pick<Dataset, 'sequences'> {
    if (this.size === 0) return {};
    const offsets = new Int32Array(order.length + 1);
    order.forEach((user, row) => {
      offsets[row + 1] = offsets[row] + this.places[user].count;
    });
    const events = new Int32Array(offsets[order.length]);
    order.forEach((user, row) => {
      for (let event = 0; event < this.places[user].count; event++)
        events[offsets[row] + event] = this.places[user].first + event;
    });
    return {
      sequences: {
        offsets,
        columns: [...this.columns.keys()].sort().map((name) => this.columns.get(name)!.build(events)),
      },
    };
  }
}
