import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../graphql/context.js';
import { RecordPricesInput, RecordPricesPayload, recordedPriceOf } from './price.input.js';
import type { PricesService } from './prices.service.js';
import { productNode } from './product.type.js';

@Resolver()
export class PricesResolver {
  constructor(private readonly prices: PricesService) {}

  @Mutation(() => RecordPricesPayload, {
    description:
      'Records up to 2,000 closing prices of products, all or none, and computes their riskFigures anew. A day that has a price takes the new one; the same call again changes nothing.',
  })
  async recordPrices(
    @Arg('input', () => RecordPricesInput, { description: 'The prices.' }) input: RecordPricesInput,
    @Ctx() { viewer }: Context,
  ): Promise<RecordPricesPayload> {
    const { acceptJumps } = input;
    const { products, ...changes } = await this.prices.record(viewer, input.prices.map(recordedPriceOf), {
      acceptJumps,
    });
    return { ...changes, products: products.map(productNode) };
  }
}
