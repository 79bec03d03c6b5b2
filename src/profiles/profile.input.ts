import {
  ArrayMaxSize,
  ArrayMinSize,
  IsIn,
  IsInt,
  IsNumber,
  IsString,
  Length,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { Field, Float, ID, InputType, Int } from 'type-graphql';
import { badInput } from '../errors.js';
import { enumOf } from '../graphql/enum.js';
import { fromGlobalId } from '../graphql/relay.js';
import { IsInstant } from '../graphql/validators.js';
import { KnowledgeEnum } from '../products/product.type.js';
import type { NewEvent } from './behaviour-event.js';
import { MAX_EVENTS, type NewQuestionnaire } from './profiles.service.js';
import { EVENT_TYPES, type EventType } from './state.js';

const MAX_AMOUNT = 1e15;
const finite = { allowNaN: false, allowInfinity: false };

export const EventTypeEnum = enumOf<EventType>('EventType', 'What a user did.', {
  transaction: 'Money went into (amount above 0) or out of (below 0) an account.',
  view: 'Looked at a product or a page.',
  search: 'Searched.',
  click: 'Followed a link.',
  purchase: 'Bought a product: makes a holding.',
  sale: 'Sold a product or ended it: ends the holding.',
  deposit: 'Paid money in.',
  withdrawal: 'Took money out.',
  login: 'Logged in.',
});

@InputType({
  description: 'Something that a user did. Name the user by one of two ids, the product (if any) by id or code.',
})
export class EventInput {
  @Field(() => String, {
    description: 'Your id of the event, 1 to 200 characters. Recording it again changes nothing.',
  })
  @Length(1, 200)
  eventId: string;

  @Field(() => ID, { nullable: true, description: 'The id of the user.' })
  @IsString()
  userId?: string;

  @Field(() => String, { nullable: true, description: "The institution's own id of the user, in place of userId." })
  @Length(1, 200)
  externalUserId?: string;

  @Field(() => ID, { nullable: true, description: 'The id of the product.' })
  @IsString()
  productId?: string;

  @Field(() => String, { nullable: true, description: 'The code of the product, in place of productId.' })
  @Length(1, 64)
  productCode?: string;

  @Field(() => EventTypeEnum, { description: 'What the user did.' })
  @IsIn(EVENT_TYPES)
  type: EventType;

  @Field(() => Float, { nullable: true, description: 'In the currency of the institution; kept to two decimals.' })
  @IsNumber(finite)
  @Min(-MAX_AMOUNT)
  @Max(MAX_AMOUNT)
  amount?: number;

  @Field(() => Float, { nullable: true, description: 'How long it took: 0 to 86,400 seconds.' })
  @IsNumber(finite)
  @Min(0)
  @Max(86_400)
  durationSeconds?: number;

  @Field(() => String, { nullable: true, description: 'What was searched for, or a note: at most 1,000 characters.' })
  @MaxLength(1_000)
  text?: string;

  @Field(() => Date, { description: 'When: at most twenty years ago, and not in the future.' })
  @IsInstant()
  occurredAt: Date;
}

@InputType({ description: 'Things that users did.' })
export class RecordEventsInput {
  @Field(() => [EventInput], { description: '1 to 1,000 events, in any order.' })
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_EVENTS)
  @ValidateNested({ each: true })
  events: EventInput[];
}

@InputType({ description: "A user's answers on suitability." })
export class RecordQuestionnaireInput {
  @Field(() => ID, { description: 'The id of the user.' })
  @IsString()
  userId: string;

  @Field(() => Int, { description: '1 (avoids any risk) to 5 (accepts high risk).' })
  @IsInt()
  @Min(1)
  @Max(5)
  riskTolerance: number;

  @Field(() => KnowledgeEnum, { description: 'How much the user knows of financial products.' })
  @IsIn([0, 1, 2, 3])
  knowledge: number;

  @Field(() => Int, { description: 'For how many months the user wants to invest: 0 to 1,200.' })
  @IsInt()
  @Min(0)
  @Max(1_200)
  horizonMonths: number;

  @Field(() => Float, {
    nullable: true,
    description: 'How much there is to invest, in the currency of the institution.',
  })
  @IsNumber(finite)
  @Min(0)
  @Max(MAX_AMOUNT)
  investableAmount?: number | null;

  @Field(() => Date, { nullable: true, description: 'When it was completed. Default: now.' })
  @IsInstant()
  completedAt?: Date | null;

  @Field(() => Date, {
    nullable: true,
    description: 'From when on it counts no more. Default: twelve months after completedAt.',
  })
  @IsInstant()
  expiresAt?: Date | null;
}

/** @throws {ConcordError} BAD_INPUT that names the event */
export function newEventOf(input: EventInput, index: number): NewEvent {
  if ((input.userId == null) === (input.externalUserId == null))
    throw badInput(`events.${index} must have either userId or externalUserId.`);
  if (input.productId != null && input.productCode != null)
    throw badInput(`events.${index} must not have both productId and productCode.`);
  return {
    eventId: input.eventId,
    userId: input.userId == null ? undefined : fromGlobalId('User', input.userId),
    externalUserId: input.externalUserId ?? undefined,
    productId: input.productId == null ? undefined : fromGlobalId('Product', input.productId),
    productCode: input.productCode ?? undefined,
    type: input.type,
    amount: input.amount ?? undefined,
    durationSeconds: input.durationSeconds ?? undefined,
    text: input.text ?? undefined,
    occurredAt: input.occurredAt,
  };
}

export function newQuestionnaireOf(input: RecordQuestionnaireInput): NewQuestionnaire {
  return {
    riskTolerance: input.riskTolerance,
    knowledge: input.knowledge,
    horizonMonths: input.horizonMonths,
    investableAmount: input.investableAmount ?? null,
    completedAt: input.completedAt ?? undefined,
    expiresAt: input.expiresAt ?? undefined,
  };
}
