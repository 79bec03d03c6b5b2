import { type Shift, shiftOf } from './stability.js';

/** The distribution of a risk model's scores on users that it was not trained on: what later scores are compared with. */
export interface ScoreProfile {
  readonly users: number;
  /** Nine values that cut the scores into tenths; fewer where scores are equal. */
  readonly deciles: readonly number[];
  /** Share of users in each of the parts. */
  readonly shares: readonly number[];
  /** Share of users with the event. */
  readonly events: number;
}

/** @param labels 0 or 1, of the same users */
export function scoreProfile(scores: ArrayLike<number>, labels: ArrayLike<number>): ScoreProfile {
  const sorted = Float64Array.from(scores).sort();
  const cuts = Array.from({ length: 9 }, (_, tenth) => sorted[Math.floor((sorted.length * (tenth + 1)) / 10)]);
  const deciles = cuts.filter((cut, place) => cut > sorted[0] && (place === 0 || cut > cuts[place - 1]));
  let events = 0;
  for (let user = 0; user < labels.length; user++) events += labels[user];
  return { users: scores.length, deciles, shares: partShares(scores, deciles), events: events / labels.length };
}

function partShares(scores: ArrayLike<number>, deciles: readonly number[]): number[] {
  const counts = new Array<number>(deciles.length + 1).fill(0);
  for (let user = 0; user < scores.length; user++) {
    let part = 0;
    while (part < deciles.length && scores[user] >= deciles[part]) part++;
    counts[part]++;
  }
  return counts.map((count) => (scores.length > 0 ? count / scores.length : 0));
}

/** @param scores of the users of now */
export const scoreDrift = (profile: ScoreProfile, scores: ArrayLike<number>): Shift =>
  shiftOf(profile.shares, partShares(scores, profile.deciles), { expected: profile.users, current: scores.length });

/** The share of users with the event, then and now. */
export interface LabelDrift extends Shift {
  readonly expected: number;
  readonly current: number;
  readonly users: number;
}

/** @param labels 0 or 1, of the users of now whose label is known */
export function labelDrift(
  profile: Pick<ScoreProfile, 'users' | 'events'>,
  labels: ArrayLike<number>,
): LabelDrift | undefined {
  if (labels.length === 0) return undefined;
  let events = 0;
  for (let user = 0; user < labels.length; user++) events += labels[user];
  const current = events / labels.length;
  const { events: expected } = profile;
  const shift = shiftOf([expected, 1 - expected], [current, 1 - current], {
    expected: profile.users,
    current: labels.length,
  });
  return { expected, current, users: labels.length, ...shift };
}

/** What was stored with a version; undefined where it is none. */
export function parseScoreProfile(value: unknown): ScoreProfile | undefined {
  const profile = value as ScoreProfile | undefined;
  const numbers = (list: unknown): list is number[] => Array.isArray(list) && list.every(Number.isFinite);
  if (!profile || !numbers(profile.deciles) || !numbers(profile.shares)) return undefined;
  if (profile.shares.length !== profile.deciles.length + 1) return undefined;
  return Number.isFinite(profile.users) && Number.isFinite(profile.events) ? profile : undefined;
}
