import {
  ArrayMaxSize,
  ArrayMinSize,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import type { ServerOptimiser } from '../../federated/aggregation/server-optimiser.js';
import { type Clipping, STRATEGIES, type Strategy, type TrainingSettings } from '../../federated/protocol/plan.js';
import { badInput } from '../errors.js';
import { enumOf } from '../graphql/enum.js';
import { fromGlobalId, Node, toGlobalId } from '../graphql/relay.js';
import type { RunStatus, TrainingRun } from './round.js';
import { RoundNode } from './round.type.js';
import type { LineagePart, NewRun } from './runs.service.js';

export const StrategyEnum = enumOf<Strategy>('FederationStrategy', 'What a node computes in a round.', {
  fedavg: 'Local DP-SGD steps; the weighted mean of what they changed.',
  fedprox: 'The same, drawn towards the base version (Li et al. 2020).',
  fedsgd: 'One clipped and noisy gradient a round.',
});

export const RunStatusEnum = enumOf<RunStatus>('TrainingRunStatus', 'Where a training run stands.', {
  running: 'A round is open.',
  completed: 'All of its rounds are over.',
  stopped: 'An operator stopped it.',
});

export const ClippingEnum = enumOf<Clipping['kind']>('Clipping', "How a user's gradient is bounded.", {
  flat: 'Cut at a norm.',
  automatic: 'Scaled to a norm, whatever it is (Bu et al. 2023).',
  adaptive: 'Cut at a private quantile of the norms (Andrew et al. 2021).',
});

export const ServerOptimiserEnum = enumOf<ServerOptimiser['kind']>(
  'ServerOptimiser',
  'How the coordinator makes a step of the mean of updates (Reddi et al. 2021).',
  {
    momentum: 'With a learning rate of 1 and no momentum: plain FedAvg.',
    fedadam: 'FedAdam.',
    fedyogi: 'FedYogi.',
    fedadagrad: 'FedAdagrad.',
  },
);

const number = (description: string, fallback?: number) => (target: object, name: string) => {
  Field(() => Float, { description, ...(fallback !== undefined && { defaultValue: fallback }) })(target, name);
  IsNumber()(target, name);
};

@InputType({
  description: 'How nodes train: DP-SGD, of which all settings are public. docs/federation.md says how to choose them.',
})
export class TrainingInput {
  @Field(() => ClippingEnum, { defaultValue: 'flat', description: "How a user's gradient is bounded." })
  @IsIn(['flat', 'automatic', 'adaptive'])
  clipping: Clipping['kind'];

  @number('L2 norm at which gradients are cut; of ADAPTIVE the first.', 1)
  clipNorm: number;

  @number('Of AUTOMATIC: γ, added to the norm.', 0.01)
  stability: number;

  @number('Of ADAPTIVE: share of users below the norm.', 0.5)
  quantile: number;

  @number('Of ADAPTIVE: how fast the norm moves.', 0.2)
  quantileRate: number;

  @number('Of ADAPTIVE: deviation of the noise on the count of users below the norm; it is charged.', 10)
  countNoiseMultiplier: number;

  @number('Share of users in a step: Poisson sampling.')
  samplingRate: number;

  @number("Users of a node that the denominator assumes: a public number. A node's data may be four times as many.")
  expectedUsers: number;

  @number('Deviation of the noise ÷ clip norm: concord privacy calibrate finds it for an ε.')
  noiseMultiplier: number;

  @Field(() => Int, { defaultValue: 1, description: 'Steps of a node in a round; 1 for FEDSGD.' })
  @IsInt()
  steps: number;

  @number("Of a node's steps, for gradients ÷ clip norm.", 1)
  learningRate: number;

  @number("Of a node's steps.", 0)
  momentum: number;

  @number('Of FEDPROX: μ.', 0)
  proximal: number;
}

@InputType({ description: 'How the coordinator makes a step.' })
export class ServerOptimiserInput {
  @Field(() => ServerOptimiserEnum, { defaultValue: 'momentum', description: 'Which.' })
  @IsIn(['momentum', 'fedadam', 'fedyogi', 'fedadagrad'])
  kind: ServerOptimiser['kind'];

  @number('Of the coordinator.', 1)
  learningRate: number;

  @number('Of MOMENTUM.', 0)
  momentum: number;

  @number('β₁ of the adaptive ones.', 0.9)
  beta1: number;

  @number('β₂ of FEDADAM and FEDYOGI.', 0.99)
  beta2: number;

  @number('τ of the adaptive ones.', 0.001)
  adaptivity: number;
}

@InputType({
  description: 'A first round, of histograms: how users are spread, from which the inputs of the others are made.',
})
export class HistogramInput {
  @number('Deviation of the noise ÷ what one user adds, at most: one Gaussian release.')
  noiseMultiplier: number;

  @Field(() => Int, { defaultValue: 20, description: 'Bins of a numeric column, at most: 2 to 128.' })
  @Min(2)
  @Max(128)
  bins: number;
}

@InputType({ description: 'A training run: rounds, each from the best version so far.' })
export class StartTrainingRunInput {
  @Field(() => ID, { description: 'The shared version from which it starts: see createBaseModel.' })
  @IsString()
  baseVersionId: string;

  @Field(() => [ID], { description: 'Which nodes are invited, 1 to 1,000.' })
  @ArrayMinSize(1)
  @ArrayMaxSize(1000)
  nodeIds: string[];

  @Field(() => ID, {
    description: 'The institution on whose users versions are measured, without noise: one whose users may be.',
  })
  @IsString()
  referenceInstitutionId: string;

  @Field(() => StrategyEnum, { defaultValue: 'fedavg', description: 'What nodes compute.' })
  @IsIn(STRATEGIES)
  strategy: Strategy;

  @Field(() => HistogramInput, {
    nullable: true,
    description: 'The first round; without it inputs are those declared.',
  })
  @IsOptional()
  @ValidateNested()
  histogram?: HistogramInput | null;

  @Field(() => String, { defaultValue: 'all', description: 'Whose data: the population that is charged.' })
  @IsString()
  population: string;

  @Field(() => Int, { description: 'Rounds, that of histograms among them: 1 to 10,000.' })
  @Min(1)
  @Max(10_000)
  rounds: number;

  @Field(() => Int, { nullable: true, description: 'Contributions without which a round fails; default: all nodes.' })
  @IsOptional()
  @IsInt()
  quorum?: number | null;

  @Field(() => TrainingInput, { description: 'How nodes train.' })
  @ValidateNested()
  training: TrainingInput;

  @Field(() => ServerOptimiserInput, {
    nullable: true,
    description: 'How the coordinator makes a step; default: plain FedAvg.',
  })
  @IsOptional()
  @ValidateNested()
  optimiser?: ServerOptimiserInput | null;

  @Field(() => Float, {
    nullable: true,
    description: 'L2 norm that no honest update passes; default: from the settings.',
  })
  @IsOptional()
  @IsNumber()
  normBound?: number | null;

  @number('Weights are multiples of this, so that they tell no number of customers.', 100)
  weightStep: number;

  @number('How long a round collects contributions.', 3600)
  collectSeconds: number;

  @number('How long adding up, and measuring, may each take.', 600)
  workSeconds: number;

  @number('By how much the main metric may fall and the version still be published.', 0.01)
  tolerance: number;
}

/** @throws {ConcordError} BAD_INPUT where an id is none */
export function newRunOf(input: StartTrainingRunInput): NewRun {
  const { baseVersionId, nodeIds, referenceInstitutionId, strategy, population, rounds, quorum, normBound } = input;
  if (!(input.collectSeconds <= 30 * 86_400 && input.workSeconds <= 86_400))
    throw badInput('A round collects for 30 days at most, and works for one.');
  return {
    ...{ strategy, population, rounds },
    quorum: quorum ?? nodeIds.length,
    normBound: normBound ?? undefined,
    histogram: input.histogram ?? undefined,
    baseVersion: fromGlobalId('ModelVersion', baseVersionId),
    nodes: nodeIds.map((id) => fromGlobalId('FederationNode', id)),
    reference: fromGlobalId('Institution', referenceInstitutionId),
    training: trainingOf(input.training),
    optimiser: optimiserOf(input.optimiser ?? undefined),
    weightStep: input.weightStep,
    collectMs: input.collectSeconds * 1000,
    workMs: input.workSeconds * 1000,
    tolerance: input.tolerance,
  };
}

function trainingOf(input: TrainingInput): TrainingSettings {
  const { samplingRate, expectedUsers, noiseMultiplier, steps, learningRate, momentum, proximal } = input;
  return {
    clipping: clippingOf(input),
    ...{ samplingRate, expectedUsers, noiseMultiplier, steps, learningRate, momentum, proximal },
  };
}

function clippingOf({
  clipping,
  clipNorm,
  stability,
  quantile,
  quantileRate,
  countNoiseMultiplier,
}: TrainingInput): Clipping {
  if (clipping === 'flat') return { kind: clipping, norm: clipNorm };
  if (clipping === 'automatic') return { kind: clipping, norm: clipNorm, stability };
  return { kind: clipping, initialNorm: clipNorm, quantile, learningRate: quantileRate, countNoiseMultiplier };
}

function optimiserOf(input: ServerOptimiserInput | undefined): ServerOptimiser {
  if (!input) return { kind: 'momentum', learningRate: 1, momentum: 0 };
  const { kind, learningRate, momentum, beta1, beta2, adaptivity } = input;
  return kind === 'momentum' ? { kind, learningRate, momentum } : { kind, learningRate, beta1, beta2, adaptivity };
}

@ObjectType('TrainingRun', { implements: Node, description: 'Rounds of training, one after the other.' })
export class TrainingRunNode extends Node {
  @Field(() => RunStatusEnum, { simple: true, description: 'Where it stands.' })
  status: RunStatus;

  @Field(() => StrategyEnum, { simple: true, description: 'What nodes compute.' })
  strategy: Strategy;

  @Field(() => String, { simple: true, description: 'The population that is charged.' })
  population: string;

  @Field(() => Int, { simple: true, description: 'Rounds that were asked for.' })
  plannedRounds: number;

  @Field(() => Int, { simple: true, description: 'Contributions without which a round fails.' })
  quorum: number;

  @Field(() => [ID], { simple: true, description: 'The nodes that are invited.' })
  nodeIds: string[];

  @Field(() => Date, { simple: true, description: 'When it was started.' })
  createdAt: Date;

  @Field(() => Date, { simple: true, nullable: true, description: 'When it ended.' })
  endedAt: Date | null;

  uuid: string;
}

export function trainingRunNode({ id, status, settings, createdAt, endedAt }: TrainingRun): TrainingRunNode {
  const { strategy, population, rounds, quorum, nodes } = settings;
  return Object.assign(new TrainingRunNode(), {
    id: toGlobalId('TrainingRun', id),
    uuid: id,
    ...{ status, strategy, population, quorum, createdAt, endedAt },
    plannedRounds: rounds,
    nodeIds: nodes.map((node) => toGlobalId('FederationNode', node)),
  });
}

@ObjectType({ simpleResolvers: true, description: 'An accepted contribution behind a version.' })
export class LineageContribution implements Pick<LineagePart, 'institution' | 'weight' | 'epsilon'> {
  @Field(() => String, { description: "The institution's code." })
  institution: string;

  @Field(() => Float, { description: 'What it counted for.' })
  weight: number;

  @Field(() => Float, { description: 'ε of this contribution by itself, at δ = 10⁻⁵; the ledger composes them.' })
  epsilon: number;
}

@ObjectType({ simpleResolvers: true, description: 'One of the rounds that made a version.' })
export class LineageStep {
  @Field(() => RoundNode, { description: 'The round.' })
  round: RoundNode;

  @Field(() => [LineageContribution], { description: 'What it was made of.' })
  contributions: readonly LineageContribution[];
}
