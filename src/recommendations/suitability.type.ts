import { Field, ObjectType } from 'type-graphql';
import { enumOf } from '../graphql/enum.js';
import type { SuitabilityCheck, SuitabilityDecision, SuitabilityRule } from './suitability.js';

export const SuitabilityRuleEnum = enumOf<SuitabilityRule>(
  'SuitabilityRule',
  'What decides whether a product suits a user.',
  {
    questionnaire: 'An investment needs a suitability questionnaire that has not expired.',
    risk_tolerance: "The product's risk class is not above the user's tolerance.",
    knowledge: 'The user knows as much as the product requires.',
    horizon: "The user's horizon is as long as the product needs.",
    amount: 'The user can invest the minimum amount.',
    credit_risk: "A loan or a card: the user's own risk is not high.",
  },
);

@ObjectType('SuitabilityCheck', { simpleResolvers: true, description: 'One rule, and how it came out.' })
export class SuitabilityCheckType {
  @Field(() => SuitabilityRuleEnum, { description: 'The rule.' })
  rule: SuitabilityRule;

  @Field(() => Boolean, { description: 'Whether it is met.' })
  passed: boolean;

  @Field(() => String, { description: 'Why, in words: "risk class 4 is above the tolerance of 2".' })
  text: string;
}

@ObjectType('SuitabilityDecision', {
  simpleResolvers: true,
  description: 'Whether a product may be recommended to a user, by every rule that applies to its type.',
})
export class SuitabilityDecisionType {
  @Field(() => Boolean, { description: 'Whether all rules are met.' })
  suitable: boolean;

  @Field(() => [SuitabilityCheckType], { description: 'The rules that apply; none for products that need no check.' })
  checks: readonly SuitabilityCheck[];
}

export const suitabilityType = (decision: SuitabilityDecision): SuitabilityDecisionType =>
  Object.assign(new SuitabilityDecisionType(), decision);
