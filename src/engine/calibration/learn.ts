import { minimise } from '../stacking/minimise.js';
import type { Calibration, CalibrationChoice, IsotonicCalibration, PlattCalibration } from './calibration.js';
import { calibrate } from './calibration.js';

/** Users whom a model has not learnt from. */
export interface HeldOut {
  /** Log-odds that it gives them. */
  readonly odds: Float64Array;
  /** 0 or 1. */
  readonly labels: Float64Array;
}

/** What was learnt, and the log loss of each way by cross-fitting. */
export interface LearntCalibration {
  /** Absent: the probabilities stay as they are. */
  readonly calibration?: Calibration;
  readonly losses?: Readonly<Record<'none' | 'platt' | 'isotonic', number>>;
}

const FOLDS = 5;
/** On fewer users a curve of many pieces is made of chance. */
const LEAST_FOR_ISOTONIC = 1000;

/**
 * auto: the simplest way whose log loss no more complicated one betters by more than a standard error of the difference, each measured on
 * users that it was not learnt from (5 parts in turn).
 */
export function learnCalibration(heldOut: HeldOut, choice: CalibrationChoice): LearntCalibration {
  if (choice === 'none') return {};
  if (choice !== 'auto') return { calibration: LEARNERS[choice](heldOut) };
  const ways = heldOut.odds.length < LEAST_FOR_ISOTONIC ? (['platt'] as const) : (['platt', 'isotonic'] as const);
  let best: keyof typeof LEARNERS | 'none' = 'none';
  let bestLosses: Float64Array = Float64Array.from(heldOut.odds, (odds, user) => lossOf(odds, heldOut.labels[user]));
  const losses: Record<string, number> = { none: meanOf(bestLosses) };
  for (const way of ways) {
    const own = crossFitted(heldOut, LEARNERS[way]);
    losses[way] = meanOf(own);
    const gains = own.map((loss, user) => bestLosses[user] - loss);
    const mean = meanOf(gains);
    const error = Math.sqrt(meanOf(gains.map((gain) => (gain - mean) ** 2)) / gains.length);
    if (mean > error) {
      best = way;
      bestLosses = own;
    }
  }
  return {
    ...(best !== 'none' && { calibration: LEARNERS[best](heldOut) }),
    losses: losses as LearntCalibration['losses'],
  };
}

const meanOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function lossOf(odds: number, label: number): number {
  const signed = label === 1 ? odds : -odds;
  return signed > 0 ? Math.log1p(Math.exp(-signed)) : Math.log1p(Math.exp(signed)) - signed;
}

function crossFitted({ odds, labels }: HeldOut, learn: (heldOut: HeldOut) => Calibration): Float64Array {
  const result = new Float64Array(odds.length);
  for (let fold = 0; fold < FOLDS; fold++) {
    const others = (values: Float64Array) => values.filter((_, user) => user % FOLDS !== fold);
    const calibration = learn({ odds: others(odds), labels: others(labels) });
    for (let user = fold; user < odds.length; user += FOLDS)
      result[user] = lossOf(calibrate(calibration, odds[user]), labels[user]);
  }
  return result;
}

const LEARNERS = { platt: learnPlatt, isotonic: learnIsotonic } as const;

/** A slope may not become 0, or everybody would be equal. */
const LEAST_SLOPE = 1e-3;

/** Logistic regression on the log-odds, of Platt's smoothed targets: (events + 1) / (events + 2), and 1 / (others + 2). */
function learnPlatt({ odds, labels }: HeldOut): PlattCalibration {
  const { exp, log1p } = Math;
  const events = labels.reduce((sum, label) => sum + label, 0);
  const high = (events + 1) / (events + 2);
  const low = 1 / (labels.length - events + 2);
  const [slope, intercept] = minimise(
    ([slope, intercept]) => {
      let value = 0;
      const gradient = new Float64Array(2);
      const hessian = new Float64Array([1e-9, 0, 0, 1e-9]);
      for (let user = 0; user < odds.length; user++) {
        const target = labels[user] === 1 ? high : low;
        const z = slope * odds[user] + intercept;
        // −target · log p − (1 − target) · log (1 − p)
        value += (z > 0 ? z + log1p(exp(-z)) : log1p(exp(z))) - target * z;
        const probability = 1 / (1 + exp(-z));
        const residual = probability - target;
        const curvature = probability * (1 - probability);
        gradient[0] += residual * odds[user];
        gradient[1] += residual;
        hessian[0] += curvature * odds[user] ** 2;
        hessian[2] += curvature * odds[user];
        hessian[3] += curvature;
      }
      return { value, gradient, hessian };
    },
    Float64Array.of(1, 0),
    1,
  );
  return { method: 'platt', slope: Math.max(LEAST_SLOPE, slope), intercept };
}

/** Pooling adjacent violators; each pool's rate has one user of the mean added, which keeps it from 0 and 1. */
function learnIsotonic({ odds, labels }: HeldOut): IsotonicCalibration {
  const order = Uint32Array.from(odds.keys()).sort((a, b) => odds[a] - odds[b]);
  const base = (labels.reduce((sum, label) => sum + label, 0) + 0.5) / (labels.length + 1);
  const pools: { users: number; events: number; odds: number }[] = [];
  for (const user of order) {
    let pool = { users: 1, events: labels[user], odds: odds[user] };
    for (let last = pools.at(-1); last && joins(last, pool); last = pools.at(-1)) {
      pools.pop();
      pool = { users: last.users + pool.users, events: last.events + pool.events, odds: last.odds + pool.odds };
    }
    pools.push(pool);
  }
  const from: number[] = [];
  const to: number[] = [];
  for (const { users, events, odds: sum } of pools) {
    const rate = (events + base) / (users + 1);
    const logOdds = Math.log(rate / (1 - rate));
    // Small pools are led towards the mean, perhaps beyond their neighbours.
    if (to.length > 0 && logOdds <= to[to.length - 1]) continue;
    from.push(sum / users);
    to.push(logOdds);
  }
  return { method: 'isotonic', from, to };
}

const joins = (
  before: { readonly users: number; readonly events: number; readonly odds: number },
  after: { readonly users: number; readonly events: number; readonly odds: number },
): boolean =>
  before.events * after.users >= after.events * before.users ||
  // Equal scores are one, whatever happened.
  before.odds / before.users >= after.odds / after.users;
