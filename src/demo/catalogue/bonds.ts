import { type Listing, riskClassOf, sellers } from './listing.js';

/** Credit quality steps of issuers: states and covered bonds are safest, subordinated ones are not. */
const STEPS: Readonly<Record<string, number>> = { C07: 1, R08: 1, S04: 3, P99: 3, N03: 3, V10: 3 };

/** [name, code, sellers, years, coupon a year, volatility, minimum amount, required knowledge, appeal, green, currency] */
type Bond = readonly [
  name: string,
  code: string,
  sellers: string,
  years: number,
  coupon: number,
  volatility: number,
  minimum: number,
  knowledge: number,
  appeal: number,
  green?: boolean,
  currency?: string,
];

/** States are not named, and the companies are invented. */
const BONDS_SOLD: readonly Bond[] = [
  ['Euro State Bond 2 Years', 'G02', 'tcv', 2, 0.022, 0.012, 1000, 0, 0.4],
  ['Euro State Bond 5 Years', 'G05', 'tcv', 5, 0.025, 0.03, 1000, 1, 0.4],
  ['Euro State Bond 10 Years', 'G10', 'tcv', 10, 0.029, 0.052, 1000, 1, 0.2],
  ['Euro State Bond 30 Years', 'G30', 'c', 30, 0.034, 0.115, 1000, 2, -0.4],
  ['Inflation-Linked State Bond 10 Years', 'I10', 'tc', 10, 0.014, 0.048, 1000, 1, 0.0],
  ['Green State Bond 15 Years', 'E15', 'tc', 15, 0.03, 0.075, 1000, 1, 0.0, true],
  ['Dollar State Bond 5 Years', 'U05', 'c', 5, 0.039, 0.075, 1000, 2, -0.2, false, 'USD'],
  ['Covered Bond 7 Years', 'C07', 'tc', 7, 0.028, 0.04, 1000, 1, 0.0],
  ['Regional Development Bond 8 Years', 'R08', 't', 8, 0.03, 0.045, 500, 1, -0.1],
  ['Tarnbrook Senior Note 4 Years', 'T04', 't', 4, 0.034, 0.045, 1000, 1, 0.3],
  ['Orvanne Grid Bond 6 Years', 'X06', 'tc', 6, 0.037, 0.055, 1000, 1, -0.2, true],
  ['Brackwell Foods Bond 5 Years', 'B05', 'c', 5, 0.036, 0.05, 1000, 1, -0.2],
  ['Selkavik Shipping Bond 4 Years', 'S04', 'c', 4, 0.057, 0.09, 10_000, 2, -0.5],
  ['Pellaro Telecom Hybrid Bond', 'P99', 'c', 60, 0.062, 0.118, 10_000, 2, -0.6],
  ['Castellane Structured Note 3 Years', 'N03', 'c', 3, 0.06, 0.11, 25_000, 3, 0.0],
  ['Veldmoor Subordinated Bond 10 Years', 'V10', 'cv', 10, 0.048, 0.075, 5000, 2, -0.2],
];

export const BONDS: readonly Listing[] = BONDS_SOLD.map(
  ([name, code, letters, years, coupon, volatility, minimum, knowledge, appeal, green, currency = 'EUR']) => ({
    code: `BND-${code}`,
    name,
    type: 'bond',
    riskClass: riskClassOf(volatility),
    expectedYield: coupon,
    volatility,
    termMonths: years * 12,
    minimumAmount: minimum,
    minimumHorizonMonths: Math.min(years * 12, 60),
    requiredKnowledge: knowledge,
    currency,
    attributes: {
      issuer: code.match(/^[GIEU]/) ? 'state' : 'company',
      creditQualityStep: code.match(/^[GIEU]/) ? 1 : (STEPS[code] ?? 2),
      ...(green && { theme: 'sustainability' }),
    },
    themes: { income: 0.8, sustainability: green ? 1 : 0 },
    appeal,
    sellers: sellers(letters),
  }),
);
