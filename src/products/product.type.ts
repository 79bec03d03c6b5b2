import { Field, Float, Int, ObjectType, registerEnumType } from 'type-graphql';
import { enumOf } from '../graphql/enum.js';
import { connectionType, Node, toGlobalId } from '../graphql/relay.js';
import { AttributesScalar } from '../graphql/scalars.js';
import { type UpsertOutcome, UpsertOutcomeEnum } from '../graphql/upsert-outcome.js';
import type { Product, ProductType } from './product.js';
import type { SimilarityDimension, SimilarProduct } from './similarity.js';

export const ProductTypeEnum = enumOf<ProductType>('ProductType', 'What kind of product it is.', {
  deposit: 'Money kept for interest.',
  fund: 'Shares of a fund.',
  bond: 'A bond.',
  stock: 'Shares of a company.',
  insurance: 'An insurance policy.',
  loan: 'Money lent to the user.',
  portfolio: 'A managed portfolio.',
  card: 'A payment card.',
  account: 'An account.',
  other: 'Anything else.',
});

/** Knowledge is a number everywhere but in the schema. */
export const KnowledgeEnum = { NONE: 0, BASIC: 1, INFORMED: 2, EXPERT: 3 };
registerEnumType(KnowledgeEnum, {
  name: 'KnowledgeLevel',
  description: 'How much someone knows of financial products, or must know.',
  valuesConfig: {
    NONE: { description: 'Nothing is known, or asked for.' },
    BASIC: { description: 'Has heard how such products work.' },
    INFORMED: { description: 'Understands gains, losses and costs.' },
    EXPERT: { description: 'Could explain them to others.' },
  },
});

@ObjectType('Product', {
  implements: Node,
  simpleResolvers: true,
  description: 'A financial product of an institution.',
})
export class ProductNode extends Node {
  /** For the fields that are resolved on their own: the row's uuid, and what its prices say. */
  readonly uuid: string;
  readonly priceFigures?: Product['priceFigures'];

  @Field(() => String, {
    description:
      'Its code, unique within the institution. The same code at two institutions is the same product to a model.',
  })
  code: string;

  @Field(() => String, { description: 'Its name.' })
  name: string;

  @Field(() => ProductTypeEnum, { description: 'What kind of product it is.' })
  type: ProductType;

  @Field(() => Int, { description: '1 (lowest) to 5 (highest).' })
  riskClass: number;

  @Field(() => Float, { nullable: true, description: 'Per year: .03 is 3 %.' })
  expectedYield: number | null;

  @Field(() => Float, { nullable: true, description: 'Standard deviation of the yearly return: .15 is 15 %.' })
  volatility: number | null;

  @Field(() => Int, { nullable: true, description: 'How long the money is bound, in months.' })
  termMonths: number | null;

  @Field(() => Float, { description: 'The least amount, in its currency.' })
  minimumAmount: number;

  @Field(() => Int, { description: 'For whom has at least so many months.' })
  minimumHorizonMonths: number;

  @Field(() => KnowledgeEnum, { description: 'For whom knows at least so much.' })
  requiredKnowledge: number;

  @Field(() => String, { description: 'ISO 4217.' })
  currency: string;

  @Field(() => AttributesScalar, { description: 'What else the institution says about it.' })
  attributes: Product['attributes'];

  @Field(() => Boolean, { description: 'It is offered; one that is not is never recommended.' })
  active: boolean;

  @Field(() => Date, { description: 'When it was created.' })
  createdAt: Date;

  @Field(() => Date, { description: 'When it was last changed.' })
  updatedAt: Date;
}

export function productNode(product: Product): ProductNode {
  return Object.assign(new ProductNode(), product, { id: toGlobalId('Product', product.id), uuid: product.id });
}

export const { Connection: ProductConnection } = connectionType(ProductNode, 'Product');

export const SimilarityDimensionEnum = enumOf<SimilarityDimension>(
  'SimilarityDimension',
  'In what two products are alike.',
  {
    type: 'The kind of product.',
    riskClass: 'The risk class.',
    expectedYield: 'The expected yield.',
    volatility: 'The volatility.',
    termMonths: 'The term.',
    minimumAmount: 'The minimum amount.',
    coOwnership: 'The users who hold them.',
  },
);

@ObjectType({ simpleResolvers: true, description: 'In what two products are alike, and how much.' })
export class SimilarityReasonType {
  @Field(() => SimilarityDimensionEnum, { description: 'What was compared.' })
  dimension: SimilarityDimension;

  @Field(() => Float, { description: 'How alike they are in it: 0 to 1.' })
  similarity: number;

  @Field(() => Float, { description: 'Its part of the similarity as a whole: the parts add up to it.' })
  contribution: number;

  @Field(() => String, { description: 'The same in words.' })
  text: string;
}

@ObjectType('SimilarProduct', { simpleResolvers: true, description: 'A product like another, and why.' })
export class SimilarProductType {
  @Field(() => ProductNode, { description: 'The product.' })
  product: ProductNode;

  @Field(() => Float, { description: '0 to 1.' })
  similarity: number;

  @Field(() => [SimilarityReasonType], { description: 'What the similarity is made of, largest part first.' })
  reasons: readonly SimilarityReasonType[];
}

export const similarProductType = ({ product, similarity, reasons }: SimilarProduct): SimilarProductType => ({
  product: productNode(product),
  similarity,
  reasons,
});

@ObjectType({ simpleResolvers: true, description: 'What createProduct and updateProduct give back.' })
export class ProductPayload {
  @Field(() => ProductNode, { description: 'The product as it is now.' })
  product: ProductNode;
}

@ObjectType({ simpleResolvers: true, description: 'What became of one product.' })
export class UpsertProductResult {
  @Field(() => UpsertOutcomeEnum, { description: 'What became of it.' })
  outcome: UpsertOutcome;

  @Field(() => ProductNode, { description: 'The product as it is now.' })
  product: ProductNode;
}

@ObjectType({ simpleResolvers: true, description: 'What upsertProducts gives back.' })
export class UpsertProductsPayload {
  @Field(() => [UpsertProductResult], { description: 'One result a product, in the order of the input.' })
  results: UpsertProductResult[];
}
