/** How log-odds become points (Siddiqi 2006, chapter 6). */
export interface PointsScale {
  /** Points that double the odds of no event. */
  readonly pdo: number;
  /** So many points at these odds of no event to event. */
  readonly points: number;
  readonly odds: number;
}

export const USUAL_SCALE: PointsScale = { pdo: 20, points: 600, odds: 50 };

/** Points for each unit of log-odds. */
export const factorOf = ({ pdo }: PointsScale): number => pdo / Math.LN2;

/** More points are less risk. @param logOdds of the event */
export const pointsOf = (scale: PointsScale, logOdds: number): number =>
  scale.points - factorOf(scale) * (logOdds + Math.log(scale.odds));
