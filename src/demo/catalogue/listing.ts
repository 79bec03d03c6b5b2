export type DemoProductType = 'deposit' | 'fund' | 'bond' | 'stock' | 'insurance' | 'loan';

/** Tastes that run through the catalogue; each user has a hidden liking for each of them. */
export const THEMES = ['technology', 'sustainability', 'income', 'property'] as const;
export type Theme = (typeof THEMES)[number];

/** What a product is for, where that decides who wants it. */
export type Purpose =
  | 'building'
  | 'contents'
  | 'family'
  | 'old age'
  | 'leisure'
  | 'comfort'
  | 'mortgage'
  | 'renovation'
  | 'shortage'
  | 'study'
  | 'family car';

/** A product as one of the institutions sells it. */
export interface DemoProduct {
  /** The same code at two institutions is the same product. */
  readonly code: string;
  readonly name: string;
  readonly type: DemoProductType;
  readonly riskClass: number;
  /** Expected return a year, .03 = 3 %; null where there is none (cover, loans). */
  readonly expectedYield: number | null;
  /** Standard deviation of the return a year; null where there is none. */
  readonly volatility: number | null;
  readonly termMonths: number | null;
  readonly minimumAmount: number;
  readonly minimumHorizonMonths: number;
  /** 0 none, 1 basic, 2 informed, 3 expert. */
  readonly requiredKnowledge: number;
  readonly currency: string;
  /** What else is stored: sector, region, theme, rate of interest. */
  readonly attributes: Readonly<Record<string, string | number>>;
  /** How much of each theme there is in it, 0 to 1. Not stored: part of the truth behind the data. */
  readonly themes: Readonly<Partial<Record<Theme, number>>>;
  readonly purposes?: readonly Purpose[];
  /** A user has one product of a family at a time: one mortgage on the home, one policy on the car. */
  readonly family?: string;
  /** What draws everyone to it, in log-odds. Not stored. */
  readonly appeal: number;
}

/** A product and the institutions that sell it, by code. */
export interface Listing extends DemoProduct {
  readonly sellers: readonly string[];
}

const SELLERS: Readonly<Record<string, string>> = {
  t: 'tarnbrook-bank',
  c: 'castellane-rowe',
  v: 'veldmoor-insurance',
};

/** 'tv' → Tarnbrook and Veldmoor. */
export function sellers(letters: string): string[] {
  return [...letters].map((letter) => SELLERS[letter]);
}

/** From these volatilities a year on the risk class is 2, 3, 4, 5: the classes of CESR/10-673, two of seven merged at each end. */
export const VOLATILITY_BOUNDS = [0.02, 0.05, 0.1, 0.15] as const;

/** The risk class (1 to 5) of a volatility a year. */
export function riskClassOf(volatility: number): number {
  return 1 + VOLATILITY_BOUNDS.filter((bound) => volatility >= bound).length;
}
