import {
  ArrayMaxSize,
  ArrayMinSize,
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { ArgsType, Field, Float, ID, InputType, Int } from 'type-graphql';
import { enumOf } from '../graphql/enum.js';
import { PageArgs } from '../graphql/relay.js';
import { AttributesScalar, CalendarDate } from '../graphql/scalars.js';
import { IsInstant } from '../graphql/validators.js';
import { TagNameEnum } from '../profiles/tag.type.js';
import { TAG_NAMES, type TagName } from '../profiles/tags.js';
import { ATTRIBUTE_NAME, MAX_ATTRIBUTE_TEXT } from './attributes.js';
import { type AttributeMap, FOLDS, type Fold } from './user.js';
import { FoldEnum } from './user.type.js';
import type { AttributeCondition, QuestionnaireStatus, UserFilter } from './users.service.js';

export const MAX_EXTERNAL_ID = 200;
/** The largest amount that is taken: numeric(18, 2) holds more, but no customer does. */
export const MAX_AMOUNT = 1e15;
const MAX_ITEMS = 1_000;
const MAX_CONDITIONS = 10;

@InputType({ description: 'What is known of a user. What is not given is empty or unknown.' })
export class CreateUserInput {
  @Field(() => String, { description: "The institution's own id, unique within it: 1 to 200 characters." })
  @Length(1, MAX_EXTERNAL_ID)
  externalId: string;

  @Field(() => AttributesScalar, {
    nullable: true,
    description:
      'At most 200 names of A-Z a-z 0-9 _ . -, each with a finite number, a text of at most 500 characters, a date "YYYY-MM-DD" ' +
      'within 1900 to 2200, or null. A truth value is kept as 1 or 0.',
  })
  @IsObject()
  attributes?: AttributeMap;

  @Field(() => AttributesScalar, {
    nullable: true,
    description: 'Attributes that models do not read (sex, age, origin, …), kept apart.',
  })
  @IsObject()
  protectedAttributes?: AttributeMap;

  @Field(() => Int, { nullable: true, description: 'What happened, where it is known: 1 = the event, 0 = not.' })
  @IsIn([0, 1])
  riskLabel?: 0 | 1;

  @Field(() => FoldEnum, { nullable: true, description: 'Its part of a stored split.' })
  @IsIn(FOLDS)
  fold?: Fold;
}

@InputType({
  description: 'A user to create or to change, by externalId. Attributes are merged by name; what is not given stays.',
})
export class UpsertUserInput extends CreateUserInput {}

@InputType({ description: 'What changes of a user: what is not given stays.' })
export class UpdateUserInput {
  @Field(() => ID, { description: 'The id of the user.' })
  @IsString()
  userId: string;

  @Field(() => AttributesScalar, {
    nullable: true,
    description: 'Merged by name: a name that is given replaces what it had.',
  })
  @IsObject()
  attributes?: AttributeMap;

  @Field(() => [String], { nullable: true, description: 'Names to remove, of attributes and protected attributes.' })
  @ArrayMaxSize(200)
  @MaxLength(63, { each: true })
  removeAttributes?: string[];

  @Field(() => AttributesScalar, { nullable: true, description: 'Merged by name.' })
  @IsObject()
  protectedAttributes?: AttributeMap;

  @Field(() => Int, { nullable: true, description: '1 or 0; null clears it.' })
  @IsIn([0, 1])
  riskLabel?: 0 | 1 | null;

  @Field(() => FoldEnum, { nullable: true, description: 'Null clears it.' })
  @IsIn(FOLDS)
  fold?: Fold | null;
}

@InputType({ description: 'Users to create or change, all or none.' })
export class UpsertUsersInput {
  @Field(() => [UpsertUserInput], { description: '1 to 1,000 users, each external id once.' })
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_ITEMS)
  @ValidateNested({ each: true })
  users: UpsertUserInput[];
}

@InputType({ description: 'A product that a user owns.' })
export class HoldingInput {
  @Field(() => ID, { description: 'The id of the product.' })
  @IsString()
  productId: string;

  @Field(() => Float, { nullable: true, description: "How much of it, in the product's currency: 0 or more." })
  @IsNumber({ allowNaN: false, allowInfinity: false })
  @Min(0)
  @Max(MAX_AMOUNT)
  amount?: number;

  @Field(() => Date, { nullable: true, description: 'Since when.' })
  @IsInstant()
  acquiredAt?: Date;
}

@InputType({ description: 'Products that a user owns from now on.' })
export class AddHoldingsInput {
  @Field(() => ID, { description: 'The id of the user.' })
  @IsString()
  userId: string;

  @Field(() => [HoldingInput], { description: '1 to 1,000 holdings, each product once. One that is there is changed.' })
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_ITEMS)
  @ValidateNested({ each: true })
  holdings: HoldingInput[];
}

