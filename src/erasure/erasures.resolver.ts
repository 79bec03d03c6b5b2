import { Arg, Args, Ctx, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import type { Context } from '../graphql/context.js';
import type { NodeFinder } from '../graphql/node.resolver.js';
import { type Connection, connectionOf, decodeCursor, fromGlobalId, PageArgs } from '../graphql/relay.js';
import { ModelVersionNode } from '../models/model.type.js';
import { loadModelVersion } from '../models/model-edge.js';
import type { ModelsService } from '../models/models.service.js';
import { ErasedModelType, ErasureConnection, ErasureNode, erasureNode } from './erasure.type.js';
import type { ErasuresService } from './erasures.service.js';

export const erasureFinder =
  (erasures: ErasuresService): NodeFinder =>
  async (id, { viewer }) =>
    erasureNode(await erasures.one(viewer, id));

@Resolver(() => ErasureNode)
export class ErasuresResolver {
  constructor(private readonly service: ErasuresService) {}

  @Query(() => ErasureConnection, { description: 'Receipts of erased users, newest first.' })
  async erasures(@Args(() => PageArgs) page: PageArgs, @Ctx() { viewer }: Context): Promise<Connection<ErasureNode>> {
    const after = page.after ? (decodeCursor(page.after, 2).map(String) as [string, string]) : undefined;
    const rows = await this.service.list(viewer, page.first + 1, after);
    return connectionOf(
      rows,
      page,
      ({ key }) => key,
      ({ erasure }) => erasureNode(erasure),
    );
  }

  @Query(() => ErasureNode, { nullable: true, description: 'The receipt of an erased user.' })
  async erasure(
    @Arg('id', () => ID, { description: 'Its id, as eraseUser gave it.' }) id: string,
    @Ctx() { viewer }: Context,
  ): Promise<ErasureNode> {
    return erasureNode(await this.service.one(viewer, fromGlobalId('Erasure', id)));
  }
}

@Resolver(() => ErasedModelType)
export class ErasedModelResolver {
  constructor(private readonly models: ModelsService) {}

  @FieldResolver(() => ModelVersionNode, {
    nullable: true,
    description: "The version; null for the institution's profile model.",
  })
  async modelVersion(@Root() { model }: ErasedModelType, @Ctx() context: Context): Promise<ModelVersionNode | null> {
    return loadModelVersion(this.models, context, model.modelVersionId);
  }

  @FieldResolver(() => ModelVersionNode, { nullable: true, description: 'The version that took its place.' })
  async replacement(@Root() { model }: ErasedModelType, @Ctx() context: Context): Promise<ModelVersionNode | null> {
    return loadModelVersion(this.models, context, model.replacementId);
  }
}
