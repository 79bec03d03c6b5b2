import type { Feature } from '../encoders/contract.js';
import { type Counts, type Group, groupOrdered, groupUnordered } from './classes.js';
import type { ScorecardSettings } from './settings.js';
import { orderedSlots, slotOf, slotsOf } from './slots.js';

/** A feature in coarse classes, each with its weight of evidence. */
export interface Binned {
  /** Of each fine class, its group; −1 where training saw nobody. */
  readonly groups: readonly number[];
  readonly counts: readonly Counts[];
  /** Users whose value says nothing: rare, or missing where it hardly ever is. Their weight of evidence is 0. */
  readonly others: Counts;
  /** ln(share of those without the event ÷ share of those with it), smoothed: more = safer. */
  readonly woe: readonly number[];
  /** Information value: Σ (share without − share with) · woe. */
  readonly iv: number;
}

/** @param users training users; @param labels of all users, 0 or 1 */
export function binFeature(
  feature: Feature,
  positions: Float32Array,
  { users, labels }: { readonly users: Int32Array; readonly labels: Float32Array },
  settings: ScorecardSettings,
): Binned {
  const fine = Array.from({ length: slotsOf(feature) }, () => ({ users: 0, events: 0 }));
  const others = { users: 0, events: 0 };
  for (const user of users) {
    const slot = slotOf(feature, positions[user]);
    const counts = slot < 0 ? others : fine[slot];
    counts.users++;
    counts.events += labels[user];
  }
  const groups = coarse(feature, fine, users.length, settings);
  const bySlot = new Array<number>(fine.length).fill(-1);
  groups.forEach(({ classes }, group) => {
    for (const slot of classes) bySlot[slot] = group;
  });
  const events = users.reduce((sum, user) => sum + labels[user], 0);
  const base = events / users.length;
  const woe = groups.map((group) => evidenceOf(group, base, settings.smoothing));
  const iv = groups.reduce((sum, group, place) => {
    const apart = (group.users - group.events) / (users.length - events) - group.events / events;
    return sum + apart * woe[place];
  }, 0);
  return { groups: bySlot, counts: groups, others, woe, iv };
}

/** Classes with an order are joined along it; codes and missing stand for themselves; categories are joined by their rates. */
function coarse(feature: Feature, fine: readonly Counts[], users: number, settings: ScorecardSettings): Group[] {
  const { leastShare, leastChiSquare, mostGroups, smoothing, shapes } = settings;
  const merging = { leastUsers: leastShare * users, leastChiSquare, mostGroups };
  const seen = (places: readonly number[]) => places.filter((place) => fine[place].users > 0);
  const back = (places: readonly number[], groups: readonly Group[]) =>
    groups.map((group) => ({ ...group, classes: group.classes.map((place) => places[place]) }));
  const missing = feature.missing ? fine.length - 1 : fine.length;
  const alone = (places: readonly number[]) => places.map((place): Group => ({ ...fine[place], classes: [place] }));
  if (feature.kind === 'categorical') {
    const places = seen([...fine.keys()].filter((place) => place !== missing));
    const groups = groupUnordered(
      places.map((place) => fine[place]),
      smoothing,
      merging,
    );
    return [...back(places, groups), ...alone(seen([missing].filter((place) => place < fine.length)))];
  }
  const ordered = orderedSlots(feature);
  const places = seen([...Array(ordered).keys()]);
  const shape = (shapes && Object.hasOwn(shapes, feature.column) && shapes[feature.column]) || 'auto';
  const groups = groupOrdered(
    places.map((place) => fine[place]),
    shape,
    merging,
  );
  return [...back(places, groups), ...alone(seen([...fine.keys()].filter((place) => place >= ordered)))];
}

function evidenceOf({ users, events }: Counts, base: number, smoothing: number): number {
  const rate = (events + smoothing * base) / (users + smoothing);
  return Math.log((1 - rate) / rate) - Math.log((1 - base) / base);
}
