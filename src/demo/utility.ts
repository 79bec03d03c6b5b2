import { type DemoProduct, type DemoProductType, type Purpose, THEMES } from './products.js';
import type { DemoUser } from './users.js';

/** How much more the person counts than the general appeal of a product, and chance. */
const PERSONAL = 1.5;

/** How much a user wants a product, in log-odds: appeal, stage of life, taste, and what does not fit. */
export function utility(user: DemoUser, product: DemoProduct): number {
  return product.appeal + PERSONAL * personal(user, product);
}

function personal(user: DemoUser, product: DemoProduct): number {
  const { truth, attributes } = user;
  let value = TYPE_FIT[product.type](user, product);
  for (const theme of THEMES) value += 0.9 * truth.likings[theme] * (product.themes[theme] ?? 0);
  if (product.volatility !== null) {
    const distance = product.riskClass - truth.tolerance;
    // Too much risk frightens more than too little bores.
    value -= distance > 0 ? 1.1 * distance * distance : 0.3 * distance * distance;
  }
  value -= 1.6 * Math.max(0, product.requiredKnowledge - truth.knowledge);
  if (product.type !== 'loan' && product.minimumAmount > 0.7 * attributes.assets) value -= 5;
  if (product.minimumHorizonMonths > truth.horizonMonths) value -= 1;
  if (product.currency !== 'EUR') value -= truth.knowledge < 2 ? 1 : 0.2;
  return value;
}

type Fit = (user: DemoUser, product: DemoProduct) => number;

const TYPE_FIT: Readonly<Record<DemoProductType, Fit>> = {
  deposit: ({ truth }, { termMonths }) =>
    2.2 -
    0.45 * truth.tolerance +
    4 * truth.savingsRate +
    ((termMonths ?? 0) >= 60 ? 0.03 * (truth.age - 45) - 0.5 : 0),
  fund: ({ truth }) => -0.4 + 0.45 * truth.knowledge,
  bond: ({ truth }) => -0.9 + 0.4 * truth.knowledge + 0.025 * (truth.age - 45),
  stock: ({ truth, attributes }) =>
    -1 + 0.5 * (truth.knowledge - 1) + (attributes.channel === 'mobile' ? 0.3 : 0) + (truth.age < 40 ? 0.2 : 0),
  insurance: insuranceFit,
  loan: loanFit,
};

const has = (product: DemoProduct, purpose: Purpose): boolean => product.purposes?.includes(purpose) ?? false;

function insuranceFit({ truth, attributes }: DemoUser, product: DemoProduct): number {
  const rented = attributes.housing === 'rented';
  let value = 0;
  if (has(product, 'contents')) value += rented ? 0.4 : 1;
  if (has(product, 'building')) value += rented ? -1.2 : 1;
  if (has(product, 'family')) {
    value += (attributes.household === 'family' ? 1.3 : -0.6) - 0.05 * Math.max(0, truth.age - 50);
  }
  if (has(product, 'old age')) value += 0.04 * (truth.age - 50);
  if (has(product, 'leisure')) value -= 0.025 * (truth.age - 45);
  if (has(product, 'comfort')) value += 0.5 * Math.log(truth.income / 2400);
  if (product.expectedYield !== null) value += 3 * truth.savingsRate;
  return value;
}

function loanFit({ truth, attributes }: DemoUser, product: DemoProduct): number {
  let value = -0.02 * Math.max(0, truth.age - 45);
  if (has(product, 'mortgage')) value += attributes.housing === 'mortgaged' ? 1.6 : -1.6;
  if (has(product, 'renovation')) value += attributes.housing === 'rented' ? -1.5 : 0.6;
  if (has(product, 'shortage')) value += 1.6 * (truth.utilisation - 0.35);
  if (has(product, 'study')) value += attributes.employment === 'student' ? 3.2 : truth.age < 30 ? 0.2 : -2.5;
  if (has(product, 'family car')) value += attributes.household === 'family' ? 0.5 : 0;
  // A loan of years' income is given to few.
  if (product.minimumAmount > 60 * truth.income) value -= 2;
  if (product.attributes.secured === 'no' && truth.age > 70) value -= 0.8;
  return value;
}
