import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { badInput } from '../errors.js';
import type { Context } from '../graphql/context.js';
import type { NodeFinder } from '../graphql/node.resolver.js';
import { fromGlobalId } from '../graphql/relay.js';
import { ModelVersionNode, modelVersionNode } from '../models/model.type.js';
import { CreateBaseModelInput, newBaseModel } from './base-model.type.js';
import type { BaseModelsService } from './base-models.service.js';
import { RoundNode, roundNode } from './round.type.js';
import { LineageStep, newRunOf, StartTrainingRunInput, TrainingRunNode, trainingRunNode } from './run.type.js';
import type { RunsService } from './runs.service.js';

const MOST = 100;

export const trainingRunFinder =
  (runs: RunsService): NodeFinder =>
  async (id, { viewer }) =>
    trainingRunNode(await runs.one(viewer, id));

export const roundFinder =
  (runs: RunsService): NodeFinder =>
  async (id, { viewer }) =>
    roundNode(await runs.round(viewer, id));

@Resolver(() => TrainingRunNode)
export class RunsResolver {
  constructor(
    private readonly runs: RunsService,
    private readonly baseModels: BaseModelsService,
  ) {}

  @Query(() => [TrainingRunNode], { description: 'Training runs, newest first.' })
  async trainingRuns(
    @Arg('first', () => Int, { defaultValue: 20, description: '1 to 100.' }) first: number,
    @Ctx() { viewer }: Context,
  ): Promise<TrainingRunNode[]> {
    if (!(first >= 1 && first <= MOST)) throw badInput(`first is 1 to ${MOST}.`);
    return (await this.runs.list(viewer, first)).map(trainingRunNode);
  }

  @Query(() => TrainingRunNode, { nullable: true, description: 'One training run.' })
  async trainingRun(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() { viewer }: Context,
  ): Promise<TrainingRunNode> {
    return trainingRunNode(await this.runs.one(viewer, fromGlobalId('TrainingRun', id)));
  }

  @FieldResolver(() => [RoundNode], { complexity: 10, description: 'Its latest rounds, newest first.' })
  async rounds(
    @Root() { uuid }: TrainingRunNode,
    @Arg('first', () => Int, { defaultValue: 20, description: '1 to 100.' }) first: number,
    @Ctx() { viewer }: Context,
  ): Promise<RoundNode[]> {
    if (!(first >= 1 && first <= MOST)) throw badInput(`first is 1 to ${MOST}.`);
    return (await this.runs.roundsOf(viewer, uuid)).slice(-first).reverse().map(roundNode);
  }

  @Mutation(() => ModelVersionNode, {
    complexity: 50,
    description: 'Makes an untrained shared version from a public declaration, to start a run from; for an operator.',
  })
  async createBaseModel(
    @Arg('input', () => CreateBaseModelInput, { description: 'What is declared.' }) input: CreateBaseModelInput,
    @Ctx() { viewer }: Context,
  ): Promise<ModelVersionNode> {
    return modelVersionNode(await this.baseModels.create(viewer, newBaseModel(input)));
  }

  @Mutation(() => TrainingRunNode, { complexity: 50, description: 'Opens the first round of a run, for an operator.' })
  async startTrainingRun(
    @Arg('input', () => StartTrainingRunInput, { description: 'What is trained, by whom and how.' })
    input: StartTrainingRunInput,
    @Ctx() { viewer }: Context,
  ): Promise<TrainingRunNode> {
    return trainingRunNode(await this.runs.start(viewer, newRunOf(input)));
  }

  @Mutation(() => TrainingRunNode, { description: 'Ends a run, and the round that is open; for an operator.' })
  async stopTrainingRun(
    @Arg('id', () => ID, { description: 'The run.' }) id: string,
    @Ctx() { viewer }: Context,
  ): Promise<TrainingRunNode> {
    return trainingRunNode(await this.runs.stop(viewer, fromGlobalId('TrainingRun', id)));
  }
}

/** From a version, and so from whatever it scored, back to the rounds that made it. */
@Resolver(() => ModelVersionNode)
export class LineageResolver {
  constructor(private readonly runs: RunsService) {}

  @FieldResolver(() => [LineageStep], {
    complexity: 20,
    description: 'The rounds that made it, the last one first; none where it was not trained by a federation.',
  })
  async lineage(
    @Root() { id }: ModelVersionNode,
    @Arg('first', () => Int, { defaultValue: 20, description: '1 to 100.' }) first: number,
    @Ctx() { viewer }: Context,
  ): Promise<LineageStep[]> {
    if (!(first >= 1 && first <= MOST)) throw badInput(`first is 1 to ${MOST}.`);
    const steps = await this.runs.lineage(viewer, fromGlobalId('ModelVersion', id), first);
    return steps.map(({ round, contributions }) =>
      Object.assign(new LineageStep(), { round: roundNode(round), contributions }),
    );
  }
}
