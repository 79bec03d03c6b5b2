import { ArrayMaxSize, ArrayUnique, IsIn, IsInt, IsNumber, IsOptional, Matches, Max, Min } from 'class-validator';
import { Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import { enumOf } from '../graphql/enum.js';
import { connectionType, type Edge, PageInfo } from '../graphql/relay.js';
import { ReasonType } from '../models/reason.type.js';
import { PRODUCT_TYPES, type ProductType } from '../products/product.js';
import { ProductNode, ProductTypeEnum } from '../products/product.type.js';
import type { Strategy } from './answer.js';
import type { RecommendationFilter } from './candidates.js';
import type { Decided } from './pipeline.js';
import type { ScoreSource } from './score.js';
import { SuitabilityDecisionType } from './suitability.type.js';

export const StrategyEnum = enumOf<Strategy>('RecommendationStrategy', 'How an answer came about.', {
  model: 'The active model scored the products.',
  cold_user: 'The model knows nothing about this user: products are ranked by how many users own them.',
  no_model: 'No model is active: products are ranked by how many users own them.',
});

export const ScoreSourceEnum = enumOf<ScoreSource>(
  'ScoreSource',
  "Where the first part of a product's score comes from.",
  {
    model: "The model's probability of interest.",
    similarity: 'The product is new to the model: scored as those that are most like it.',
    popularity: 'How many users own it, in the segment of the same risk tolerance.',
  },
);

const MOST = 1e15;

@InputType({ description: 'Which products may be recommended; all that is given must hold.' })
export class RecommendationFilterInput {
  @Field(() => [ProductTypeEnum], { nullable: true, description: 'Of one of these types.' })
  @IsOptional()
  @ArrayMaxSize(PRODUCT_TYPES.length)
  @ArrayUnique()
  @IsIn(PRODUCT_TYPES, { each: true })
  types?: ProductType[] | null;

  @Field(() => Int, { nullable: true, description: 'Of this risk class at least: 1 to 5.' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(5)
  minRiskClass?: number | null;

  @Field(() => Int, { nullable: true, description: 'Of this risk class at most: 1 to 5.' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(5)
  maxRiskClass?: number | null;

  @Field(() => [String], { nullable: true, description: 'In one of these currencies: ISO 4217, at most 20.' })
  @IsOptional()
  @ArrayMaxSize(20)
  @Matches(/^[A-Z]{3}$/, { each: true, message: 'each currency must be three upper-case letters' })
  currencies?: string[] | null;

  @Field(() => Float, {
    nullable: true,
    description: 'What the user wants to put in: no product with a higher minimum.',
  })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(MOST)
  amount?: number | null;

  @Field(() => Int, { nullable: true, description: 'With a term of so many months at most, or none.' })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(1200)
  maxTermMonths?: number | null;

  @Field(() => Float, { nullable: true, description: 'With an expected yield a year of so much at least: .03 is 3 %.' })
  @IsOptional()
  @IsNumber()
  @Min(-1)
  @Max(10)
  minExpectedYield?: number | null;
}

export function filterOf(input: RecommendationFilterInput | null | undefined): RecommendationFilter | undefined {
  if (!input) return undefined;
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null && value !== undefined));
}

@ObjectType('RecommendationEdge', { simpleResolvers: true, description: 'One product that is recommended.' })
export class RecommendationEdge implements Edge<ProductNode> {
  @Field(() => ProductNode, { description: 'The product.' })
  node: ProductNode;

  @Field(() => ProductNode, { description: 'The product: the same as node.' })
  product: ProductNode;

  @Field(() => String, { description: 'Where it stands: give it to "after" to go on in the same answer.' })
  cursor: string;

  @Field(() => Int, { description: 'Its place in the answer: 1 is best.' })
  rank: number;

  @Field(() => Float, { description: 'Probability of interest among the products that suit the user: they sum to 1.' })
  score: number;

  @Field(() => ScoreSourceEnum, { description: 'Where the first part of the score comes from.' })
  source: ScoreSource;

  @Field(() => SuitabilityDecisionType, { description: 'Why it may be recommended.' })
  suitability: SuitabilityDecisionType;

  @Field(() => Float, {
    nullable: true,
    description:
      'Log-odds of the model before any reason; null where the model did not score it, or reasons were not asked for.',
  })
  base: number | null;

  @Field(() => [ReasonType], {
    description:
      "The terms of the score, largest first: the model's own contributions, and recent behaviour, similarity, popularity and diversity.",
  })
  reasons: ReasonType[];
}

@ObjectType('RejectedProductEdge', { simpleResolvers: true, description: 'One product that does not suit the user.' })
export class RejectedProductEdge implements Edge<ProductNode> {
  @Field(() => ProductNode, { description: 'The product.' })
  node: ProductNode;

  @Field(() => String, { description: 'Where it stands: give it to "after" to go on from here.' })
  cursor: string;

  @Field(() => SuitabilityDecisionType, { description: 'Which rules are not met, and which are.' })
  suitability: SuitabilityDecisionType;
}

@ObjectType('RejectedProductConnection', {
  simpleResolvers: true,
  description: 'Products that the filter lets pass and that do not suit the user, by code.',
})
export class RejectedProductConnection {
  @Field(() => [RejectedProductEdge], { description: 'What is on this page, in order.' })
  edges: RejectedProductEdge[];

  @Field(() => PageInfo, { description: 'Where this page stands.' })
  pageInfo: PageInfo;

  @Field(() => Int, { description: 'How many there are in all.' })
  totalCount: number;
}

const { Connection } = connectionType<ProductNode, RecommendationEdge>(
  ProductNode,
  'RecommendationPage',
  RecommendationEdge,
);

@ObjectType('RecommendationConnection', {
  simpleResolvers: true,
  description: 'A page of one answer. The answer is stored: its pages are consistent, and feedback refers to it.',
})
export class RecommendationConnection extends Connection {
  @Field(() => ID, { description: 'The id of the stored answer, for recordFeedback.' })
  id: string;

  @Field(() => StrategyEnum, { description: 'How the answer came about.' })
  strategy: Strategy;

  @Field(() => Int, { description: 'Products in the whole answer: 100 at most.' })
  totalCount: number;

  @Field(() => Date, { description: 'When the answer was computed.' })
  createdAt: Date;

  @Field(() => String, {
    nullable: true,
    description: 'The variant of the experiment that was running; null where none was.',
  })
  variant: string | null;

  readonly modelVersionId: string | null;
  readonly rejectedProducts: readonly Decided[];
}
