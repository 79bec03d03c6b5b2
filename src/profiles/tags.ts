import type { Features } from './features.js';
import { isExpired, type Questionnaire } from './questionnaire.js';

export const TAG_NAMES = [
  'high-risk',
  'low-risk',
  'frequent-trader',
  'dormant',
  'saver',
  'high-value',
  'researcher',
  'digital',
  'declining',
  'new-customer',
] as const;
export type TagName = (typeof TAG_NAMES)[number];

/** A label on a user, with the rule that gave it as a sentence with the numbers: "12 trades in the last 13 weeks (at least 8)". */
export interface Tag {
  readonly tag: TagName;
  readonly rule: string;
}

/** Where each rule draws its line. Amounts are in the currency of the institution. docs/profiles.md explains them. */
export const TAG_LIMITS = {
  highTolerance: 4,
  lowTolerance: 2,
  highRiskClass: 3.5,
  lowRiskClass: 2,
  trades13w: 8,
  dormantDays: 180,
  savingRate: 0.2,
  savingDeposits: 3,
  highValue: 250_000,
  research: 30,
  researchTrades: 1,
  logins13w: 26,
  decline: 0.5,
  newDays: 90,
} as const;
const LIMIT = TAG_LIMITS;

type Rule = (features: Features, questionnaire: Questionnaire | undefined) => string | undefined;

const RULES: Readonly<Record<TagName, Rule>> = {
  'high-risk': (features, questionnaire) =>
    riskRule(features, questionnaire, 'at least', LIMIT.highTolerance, LIMIT.highRiskClass),
  'low-risk': (features, questionnaire) =>
    riskRule(features, questionnaire, 'at most', LIMIT.lowTolerance, LIMIT.lowRiskClass),
  'frequent-trader': ({ trades13w }) =>
    reaches(trades13w, LIMIT.trades13w)
      ? `${figure(trades13w)} trades in the last 13 weeks (at least ${LIMIT.trades13w})`
      : undefined,
  dormant: ({ daysSinceLast, daysSinceTrade }) => {
    const days = Math.min(daysSinceLast ?? Infinity, daysSinceTrade ?? Infinity);
    return Number.isFinite(days) && days >= LIMIT.dormantDays
      ? `last event ${figure(Math.floor(days))} days ago (at least ${LIMIT.dormantDays})`
      : undefined;
  },
  saver: ({ savingRate52w, inflow52w, outflow52w, deposits52w }) =>
    reaches(savingRate52w, LIMIT.savingRate) && reaches(deposits52w, LIMIT.savingDeposits)
      ? `kept ${percent(savingRate52w)} of what came in during the last 52 weeks (at least ${percent(LIMIT.savingRate)}): ` +
        `${figure(inflow52w)} in, ${figure(outflow52w)} out, ${figure(deposits52w)} deposits (at least ${LIMIT.savingDeposits})`
      : undefined,
  'high-value': ({ transactionAmount52w, tradeAmount52w }, questionnaire) => {
    const moved = (transactionAmount52w ?? 0) + (tradeAmount52w ?? 0);
    if (reaches(questionnaire?.investableAmount, LIMIT.highValue))
      return `${figure(questionnaire?.investableAmount)} to invest, as the questionnaire says (at least ${figure(LIMIT.highValue)})`;
    return moved >= LIMIT.highValue
      ? `moved ${figure(moved)} in transactions and trades in the last 52 weeks (at least ${figure(LIMIT.highValue)})`
      : undefined;
  },
  researcher: ({ views13w, searches13w, trades13w }) => {
    const looks = (views13w ?? 0) + (searches13w ?? 0);
    return looks >= LIMIT.research && (trades13w ?? 0) <= LIMIT.researchTrades
      ? `${figure(looks)} views and searches in the last 13 weeks (at least ${LIMIT.research}) and ${figure(trades13w)} trades (at most ${LIMIT.researchTrades})`
      : undefined;
  },
  digital: ({ logins13w }) =>
    reaches(logins13w, LIMIT.logins13w)
      ? `${figure(logins13w)} logins in the last 13 weeks (at least ${LIMIT.logins13w})`
      : undefined,
  declining: ({ trend, daysSinceFirst }) =>
    trend !== null && trend <= LIMIT.decline && reaches(daysSinceFirst, 364)
      ? `activity in the last 13 weeks is ${percent(trend)} of the year's average (at most ${percent(LIMIT.decline)})`
      : undefined,
  'new-customer': ({ daysSinceFirst }) =>
    daysSinceFirst !== null && daysSinceFirst <= LIMIT.newDays
      ? `first event ${figure(Math.floor(daysSinceFirst))} days ago (at most ${LIMIT.newDays})`
      : undefined,
};

/** The tags of a user with the rules that gave them, in the order of TAG_NAMES. */
export function tagsOf(features: Features, questionnaire: Questionnaire | undefined, now: Date): Tag[] {
  const answers = questionnaire && !isExpired(questionnaire, now) ? questionnaire : undefined;
  return TAG_NAMES.flatMap((tag) => {
    const rule = RULES[tag](features, answers);
    return rule === undefined ? [] : [{ tag, rule }];
  });
}

/** What a user has said goes before what a user has done: behaviour counts only where there are no valid answers. */
function riskRule(
  { tradeRiskClass }: Features,
  questionnaire: Questionnaire | undefined,
  side: 'at least' | 'at most',
  tolerance: number,
  riskClass: number,
): string | undefined {
  const beyond = (value: number, limit: number) => (side === 'at least' ? value >= limit : value <= limit);
  if (questionnaire)
    return beyond(questionnaire.riskTolerance, tolerance)
      ? `risk tolerance ${questionnaire.riskTolerance} of 5 in the questionnaire of ${questionnaire.completedAt.toISOString().slice(0, 10)} (${side} ${tolerance})`
      : undefined;
  return tradeRiskClass !== null && beyond(tradeRiskClass, riskClass)
    ? `mean risk class ${figure(tradeRiskClass)} of the products traded (${side} ${riskClass}), and no valid questionnaire`
    : undefined;
}

const reaches = (value: number | null | undefined, limit: number): boolean => (value ?? -Infinity) >= limit;
const numbers = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const figure = (value: number | null | undefined): string => numbers.format(value ?? 0);
const percent = (value: number | null | undefined): string => `${numbers.format(100 * (value ?? 0))} %`;
