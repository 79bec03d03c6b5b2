import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { Context } from '../graphql/context.js';
import type { NodeFinder } from '../graphql/node.resolver.js';
import { type Connection, connectionOf, decodeCursor, fromGlobalId, PageArgs } from '../graphql/relay.js';
import { ModelVersionNode } from '../models/model.type.js';
import { loadModelVersion } from '../models/model-edge.js';
import type { ModelsService } from '../models/models.service.js';
import {
  AnotherExperimentRuns,
  EndExperimentResult,
  ExperimentConnection,
  ExperimentEnded,
  ExperimentNode,
  ExperimentNotRunning,
  ExperimentResultsType,
  ExperimentStarted,
  ExperimentVariantType,
  experimentNode,
  StartExperimentInput,
  StartExperimentResult,
} from './experiment.type.js';
import type { EndOutcome, ExperimentsService } from './experiments.service.js';

export const experimentFinder =
  (experiments: ExperimentsService): NodeFinder =>
  async (id, { viewer }) =>
    experimentNode(await experiments.one(viewer, id));

@Resolver(() => ExperimentNode)
export class ExperimentsResolver {
  constructor(private readonly service: ExperimentsService) {}

  @Query(() => ExperimentConnection, { description: "The institution's experiments, newest first." })
  async experiments(
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() { viewer }: Context,
  ): Promise<Connection<ExperimentNode>> {
    const after = page.after ? (decodeCursor(page.after, 2).map(String) as [string, string]) : undefined;
    const rows = await this.service.list(viewer, page.first + 1, after);
    return connectionOf(
      rows,
      page,
      ({ key }) => key,
      ({ experiment }) => experimentNode(experiment),
    );
  }

  @Query(() => ExperimentNode, { nullable: true, description: 'One experiment.' })
  async experiment(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() { viewer }: Context,
  ): Promise<ExperimentNode> {
    return experimentNode(await this.service.one(viewer, fromGlobalId('Experiment', id)));
  }

  @FieldResolver(() => ExperimentResultsType, { description: 'What it has shown so far.' })
  async results(@Root() { experiment }: ExperimentNode, @Ctx() { viewer }: Context): Promise<ExperimentResultsType> {
    return this.service.results(viewer, experiment);
  }

  @Mutation(() => StartExperimentResult, {
    description:
      'Begins an experiment with the versions that recommend: from now on users are dealt to the champion and to the challengers, each always to the same.',
  })
  async startExperiment(
    @Arg('input', () => StartExperimentInput, { description: 'What to try.' })
    { name, challengers }: StartExperimentInput,
    @Ctx() { viewer }: Context,
  ): Promise<ExperimentStarted | AnotherExperimentRuns> {
    const started = await this.service.start(viewer, {
      name,
      challengers: challengers.map((challenger) => ({
        ...challenger,
        modelVersionId: fromGlobalId('ModelVersion', challenger.modelVersionId),
      })),
    });
    const result = started.outcome === 'started' ? new ExperimentStarted() : new AnotherExperimentRuns();
    return Object.assign(result, { experiment: experimentNode(started.experiment) });
  }

  @Mutation(() => EndExperimentResult, { description: 'Ends an experiment: the champion serves everyone again.' })
  async stopExperiment(
    @Arg('id', () => ID, { description: 'The experiment.' }) id: string,
    @Ctx() { viewer }: Context,
  ): Promise<ExperimentEnded | ExperimentNotRunning> {
    return ended(await this.service.stop(viewer, fromGlobalId('Experiment', id)));
  }

  @Mutation(() => EndExperimentResult, {
    description: 'Ends an experiment and activates one of its challengers; rollbackModel takes that back.',
  })
  async promoteChallenger(
    @Arg('id', () => ID, { description: 'The experiment.' }) id: string,
    @Arg('variant', () => String, { description: 'The name of the challenger.' }) variant: string,
    @Ctx() { viewer }: Context,
  ): Promise<ExperimentEnded | ExperimentNotRunning> {
    return ended(await this.service.promote(viewer, fromGlobalId('Experiment', id), variant));
  }
}

@Resolver(() => ExperimentVariantType)
export class ExperimentVariantResolver {
  constructor(private readonly models: ModelsService) {}

  @FieldResolver(() => ModelVersionNode, {
    nullable: true,
    description: 'The version of a challenger; null for the champion, which is whatever version is active.',
  })
  async modelVersion(
    @Root() { modelVersionId }: ExperimentVariantType,
    @Ctx() context: Context,
  ): Promise<ModelVersionNode | null> {
    return loadModelVersion(this.models, context, modelVersionId);
  }
}

function ended({ outcome, experiment }: EndOutcome): ExperimentEnded | ExperimentNotRunning {
  const result = outcome === 'ended' ? new ExperimentEnded() : new ExperimentNotRunning();
  return Object.assign(result, { experiment: experimentNode(experiment) });
}
