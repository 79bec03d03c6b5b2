import { Max, Min } from 'class-validator';
import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { badInput } from '../errors.js';
import type { Context } from '../graphql/context.js';
import type { NodeFinder } from '../graphql/node.resolver.js';
import { type Connection, connectionOf, decodeCursor, fromGlobalId, MAX_PAGE } from '../graphql/relay.js';
import {
  CreateProductInput,
  ProductsArgs,
  productPatchOf,
  productValuesOf,
  UpdateProductInput,
  UpsertProductsInput,
} from './product.input.js';
import {
  ProductConnection,
  ProductNode,
  ProductPayload,
  productNode,
  SimilarProductType,
  similarProductType,
  UpsertProductsPayload,
} from './product.type.js';
import type { ProductKey, ProductSort, ProductsService } from './products.service.js';

export const productFinder =
  (products: ProductsService): NodeFinder =>
  async (id, { viewer }) =>
    productNode(await products.one(viewer, id));

const MAX_CODE = 64;

@ArgsType()
class SimilarArgs {
  @Field(() => Int, { defaultValue: 5, description: 'How many at most: 1 to 100.' })
  @Min(1)
  @Max(MAX_PAGE)
  first: number;
}

@Resolver(() => ProductNode)
export class ProductsResolver {
  constructor(private readonly products: ProductsService) {}

  @Query(() => ProductNode, { nullable: true, description: 'One product of your institution.' })
  async product(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() { viewer }: Context,
  ): Promise<ProductNode> {
    return productNode(await this.products.one(viewer, fromGlobalId('Product', id)));
  }

  @Query(() => ProductNode, { nullable: true, description: 'One product by its code; null where there is none.' })
  async productByCode(
    @Arg('code', () => String, { description: 'Its code.' }) code: string,
    @Ctx() { viewer }: Context,
  ): Promise<ProductNode | null> {
    const product = code.length > MAX_CODE ? undefined : await this.products.byCode(viewer, code);
    return product ? productNode(product) : null;
  }

  @Query(() => ProductConnection, { name: 'products', description: 'Products of your institution.' })
  async list(
    @Args(() => ProductsArgs) { filter, orderBy, descending, ...page }: ProductsArgs,
    @Ctx() { viewer }: Context,
  ): Promise<Connection<ProductNode>> {
    const sort: ProductSort = { by: orderBy, descending };
    const after = page.after ? productKeyOf(page.after, sort) : undefined;
    const rows = await this.products.list(viewer, filter ?? {}, sort, { first: page.first, after });
    return connectionOf(
      rows,
      page,
      ({ key }) => [orderOf(sort), key.value, key.id],
      ({ product }) => productNode(product),
    );
  }

  @FieldResolver(() => [SimilarProductType], { description: 'Offered products most like it, best first, and why.' })
  async similar(
    @Root() product: ProductNode,
    @Args(() => SimilarArgs) { first }: SimilarArgs,
    @Ctx() { viewer }: Context,
  ): Promise<SimilarProductType[]> {
    return (await this.products.similar(viewer, product.uuid, first)).map(similarProductType);
  }

  @Mutation(() => ProductPayload, { description: 'Creates a product. CONFLICT where the code is taken.' })
  async createProduct(
    @Arg('input', () => CreateProductInput, { description: 'The new product.' }) input: CreateProductInput,
    @Ctx() { viewer }: Context,
  ): Promise<ProductPayload> {
    return { product: productNode(await this.products.create(viewer, productValuesOf(input))) };
  }

  @Mutation(() => ProductPayload, { description: 'Changes what is given of a product.' })
  async updateProduct(
    @Arg('input', () => UpdateProductInput, { description: 'The changes.' }) input: UpdateProductInput,
    @Ctx() { viewer }: Context,
  ): Promise<ProductPayload> {
    const id = fromGlobalId('Product', input.productId);
    return { product: productNode(await this.products.update(viewer, id, productPatchOf(input))) };
  }

  @Mutation(() => UpsertProductsPayload, {
    description: 'Creates or replaces up to 1,000 products by code, all or none. The same call again changes nothing.',
  })
  async upsertProducts(
    @Arg('input', () => UpsertProductsInput, { description: 'The products.' }) input: UpsertProductsInput,
    @Ctx() { viewer }: Context,
  ): Promise<UpsertProductsPayload> {
    const results = await this.products.upsert(viewer, input.products.map(productValuesOf));
    return { results: results.map(({ product, outcome }) => ({ outcome, product: productNode(product) })) };
  }
}

const orderOf = ({ by, descending }: ProductSort): string => (descending ? `-${by}` : by);
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** A cursor names the order that it was made in: in another it would point nowhere. */
function productKeyOf(cursor: string, sort: ProductSort): ProductKey {
  const [order, value, id] = decodeCursor(cursor, 3).map(String);
  const text = sort.by === 'code' || sort.by === 'name';
  const sound = UUID.test(id) && (text || /^-?(\d[\d.e+-]*|Infinity)$/.test(value));
  if (order !== orderOf(sort) || !sound) throw badInput('The cursor in "after" was not given by this connection.');
  return { value, id };
}
