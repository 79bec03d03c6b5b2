import type { DemoProduct } from './products.js';
import { Random } from './random.js';

export interface DemoPrice {
  /** "YYYY-MM-DD". */
  readonly day: string;
  readonly price: number;
}

const DAY = 86_400_000;
const FRIDAY = 5;
const WEEKS = 260;
/** The correlation of weekly returns with the market that is common to all. */
const MARKET_SHARE = { fund: 0.8, stock: 0.5, bond: 0.3 } as const;

type PricedType = keyof typeof MARKET_SHARE;
const isPriced = (type: string): type is PricedType => type in MARKET_SHARE;

/**
 * Made-up closing prices of five years: of funds and stocks every Friday, of bonds at the end of each month. They move as yield and volatility of the
 * product say, and with a market that is common to all. The same product has the same prices at each institution.
 * @returns nothing for what has no market
 */
export function pricesOf(product: DemoProduct, seed: number, now: Date): DemoPrice[] {
  const { code, type, volatility, expectedYield } = product;
  if (!isPriced(type) || !volatility) return [];
  const market = new Random(seed).fork('market');
  const own = new Random(seed).fork('prices').fork(code);
  const share = MARKET_SHARE[type];
  const sigma = volatility / Math.sqrt(52);
  const drift = Math.log1p(expectedYield ?? 0) / 52 - (sigma * sigma) / 2;
  const today = Math.floor(now.getTime() / DAY) * DAY;
  const last = today - ((new Date(today).getUTCDay() - FRIDAY + 7) % 7) * DAY;
  const prices: DemoPrice[] = [];
  let level = Math.log(own.between(20, 200));
  for (let week = WEEKS; week >= 0; week--) {
    const day = new Date(last - week * 7 * DAY).toISOString().slice(0, 10);
    prices.push({ day, price: Number(Math.exp(level).toFixed(4)) });
    level += drift + sigma * (share * market.normal() + Math.sqrt(1 - share * share) * own.normal());
  }
  return type === 'bond' ? prices.filter(({ day }, i) => day.slice(0, 7) !== prices[i + 1]?.day.slice(0, 7)) : prices;
}
