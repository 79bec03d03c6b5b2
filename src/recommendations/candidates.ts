import type { Product, ProductType } from '../products/product.js';
import { effectiveRiskClass } from '../risk/market/risk-figures.js';

/** Which products may be in an answer at all; an absent field does not filter. */
export interface RecommendationFilter {
  readonly types?: readonly ProductType[];
  readonly minRiskClass?: number;
  readonly maxRiskClass?: number;
  readonly currencies?: readonly string[];
  /** The user wants to put in so much at most: products with a higher minimum are left out. */
  readonly amount?: number;
  readonly maxTermMonths?: number;
  readonly minExpectedYield?: number;
}

/** Active products that the user does not own and that the filter lets pass, in the order of the catalogue. */
export function candidatesOf(
  products: readonly Product[],
  ownedIds: ReadonlySet<string>,
  filter: RecommendationFilter = {},
): Product[] {
  return products.filter((product) => product.active && !ownedIds.has(product.id) && passes(product, filter));
}

function passes(product: Product, filter: RecommendationFilter): boolean {
  const { types, minRiskClass, maxRiskClass, currencies, amount, maxTermMonths, minExpectedYield } = filter;
  return (
    (!types || types.includes(product.type)) &&
    (minRiskClass === undefined || effectiveRiskClass(product) >= minRiskClass) &&
    (maxRiskClass === undefined || effectiveRiskClass(product) <= maxRiskClass) &&
    (!currencies || currencies.includes(product.currency)) &&
    (amount === undefined || product.minimumAmount <= amount) &&
    (maxTermMonths === undefined || (product.termMonths ?? 0) <= maxTermMonths) &&
    (minExpectedYield === undefined || (product.expectedYield ?? Number.NEGATIVE_INFINITY) >= minExpectedYield)
  );
}
