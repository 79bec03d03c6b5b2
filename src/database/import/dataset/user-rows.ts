import type { Place } from '../split.js';
import type { Value } from '../tables/attribute.js';

/** Users as they are read, a list a property. */
export class UserRows {
  readonly ids: string[] = [];
  readonly index = new Map<string, number>();
  readonly values: (readonly Value[])[] = [];
  /** Indices of products owned, each with the time since when (NaN = unknown). */
  readonly owned: Map<number, number>[] = [];
  readonly labels: number[] = [];
  readonly places: (Place | undefined)[] = [];
  /** Of the prediction, where the users' file tells it: milliseconds since 1970; NaN = unknown. */
  readonly moments: (number | undefined)[] = [];
  /** Users who are known, and left out. */
  readonly excluded = new Set<string>();

  /** @returns the user's place in the lists. */
  add(
    id: string,
    values: readonly Value[],
    owned: readonly number[],
    label: number,
    place: Place | undefined,
    moment?: number,
  ): number {
    const at = this.ids.push(id) - 1;
    this.index.set(id, at);
    this.values.push(values);
    this.owned.push(new Map(owned.map((product) => [product, Number.NaN])));
    this.labels.push(label);
    this.places.push(place);
    this.moments.push(moment);
    return at;
  }
}
