import { PRODUCT_TYPES } from '../products/product.js';
import {
  DAY,
  decay,
  type EventType,
  HISTORY_WEEKS,
  type ProfileState,
  WEEK_COUNTERS,
  type WeekCounter,
  weekOf,
} from './state.js';

/** Values of features by name; null = not known (no such event yet). */
export type Features = Readonly<Record<string, number | null>>;

export type FeatureGroup = 'activity' | 'frequency' | 'amounts' | 'recency' | 'viewing' | 'mix';

export interface FeatureDefinition {
  readonly name: string;
  readonly group: FeatureGroup;
  readonly unit: 'events' | 'weeks' | 'days' | 'seconds' | 'currency' | 'share' | 'ratio' | 'class';
  readonly formula: string;
  /** True where purchases or sales go into it: it tells which products are owned, so training interest in products must leave it out. */
  readonly leaksOwnership: boolean;
  readonly compute: (reader: StateReader) => number | null;
}

const define = (
  group: FeatureGroup,
  name: string,
  unit: FeatureDefinition['unit'],
  formula: string,
  compute: FeatureDefinition['compute'],
  leaksOwnership = false,
): FeatureDefinition => ({ group, name, unit, formula, compute, leaksOwnership });

const LEAKS = true;

/** Every feature of a profile. docs/profiles.md lists the same, and a test compares the two. */
export const FEATURES: readonly FeatureDefinition[] = [
  define('activity', 'events4w', 'events', 'events but trades in 4 weeks', (s) => s.nonTrades(4)),
  define('activity', 'events13w', 'events', 'events but trades in 13 weeks', (s) => s.nonTrades(13)),
  define('activity', 'events52w', 'events', 'events but trades in 52 weeks', (s) => s.nonTrades(52)),
  define('activity', 'activeWeeks52w', 'weeks', 'weeks of 52 with an event other than a trade', (s) => s.activeWeeks),
  define('activity', 'trend', 'ratio', 'events13w / (events52w / 4); null below 8 events in 52 weeks', (s) =>
    s.nonTrades(52) < 8 ? null : (4 * s.nonTrades(13)) / s.nonTrades(52),
  ),
  define('frequency', 'logins13w', 'events', 'logins in 13 weeks', (s) => s.sum('logins', 13)),
  define('frequency', 'transactions13w', 'events', 'transactions in 13 weeks', (s) => s.sum('transactions', 13)),
  define('frequency', 'transactions52w', 'events', 'transactions in 52 weeks', (s) => s.sum('transactions', 52)),
  define('frequency', 'deposits52w', 'events', 'deposits in 52 weeks', (s) => s.sum('deposits', 52)),
  define('frequency', 'trades13w', 'events', 'purchases and sales in 13 weeks', (s) => s.sum('trades', 13), LEAKS),
  define('frequency', 'trades52w', 'events', 'purchases and sales in 52 weeks', (s) => s.sum('trades', 52), LEAKS),
  define('amounts', 'transactionAmount13w', 'currency', 'sum of absolute amounts of transactions in 13 weeks', (s) =>
    s.sum('transactionAmount', 13),
  ),
  define('amounts', 'transactionAmount52w', 'currency', 'sum of absolute amounts of transactions in 52 weeks', (s) =>
    s.sum('transactionAmount', 52),
  ),
  define(
    'amounts',
    'meanTransaction52w',
    'currency',
    'transactionAmount52w / transactions52w; null without transactions',
    (s) => s.ratio(s.sum('transactionAmount', 52), s.sum('transactions', 52)),
  ),
  define(
    'amounts',
    'inflow52w',
    'currency',
    'sum of absolute amounts of deposits and transactions ≥ 0 in 52 weeks',
    (s) => s.sum('inflow', 52),
  ),
  define(
    'amounts',
    'outflow52w',
    'currency',
    'sum of absolute amounts of withdrawals and transactions < 0 in 52 weeks',
    (s) => s.sum('outflow', 52),
  ),
  define(
    'amounts',
    'savingRate52w',
    'ratio',
    '(inflow52w − outflow52w) / inflow52w, at least −1; null without inflow',
    (s) => {
      const rate = s.ratio(s.sum('inflow', 52) - s.sum('outflow', 52), s.sum('inflow', 52));
      return rate === null ? null : Math.max(-1, rate);
    },
  ),
  define(
    'amounts',
    'tradeAmount52w',
    'currency',
    'sum of absolute amounts of purchases and sales in 52 weeks',
    (s) => s.sum('tradeAmount', 52),
    LEAKS,
  ),
  define('recency', 'daysSinceFirst', 'days', 'since the first event of any type, of all time', (s) =>
    s.daysSince(s.state.first),
  ),
  define('recency', 'daysSinceLast', 'days', 'since the last event that is no trade', (s) =>
    s.daysSinceLast('transaction', 'view', 'search', 'click', 'deposit', 'withdrawal', 'login'),
  ),
  define('recency', 'daysSinceTransaction', 'days', 'since the last transaction', (s) =>
    s.daysSinceLast('transaction'),
  ),
  define('recency', 'daysSinceView', 'days', 'since the last view, click or search', (s) =>
    s.daysSinceLast('view', 'click', 'search'),
  ),
  define(
    'recency',
    'daysSinceTrade',
    'days',
    'since the last purchase or sale',
    (s) => s.daysSinceLast('purchase', 'sale'),
    LEAKS,
  ),
  define('viewing', 'views13w', 'events', 'views and clicks in 13 weeks', (s) => s.sum('views', 13)),
  define('viewing', 'searches13w', 'events', 'searches in 13 weeks', (s) => s.sum('searches', 13)),
  define('viewing', 'viewSeconds13w', 'seconds', 'sum of durations of views, clicks and searches in 13 weeks', (s) =>
    s.sum('viewSeconds', 13),
  ),
  define('viewing', 'viewSeconds52w', 'seconds', 'sum of durations of views, clicks and searches in 52 weeks', (s) =>
    s.sum('viewSeconds', 52),
  ),
  ...PRODUCT_TYPES.map((type) =>
    define('mix', `interest.${type}`, 'share', `decayed share of ${type} among products looked at`, (s) =>
      s.share('interest', type),
    ),
  ),
  define('mix', 'interestRiskClass', 'class', 'decayed mean risk class of products looked at', (s) =>
    s.meanRiskClass('interest'),
  ),
  ...PRODUCT_TYPES.map((type) =>
    define(
      'mix',
      `trade.${type}`,
      'share',
      `decayed share of ${type} among products traded`,
      (s) => s.share('trade', type),
      LEAKS,
    ),
  ),
  define(
    'mix',
    'tradeRiskClass',
    'class',
    'decayed mean risk class of products traded',
    (s) => s.meanRiskClass('trade'),
    LEAKS,
  ),
];

