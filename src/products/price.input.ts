import {
  ArrayMaxSize,
  ArrayMinSize,
  IsBoolean,
  IsNumber,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import { fromGlobalId } from '../graphql/relay.js';
import { CalendarDate } from '../graphql/scalars.js';
import { MAX_PRICES, type RecordedPrice } from './prices.service.js';
import { ProductNode } from './product.type.js';

@InputType({ description: 'The closing price of a day. Name the product by id or by code.' })
export class PriceInput {
  @Field(() => ID, { nullable: true, description: 'The id of the product.' })
  @IsString()
  productId?: string | null;

  @Field(() => String, { nullable: true, description: 'The code of the product, in place of productId.' })
  @Length(1, 64)
  productCode?: string | null;

  @Field(() => CalendarDate, { description: 'The day, not in the future.' })
  @Matches(/^\d{4}-\d{2}-\d{2}$/)
  day: string;

  @Field(() => Float, {
    nullable: true,
    description: 'In the currency of the product, adjusted for splits, above 0. Null removes the price of the day.',
  })
  @IsNumber({ allowNaN: false, allowInfinity: false })
  @Min(Number.MIN_VALUE)
  @Max(1e15)
  price?: number | null;
}

@InputType({ description: 'Prices to record, all or none.' })
export class RecordPricesInput {
  @Field(() => [PriceInput], { description: '1 to 2,000 prices, each day of a product once.' })
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_PRICES)
  @ValidateNested({ each: true })
  prices: PriceInput[];

  @Field(() => Boolean, {
    defaultValue: false,
    description:
      'A move by nearly the ratio of a split (1 : 2, 10 : 1, …) is one of the price. Otherwise it is refused, as of prices that are not adjusted.',
  })
  @IsBoolean()
  acceptJumps: boolean;
}

@ObjectType({ simpleResolvers: true, description: 'What recordPrices gives back.' })
export class RecordPricesPayload {
  @Field(() => Int, { description: 'Days that had no price before.' })
  created: number;

  @Field(() => Int, { description: 'Days that had another price.' })
  updated: number;

  @Field(() => Int, { description: 'Days that have no price any more.' })
  removed: number;

  @Field(() => [ProductNode], { description: 'The products that were named, as they are now.' })
  products: ProductNode[];
}

export const recordedPriceOf = ({ productId, productCode, day, price }: PriceInput): RecordedPrice => ({
  productId: productId ? fromGlobalId('Product', productId) : undefined,
  productCode: productCode ?? undefined,
  day,
  price: price ?? null,
});
