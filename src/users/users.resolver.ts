import { Max, Min } from 'class-validator';
import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { erasureNode } from '../erasure/erasure.type.js';
import type { ErasuresService } from '../erasure/erasures.service.js';
import type { Context } from '../graphql/context.js';
import type { NodeFinder } from '../graphql/node.resolver.js';
import { type Connection, connectionOf, decodeCursor, fromGlobalId, MAX_PAGE } from '../graphql/relay.js';
import { AttributesScalar } from '../graphql/scalars.js';
import { ProductNode, productNode } from '../products/product.type.js';
import type { ProductsService } from '../products/products.service.js';
import {
  AddHoldingsInput,
  CreateUserInput,
  MAX_EXTERNAL_ID,
  RemoveHoldingsInput,
  UpdateUserInput,
  UpsertUsersInput,
  UsersArgs,
  userFilterOf,
} from './user.input.js';
import type { AttributeMap } from './user.js';
import {
  EraseUserPayload,
  HoldingType,
  holdingType,
  UpsertUsersPayload,
  UserConnection,
  UserNode,
  UserPayload,
  userNode,
} from './user.type.js';
import { holdingsLoader, protectedLoader } from './users.loader.js';
import type { UsersService } from './users.service.js';

export const userFinder =
  (users: UsersService): NodeFinder =>
  async (id, { viewer }) =>
    userNode(await users.one(viewer, id));

const userId = (id: string) => fromGlobalId('User', id);
const productId = (id: string) => fromGlobalId('Product', id);

@ArgsType()
class HoldingsArgs {
  @Field(() => Int, { defaultValue: MAX_PAGE, description: 'How many at most: 1 to 100.' })
  @Min(1)
  @Max(MAX_PAGE)
  first: number;
}

@Resolver(() => UserNode)
export class UsersResolver {
  constructor(
    private readonly users: UsersService,
    private readonly erasures: Pick<ErasuresService, 'one'>,
  ) {}

  @Query(() => UserNode, { nullable: true, description: 'One user of your institution.' })
  async user(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() { viewer }: Context,
  ): Promise<UserNode> {
    return userNode(await this.users.one(viewer, userId(id)));
  }

  @Query(() => UserNode, {
    nullable: true,
    description: "One user by the institution's own id; null where there is none.",
  })
  async userByExternalId(
    @Arg('externalId', () => String, { description: "The institution's own id." }) externalId: string,
    @Ctx() { viewer }: Context,
  ): Promise<UserNode | null> {
    if (externalId.length > MAX_EXTERNAL_ID) return null;
    const user = await this.users.byExternalId(viewer, externalId);
    return user ? userNode(user) : null;
  }

  @Query(() => UserConnection, { name: 'users', description: 'Users of your institution, by external id.' })
  async list(
    @Args(() => UsersArgs) { filter, ...page }: UsersArgs,
    @Ctx() { viewer }: Context,
  ): Promise<Connection<UserNode>> {
    const after = page.after ? String(decodeCursor(page.after, 1)[0]) : undefined;
    const rows = await this.users.list(viewer, userFilterOf(filter, productId), { first: page.first, after });
    return connectionOf(rows, page, (row) => [row.externalId], userNode);
  }

  @FieldResolver(() => [HoldingType], { description: 'The products that the user owns, by id.' })
  async holdings(
    @Root() user: UserNode,
    @Args(() => HoldingsArgs) { first }: HoldingsArgs,
    @Ctx() context: Context,
  ): Promise<HoldingType[]> {
    const holdings = await holdingsLoader(context, this.users).load(user.uuid);
    return (holdings ?? []).slice(0, first).map(holdingType);
  }

  @FieldResolver(() => AttributesScalar, {
    nullable: true,
    description:
      'What models do not read (sex, age, …): only for clients that also maintain users, by the scope users:write.',
  })
  async protectedAttributes(@Root() user: UserNode, @Ctx() context: Context): Promise<AttributeMap> {
    return (await protectedLoader(context, this.users).load(user.uuid)) ?? {};
  }

  @Mutation(() => UserPayload, { description: 'Creates a user. CONFLICT where the external id is taken.' })
  async createUser(
    @Arg('input', () => CreateUserInput, { description: 'The new user.' }) input: CreateUserInput,
    @Ctx() { viewer }: Context,
  ): Promise<UserPayload> {
    return { user: userNode(await this.users.create(viewer, input)) };
  }

  @Mutation(() => UserPayload, { description: 'Changes what is given of a user.' })
  async updateUser(
    @Arg('input', () => UpdateUserInput, { description: 'The changes.' }) input: UpdateUserInput,
    @Ctx() { viewer }: Context,
  ): Promise<UserPayload> {
    const { userId: id, ...patch } = input;
    return { user: userNode(await this.users.update(viewer, userId(id), patch)) };
  }

  @Mutation(() => UpsertUsersPayload, {
    description:
      'Creates or changes up to 1,000 users by external id, all or none. The same call again changes nothing.',
  })
  async upsertUsers(
    @Arg('input', () => UpsertUsersInput, { description: 'The users.' }) input: UpsertUsersInput,
    @Ctx() { viewer }: Context,
  ): Promise<UpsertUsersPayload> {
    const results = await this.users.upsert(viewer, input.users);
    return { results: results.map(({ user, outcome }) => ({ outcome, user: userNode(user) })) };
  }

  @Mutation(() => EraseUserPayload, {
    description:
      'Erases a user for good with everything of theirs: profile, questionnaire, holdings, events, assessments, recommendations and feedback. ' +
      'The receipt says which models had learnt from the user; they are dealt with within minutes.',
  })
  async eraseUser(
    @Arg('userId', () => ID, { description: 'The id of the user.' }) id: string,
    @Ctx() { viewer }: Context,
  ): Promise<EraseUserPayload> {
    const receipt = await this.users.erase(viewer, userId(id));
    return { userId: id, receipt: erasureNode(await this.erasures.one(viewer, receipt)) };
  }

  @Mutation(() => UserPayload, { description: 'Adds products to what a user owns. Doing it twice changes nothing.' })
  async addHoldings(
    @Arg('input', () => AddHoldingsInput, { description: 'The user and the products.' }) input: AddHoldingsInput,
    @Ctx() { viewer }: Context,
  ): Promise<UserPayload> {
    const holdings = input.holdings.map((holding) => ({ ...holding, productId: productId(holding.productId) }));
    return { user: userNode(await this.users.addHoldings(viewer, userId(input.userId), holdings)) };
  }

  @Mutation(() => UserPayload, { description: 'Takes products from what a user owns. Doing it twice changes nothing.' })
  async removeHoldings(
    @Arg('input', () => RemoveHoldingsInput, { description: 'The user and the products.' }) input: RemoveHoldingsInput,
    @Ctx() { viewer }: Context,
  ): Promise<UserPayload> {
    const ids = input.productIds.map(productId);
    return { user: userNode(await this.users.removeHoldings(viewer, userId(input.userId), ids)) };
  }
}

@Resolver(() => HoldingType)
export class HoldingsResolver {
  constructor(private readonly products: ProductsService) {}

  /** Products are in memory: there is nothing to batch. */
  @FieldResolver(() => ProductNode, { description: 'The product.' })
  async product(@Root() holding: HoldingType, @Ctx() { viewer }: Context): Promise<ProductNode> {
    return productNode(await this.products.one(viewer, holding.productId));
  }
}
