import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import { toGlobalId } from '../../graphql/relay.js';
import type { Actionable } from '../../users/attribute-description.js';
import { ActionableEnum } from '../../users/attribute-description.type.js';
import { RiskClassEnum } from '../risk.type.js';
import type { RiskClass } from '../risk-class.js';
import type { Counterfactual, CounterfactualChange, Counterfactuals } from './counterfactuals.service.js';

@ObjectType('CounterfactualChange', {
  simpleResolvers: true,
  description: 'One thing that would have to be different.',
})
export class CounterfactualChangeType {
  @Field(() => String, { description: 'The attribute.' })
  feature: string;

  @Field(() => String, { description: 'What people call it.' })
  label: string;

  @Field(() => String, { description: 'The same in Chinese.' })
  labelZh: string;

  @Field(() => String, { description: 'What it is, as text.' })
  from: string;

  @Field(() => String, { description: 'What it would have to be, as text.' })
  to: string;

  @Field(() => Float, {
    description:
      'How far that is, in half the distance between the quarters of the training users; 1 for another category.',
  })
  distance: number;

  @Field(() => String, { description: 'A sentence in English.' })
  text: string;

  @Field(() => String, { description: 'The same in Chinese.' })
  textZh: string;
}

@ObjectType('Counterfactual', {
  simpleResolvers: true,
  description:
    'Changes which, all together, bring the risk where it is to be. The model has scored the user with them.',
})
export class CounterfactualType {
  @Field(() => [CounterfactualChangeType], { description: 'One to four.' })
  changes: CounterfactualChangeType[];

  @Field(() => Float, { description: 'The probability with these changes.' })
  probability: number;

  @Field(() => RiskClassEnum, { description: 'The level with these changes.' })
  class: RiskClass;

  @Field(() => Float, { description: 'Of all changes together.' })
  distance: number;
}

@ObjectType('SearchedColumn', { simpleResolvers: true, description: 'An attribute that was tried.' })
export class SearchedColumnType {
  @Field(() => String, { description: 'The attribute.' })
  feature: string;

  @Field(() => String, { description: 'What people call it.' })
  label: string;

  @Field(() => String, { description: 'The same in Chinese.' })
  labelZh: string;

  @Field(() => ActionableEnum, { description: 'In which direction.' })
  direction: Actionable;

  @Field(() => Boolean, {
    description: 'Your institution has said so; otherwise nothing speaks against it. See describeAttributes.',
  })
  declared: boolean;
}

@ObjectType('Counterfactuals', {
  simpleResolvers: true,
  description: "What would bring a user's risk to a lower level, within what the user can change.",
})
export class CounterfactualsType {
  @Field(() => Float, { description: 'The probability as it is.' })
  probability: number;

  @Field(() => RiskClassEnum, { description: 'The level as it is.' })
  class: RiskClass;

  @Field(() => RiskClassEnum, { description: 'The level to be reached, or a lower one.' })
  target: RiskClass;

  @Field(() => Float, { description: 'The probability must be below this.' })
  below: number;

  @Field(() => [CounterfactualType], { description: 'At most four, easiest first, each changing something else.' })
  alternatives: CounterfactualType[];

  @Field(() => String, { nullable: true, description: 'Why there are no alternatives; null where there are.' })
  message: string | null;

  @Field(() => [SearchedColumnType], { description: 'What was tried.' })
  columns: readonly SearchedColumnType[];

  @Field(() => Int, { description: 'Rows that the model scored for this answer, at most 2,000.' })
  rowsScored: number;

  @Field(() => ID, { description: 'The model version that scored.' })
  modelVersionId: string;
}

export const counterfactualsType = (found: Counterfactuals): CounterfactualsType =>
  Object.assign(new CounterfactualsType(), found, {
    alternatives: found.alternatives.map(counterfactualType),
    modelVersionId: toGlobalId('ModelVersion', found.modelVersionId),
  });

const counterfactualType = ({ changes, ...rest }: Counterfactual): CounterfactualType => ({
  ...rest,
  changes: changes.map(changeType),
});

const changeType = ({ from, to, ...rest }: CounterfactualChange): CounterfactualChangeType => ({
  ...rest,
  from: String(from),
  to: String(to),
});
