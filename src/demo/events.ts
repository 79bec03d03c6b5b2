import type { DemoChoice, DemoHolding } from './holdings.js';
import { amountOf, isInvestment } from './holdings.js';
import type { InstitutionPlan } from './institutions.js';
import type { DemoProduct, DemoProductType, Theme } from './products.js';
import { THEMES } from './products.js';
import type { Random } from './random.js';
import type { DemoUser } from './users.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** How far back behaviour goes. */
export const HISTORY_DAYS = 730;

export type DemoEventType =
  | 'transaction'
  | 'view'
  | 'search'
  | 'click'
  | 'purchase'
  | 'sale'
  | 'deposit'
  | 'withdrawal'
  | 'login';

export interface DemoEvent {
  readonly type: DemoEventType;
  readonly product: DemoProduct | undefined;
  /** A transaction's sign is its direction: below zero out of the account. */
  readonly amount: number | undefined;
  readonly durationSeconds: number | undefined;
  readonly text: string | undefined;
  readonly occurredAt: Date;
}

const SEARCHES: Readonly<Record<DemoProductType, readonly string[]>> = {
  deposit: ['best savings rate', 'fixed deposit', 'notice account'],
  fund: ['index fund', 'savings plan', 'fund costs'],
  bond: ['state bond', 'bond yield', 'coupon dates'],
  stock: ['share price', 'buy shares', 'dividend date'],
  insurance: ['travel cover', 'compare insurance', 'claim form'],
  loan: ['mortgage calculator', 'loan rate', 'repay early'],
};
const THEME_SEARCHES: Readonly<Record<Theme, string>> = {
  technology: 'technology shares',
  sustainability: 'sustainable investing',
  income: 'regular income',
  property: 'buying a home',
};

type Recorder = (time: number, draft: Draft) => void;
type Draft = Partial<Omit<DemoEvent, 'type' | 'occurredAt'>> & Pick<DemoEvent, 'type'>;

/** A user's behaviour in the two years up to `now`, oldest first. Nothing happens before the user came, or after now. */
export function eventsOf(
  plan: InstitutionPlan,
  user: DemoUser,
  choice: DemoChoice,
  random: Random,
  now: Date,
): DemoEvent[] {
  if (user.cold || random.chance(0.04)) return [];
  const start = Math.max(now.getTime() - HISTORY_DAYS * DAY, user.customerSince.getTime());
  const events: DemoEvent[] = [];
  const at: Recorder = (time, draft) => {
    if (time < start || time > now.getTime()) return;
    events.push({
      product: undefined,
      amount: undefined,
      durationSeconds: undefined,
      text: undefined,
      ...draft,
      occurredAt: new Date(Math.floor(time)),
    });
  };
  for (const holding of choice.holdings) buy(user, holding, random, at);
  for (const holding of choice.former) sell(holding, random, now, at);
  habits(user, choice, random, now, at);
  const span = now.getTime() - start;
  const share = span / (HISTORY_DAYS * DAY);
  const count = random.poisson(Math.min(plan.events * 0.73 * user.truth.activity * (0.25 + 0.75 * share), 90));
  for (let i = 0; i < count; i++) {
    at(dayTime(momentOf(random, start, span), random), ordinary(user, choice, random));
  }
  return events.sort((a, b) => a.occurredAt.getTime() - b.occurredAt.getTime());
}

/** Behaviour thickens towards today: the square root leans to the end. */
function momentOf(random: Random, start: number, span: number): number {
  return start + span * Math.sqrt(random.uniform());
}

/** Mostly in the waking hours. */
function dayTime(time: number, random: Random): number {
  const midnight = Math.floor(time / DAY) * DAY;
  const hour = Math.min(23.9, Math.max(0, 14 + 4.2 * random.normal()));
  return midnight + hour * HOUR;
}

/** A purchase, and the looking around before it. */
function buy(user: DemoUser, { product, amount, acquiredAt }: DemoHolding, random: Random, at: Recorder): void {
  const bought = acquiredAt.getTime();
  for (let looks = random.poisson(0.9); looks > 0; looks--) {
    at(bought - random.exponential(9 * DAY), { type: 'view', product, durationSeconds: dwell(1.4, random) });
  }
  if (random.chance(0.3))
    at(bought - random.between(0.1, 20) * HOUR, { type: 'click', product, durationSeconds: dwell(0.5, random) });
  at(bought, { type: 'purchase', product, amount });
  if (isInvestment(product) && random.chance(0.25)) {
    at(bought + random.exponential(150 * DAY), { type: 'purchase', product, amount: amountOf(user, product, random) });
  }
}

