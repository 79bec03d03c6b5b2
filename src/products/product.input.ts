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
  Min,
  ValidateNested,
} from 'class-validator';
import { ArgsType, Field, Float, ID, InputType, Int } from 'type-graphql';
import { enumOf } from '../graphql/enum.js';
import { PageArgs } from '../graphql/relay.js';
import { AttributesScalar } from '../graphql/scalars.js';
import { PRODUCT_TYPES, type ProductType } from './product.js';
import { KnowledgeEnum, ProductTypeEnum } from './product.type.js';
import { PRODUCT_ORDERS, type ProductOrder, type ProductPatch, type ProductValues } from './products.service.js';

const MAX_ITEMS = 1_000;
const MAX_AMOUNT = 1e15;
const MAX_MONTHS = 1_200;
const CURRENCY = /^[A-Z]{3}$/;
const finite = { allowNaN: false, allowInfinity: false };

@InputType({
  description: 'Everything about a product but its code. What is not given takes its default, or stays in an update.',
})
class ProductFields {
  @Field(() => Float, { nullable: true, description: 'Per year, −1 to 10: .03 is 3 %. Null: unknown.' })
  @IsNumber(finite)
  @Min(-1)
  @Max(10)
  expectedYield?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Standard deviation of the yearly return, 0 to 10. Null: unknown.',
  })
  @IsNumber(finite)
  @Min(0)
  @Max(10)
  volatility?: number | null;

  @Field(() => Int, { nullable: true, description: 'How long the money is bound, 0 to 1,200 months. Null: not bound.' })
  @IsInt()
  @Min(0)
  @Max(MAX_MONTHS)
  termMonths?: number | null;

  @Field(() => Float, { nullable: true, description: 'The least amount, in its currency. Default 0.' })
  @IsNumber(finite)
  @Min(0)
  @Max(MAX_AMOUNT)
  minimumAmount?: number;

  @Field(() => Int, { nullable: true, description: 'For whom has at least so many months, 0 to 1,200. Default 0.' })
  @IsInt()
  @Min(0)
  @Max(MAX_MONTHS)
  minimumHorizonMonths?: number;

  @Field(() => KnowledgeEnum, { nullable: true, description: 'For whom knows at least so much. Default NONE.' })
  @IsIn([0, 1, 2, 3])
  requiredKnowledge?: number;

  @Field(() => AttributesScalar, {
    nullable: true,
    description: 'What else is to be said about it, as the attributes of a user. Replaced as a whole. Default empty.',
  })
  @IsObject()
  attributes?: ProductValues['attributes'];

  @Field(() => Boolean, { nullable: true, description: 'Whether it is offered. Default true.' })
  @IsBoolean()
  active?: boolean;
}

@InputType({ description: 'A product to create, or to put in the place of the one with its code.' })
export class CreateProductInput extends ProductFields {
  @Field(() => String, {
    description:
      'Unique within the institution: 1 to 64 of A-Z a-z 0-9 _ . : / -. Members who share a model agree on codes.',
  })
  @Matches(/^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}$/, { message: 'code must be 1 to 64 of A-Z a-z 0-9 _ . : / -' })
  code: string;

  @Field(() => String, { description: '1 to 200 characters.' })
  @Length(1, 200)
  name: string;

  @Field(() => ProductTypeEnum, { description: 'What kind of product it is.' })
  @IsIn(PRODUCT_TYPES)
  type: ProductType;

  @Field(() => Int, { description: '1 (lowest) to 5 (highest).' })
  @IsInt()
  @Min(1)
  @Max(5)
  riskClass: number;

  @Field(() => String, { description: 'ISO 4217, upper case.' })
  @Matches(CURRENCY, { message: 'currency must be three upper-case letters' })
  currency: string;
}

@InputType({ description: 'What changes of a product: what is not given stays.' })
export class UpdateProductInput extends ProductFields {
  @Field(() => ID, { description: 'The id of the product.' })
  @IsString()
  productId: string;

  @Field(() => String, { nullable: true, description: '1 to 200 characters.' })
  @Length(1, 200)
  name?: string;

  @Field(() => ProductTypeEnum, { nullable: true, description: 'What kind of product it is.' })
  @IsIn(PRODUCT_TYPES)
  type?: ProductType;

  @Field(() => Int, { nullable: true, description: '1 (lowest) to 5 (highest).' })
  @IsInt()
  @Min(1)
  @Max(5)
  riskClass?: number;

