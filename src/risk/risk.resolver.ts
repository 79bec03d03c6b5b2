import { IsIn, IsOptional, IsString } from 'class-validator';
import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, ID, Int, Query, Resolver, Root } from 'type-graphql';
import { EXPLANATION_METHODS, type ExplanationMethod } from '../engine/explanations/methods.js';
import type { Context } from '../graphql/context.js';
import { loaderOf } from '../graphql/loader.js';
import type { NodeFinder } from '../graphql/node.resolver.js';
import { type Connection, connectionOf, decodeCursor, fromGlobalId, PageArgs } from '../graphql/relay.js';
import { ExplanationMethodEnum } from '../models/explanation-method.type.js';
import { ModelVersionNode } from '../models/model.type.js';
import { loadModelVersion } from '../models/model-edge.js';
import type { ModelsService } from '../models/models.service.js';
import { scorePoints } from '../models/scorecard.type.js';
import { ProductNode, productNode } from '../products/product.type.js';
import type { ProductsService } from '../products/products.service.js';
import { UserNode, userNode } from '../users/user.type.js';
import type { UsersService } from '../users/users.service.js';
import { logit } from './log-odds.js';
import type { RiskService } from './risk.service.js';
import { RiskAssessmentConnection, RiskAssessmentNode, riskAssessmentNode } from './risk.type.js';

export const riskAssessmentFinder =
  (risk: RiskService): NodeFinder =>
  async (id, { viewer }) =>
    riskAssessmentNode(await risk.one(viewer, id));

@ArgsType()
class AssessRiskArgs {
  @Field(() => ID, { nullable: true, description: 'The user to assess; with a product: for whom it is assessed.' })
  @IsOptional()
  @IsString()
  userId?: string | null;

  @Field(() => ID, { nullable: true, description: 'The product to assess.' })
  @IsOptional()
  @IsString()
  productId?: string | null;

  @Field(() => ExplanationMethodEnum, {
    nullable: true,
    description: "How the model's score is taken apart into reasons (default: the best for the model).",
  })
  @IsOptional()
  @IsIn(EXPLANATION_METHODS)
  explainBy?: ExplanationMethod | null;
}

const USERS = {};

@Resolver(() => RiskAssessmentNode)
export class RiskResolver {
  constructor(
    private readonly risk: RiskService,
    private readonly modules: {
      readonly models: ModelsService;
      readonly products: ProductsService;
      readonly users: UsersService;
    },
  ) {}

  @Query(() => RiskAssessmentNode, {
    description:
      'Assesses the risk of a user by the active risk model, of a product by a stated formula, or of a product for a user. What was assessed is stored.',
  })
  async assessRisk(
    @Args(() => AssessRiskArgs) { userId, productId, explainBy }: AssessRiskArgs,
    @Ctx() { viewer }: Context,
  ): Promise<RiskAssessmentNode> {
    const assessment = await this.risk.assess(viewer, {
      userId: userId ? fromGlobalId('User', userId) : undefined,
      productId: productId ? fromGlobalId('Product', productId) : undefined,
      explainBy: explainBy ?? undefined,
    });
    return riskAssessmentNode(assessment);
  }

  @Query(() => RiskAssessmentConnection, {
    description: 'What was assessed of a user, alone and with products, newest first.',
  })
  async riskAssessments(
    @Arg('userId', () => ID, { description: 'The user.' }) userId: string,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() { viewer }: Context,
  ): Promise<Connection<RiskAssessmentNode>> {
    const after = page.after ? (decodeCursor(page.after, 2).map(String) as [string, string]) : undefined;
    const rows = await this.risk.ofUser(viewer, fromGlobalId('User', userId), page.first + 1, after);
    return connectionOf(
      rows,
      page,
      ({ key }) => key,
      ({ assessment }) => riskAssessmentNode(assessment),
    );
  }

  @FieldResolver(() => UserNode, { nullable: true, description: 'The user; null where a product alone was assessed.' })
  async user(@Root() { userId }: RiskAssessmentNode, @Ctx() context: Context): Promise<UserNode | null> {
    if (!userId) return null;
    const { viewer } = context;
    const load = (ids: readonly string[]) => this.modules.users.byIds(viewer, ids);
    const user = await loaderOf(context, USERS, load).load(userId);
    return user ? userNode(user) : null;
  }

  @FieldResolver(() => ProductNode, {
    nullable: true,
    description: 'The product; null where a user alone was assessed.',
  })
  async product(@Root() { productId }: RiskAssessmentNode, @Ctx() { viewer }: Context): Promise<ProductNode | null> {
    return productId ? productNode(await this.modules.products.one(viewer, productId)) : null;
  }

  @FieldResolver(() => ModelVersionNode, {
    nullable: true,
    description:
      'The model that gave it; null where a formula alone did, and for a viewer without the scope models:read.',
  })
  async modelVersion(
    @Root() { modelVersionId }: RiskAssessmentNode,
    @Ctx() context: Context,
  ): Promise<ModelVersionNode | null> {
    return loadModelVersion(this.modules.models, context, modelVersionId);
  }

  @FieldResolver(() => Int, {
    nullable: true,
    description:
      'The score in points, where a scorecard gave it: more is less risk. null for other models, and for a viewer without the scope models:read.',
  })
  async points(
    @Root() { modelVersionId, probability, subject }: RiskAssessmentNode,
    @Ctx() context: Context,
  ): Promise<number | null> {
    if (subject !== 'user') return null;
    const version = await loadModelVersion(this.modules.models, context, modelVersionId);
    return version?.scorecard ? scorePoints(version.scorecard, logit(probability)) : null;
  }
}
