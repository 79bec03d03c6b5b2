import { Arg, Args, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import type { Task } from '../engine/engine.js';
import type { Context } from '../graphql/context.js';
import type { NodeFinder } from '../graphql/node.resolver.js';
import { type Connection, connectionOf, decodeCursor, fromGlobalId, PageArgs } from '../graphql/relay.js';
import {
  ModelActivated,
  ModelTaskEnum,
  ModelVersionConnection,
  ModelVersionFilterInput,
  ModelVersionNode,
  modelVersionNode,
  NothingToRollBack,
  RollbackModelResult,
} from './model.type.js';
import type { Activation, ModelsService } from './models.service.js';

export const modelVersionFinder =
  (models: ModelsService): NodeFinder =>
  async (id, { viewer }) =>
    modelVersionNode(await models.one(viewer, id));

@Resolver()
export class ModelsResolver {
  constructor(private readonly models: ModelsService) {}

  @Query(() => ModelVersionConnection, {
    description: "Model versions, newest first: the institution's own and the consortium's shared ones.",
  })
  async modelVersions(
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => ModelVersionFilterInput, { nullable: true, description: 'Which of them.' })
    filter: ModelVersionFilterInput | null,
    @Ctx() { viewer }: Context,
  ): Promise<Connection<ModelVersionNode>> {
    const after = page.after ? (decodeCursor(page.after, 2).map(String) as [string, string]) : undefined;
    const { task, status, shared } = filter ?? {};
    const which = { task: task ?? undefined, status: status ?? undefined, shared: shared ?? undefined };
    const rows = await this.models.list(viewer, which, page.first + 1, after);
    return connectionOf(
      rows,
      page,
      ({ key }) => key,
      ({ version }) => modelVersionNode(version),
    );
  }

  @Query(() => ModelVersionNode, { nullable: true, description: 'One model version.' })
  async modelVersion(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() { viewer }: Context,
  ): Promise<ModelVersionNode> {
    return modelVersionNode(await this.models.one(viewer, fromGlobalId('ModelVersion', id)));
  }

  @Query(() => ModelVersionNode, {
    nullable: true,
    description:
      "The version that serves you for a task: the institution's own, else the shared one; null where none is active.",
  })
  async activeModel(
    @Arg('task', () => ModelTaskEnum, { description: 'What it predicts.' }) task: Task,
    @Ctx() { viewer }: Context,
  ): Promise<ModelVersionNode | null> {
    const version = await this.models.active(viewer, task);
    return version ? modelVersionNode(version) : null;
  }

  @Mutation(() => ModelActivated, {
    description: 'Activates a model version and retires the one before; shared versions are activated by an operator.',
  })
  async activateModel(
    @Arg('id', () => ID, { description: 'The version.' }) id: string,
    @Ctx() { viewer }: Context,
  ): Promise<ModelActivated> {
    return activated(await this.models.activate(viewer, fromGlobalId('ModelVersion', id)));
  }

  @Mutation(() => RollbackModelResult, {
    description: 'Activates again what was active before the current version; each further call goes one version back.',
  })
  async rollbackModel(
    @Arg('task', () => ModelTaskEnum, { description: 'What the model predicts.' }) task: Task,
    @Arg('shared', () => Boolean, {
      defaultValue: false,
      description: "The consortium's shared model (for an operator) rather than the institution's own.",
    })
    shared: boolean,
    @Ctx() { viewer }: Context,
  ): Promise<ModelActivated | NothingToRollBack> {
    const result = await this.models.rollback(viewer, task, shared);
    return result ? activated(result) : Object.assign(new NothingToRollBack(), { task });
  }
}

function activated({ active, retired }: Activation): ModelActivated {
  return Object.assign(new ModelActivated(), {
    active: modelVersionNode(active),
    retired: retired ? modelVersionNode(retired) : null,
  });
}