  @Field(() => String, { nullable: true, description: 'ISO 4217, upper case.' })
  @Matches(CURRENCY, { message: 'currency must be three upper-case letters' })
  currency?: string;
}

@InputType({ description: 'Products to create or replace, all or none.' })
export class UpsertProductsInput {
  @Field(() => [CreateProductInput], { description: '1 to 1,000 products, each code once.' })
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_ITEMS)
  @ValidateNested({ each: true })
  products: CreateProductInput[];
}

@InputType({ description: 'A range, its ends included; one end may be left open.' })
export class FloatRangeInput {
  @Field(() => Float, { nullable: true, description: 'At least this.' })
  @IsNumber(finite)
  min?: number;

  @Field(() => Float, { nullable: true, description: 'At most this.' })
  @IsNumber(finite)
  max?: number;
}

@InputType({
  description: 'Which products: all that is given must hold. A range leaves out products without that value.',
})
export class ProductFilterInput {
  @Field(() => [ProductTypeEnum], { nullable: true, description: 'One of these types.' })
  @ArrayMaxSize(PRODUCT_TYPES.length)
  @IsIn(PRODUCT_TYPES, { each: true })
  types?: ProductType[];

  @Field(() => [String], { nullable: true, description: 'One of at most 20 currencies: ISO 4217.' })
  @ArrayMaxSize(20)
  @Matches(CURRENCY, { each: true, message: 'currencies must be three upper-case letters each' })
  currencies?: string[];

  @Field(() => Boolean, { nullable: true, description: 'True: only what is offered; false: only what is not.' })
  @IsBoolean()
  active?: boolean;

  @Field(() => FloatRangeInput, { nullable: true, description: 'Risk class, 1 to 5.' })
  @ValidateNested()
  riskClass?: FloatRangeInput;

  @Field(() => FloatRangeInput, { nullable: true, description: 'Expected yield a year.' })
  @ValidateNested()
  expectedYield?: FloatRangeInput;

  @Field(() => FloatRangeInput, { nullable: true, description: 'Volatility a year.' })
  @ValidateNested()
  volatility?: FloatRangeInput;

  @Field(() => FloatRangeInput, { nullable: true, description: 'Term in months.' })
  @ValidateNested()
  termMonths?: FloatRangeInput;

  @Field(() => FloatRangeInput, { nullable: true, description: 'Minimum amount.' })
  @ValidateNested()
  minimumAmount?: FloatRangeInput;
}

export const ProductOrderEnum = enumOf<ProductOrder>('ProductOrder', 'What products are sorted by.', {
  code: 'The code.',
  name: 'The name.',
  riskClass: 'The risk class.',
  expectedYield: 'The expected yield.',
  volatility: 'The volatility.',
  termMonths: 'The term.',
  minimumAmount: 'The minimum amount.',
});

@ArgsType()
export class ProductsArgs extends PageArgs {
  @Field(() => ProductFilterInput, {
    nullable: true,
    description: 'Which products; all of them where it is not given.',
  })
  @ValidateNested()
  filter?: ProductFilterInput;

  @Field(() => ProductOrderEnum, {
    defaultValue: 'code',
    description: 'What they are sorted by. Products without the value come last.',
  })
  @IsIn(PRODUCT_ORDERS)
  orderBy: ProductOrder;

  @Field(() => Boolean, { defaultValue: false, description: 'Highest first.' })
  @IsBoolean()
  descending: boolean;
}

/** The product as it is stored, with the defaults that the schema states. */
export function productValuesOf(input: CreateProductInput): ProductValues {
  return {
    code: input.code,
    name: input.name,
    type: input.type,
    riskClass: input.riskClass,
    expectedYield: input.expectedYield ?? null,
    volatility: input.volatility ?? null,
    termMonths: input.termMonths ?? null,
    minimumAmount: input.minimumAmount ?? 0,
    minimumHorizonMonths: input.minimumHorizonMonths ?? 0,
    requiredKnowledge: input.requiredKnowledge ?? 0,
    currency: input.currency,
    attributes: input.attributes ?? {},
    active: input.active ?? true,
  };
}

/** Null clears what may be unknown; elsewhere it is the same as not given. */
export function productPatchOf({ productId: _, ...input }: UpdateProductInput): ProductPatch {
  const clearable = ['expectedYield', 'volatility', 'termMonths'];
  return Object.fromEntries(
    Object.entries(input).filter(
      ([name, value]) => value !== undefined && (value !== null || clearable.includes(name)),
    ),
  );
}
