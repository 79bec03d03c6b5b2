import { canonicalJson } from '../canonical-json.js';
import { parseMechanisms } from '../privacy/mechanism.js';
import { chargeOf } from '../protocol/charge.js';
import { type RoundPlan, STRATEGIES } from '../protocol/plan.js';
import { PlanDeclined } from './ports.js';

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * What a node believes of a plan before it signs it: that it says what it needs to, and that its charge is that of its training. The
 * coordinator is not trusted with either.
 * @throws {PlanDeclined} BAD_PLAN, MECHANISM_MISMATCH
 */
export function checkPlan(plan: RoundPlan, now: number): void {
  const sane: readonly (readonly [string, boolean])[] = [
    ['run', ID.test(plan.run)],
    ['round', ID.test(plan.round)],
    ['strategy', plan.strategy === 'histogram' || STRATEGIES.includes(plan.strategy)],
    ['task', plan.task === 'interest' || plan.task === 'risk'],
    ['population', typeof plan.population === 'string' && plan.population !== ''],
    ['model.parameters', Number.isSafeInteger(plan.model?.parameters) && plan.model.parameters > 0],
    ['base.digest', /^[0-9a-f]{64}$/.test(plan.base?.digest)],
    ['normBound', plan.normBound > 0],
    ['weightStep', Number.isFinite(plan.weightStep) && plan.weightStep > 0],
    ['deadline', Date.parse(plan.deadline) > now],
  ];
  const wrong = sane.find(([, holds]) => !holds);
  if (wrong) throw new PlanDeclined('BAD_PLAN', `The plan's "${wrong[0]}" is missing, malformed or past.`);
  let charged: string;
  let claimed: string;
  try {
    charged = canonicalJson(chargeOf(plan));
    claimed = canonicalJson(parseMechanisms(plan.mechanisms));
  } catch (error) {
    throw new PlanDeclined('BAD_PLAN', (error as Error).message, { cause: error });
  }
  if (charged !== claimed)
    throw new PlanDeclined('MECHANISM_MISMATCH', 'The plan charges something else than what its training discloses.');
}