@InputType({ description: 'Products that a user owns no more.' })
export class RemoveHoldingsInput {
  @Field(() => ID, { description: 'The id of the user.' })
  @IsString()
  userId: string;

  @Field(() => [ID], { description: 'The ids of 1 to 1,000 products. One that the user does not hold is passed over.' })
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_ITEMS)
  @IsString({ each: true })
  productIds: string[];
}

@InputType({ description: 'A condition on one attribute: all that is given must hold.' })
export class AttributeConditionInput {
  @Field(() => String, { description: 'The name of the attribute.' })
  @Matches(ATTRIBUTE_NAME, { message: 'name is not the name of an attribute' })
  name: string;

  @Field(() => String, { nullable: true, description: 'It is this text.' })
  @MaxLength(MAX_ATTRIBUTE_TEXT)
  equalsText?: string;

  @Field(() => Float, { nullable: true, description: 'It is this number.' })
  @IsNumber({ allowNaN: false, allowInfinity: false })
  equalsNumber?: number;

  @Field(() => Boolean, { nullable: true, description: 'True: it is missing or null.' })
  @IsBoolean()
  missing?: boolean;

  @Field(() => Float, { nullable: true, description: 'It is a number of at least this.' })
  @IsNumber({ allowNaN: false, allowInfinity: false })
  min?: number;

  @Field(() => Float, { nullable: true, description: 'It is a number of at most this.' })
  @IsNumber({ allowNaN: false, allowInfinity: false })
  max?: number;

  @Field(() => CalendarDate, { nullable: true, description: 'It is a date, this day or later.' })
  @IsString()
  from?: string;

  @Field(() => CalendarDate, { nullable: true, description: 'It is a date, this day or earlier.' })
  @IsString()
  to?: string;
}

export const QuestionnaireStatusEnum = enumOf<QuestionnaireStatus>(
  'QuestionnaireStatus',
  'Whether there are answers on suitability that count.',
  { valid: 'Answers that have not expired.', expired: 'Answers that have expired.', missing: 'No answers.' },
);

@InputType({ description: 'Which users: all that is given must hold.' })
export class UserFilterInput {
  @Field(() => String, { nullable: true, description: 'The external id begins with this.' })
  @Length(1, MAX_EXTERNAL_ID)
  externalIdPrefix?: string;

  @Field(() => [AttributeConditionInput], { nullable: true, description: 'At most 10 conditions on attributes.' })
  @ArrayMaxSize(MAX_CONDITIONS)
  @ValidateNested({ each: true })
  attributes?: AttributeConditionInput[];

  @Field(() => TagNameEnum, {
    nullable: true,
    description: 'Users with this tag as of the last change of their profile.',
  })
  @IsIn(TAG_NAMES)
  tag?: TagName;

  @Field(() => QuestionnaireStatusEnum, { nullable: true, description: 'Whether there are answers that count.' })
  @IsIn(['valid', 'expired', 'missing'])
  questionnaire?: QuestionnaireStatus;

  @Field(() => Int, { nullable: true, description: 'Risk tolerance, 1 to 5, of at least this.' })
  @IsInt()
  @Min(1)
  @Max(5)
  minRiskTolerance?: number;

  @Field(() => Int, { nullable: true, description: 'Risk tolerance, 1 to 5, of at most this.' })
  @IsInt()
  @Min(1)
  @Max(5)
  maxRiskTolerance?: number;

  @Field(() => Date, { nullable: true, description: 'Created at this time or later.' })
  @IsInstant()
  createdFrom?: Date;

  @Field(() => Date, { nullable: true, description: 'Created at this time or earlier.' })
  @IsInstant()
  createdTo?: Date;

  @Field(() => ID, { nullable: true, description: 'Users who hold the product with this id.' })
  @IsString()
  holdsProduct?: string;
}

@ArgsType()
export class UsersArgs extends PageArgs {
  @Field(() => UserFilterInput, { nullable: true, description: 'Which users; all of them where it is not given.' })
  @ValidateNested()
  filter?: UserFilterInput;
}

/** @param productId decodes the id of a product */
export function userFilterOf(input: UserFilterInput | undefined, productId: (id: string) => string): UserFilter {
  if (!input) return {};
  const { attributes, holdsProduct, ...rest } = input;
  return {
    ...rest,
    attributes: attributes?.map(conditionOf),
    holdsProductId: holdsProduct ? productId(holdsProduct) : undefined,
  };
}

function conditionOf({ equalsText, equalsNumber, missing, ...rest }: AttributeConditionInput): AttributeCondition {
  return { ...rest, equals: missing ? null : (equalsText ?? equalsNumber) };
}