export const FEATURE_NAMES: readonly string[] = FEATURES.map((feature) => feature.name);
/** Features that may be inputs where interest in products is trained: they don't tell which products are owned. */
export const INTEREST_FEATURES: readonly string[] = FEATURES.filter((feature) => !feature.leaksOwnership).map(
  (feature) => feature.name,
);

export interface Description {
  /** Rounded to six decimals. */
  readonly features: Features;
  /** Events of any type in the 104 weeks up to now. */
  readonly eventCount: number;
}

/** What a state says as of `now`. */
export function describe(state: ProfileState, now: Date): Description {
  const reader = new StateReader(state, now.getTime());
  const features: Record<string, number | null> = {};
  for (const { name, compute } of FEATURES) {
    const value = compute(reader);
    features[name] = value === null ? null : Math.round(value * 1e6) / 1e6;
  }
  return { features, eventCount: reader.sum('events', HISTORY_WEEKS) };
}

export const featuresOf = (state: ProfileState, now: Date): Features => describe(state, now).features;

const WINDOWS = [4, 13, 52, HISTORY_WEEKS] as const;
type Window = (typeof WINDOWS)[number];

/** Sums over windows of n weeks: the week of `now`, as far as it has gone, and the n − 1 weeks before it. */
class StateReader {
  readonly state: ProfileState;
  readonly activeWeeks: number = 0;
  private readonly now: number;
  private readonly sums = WINDOWS.map(() => new Float64Array(WEEK_COUNTERS.length));

  constructor(state: ProfileState, now: number) {
    this.state = state;
    this.now = now;
    const current = weekOf(now);
    for (const [week, counters] of Object.entries(state.weeks)) {
      const age = Math.max(0, current - Number(week));
      for (let window = 0; window < WINDOWS.length; window++) {
        if (age >= WINDOWS[window]) continue;
        for (let counter = 0; counter < counters.length; counter++) this.sums[window][counter] += counters[counter];
      }
      if (age < 52 && counters[EVENTS] > counters[TRADES]) this.activeWeeks++;
    }
  }

  sum(counter: WeekCounter, weeks: Window): number {
    return this.sums[WINDOWS.indexOf(weeks)][WEEK_COUNTERS.indexOf(counter)];
  }

  nonTrades(weeks: Window): number {
    return this.sum('events', weeks) - this.sum('trades', weeks);
  }

  ratio(numerator: number, denominator: number): number | null {
    return denominator > 0 ? numerator / denominator : null;
  }

  daysSince(time: number | null | undefined): number | null {
    return time === null || time === undefined ? null : Math.max(0, this.now - time) / DAY;
  }

  daysSinceLast(...types: EventType[]): number | null {
    const times = types.map((type) => this.state.last[type]).filter((time) => time !== undefined);
    return times.length === 0 ? null : this.daysSince(Math.max(...times));
  }

  share(kind: 'interest' | 'trade', type: string): number | null {
    const weight = this.state.decayed[`${kind}Risk.weight`] ?? 0;
    return this.faded(weight) ? null : (this.state.decayed[`${kind}.${type}`] ?? 0) / weight;
  }

  meanRiskClass(kind: 'interest' | 'trade'): number | null {
    const weight = this.state.decayed[`${kind}Risk.weight`] ?? 0;
    return this.faded(weight) ? null : this.state.decayed[`${kind}Risk.sum`] / weight;
  }

  /** Less than a hundredth of one event is left: nothing to take a share of. */
  private faded(weight: number): boolean {
    return weight * decay(Math.max(0, this.now - (this.state.at ?? this.now))) < 0.01;
  }
}

const EVENTS = WEEK_COUNTERS.indexOf('events');
const TRADES = WEEK_COUNTERS.indexOf('trades');
