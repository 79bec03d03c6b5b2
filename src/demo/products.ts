import { BONDS } from './catalogue/bonds.js';
import { DEPOSITS } from './catalogue/deposits.js';
import { FUNDS } from './catalogue/funds.js';
import { INSURANCE } from './catalogue/insurance.js';
import type { DemoProduct, Listing } from './catalogue/listing.js';
import { LOANS } from './catalogue/loans.js';
import { STOCKS } from './catalogue/stocks.js';

export type { DemoProduct, DemoProductType, Purpose, Theme } from './catalogue/listing.js';
export { riskClassOf, THEMES } from './catalogue/listing.js';

/** Everything that is sold in the demo consortium, and by whom. */
export const LISTINGS: readonly Listing[] = [...DEPOSITS, ...LOANS, ...INSURANCE, ...FUNDS, ...BONDS, ...STOCKS];

/** What one institution sells, by its code. */
export function productsOf(institution: string): DemoProduct[] {
  return LISTINGS.filter((listing) => listing.sellers.includes(institution)).map(
    ({ sellers: _, ...product }) => product,
  );
}