/** A sale ends a holding: nothing of it is left. */
function sell({ product, amount, acquiredAt }: DemoHolding, random: Random, now: Date, at: Recorder): void {
  const bought = acquiredAt.getTime();
  at(bought, { type: 'purchase', product, amount });
  const sold = bought + random.between(0.05, 0.95) * (now.getTime() - bought);
  at(sold, { type: 'sale', product, amount: Math.max(1, Math.round(amount * Math.exp(0.1 * random.normal()))) });
}

/** Some trade much, and some look in every other day; both show in the last quarter. */
function habits(user: DemoUser, choice: DemoChoice, random: Random, now: Date, at: Recorder): void {
  const lately = () => dayTime(now.getTime() - random.between(0, 90) * DAY, random);
  const owned = choice.holdings.filter(({ product }) => isInvestment(product));
  if (owned.length > 1 && random.chance(0.02 * user.truth.tolerance)) {
    for (let trades = 8 + random.poisson(6); trades > 0; trades--) {
      const { product, amount } = random.pick(owned);
      at(lately(), { type: 'purchase', product, amount: Math.round(amount * random.between(0.1, 0.5)) });
    }
  }
  if (user.attributes.channel === 'mobile' && random.chance(0.04)) {
    for (let logins = 28 + random.poisson(14); logins > 0; logins--) at(lately(), { type: 'login' });
  }
  if (random.chance(0.01)) {
    for (let looks = 30 + random.poisson(10); looks > 0; looks--) {
      at(lately(), { type: 'view', product: lookedAt(choice, random), durationSeconds: dwell(2, random) });
    }
  }
}

/** One of the things that users do on any day. */
function ordinary(user: DemoUser, choice: DemoChoice, random: Random): Draft {
  const { income, savingsRate } = user.truth;
  const type = random.pick(ORDINARY, user.attributes.channel === 'branch' ? IN_BRANCH : ONLINE);
  switch (type) {
    case 'transaction': {
      const received = random.chance(0.3);
      const size = received
        ? income * random.between(0.2, 1.1)
        : income * (1 - savingsRate) * Math.exp(-2.6 + 0.8 * random.normal());
      return { type, amount: cents(received ? size : -size) };
    }
    case 'deposit':
      return { type, amount: cents(income * Math.max(0.02, savingsRate) * random.between(0.5, 3)) };
    case 'withdrawal':
      return { type, amount: cents(income * random.between(0.03, 0.4)) };
    case 'login':
      return { type };
    case 'search':
      return { type, text: searchFor(lookedAt(choice, random), random), durationSeconds: dwell(0.3, random) };
    case 'view':
      return { type, product: lookedAt(choice, random), durationSeconds: dwell(1, random) };
  }
}

const ORDINARY = ['transaction', 'login', 'view', 'search', 'deposit', 'withdrawal'] as const;
const ONLINE = [34, 24, 18, 6, 9, 7];
const IN_BRANCH = [34, 6, 6, 3, 9, 7];

function searchFor(product: DemoProduct | undefined, random: Random): string {
  const theme = THEMES.find((name) => (product?.themes[name] ?? 0) > 0.5);
  return theme && random.chance(0.5) ? THEME_SEARCHES[theme] : random.pick(SEARCHES[product?.type ?? 'deposit']);
}

/** What is under consideration more often than what is owned already. */
function lookedAt({ considered, holdings }: DemoChoice, random: Random): DemoProduct | undefined {
  if (holdings.length > 0 && random.chance(0.35)) return random.pick(holdings).product;
  return considered.length > 0 ? random.pick(considered, [4, 3, 2, 1].slice(0, considered.length)) : undefined;
}

const dwell = (minutes: number, random: Random) =>
  Number((minutes * 60 * Math.exp(-0.4 + 0.8 * random.normal())).toFixed(1));
const cents = (value: number) => Number(value.toFixed(2));
