import { badInput } from '../../errors.js';

/** A closing price of one day: in the product's currency, adjusted for splits, above 0. */
export interface PricePoint {
  /** "YYYY-MM-DD". */
  readonly day: string;
  readonly price: number;
}

/** How often a product is priced; `rare`: less than once a month. */
export type Frequency = 'daily' | 'weekly' | 'monthly' | 'rare';

/**
 * Trading periods of a year, and the history that Annex II, point 5, asks for: two years of daily prices, four of weekly, five of monthly ones.
 * `longest`: a longer distance between two prices, in days, is a gap (holidays are none).
 */
export const FREQUENCIES = {
  daily: { periods: 256, years: 2, longest: 7 },
  weekly: { periods: 52, years: 4, longest: 14 },
  monthly: { periods: 12, years: 5, longest: 45 },
} as const;

/** Of the periods that the years asked for have, as many must be observed: prices of public holidays are missing everywhere. */
const OBSERVED_SHARE = 0.9;
/** Annex II, point 9: "during the past five years". */
const YEARS = 5;
const DAY_MS = 86_400_000;
const YEAR_DAYS = 365.25;

/** What the figures are computed from. */
export interface PriceHistory {
  readonly frequency: Frequency;
  /** Of the past five years, ascending; of monthly ones the last of each month. */
  readonly points: readonly PricePoint[];
  /** Natural logarithm of each price divided by the one before (Annex II, point 11). */
  readonly returns: Float64Array;
  /** Whether it is as long, and as complete, as Annex II asks for. */
  readonly sufficient: boolean;
  /** Distances between two prices that are longer than the frequency lets one expect. */
  readonly gaps: number;
}

/**
 * A price history made ready: ordered, of the past five years up to its last price, with its frequency. A return over a gap counts as that of
 * one period: leaving it out would hide the fall of a product whose price was suspended.
 * @param points in any order
 * @throws {ConcordError} BAD_INPUT for a price that is not above 0, a day that is none, or one that comes twice
 */
export function priceHistory(points: readonly PricePoint[]): PriceHistory {
  const all = [...points].sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : 0));
  all.forEach((point, index) => {
    checkPoint(point);
    if (point.day === all[index - 1]?.day) throw badInput(`The day ${point.day} comes twice in a price history.`);
  });
  const recent = past(all);
  const distances = recent.slice(1).map(({ day }, index) => dayOf(day) - dayOf(recent[index].day));
  const frequency = frequencyOf(distances);
  const used = frequency === 'monthly' ? lastOfMonths(recent) : recent;
  const returns = Float64Array.from(used.slice(1), ({ price }, index) => Math.log(price / used[index].price));
  return {
    frequency,
    points: used,
    returns,
    sufficient: isSufficient(frequency, used, returns.length),
    gaps: frequency === 'rare' ? 0 : distances.filter((days) => days > FREQUENCIES[frequency].longest).length,
  };
}

/** @throws {ConcordError} BAD_INPUT */
export function checkPoint({ day, price }: PricePoint): void {
  if (Number.isNaN(dayOf(day))) throw badInput(`${day} is no day: write "YYYY-MM-DD".`);
  if (!(price > 0 && Number.isFinite(price)))
    throw badInput(`The price of ${day} is ${price}: a price is above 0. Leave out days without one.`);
}

/** Days since 1970-01-01; NaN where the text is no day of the calendar. */
export function dayOf(day: string): number {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(day) : Number.NaN;
  return Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== day ? Number.NaN : time / DAY_MS;
}

function past(ascending: readonly PricePoint[]): readonly PricePoint[] {
  const last = ascending.at(-1)?.day;
  if (last === undefined) return [];
  const first = `${String(Number(last.slice(0, 4)) - YEARS).padStart(4, '0')}${last.slice(4)}`;
  return ascending.filter(({ day }) => day >= first);
}

/** By the middle distance: weekends, holidays and a few gaps do not change what a series is. Twice a month counts as monthly. */
function frequencyOf(distances: readonly number[]): Frequency {
  if (distances.length === 0) return 'rare';
  const middle = [...distances].sort((a, b) => a - b)[distances.length >> 1];
  return middle <= 4 ? 'daily' : middle <= 10 ? 'weekly' : middle <= 35 ? 'monthly' : 'rare';
}

function lastOfMonths(points: readonly PricePoint[]): readonly PricePoint[] {
  return points.filter(({ day }, index) => points[index + 1]?.day.slice(0, 7) !== day.slice(0, 7));
}

function isSufficient(frequency: Frequency, points: readonly PricePoint[], returns: number): boolean {
  if (frequency === 'rare') return false;
  const { periods, years, longest } = FREQUENCIES[frequency];
  const span = dayOf(points[points.length - 1].day) - dayOf(points[0].day);
  return span >= years * YEAR_DAYS - longest && returns >= OBSERVED_SHARE * years * periods;
}

const SPLITS = [1.5, 2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50, 100];
/** How near to the ratio of a split a move must be: the price moves by itself on that day too. */
const SPLIT_TOLERANCE = 0.04;

/**
 * The first move of a history that looks like a split which the prices are not adjusted for: from one price to the next, by nearly a ratio such
 * as 2 : 1 or 1 : 10. Unadjusted, it would pass for a loss of half the money.
 * @param isNew moves between two days that are not new have been accepted before
 */
export function suspectedSplit(
  points: readonly PricePoint[],
  isNew: (day: string) => boolean = () => true,
): { readonly from: PricePoint; readonly to: PricePoint } | undefined {
  const all = [...points].sort((a, b) => (a.day < b.day ? -1 : 1));
  for (let index = 1; index < all.length; index++) {
    const [from, to] = [all[index - 1], all[index]];
    if (!isNew(from.day) && !isNew(to.day)) continue;
    const ratio = Math.max(from.price / to.price, to.price / from.price);
    if (SPLITS.some((split) => Math.abs(ratio / split - 1) <= SPLIT_TOLERANCE)) return { from, to };
  }
  return undefined;
}
