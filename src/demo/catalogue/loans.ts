import { type Listing, type Purpose, sellers } from './listing.js';

/** [name, term in months, rate of interest, fixed rate, smallest loan, appeal, share of the property theme, purpose] */
type Loan = readonly [
  name: string,
  term: number,
  rate: number,
  fixed: boolean,
  minimum: number,
  appeal: number,
  property: number,
  purpose?: Purpose,
];

const RETAIL: readonly Loan[] = [
  ['Mortgage 10 Years Fixed', 120, 0.034, true, 50_000, 0.2, 1, 'mortgage'],
  ['Mortgage 15 Years Fixed', 180, 0.036, true, 50_000, 0.5, 1, 'mortgage'],
  ['Mortgage 20 Years Fixed', 240, 0.038, true, 50_000, 0.7, 1, 'mortgage'],
  ['Mortgage 30 Years Fixed', 360, 0.041, true, 50_000, 0.6, 1, 'mortgage'],
  ['Mortgage Variable', 300, 0.033, false, 50_000, 0.1, 1, 'mortgage'],
  ['Buy-to-Let Mortgage', 240, 0.045, false, 75_000, -0.8, 1.4, 'mortgage'],
  ['Home Renovation Loan', 84, 0.052, true, 5000, 0.3, 0.8, 'renovation'],
  ['Green Home Loan', 120, 0.039, true, 5000, -0.2, 0.6, 'renovation'],
  ['Personal Loan 24 Months', 24, 0.079, true, 1000, 0.8, 0, 'shortage'],
  ['Personal Loan 60 Months', 60, 0.084, true, 1000, 0.6, 0, 'shortage'],
  ['Car Loan', 60, 0.059, true, 5000, 0.9, 0, 'family car'],
  ['Student Loan', 120, 0.029, true, 1000, 0.1, 0, 'study'],
  ['Overdraft Facility', 12, 0.129, false, 200, 0.7, 0, 'shortage'],
];

const PRIVATE: readonly Loan[] = [
  ['Lombard Credit EUR', 12, 0.039, false, 100_000, 0.4, 0],
  ['Residence Mortgage 15 Years', 180, 0.033, true, 250_000, 0.5, 1, 'mortgage'],
  ['Portfolio Property Mortgage', 120, 0.037, false, 500_000, -0.4, 1.4, 'mortgage'],
  ['Bridge Finance', 18, 0.049, false, 100_000, -0.8, 0.8],
  ['Art and Collection Loan', 36, 0.054, false, 100_000, -1.4, 0],
];

const INSURER: readonly Loan[] = [
  ['Policy Loan', 60, 0.044, true, 1000, -0.2, 0],
  ['Policy-Backed Mortgage', 240, 0.037, true, 50_000, 0.2, 1, 'mortgage'],
];

function loans(prefix: string, seller: string, rows: readonly Loan[]): Listing[] {
  return rows.map(([name, term, rate, fixed, minimum, appeal, property, purpose], i) => ({
    code: `${prefix}-LOA-${String(i + 1).padStart(2, '0')}`,
    name,
    type: 'loan',
    // Nothing is invested: what can surprise the user is the rate.
    riskClass: fixed ? 1 : 2,
    expectedYield: null,
    volatility: null,
    termMonths: term,
    minimumAmount: minimum,
    minimumHorizonMonths: 0,
    requiredKnowledge: fixed ? 0 : 1,
    currency: 'EUR',
    attributes: { interestRate: rate, rate: fixed ? 'fixed' : 'variable', secured: property > 0 ? 'property' : 'no' },
    themes: { property, sustainability: name.startsWith('Green') ? 1 : 0 },
    purposes: purpose && [purpose],
    family: /^(Mortgage|Residence)/.test(name) ? 'mortgage' : name.startsWith('Personal') ? 'personal loan' : undefined,
    appeal,
    sellers: sellers(seller),
  }));
}

export const LOANS: readonly Listing[] = [
  ...loans('TB', 't', RETAIL),
  ...loans('CR', 'c', PRIVATE),
  ...loans('VM', 'v', INSURER),
];
