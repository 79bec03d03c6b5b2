import type { InstitutionPlan } from './institutions.js';
import type { DemoProduct } from './products.js';
import type { Random } from './random.js';
import type { DemoUser } from './users.js';
import { utility } from './utility.js';

const DAY = 86_400_000;

export interface DemoHolding {
  readonly product: DemoProduct;
  readonly amount: number;
  readonly acquiredAt: Date;
}

export interface DemoChoice {
  readonly holdings: readonly DemoHolding[];
  /** What the user would take next, the likeliest first: looked at, and not bought yet. */
  readonly considered: readonly DemoProduct[];
  /** Investments that the user once owned and sold. */
  readonly former: readonly DemoHolding[];
}

/**
 * What a user owns: the products of the greatest utility plus Gumbel noise, which is a draw without replacement from the softmax of utility.
 * The few that follow are under consideration.
 */
export function choose(
  plan: InstitutionPlan,
  user: DemoUser,
  products: readonly DemoProduct[],
  random: Random,
  now: Date,
): DemoChoice {
  if (user.cold) return { holdings: [], considered: [], former: [] };
  const keys = products.map((product) => utility(user, product) + random.gumbel());
  const order = products.map((_, i) => i).sort((a, b) => keys[b] - keys[a]);
  const wealth = Math.log10(Math.max(user.attributes.assets, 300) / (14_000 * plan.wealth));
  const expected = plan.holdings * Math.exp(0.35 * wealth + 0.12 * (user.truth.knowledge - 1));
  const wanted = 1 + random.poisson(Math.min(expected, 15));
  const chosen = firstCompatible(order, products, wanted + CONSIDERED + 2);
  const former = chosen.slice(wanted + CONSIDERED).filter((product) => isInvestment(product) && random.chance(0.3));
  return {
    holdings: chosen.slice(0, wanted).map((product) => holdingOf(user, product, random, now)),
    considered: chosen.slice(wanted, wanted + CONSIDERED),
    former: former.map((product) => holdingOf(user, product, random, now)),
  };
}

const CONSIDERED = 4;

/** Something that can be bought and sold again. */
export const isInvestment = ({ type }: DemoProduct): boolean => type === 'fund' || type === 'bond' || type === 'stock';

/** The first n products in this order, but one of a family only. */
function firstCompatible(order: readonly number[], products: readonly DemoProduct[], n: number): DemoProduct[] {
  const chosen: DemoProduct[] = [];
  for (let i = 0; i < order.length && chosen.length < n; i++) {
    const product = products[order[i]];
    if (!product.family || chosen.every(({ family }) => family !== product.family)) chosen.push(product);
  }
  return chosen;
}

function holdingOf(user: DemoUser, product: DemoProduct, random: Random, now: Date): DemoHolding {
  const since = user.customerSince.getTime();
  // Half of what is owned was bought in the last years, whatever the age of the relation.
  const age = Math.min(random.exponential(900 * DAY), 0.98 * (now.getTime() - since));
  return { product, amount: amountOf(user, product, random), acquiredAt: new Date(now.getTime() - Math.max(age, DAY)) };
}

/** Premium of a year, sum lent, or sum invested. */
export function amountOf(user: DemoUser, product: DemoProduct, random: Random): number {
  const { truth, attributes } = user;
  const spread = Math.exp(0.5 * random.normal());
  if (product.type === 'insurance' && product.expectedYield === null)
    return Math.round(120 * spread + 0.04 * truth.income);
  if (product.type === 'loan') {
    const most = truth.income * (product.purposes?.includes('mortgage') ? 70 : 8);
    return (
      Math.round(Math.max(product.minimumAmount, Math.min(most, product.minimumAmount * 2.5 * spread)) / 100) * 100
    );
  }
  return Math.round(Math.max(product.minimumAmount, 20, 0.12 * attributes.assets * spread) / 5) * 5;
}
