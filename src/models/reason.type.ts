import { Field, Float, ObjectType } from 'type-graphql';
import type { Reason } from './reasons.js';

@ObjectType('Reason', {
  simpleResolvers: true,
  description: 'One term of a score: base and contributions of all its reasons sum to the score, in log-odds.',
})
export class ReasonType {
  @Field(() => String, {
    description:
      'An attribute of the user, "profile.NAME", "owned:CODE", or a term of a formula that the documentation states.',
  })
  feature: string;

  @Field(() => String, { nullable: true, description: 'Its value as text; null where it is missing.' })
  value: string | null;

  @Field(() => Float, { description: 'What it adds to the score, in log-odds.' })
  contribution: number;

  @Field(() => String, { description: 'The same in words: "utilisation of 92 % raises the risk".' })
  text: string;
}

export function reasonTypes(reasons: readonly Reason[]): ReasonType[] {
  return reasons.map(({ feature, value, contribution, text }) => ({
    feature,
    value: value === null ? null : String(value),
    contribution,
    text,
  }));
}
