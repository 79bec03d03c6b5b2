import { Field, Float, ObjectType } from 'type-graphql';
import { enumOf } from '../graphql/enum.js';
import { connectionType, Node, toGlobalId } from '../graphql/relay.js';
import { ReasonType, reasonTypes } from '../models/reason.type.js';
import type { RiskAssessment, RiskSubject } from './assessment.js';
import type { RiskClass } from './risk-class.js';

export const RiskClassEnum = enumOf<RiskClass>('RiskLevel', 'How high a risk is, by thresholds on its probability.', {
  low: 'Below the first threshold (default .10).',
  medium: 'From the first threshold on.',
  high: 'From the second threshold on (default .30).',
});

export const RiskSubjectEnum = enumOf<RiskSubject>('RiskSubject', 'What was assessed.', {
  user: 'A user.',
  product: 'A product, whoever buys it.',
  user_product: 'A product for a user.',
});

@ObjectType('RiskAssessment', {
  implements: Node,
  simpleResolvers: true,
  description: 'A risk as it was assessed, with the terms of that very score.',
})
export class RiskAssessmentNode extends Node {
  @Field(() => RiskSubjectEnum, { description: 'What was assessed.' })
  subject: RiskSubject;

  @Field(() => Float, { description: '0 to 1.' })
  probability: number;

  @Field(() => RiskClassEnum, { description: 'Low, medium or high.' })
  class: RiskClass;

  @Field(() => String, {
    description:
      'What gave it: "model", or a formula of the documentation: lognormal-loss, credit-class, lapse-class, user-product, user-credit.',
  })
  method: string;

  @Field(() => Float, { description: 'Log-odds before any reason: of a typical user, or of the reference product.' })
  base: number;

  @Field(() => [ReasonType], {
    description: 'Largest first. With base, their contributions sum to the log-odds of the probability.',
  })
  reasons: ReasonType[];

  @Field(() => Date, { description: 'When it was assessed.' })
  assessedAt: Date;

  readonly userId: string | null;
  readonly productId: string | null;
  readonly modelVersionId: string | null;
}

export function riskAssessmentNode(assessment: RiskAssessment): RiskAssessmentNode {
  return Object.assign(new RiskAssessmentNode(), assessment, {
    id: toGlobalId('RiskAssessment', assessment.id),
    reasons: reasonTypes(assessment.reasons),
  });
}

export const { Connection: RiskAssessmentConnection } = connectionType(RiskAssessmentNode, 'RiskAssessment');
