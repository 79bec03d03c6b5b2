import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Ctx, FieldResolver, ID, Info, Query, Resolver, Root } from 'type-graphql';
import type { ExplanationMethod } from '../engine/explanations/methods.js';
import { badInput } from '../errors.js';
import type { Context } from '../graphql/context.js';
import { decodeCursor, encodeCursor, fromGlobalId, PageArgs, pageInfo, toGlobalId } from '../graphql/relay.js';
import { ExplanationMethodEnum } from '../models/explanation-method.type.js';
import { ModelVersionNode } from '../models/model.type.js';
import { loadModelVersion } from '../models/model-edge.js';
import type { ModelsService } from '../models/models.service.js';
import { reasonTypes } from '../models/reason.type.js';
import { productNode } from '../products/product.type.js';
import type { RecommendationPage } from './page.js';
import {
  filterOf,
  RecommendationConnection,
  RecommendationEdge,
  RecommendationFilterInput,
  RejectedProductConnection,
} from './recommendation.type.js';
import type { AnswerPosition, RecommendationsService } from './recommendations.service.js';
import { selects } from './selection.js';
import { suitabilityType } from './suitability.type.js';

@Resolver(() => RecommendationConnection)
export class RecommendationsResolver {
  constructor(
    private readonly service: RecommendationsService,
    private readonly modules: { readonly models: ModelsService },
  ) {}

  @Query(() => RecommendationConnection, {
    description:
      'Products for a user, best first; unsuitable ones never appear. Without "after" a new answer is computed and stored; with it the stored answer goes on.',
  })
  async recommendations(
    @Arg('userId', () => ID, { description: 'The user.' }) userId: string,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => RecommendationFilterInput, {
      nullable: true,
      description: 'Which products. A further page has the filter of the first.',
    })
    filter: RecommendationFilterInput | null,
    @Arg('explainBy', () => ExplanationMethodEnum, {
      nullable: true,
      description: "How the model's scores are taken apart into reasons (default: the best for the model).",
    })
    explainBy: ExplanationMethod | null,
    @Ctx() { viewer }: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<RecommendationConnection> {
    const request = {
      userId: fromGlobalId('User', userId),
      first: page.first,
      filter: filterOf(filter),
      explainBy: explainBy ?? undefined,
      reasons: selects(info, ['edges', 'reasons']) || selects(info, ['edges', 'base']),
    };
    const answer = page.after
      ? await this.service.continue(viewer, request, positionOf(page.after))
      : await this.service.recommend(viewer, request);
    return connectionOfAnswer(answer, page);
  }

  @FieldResolver(() => ModelVersionNode, {
    nullable: true,
    description: 'The model that scored; null where none did, and for a viewer without the scope models:read.',
  })
  async modelVersion(
    @Root() { modelVersionId }: RecommendationConnection,
    @Ctx() context: Context,
  ): Promise<ModelVersionNode | null> {
    return loadModelVersion(this.modules.models, context, modelVersionId);
  }

  @FieldResolver(() => RejectedProductConnection, {
    description: 'Products that the filter lets pass and that do not suit the user, with all reasons why.',
  })
  rejected(
    @Root() { rejectedProducts }: RecommendationConnection,
    @Args(() => PageArgs) page: PageArgs,
  ): RejectedProductConnection {
    const after = page.after ? String(decodeCursor(page.after, 1)[0]) : '';
    const rest = rejectedProducts.filter(({ product }) => product.code > after);
    const edges = rest.slice(0, page.first).map(({ product, suitability }) => ({
      node: productNode(product),
      cursor: encodeCursor([product.code]),
      suitability: suitabilityType(suitability),
    }));
    return {
      edges,
      pageInfo: pageInfo(edges, page, rest.length > page.first),
      totalCount: rejectedProducts.length,
    };
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @throws {ConcordError} BAD_INPUT where it is no cursor of an answer */
function positionOf(cursor: string): AnswerPosition {
  const [answerId, rank] = decodeCursor(cursor, 2);
  if (
    typeof answerId !== 'string' ||
    !UUID.test(answerId) ||
    typeof rank !== 'number' ||
    !Number.isInteger(rank) ||
    rank < 0
  )
    throw badInput('The cursor in "after" was not given by this connection.');
  return { answerId, rank };
}

function connectionOfAnswer(answer: RecommendationPage, page: PageArgs): RecommendationConnection {
  const edges = answer.items.map((item): RecommendationEdge => {
    const node = productNode(item.product);
    return Object.assign(new RecommendationEdge(), {
      node,
      product: node,
      cursor: encodeCursor([answer.id, item.rank]),
      rank: item.rank,
      score: item.score,
      source: item.source,
      suitability: suitabilityType(item.suitability),
      base: item.base,
      reasons: reasonTypes(item.reasons),
    });
  });
  const more = answer.lastRank < answer.total;
  return Object.assign(new RecommendationConnection(), {
    id: toGlobalId('Recommendation', answer.id),
    edges,
    // The last of the page may have been left out meanwhile: the next page begins after it all the same.
    pageInfo: {
      ...pageInfo(edges, page, more),
      endCursor: answer.lastRank > 0 ? encodeCursor([answer.id, answer.lastRank]) : null,
    },
    strategy: answer.strategy,
    totalCount: answer.total,
    createdAt: answer.createdAt,
    variant: answer.exposure?.variant ?? null,
    modelVersionId: answer.modelVersionId,
    rejectedProducts: answer.rejected,
  });
}
