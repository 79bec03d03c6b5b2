import { Field, Float, ObjectType } from 'type-graphql';
import { enumOf } from '../graphql/enum.js';
import { connectionType, Node, toGlobalId } from '../graphql/relay.js';
import { ReasonType, reasonTypes } from '../models/reason.type.js';
import type { RiskAssessment, RiskSubject } from './assessment.js';
import type { PrincipalReason } from './principal-reasons.js';
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

@ObjectType('PrincipalReason', {
  simpleResolvers: true,
  description: 'One of the factors that raised a risk most: a reason that can be told to whom it was assessed of.',
})
export class PrincipalReasonType {
  @Field(() => String, {
    description:
      'Stands for factor and direction: INCOME_LOW, UTILISATION_HIGH, EMPLOYMENT_VALUE, INCOME_UNKNOWN, FND_CASH_OWNED.',
  })
  code: string;

  @Field(() => String, { description: 'The factor, as in the reasons.' })
  feature: string;

  @Field(() => String, { nullable: true, description: 'Its value as text; null where it is missing.' })
  value: string | null;

  @Field(() => Float, { description: 'What it adds to the score, in log-odds: above 0.' })
  contribution: number;

  @Field(() => String, { description: 'A sentence in English.' })
  text: string;

  @Field(() => String, { description: 'The same in Chinese.' })
  textZh: string;
}

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

  @Field(() => [PrincipalReasonType], {
    nullable: true,
    description:
      'The up to four factors that raised this very score most, largest first: reasons for an adverse decision (12 CFR 1002.9(b)(2)). Empty where nothing raised it; null where it was assessed before there were any.',
  })
  principalReasons: readonly PrincipalReasonType[] | null;

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
    principalReasons: assessment.principalReasons?.map(principalReasonType) ?? null,
  });
}

const principalReasonType = ({ value, ...reason }: PrincipalReason): PrincipalReasonType => ({
  ...reason,
  value: value === null ? null : String(value),
});

export const { Connection: RiskAssessmentConnection } = connectionType(RiskAssessmentNode, 'RiskAssessment');
