import { MOST_POPULATION } from '../privacy/dp-sgd.js';
import type { RoundPlan } from './plan.js';

type Weighing = Pick<RoundPlan, 'weightStep' | 'training'>;

/** What an update may weigh at most: a population that is larger than this takes no part, so nobody has a larger say in the mean. */
export const mostWeight = ({ weightStep, training }: Weighing): number =>
  Math.max(1, Math.ceil((MOST_POPULATION * training.expectedUsers) / weightStep)) * weightStep;

/**
 * What an update counts in the mean: of a public number of users, as a multiple of the plan's step.
 * @param declared what the bank lets others know of its size; without it what the plan itself expects, which tells nothing
 */
export function weightOf(plan: Weighing, declared = plan.training.expectedUsers): number {
  const { weightStep } = plan;
  return Math.min(mostWeight(plan), Math.max(1, Math.round(declared / weightStep)) * weightStep);
}

/** Whether a declared weight is one that the plan allows. */
export function isWeight(plan: Weighing, weight: number): boolean {
  const steps = weight / plan.weightStep;
  return steps >= 1 && Math.abs(steps - Math.round(steps)) <= 1e-9 && weight <= mostWeight(plan);
}
