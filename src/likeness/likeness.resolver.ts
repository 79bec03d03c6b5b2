import { Max, Min } from 'class-validator';
import { Args, ArgsType, Ctx, Field, FieldResolver, Int, Resolver, Root } from 'type-graphql';
import type { Context } from '../graphql/context.js';
import { MAX_PAGE } from '../graphql/relay.js';
import { ProductNode } from '../products/product.type.js';
import type { ProductsService } from '../products/products.service.js';
import { UserNode, userNode } from '../users/user.type.js';
import type { UsersService } from '../users/users.service.js';
import type { LikenessService } from './likeness.service.js';
import { LikeProductType, LikeUserType, likeProductType } from './likeness.type.js';

@ArgsType()
class LikeArgs {
  @Field(() => Int, { defaultValue: 10, description: 'How many at most: 1 to 100.' })
  @Min(1)
  @Max(MAX_PAGE)
  first: number;
}

@Resolver(() => ProductNode)
export class LikeProductsResolver {
  constructor(
    private readonly likeness: LikenessService,
    private readonly products: Pick<ProductsService, 'one'>,
  ) {}

  @FieldResolver(() => [LikeProductType], {
    complexity: 5,
    description:
      'Offered products that are like it, best first: as the model that serves recommendations has learnt it, where it can tell; else by what is known of them.',
  })
  async similarProducts(
    @Root() { uuid }: ProductNode,
    @Args(() => LikeArgs) { first }: LikeArgs,
    @Ctx() { viewer }: Context,
  ): Promise<LikeProductType[]> {
    const product = await this.products.one(viewer, uuid);
    return (await this.likeness.products(viewer, product, first)).map(likeProductType);
  }
}

@Resolver(() => UserNode)
export class LikeUsersResolver {
  constructor(
    private readonly likeness: LikenessService,
    private readonly users: Pick<UsersService, 'byIds'>,
  ) {}

  @FieldResolver(() => [LikeUserType], {
    complexity: 50,
    description:
      'Users of the institution who are like this one, best first, among those who hold most products that this one holds: by where the model that serves ' +
      'recommendations places them, where it does; else by what they hold. Empty for a user who holds nothing: see profile.embedding.neighbours.',
  })
  async similarUsers(
    @Root() { uuid }: UserNode,
    @Args(() => LikeArgs) { first }: LikeArgs,
    @Ctx() { viewer }: Context,
  ): Promise<LikeUserType[]> {
    const found = await this.likeness.users(viewer, uuid, first);
    const users = await this.users.byIds(
      viewer,
      found.map(({ userId }) => userId),
    );
    // A user who was erased meanwhile is left out.
    return found.flatMap(({ userId, ...like }) => {
      const user = users.get(userId);
      return user ? [Object.assign(new LikeUserType(), { ...like, user: userNode(user) })] : [];
    });
  }
}
