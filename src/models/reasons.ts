import type { Explanation } from '../engine/engine.js';

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

/** Contributions of a model as reasons, largest first; those that add nothing are left out. */
export function reasonsOf(
  explanation: Explanation,
  outcome: Outcome,
  productName: (code: string) => string | undefined = () => undefined,
): Reason[] {
  return explanation.contributions
    .filter(({ contribution }) => contribution !== 0)
    .map(({ feature, value, contribution }) => ({
      feature,
      value,
      contribution,
      text: `${subject(feature, value, productName)} ${effect(contribution, outcome)}`,
    }));
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
  const name = readableName(feature);
  if (value === null || (typeof value === 'number' && Number.isNaN(value))) return `not knowing ${name}`;
  return typeof value === 'number' ? `${name} of ${readableNumber(name, value)}` : `${name} "${value}"`;
}

/** "profile.viewingTime" → "viewing time", "LIMIT_BAL" → "limit bal". */
export function readableName(feature: string): string {
  return feature
    .replace(/^profile\./, '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/[_.\s]+/g, ' ')
    .trim()
    .toLowerCase();
}

const PROPORTION = /\b(rate|ratio|share|utili[sz]ation|percent|yield|volatility)\b/;

/** At most three significant digits (all digits of whole numbers); proportions as per cent. */
export function readableNumber(name: string, value: number): string {
  if (PROPORTION.test(name) && Math.abs(value) <= 2) return `${digits(value * 100)} %`;
  return digits(value);
}

function digits(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString('en-GB');
  return value.toLocaleString('en-GB', { maximumSignificantDigits: Math.abs(value) >= 1000 ? 6 : 3 });
}
