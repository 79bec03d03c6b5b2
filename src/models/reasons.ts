import type { Explanation } from '../engine/engine.js';
import { eventName } from './event-names.js';

/** One term of a score: base + the contributions of all reasons = the score, in log-odds. */
export interface Reason {
  /** A column of the feature contract, "owned:CODE", or a term of a stated formula. */
  readonly feature: string;
  readonly value: number | string | null;
  readonly contribution: number;
  /** The same for a person: "utilisation of 92 % raises the risk". */
  readonly text: string;
}

/** What a reason speaks of: "raises the risk". */
export type Outcome = 'risk' | 'interest';

export interface ReasonOptions {
  /** So many are kept one by one, the rest as one reason; default: all. */
  readonly kept?: number;
  readonly productName?: (code: string) => string | undefined;
}

/** Contributions of a model as reasons, largest first; those that add nothing are left out. The sum stays the same. */
export function reasonsOf(explanation: Explanation, outcome: Outcome, options: ReasonOptions = {}): Reason[] {
  const { kept = Number.POSITIVE_INFINITY, productName = () => undefined } = options;
  const adding = explanation.contributions.filter(({ contribution }) => contribution !== 0);
  const shown = adding.length <= kept + 1 ? adding : adding.slice(0, kept);
  const reasons = shown.map(({ feature, value, contribution }) => ({
    feature,
    value,
    contribution,
    text: `${subject(feature, value, productName)} ${effect(contribution, outcome)}`,
  }));
  const others = adding.slice(shown.length);
  if (others.length === 0) return reasons;
  const contribution = others.reduce((sum, other) => sum + other.contribution, 0);
  const text = `${others.length} smaller inputs, taken together: ${effect(contribution, outcome)}`;
  return [...reasons, { feature: 'others', value: others.length, contribution, text }];
}

/** "raises the risk", "lowers the interest", "leaves the risk as it is". */
export function effect(contribution: number, outcome: Outcome): string {
  if (contribution === 0) return `leaves the ${outcome} as it is`;
  return `${contribution > 0 ? 'raises' : 'lowers'} the ${outcome}`;
}

function subject(
  feature: string,
  value: number | string | null,
  productName: (code: string) => string | undefined,
): string {
  if (feature.startsWith('owned:')) {
    const code = feature.slice('owned:'.length);
    const name = productName(code) ?? code;
    return value ? `owning ${name}` : `not owning ${name}`;
  }
  const ofEvents = eventName(feature, value);
  if (ofEvents) return ofEvents.en;
  const name = readableName(feature);
  if (value === null || (typeof value === 'number' && Number.isNaN(value))) return `not knowing ${name}`;
  if (typeof value === 'number') return `${name} of ${readableNumber(name, value)}`;
  return /^\d{4}-\d{2}-\d{2}$/.test(value) ? `${name} ${value}` : `${name} "${value}"`;
}

/** "profile.viewSeconds13w" → "view seconds in 13 weeks", "profile.interest.fund" → "share of fund in products looked at", "LIMIT_BAL" → "limit bal". */
export function readableName(feature: string): string {
  let name = names.get(feature);
  if (name === undefined) {
    name = feature
      .replace(/^profile\.interest\.(\w+)$/, 'share of $1 in products looked at')
      .replace(/^profile\.trade\.(\w+)$/, 'share of $1 in products traded')
      .replace(/^profile\.(\w+?)(\d+)w$/, '$1 in $2 weeks')
      .replace(/^profile\./, '')
      .replace(/([a-z])([A-Z])/g, '$1 $2')
      .replace(/[_.\s]+/g, ' ')
      .trim()
      .toLowerCase();
    if (names.size < MOST_NAMES) names.set(feature, name);
  }
  return name;
}

/** Features are few and come again with every explanation. */
const names = new Map<string, string>();
const MOST_NAMES = 10_000;

const PROPORTION = /\b(rate|ratio|share|utili[sz]ation|percent|yield|volatility)\b/;

/** At most three significant digits (all digits of whole numbers); proportions as per cent. */
export function readableNumber(name: string, value: number): string {
  if (PROPORTION.test(name) && Math.abs(value) <= 2) return `${digits(value * 100)} %`;
  return digits(value);
}

const THREE = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 3 });
const SIX = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 6 });
const ALL = new Intl.NumberFormat('en-GB');

function digits(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return ALL.format(value);
  return (Math.abs(value) >= 1000 ? SIX : THREE).format(value);
}
