import { type Listing, sellers } from './listing.js';

/** [name, term in months (0: on demand), yield, minimum amount, currency, appeal] */
type Deposit = readonly [name: string, term: number, rate: number, minimum: number, currency: string, appeal: number];

const RETAIL: readonly Deposit[] = [
  ['Everyday Saver', 0, 0.012, 0, 'EUR', 2.4],
  ['Young Saver', 0, 0.02, 0, 'EUR', 0.2],
  ['Regular Saver', 12, 0.03, 25, 'EUR', 1.2],
  ['Notice Account 32 Days', 1, 0.018, 1000, 'EUR', 0.4],
  ['Notice Account 90 Days', 3, 0.021, 1000, 'EUR', 0.2],
  ['Fixed Deposit 6 Months', 6, 0.023, 500, 'EUR', 0.6],
  ['Fixed Deposit 12 Months', 12, 0.026, 500, 'EUR', 1.0],
  ['Fixed Deposit 24 Months', 24, 0.028, 500, 'EUR', 0.5],
  ['Fixed Deposit 36 Months', 36, 0.029, 500, 'EUR', 0.1],
  ['Fixed Deposit 60 Months', 60, 0.031, 500, 'EUR', -0.2],
  ['Green Deposit 24 Months', 24, 0.026, 500, 'EUR', 0.0],
  ['Home Builder Saver', 48, 0.03, 50, 'EUR', 0.4],
  ['Retirement Saver', 120, 0.032, 50, 'EUR', 0.2],
];

const PRIVATE: readonly Deposit[] = [
  ['Treasury Account EUR', 0, 0.016, 10_000, 'EUR', 1.6],
  ['Treasury Account USD', 0, 0.034, 10_000, 'USD', 0.6],
  ['Treasury Account CHF', 0, 0.004, 10_000, 'CHF', 0.0],
  ['Fiduciary Deposit 3 Months', 3, 0.024, 50_000, 'EUR', 0.4],
  ['Fiduciary Deposit 12 Months', 12, 0.027, 50_000, 'EUR', 0.5],
  ['Fiduciary Deposit USD 12 Months', 12, 0.041, 50_000, 'USD', 0.1],
  ['Laddered Deposit 36 Months', 36, 0.03, 50_000, 'EUR', 0.0],
];

const INSURER: readonly Deposit[] = [
  ['Premium Deposit Account', 0, 0.014, 0, 'EUR', 0.6],
  ['Endowment Deposit 60 Months', 60, 0.029, 1000, 'EUR', 0.2],
  ['Pension Deposit 120 Months', 120, 0.033, 1000, 'EUR', 0.3],
];

const THEMES_BY_NAME: Readonly<Record<string, Listing['themes']>> = {
  'Green Deposit 24 Months': { sustainability: 1 },
  'Home Builder Saver': { property: 1 },
  'Laddered Deposit 36 Months': { income: 0.8 },
  'Pension Deposit 120 Months': { income: 0.6 },
};

function deposits(prefix: string, seller: string, rows: readonly Deposit[]): Listing[] {
  return rows.map(([name, term, rate, minimum, currency, appeal], i) => {
    const volatility = currency === 'EUR' ? 0 : 0.07;
    return {
      code: `${prefix}-DEP-${String(i + 1).padStart(2, '0')}`,
      name,
      type: 'deposit',
      // In a foreign currency a deposit moves as the exchange rate does.
      riskClass: currency === 'EUR' ? 1 : 3,
      expectedYield: rate,
      volatility,
      termMonths: term,
      minimumAmount: minimum,
      minimumHorizonMonths: term,
      requiredKnowledge: currency === 'EUR' ? 0 : 1,
      currency,
      attributes: { access: term === 0 ? 'on demand' : term <= 3 ? 'notice' : 'fixed term' },
      themes: THEMES_BY_NAME[name] ?? {},
      appeal,
      sellers: sellers(seller),
    };
  });
}

export const DEPOSITS: readonly Listing[] = [
  ...deposits('TB', 't', RETAIL),
  ...deposits('CR', 'c', PRIVATE),
  ...deposits('VM', 'v', INSURER),
];
