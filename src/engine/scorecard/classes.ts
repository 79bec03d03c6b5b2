/** Users of one class: how many, and how many of them with the event. */
export interface Counts {
  readonly users: number;
  readonly events: number;
}

/** Neighbouring classes taken together. */
export interface Group extends Counts {
  /** Places of the classes, ascending. */
  readonly classes: readonly number[];
}

/** How the event rate may run along a column's values. auto: the better of rising and falling. */
export const SHAPES = ['auto', 'rising', 'falling', 'u', 'hump', 'free'] as const;
export type Shape = (typeof SHAPES)[number];

export interface Merging {
  /** Users of a group, at least. */
  readonly leastUsers: number;
  /** Neighbours whose event rates differ by less than this χ² (one degree of freedom) become one. */
  readonly leastChiSquare: number;
  readonly mostGroups: number;
}

const rateOf = ({ users, events }: Counts): number => events / Math.max(1, users);

/**
 * Coarse classes of fine ones that have an order: first the shape, by pooling adjacent violators (Ayer et al. 1955), which is the most likely
 * of all such; then small groups and those that hardly differ are joined to the neighbour they are most like, which keeps the shape of the rates
 * rising or falling.
 */
export function groupOrdered(classes: readonly Counts[], shape: Shape, merging: Merging): Group[] {
  const all = classes.map((counts, place): Group => ({ ...counts, classes: [place] }));
  return mergeAlike(shaped(all, shape), merging);
}

/** Coarse classes of fine ones without an order: neighbours by their smoothed event rate. */
export function groupUnordered(classes: readonly Counts[], smoothing: number, merging: Merging): Group[] {
  const users = classes.reduce((sum, counts) => sum + counts.users, 0);
  const base = classes.reduce((sum, { events }) => sum + events, 0) / Math.max(1, users);
  const smoothed = (counts: Counts) => (counts.events + smoothing * base) / (counts.users + smoothing);
  const sorted = classes
    .map((counts, place): Group => ({ ...counts, classes: [place] }))
    .sort((a, b) => smoothed(a) - smoothed(b) || a.classes[0] - b.classes[0]);
  return mergeAlike(sorted, merging);
}

function shaped(groups: readonly Group[], shape: Shape): Group[] {
  switch (shape) {
    case 'free':
      return [...groups];
    case 'rising':
    case 'falling':
      return pooled(groups, shape);
    case 'auto':
      return mostLikely([pooled(groups, 'rising'), pooled(groups, 'falling')]);
    default: {
      const [before, after] = shape === 'u' ? (['falling', 'rising'] as const) : (['rising', 'falling'] as const);
      return mostLikely(
        Array.from({ length: groups.length + 1 }, (_, turn) => [
          ...pooled(groups.slice(0, turn), before),
          ...pooled(groups.slice(turn), after),
        ]),
      );
    }
  }
}

/** Joins neighbours until rates run one way. */
function pooled(groups: readonly Group[], direction: 'rising' | 'falling'): Group[] {
  const sign = direction === 'rising' ? 1 : -1;
  const result: Group[] = [];
  for (const group of groups) {
    let last = group;
    while (result.length > 0 && sign * (rateOf(result[result.length - 1]) - rateOf(last)) >= 0)
      last = joined(result.pop() as Group, last);
    result.push(last);
  }
  return result;
}

function mostLikely(candidates: readonly Group[][]): Group[] {
  const likelihoods = candidates.map((groups) => groups.reduce((sum, group) => sum + logLikelihood(group), 0));
  return candidates[likelihoods.indexOf(Math.max(...likelihoods))];
}

function logLikelihood({ users, events }: Counts): number {
  const of = (count: number) => (count > 0 ? count * Math.log(count / users) : 0);
  return of(events) + of(users - events);
}

/** The pair that is least to be told apart is joined, as long as there is one that must be. */
function mergeAlike(groups: Group[], { leastUsers, leastChiSquare, mostGroups }: Merging): Group[] {
  let result = groups;
  while (result.length > 1) {
    const small = result.findIndex(({ users }) => users < leastUsers);
    const pairs = Array.from({ length: result.length - 1 }, (_, place) => place);
    const concerned = small >= 0 ? pairs.filter((place) => place === small || place + 1 === small) : pairs;
    const distances = concerned.map((place) => chiSquare(result[place], result[place + 1]));
    const nearest = distances.indexOf(Math.min(...distances));
    if (small < 0 && distances[nearest] >= leastChiSquare && result.length <= mostGroups) break;
    const place = concerned[nearest];
    result = [...result.slice(0, place), joined(result[place], result[place + 1]), ...result.slice(place + 2)];
  }
  return result;
}

const joined = (a: Group, b: Group): Group => ({
  users: a.users + b.users,
  events: a.events + b.events,
  classes: [...a.classes, ...b.classes].sort((x, y) => x - y),
});

/** Pearson's, of two groups by event. */
export function chiSquare(a: Counts, b: Counts): number {
  const users = a.users + b.users;
  const events = a.events + b.events;
  const expected = (events * (users - events)) / users ** 2;
  if (!(expected > 0) || a.users === 0 || b.users === 0) return 0;
  return ((rateOf(a) - rateOf(b)) ** 2 / expected) * ((a.users * b.users) / users);
}
