import type { Random } from './random.js';
import type { DemoUser } from './users.js';

/**
 * The true probability that a user defaults within a year: a logistic function of what the bank could know, with a shock that nobody can.
 * Its area under the ROC curve against the drawn labels is the limit for any model.
 */
export function defaultProbability(user: DemoUser, shock: number): number {
  const { truth, attributes } = user;
  const logit =
    -2.75 +
    2.6 * (truth.utilisation - 0.35) +
    0.5 * Math.min(attributes.latePayments, 5) -
    0.75 * Math.log(truth.income / 2400) -
    1.8 * (truth.savingsRate - 0.08) +
    (attributes.employment === 'unemployed' ? 0.8 : attributes.employment === 'self-employed' ? 0.3 : 0) +
    // Above nine tenths of the limit it gets worse quickly: something that a straight line does not see.
    (truth.utilisation > 0.9 ? 0.9 : 0) +
    0.4 * shock;
  return 1 / (1 + Math.exp(-logit));
}

/** What happened: 1 = default; undefined for users whose year is not over, and for one in twelve of the others. */
export function riskLabelOf(user: DemoUser, random: Random, now: Date): 0 | 1 | undefined {
  const probability = defaultProbability(user, random.normal());
  const label = random.chance(probability) ? 1 : 0;
  const yearIsOver = now.getTime() - user.customerSince.getTime() > 365 * 86_400_000;
  return yearIsOver && random.chance(11 / 12) ? label : undefined;
}
