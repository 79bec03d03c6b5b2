import { ArrayMaxSize, ArrayMinSize, IsIn, Length, Matches, ValidateNested } from 'class-validator';
import { Field, InputType, ObjectType } from 'type-graphql';
import { enumOf } from '../graphql/enum.js';
import { ACTIONABLE, type Actionable, type AttributeDescription } from './attribute-description.js';
import { MAX_DESCRIPTIONS } from './attribute-descriptions.service.js';

export const ActionableEnum = enumOf<Actionable>('Actionable', 'How a user can change an attribute.', {
  increase: 'Upwards only: income, say.',
  decrease: 'Downwards only: debt, say.',
  any: 'Either way, or to another category.',
  no: 'Not at all.',
});

const MAX_LABEL = 100;
/** An attribute, or a feature of the profile. */
const NAME = /^(profile\.)?(?!__)[A-Za-z_][A-Za-z0-9_.-]{0,62}$/;

@ObjectType('AttributeDescription', {
  simpleResolvers: true,
  description:
    "What your institution says of an attribute of its users, for reasons and counterfactuals in people's words.",
})
export class AttributeDescriptionType {
  @Field(() => String, { description: 'The attribute, or "profile.NAME" for a feature of the profile.' })
  name: string;

  @Field(() => String, { nullable: true, description: 'What people call it; null: its name.' })
  label: string | null;

  @Field(() => String, { nullable: true, description: 'The same in Chinese.' })
  labelZh: string | null;

  @Field(() => ActionableEnum, {
    nullable: true,
    description:
      'How a user can change it. Null: any way, unless it is a date, a feature of the profile, or called like something nobody can change (age, sex, origin, …).',
  })
  actionable: Actionable | null;
}

@InputType({ description: 'What is to be said of an attribute, in the place of what was said before.' })
export class AttributeDescriptionInput {
  @Field(() => String, { description: 'The attribute, or "profile.NAME" for a feature of the profile.' })
  @Matches(NAME, { message: 'name must be that of an attribute, or "profile." and that of a feature' })
  name: string;

  @Field(() => String, { nullable: true, description: 'What people call it: 1 to 100 characters.' })
  @Length(1, MAX_LABEL)
  label?: string | null;

  @Field(() => String, { nullable: true, description: 'The same in Chinese.' })
  @Length(1, MAX_LABEL)
  labelZh?: string | null;

  @Field(() => ActionableEnum, { nullable: true, description: 'How a user can change it.' })
  @IsIn(ACTIONABLE)
  actionable?: Actionable | null;
}

@InputType({ description: 'Attributes to describe; the others stay as they are.' })
export class DescribeAttributesInput {
  @Field(() => [AttributeDescriptionInput], { description: '1 to 400 attributes, each once.' })
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_DESCRIPTIONS)
  @ValidateNested({ each: true })
  attributes: AttributeDescriptionInput[];
}

@ObjectType({ simpleResolvers: true, description: 'What describeAttributes gives back.' })
export class DescribeAttributesPayload {
  @Field(() => [AttributeDescriptionType], { description: 'All that your institution has described, by name.' })
  attributes: readonly AttributeDescription[];
}

export const attributeDescriptionOf = (input: AttributeDescriptionInput): AttributeDescription => ({
  name: input.name,
  label: input.label ?? null,
  labelZh: input.labelZh ?? null,
  actionable: input.actionable ?? null,
});
