/** How far a distribution has moved. */
export interface Shift {
  /** Population stability index: Σ (current − expected) · ln(current ÷ expected) over cells (Siddiqi 2006, chapter 8). */
  readonly psi: number;
  /** What chance alone exceeds in 1 of 20 cases where nothing has moved (Yurdakul and Naranjo 2020): below it a PSI says nothing. */
  readonly chance: number;
  readonly level: ShiftLevel;
}

export const SHIFT_LEVELS = ['none', 'watch', 'alert'] as const;
/** none: below 0.1, or within chance; watch: from 0.1; alert: from 0.25. */
export type ShiftLevel = (typeof SHIFT_LEVELS)[number];

export const WATCH_FROM = 0.1;
export const ALERT_FROM = 0.25;
/** An empty cell counts as one in ten thousand: the logarithm of nothing is infinite. */
const LEAST_SHARE = 1e-4;

/**
 * @param expected shares of the cells in training, which sum to 1
 * @param current shares of the same cells now
 * @param users whose shares these are; of the expected Infinity where that is not known
 */
export function shiftOf(
  expected: readonly number[],
  current: readonly number[],
  users: { readonly expected: number; readonly current: number },
): Shift {
  let psi = 0;
  expected.forEach((share, cell) => {
    const before = Math.max(LEAST_SHARE, share);
    const now = Math.max(LEAST_SHARE, current[cell]);
    psi += (now - before) * Math.log(now / before);
  });
  const chance = chiSquared95(expected.length - 1) * (1 / users.current + 1 / users.expected);
  return { psi, chance, level: psi <= chance || psi < WATCH_FROM ? 'none' : psi < ALERT_FROM ? 'watch' : 'alert' };
}

export const gravest = (levels: Iterable<ShiftLevel>): ShiftLevel => {
  let found = 0;
  for (const level of levels) found = Math.max(found, SHIFT_LEVELS.indexOf(level));
  return SHIFT_LEVELS[found];
};

/** The 95th percentile of χ² by Wilson and Hilferty's approximation (1931); 0 for no degree of freedom. */
function chiSquared95(degrees: number): number {
  if (degrees <= 0) return 0;
  const part = 2 / (9 * degrees);
  return degrees * (1 - part + 1.6448536 * Math.sqrt(part)) ** 3;
}
