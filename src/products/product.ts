import type { PriceFigures } from '../risk/market/price-figures.js';

export const PRODUCT_TYPES = [
  'deposit',
  'fund',
  'bond',
  'stock',
  'insurance',
  'loan',
  'portfolio',
  'card',
  'account',
  'other',
] as const;
export type ProductType = (typeof PRODUCT_TYPES)[number];

export interface Product {
  readonly id: string;
  /** The same code at two institutions is the same product to a model. */
  readonly code: string;
  readonly name: string;
  readonly type: ProductType;
  /** 1 (lowest) to 5 (highest). */
  readonly riskClass: number;
  /** Per year, .03 = 3 %. */
  readonly expectedYield: number | null;
  /** Standard deviation of the yearly return. */
  readonly volatility: number | null;
  readonly termMonths: number | null;
  readonly minimumAmount: number;
  readonly minimumHorizonMonths: number;
  /** 0 none, 1 basic, 2 informed, 3 expert. */
  readonly requiredKnowledge: number;
  /** ISO 4217. */
  readonly currency: string;
  readonly attributes: Readonly<Record<string, number | string | null>>;
  readonly active: boolean;
  /** What its price history says; null or absent: there is none, or too short a one. */
  readonly priceFigures?: PriceFigures | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
