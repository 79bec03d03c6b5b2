/** What is done to a model's log-odds so that its probabilities come true. */
export type Calibration = PlattCalibration | IsotonicCalibration;

/** Log-odds = slope · log-odds of the model + intercept (Platt 1999, on log-odds rather than on margins). */
export interface PlattCalibration {
  readonly method: 'platt';
  /** Above 0: the order of users stays. */
  readonly slope: number;
  readonly intercept: number;
}

/**
 * A rising curve of straight pieces through the means of pooled users (Zadrozny and Elkan 2002). Between them no two users become equal, and beyond its
 * ends it goes on at the slope 1, so that the order of users stays.
 */
export interface IsotonicCalibration {
  readonly method: 'isotonic';
  /** Log-odds of the model, ascending. */
  readonly from: readonly number[];
  /** Calibrated log-odds, ascending; as many. */
  readonly to: readonly number[];
}

export const CALIBRATIONS = ['none', 'platt', 'isotonic', 'auto'] as const;
export type CalibrationChoice = (typeof CALIBRATIONS)[number];

/** @param odds log-odds of the model */
export function calibrate(calibration: Calibration, odds: number): number {
  if (calibration.method === 'platt') return calibration.slope * odds + calibration.intercept;
  const { from, to } = calibration;
  const last = from.length - 1;
  if (odds <= from[0]) return to[0] + odds - from[0];
  if (odds >= from[last]) return to[last] + odds - from[last];
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (from[middle] <= odds) low = middle;
    else high = middle;
  }
  return to[low] + ((odds - from[low]) / (from[high] - from[low])) * (to[high] - to[low]);
}
