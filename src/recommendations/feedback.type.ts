import { IsIn, IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import { createUnionType, Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { enumOf } from '../graphql/enum.js';
import { toGlobalId } from '../graphql/relay.js';
import { FEEDBACK_KINDS, type Feedback, type FeedbackKind } from './feedback.js';

export const FeedbackKindEnum = enumOf<FeedbackKind>(
  'FeedbackKind',
  'What a user did with a product that was recommended.',
  {
    viewed: 'Saw it.',
    clicked: 'Opened it.',
    purchased: 'Bought it. Record the purchase itself by recordEvents.',
    dismissed: 'Waved it away: it is ranked lower for the next months.',
    rated: 'Gave it 1 to 5.',
  },
);

@InputType({ description: 'What a user did with a product of a stored answer.' })
export class RecordFeedbackInput {
  @Field(() => ID, { description: 'The id of the answer: of the connection that recommendations gave.' })
  @IsString()
  recommendationId: string;

  @Field(() => ID, { description: 'A product of that answer that was delivered.' })
  @IsString()
  productId: string;

  @Field(() => FeedbackKindEnum, { description: 'What the user did.' })
  @IsIn(FEEDBACK_KINDS)
  kind: FeedbackKind;

  @Field(() => Int, { nullable: true, description: '1 to 5: with kind RATED, and only with it.' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(5)
  rating?: number | null;
}

@ObjectType('Feedback', { simpleResolvers: true, description: 'What a user did with a product that was recommended.' })
export class FeedbackType {
  @Field(() => ID, { description: 'The answer.' })
  recommendationId: string;

  @Field(() => ID, { description: 'The product.' })
  productId: string;

  @Field(() => FeedbackKindEnum, { description: 'What the user did.' })
  kind: FeedbackKind;

  @Field(() => Int, { nullable: true, description: '1 to 5; of kind RATED only.' })
  rating: number | null;

  @Field(() => Date, { description: 'When it was recorded, or last changed.' })
  recordedAt: Date;
}

@ObjectType({ simpleResolvers: true, description: 'It is recorded, now or before.' })
export class FeedbackRecorded {
  @Field(() => FeedbackType, { description: 'As it is stored.' })
  feedback: FeedbackType;

  @Field(() => Boolean, { description: 'False: the same had been recorded before, and nothing was changed.' })
  changed: boolean;
}

@ObjectType({
  simpleResolvers: true,
  description: 'The product is not among those that this answer has delivered: nothing was recorded.',
})
export class ProductNotShown {
  @Field(() => ID, { description: 'The answer.' })
  recommendationId: string;

  @Field(() => ID, { description: 'The product.' })
  productId: string;
}

/** Resolvers return instances: an asynchronous resolveType could not be compiled. */
export const RecordFeedbackResult = createUnionType({
  name: 'RecordFeedbackResult',
  description: 'What recordFeedback gives back.',
  types: () => [FeedbackRecorded, ProductNotShown] as const,
});

export function feedbackType(feedback: Feedback): FeedbackType {
  return Object.assign(new FeedbackType(), {
    recommendationId: toGlobalId('Recommendation', feedback.recommendationId),
    productId: toGlobalId('Product', feedback.productId),
    kind: feedback.kind,
    rating: feedback.rating,
    recordedAt: feedback.recordedAt,
  });
}
