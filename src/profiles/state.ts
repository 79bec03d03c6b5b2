import type { ProductType } from '../products/product.js';

export const EVENT_TYPES = [
  'transaction',
  'view',
  'search',
  'click',
  'purchase',
  'sale',
  'deposit',
  'withdrawal',
  'login',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** A behaviour event as the reducer reads it. */
export interface ProfileEvent {
  readonly type: EventType;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly occurredAt: number;
  /** In the currency of the institution. A transaction's sign says the direction: above 0 into the account, below 0 out of it. */
  readonly amount: number | null;
  readonly durationSeconds: number | null;
  readonly product: { readonly type: ProductType; readonly riskClass: number } | null;
}

/** What one week counts, in the order in which it is stored. */
export const WEEK_COUNTERS = [
  'events',
  'logins',
  'searches',
  'views',
  'viewSeconds',
  'transactions',
  'transactionAmount',
  'inflow',
  'outflow',
  'deposits',
  'trades',
  'tradeAmount',
] as const;
export type WeekCounter = (typeof WEEK_COUNTERS)[number];
const COUNTER = Object.fromEntries(WEEK_COUNTERS.map((name, index) => [name, index])) as Record<WeekCounter, number>;

/** How much history a profile keeps: 104 weeks up to the week of the latest event. */
export const HISTORY_WEEKS = 104;
export const HALF_LIFE_DAYS = 90;
export const DAY = 86_400_000;
const WEEK = 7 * DAY;
/** 1970-01-01 was a Thursday: weeks start on Monday, UTC. */
const MONDAY = 3 * DAY;

/**
 * The accumulators of a profile, plain JSON. Only sums, minima and maxima: events may come in any order and in any batches,
 * and the state is the same (up to the rounding of floating-point sums).
 */
export interface ProfileState {
  readonly version: 1;
  /** Time of the latest event, in ms: what `decayed` refers to. */
  at: number | null;
  first: number | null;
  /** Time of the latest event of each type, in ms. */
  last: Partial<Record<EventType, number>>;
  /** Counters by number of the week. */
  weeks: Record<string, number[]>;
  /** Sums in which an event counts 2^(−age / 90 days) at the time `at`: interest.TYPE, trade.TYPE, and weights of risk classes. */
  decayed: Record<string, number>;
}

export function emptyState(): ProfileState {
  return { version: 1, at: null, first: null, last: {}, weeks: {}, decayed: {} };
}

export const weekOf = (time: number): number => Math.floor((time + MONDAY) / WEEK);
export const decay = (milliseconds: number): number => 2 ** (-milliseconds / (HALF_LIFE_DAYS * DAY));

/**
 * The state after some more events, in whatever order they come. The given state is not changed.
 * Whoever calls sees to it that no event is applied twice.
 */
export function applyEvents(state: ProfileState, events: readonly ProfileEvent[]): ProfileState {
  const next: ProfileState = {
    version: 1,
    at: state.at,
    first: state.first,
    last: { ...state.last },
    weeks: Object.fromEntries(Object.entries(state.weeks).map(([week, counters]) => [week, [...counters]])),
    decayed: { ...state.decayed },
  };
  advance(next, events);
  for (const event of events) applyEvent(next, event);
  if (next.at !== null) forget(next, weekOf(next.at) - HISTORY_WEEKS);
  return next;
}

/** Lets what fades fade until the latest of the events, once for all of them. */
function advance(state: ProfileState, events: readonly ProfileEvent[]): void {
  const latest = events.reduce(
    (time, { occurredAt }) => Math.max(time, occurredAt),
    state.at ?? Number.NEGATIVE_INFINITY,
  );
  if (latest === Number.NEGATIVE_INFINITY) return;
  if (state.at !== null && latest > state.at) {
    const factor = decay(latest - state.at);
    for (const key of Object.keys(state.decayed)) state.decayed[key] *= factor;
  }
  state.at = latest;
}

function applyEvent(state: ProfileState, event: ProfileEvent): void {
  const time = event.occurredAt;
  state.first = Math.min(state.first ?? time, time);
  state.last[event.type] = Math.max(state.last[event.type] ?? time, time);
  count(state, event);
  if (event.product) weigh(state.decayed, event, event.product, decay((state.at ?? time) - time));
}

function count(state: ProfileState, event: ProfileEvent): void {
  const week = String(weekOf(event.occurredAt));
  state.weeks[week] ??= new Array<number>(WEEK_COUNTERS.length).fill(0);
  const counters = state.weeks[week];
  const add = (counter: WeekCounter, value: number) => {
    counters[COUNTER[counter]] += value;
  };
  const amount = Math.abs(event.amount ?? 0);
  add('events', 1);
  switch (event.type) {
    case 'login':
      add('logins', 1);
      break;
    case 'search':
      add('searches', 1);
      add('viewSeconds', event.durationSeconds ?? 0);
      break;
    case 'view':
    case 'click':
      add('views', 1);
      add('viewSeconds', event.durationSeconds ?? 0);
      break;
    case 'transaction':
      add('transactions', 1);
      add('transactionAmount', amount);
      add((event.amount ?? 0) < 0 ? 'outflow' : 'inflow', amount);
      break;
    case 'deposit':
      add('deposits', 1);
      add('inflow', amount);
      break;
    case 'withdrawal':
      add('outflow', amount);
      break;
    case 'purchase':
    case 'sale':
      add('trades', 1);
      add('tradeAmount', amount);
      break;
  }
}

/** Interest is what was looked at, trade what was bought or sold: apart, because trade tells which products are owned. */
function weigh(
  decayed: Record<string, number>,
  { type }: ProfileEvent,
  product: NonNullable<ProfileEvent['product']>,
  weight: number,
): void {
  const looked = type === 'view' || type === 'click' || type === 'search';
  const traded = type === 'purchase' || type === 'sale';
  if (!looked && !traded) return;
  const kind = looked ? 'interest' : 'trade';
  const add = (key: string, value: number) => {
    decayed[key] = (decayed[key] ?? 0) + value;
  };
  add(`${kind}.${product.type}`, weight);
  add(`${kind}Risk.weight`, weight);
  add(`${kind}Risk.sum`, weight * product.riskClass);
}

function forget(state: ProfileState, lastForgotten: number): void {
  for (const week of Object.keys(state.weeks)) if (Number(week) <= lastForgotten) delete state.weeks[week];
}
