import type { LabelledScores } from './weighted-binary.js';

/** Curves of a risk model over all thresholds. Equal scores are one step: what a random order among them gives on average. */

/** After all users of at least this score have been taken, best first. */
interface Taken {
  readonly threshold: number;
  readonly users: number;
  readonly events: number;
}

function takenOf({ labels, probabilities }: LabelledScores): Taken[] {
  const order = Uint32Array.from({ length: probabilities.length }, (_, user) => user).sort(
    (a, b) => probabilities[b] - probabilities[a],
  );
  const taken: Taken[] = [];
  let events = 0;
  order.forEach((user, place) => {
    if (labels[user] === 1) events++;
    if (probabilities[user] === probabilities[order[place + 1]]) return;
    taken.push({ threshold: probabilities[user], users: place + 1, events });
  });
  return taken;
}

export interface CurvePoint {
  readonly x: number;
  readonly y: number;
  /** The event is predicted from this probability on; absent where nothing is predicted. */
  readonly threshold?: number;
}

/** x = share of the users without the event that are taken, y = of those with it (receiver operating characteristic). */
export function rocCurve(scores: LabelledScores): CurvePoint[] {
  const taken = takenOf(scores);
  const { users: all = 0, events: positives = 0 } = taken.at(-1) ?? {};
  const points = taken.map(({ threshold, users, events }) => ({
    x: (users - events) / (all - positives),
    y: events / positives,
    threshold,
  }));
  return thinned([{ x: 0, y: 0 }, ...points]);
}

/** x = recall, y = precision. */
export function precisionRecallCurve(scores: LabelledScores): CurvePoint[] {
  const taken = takenOf(scores);
  const positives = taken.at(-1)?.events ?? 0;
  return thinned(
    taken
      .filter(({ events }) => events > 0)
      .map(({ threshold, users, events }) => ({ x: events / positives, y: events / users, threshold })),
  );
}

/** x = share of users taken, y = share of the events among them. */
export function gainsCurve(scores: LabelledScores): CurvePoint[] {
  const taken = takenOf(scores);
  const { users: all = 0, events: positives = 0 } = taken.at(-1) ?? {};
  const points = taken.map(({ threshold, users, events }) => ({ x: users / all, y: events / positives, threshold }));
  return [{ x: 0, y: 0 }, ...points];
}

/** A band of users of neighbouring scores. */
export interface ScoreBand {
  /** Expected where equal scores lie on both sides of its edge. */
  readonly users: number;
  readonly events: number;
  /** Events ÷ users. */
  readonly rate: number;
  /** Least probability in it. */
  readonly from: number;
  /** Share of all events in this band and those above. */
  readonly captured: number;
  /** Event rate of this band and those above ÷ event rate of all. */
  readonly lift: number;
}

/** Users by falling probability in bands of equal size: the table by which cut-offs are chosen. */
export function scoreBands(scores: LabelledScores, bands = 10): ScoreBand[] {
  const gains = gainsCurve(scores);
  const users = scores.probabilities.length;
  const positives = takenOf(scores).at(-1)?.events ?? 0;
  return Array.from({ length: bands }, (_, band) => {
    const [start, end] = [band / bands, (band + 1) / bands];
    const captured = heightAt(gains, end);
    const events = (captured - heightAt(gains, start)) * positives;
    return {
      users: users / bands,
      events,
      rate: (events * bands) / users,
      from: (gains.find(({ x }) => x >= end - 1e-12) ?? gains[gains.length - 1]).threshold ?? Number.NaN,
      captured,
      lift: captured / end,
    };
  });
}

/** Height of a line of points of rising x. */
export function heightAt(points: readonly CurvePoint[], x: number): number {
  const next = points.findIndex((point) => point.x >= x - 1e-12);
  if (next < 0) return points[points.length - 1].y;
  if (next === 0) return points[0].y;
  const [left, right] = [points[next - 1], points[next]];
  return left.y + ((right.y - left.y) * (x - left.x)) / (right.x - left.x);
}

/** A plot shows no more. */
const RESOLUTION = 1 / 200;

/** Points that a plot can tell apart, and the last. */
export function thinned(points: readonly CurvePoint[]): CurvePoint[] {
  const kept: CurvePoint[] = [];
  for (const [place, point] of points.entries()) {
    const last = kept[kept.length - 1];
    const moved = !last || Math.abs(point.x - last.x) >= RESOLUTION || Math.abs(point.y - last.y) >= RESOLUTION;
    if (moved || place === points.length - 1) kept.push(point);
  }
  return kept;
}
