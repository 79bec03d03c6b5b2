import { IsBoolean, IsIn, IsOptional } from 'class-validator';
import { createUnionType, Field, Float, InputType, Int, ObjectType } from 'type-graphql';
import type { ModelName, Task } from '../engine/engine.js';
import { enumOf } from '../graphql/enum.js';
import { connectionType, Node, toGlobalId } from '../graphql/relay.js';
import { MODEL_STATUSES, MODEL_TASKS, type ModelStatus, type ModelVersionInfo } from './model-version.js';
import { Scorecard, scorecardOf } from './scorecard.type.js';

export const ModelTaskEnum = enumOf<Task>('ModelTask', 'What a model predicts.', {
  interest: 'Which products a user takes interest in.',
  risk: "The probability of the institution's risk event (default, …).",
});

export const ModelStatusEnum = enumOf<ModelStatus>('ModelStatus', 'Where a model version stands.', {
  candidate: 'Trained, not active yet.',
  active: 'It serves.',
  retired: 'It served, and another does now.',
});

export const ModelNameEnum = enumOf<ModelName>('ModelName', 'A kind of model.', {
  popularity: 'How many own each product: the floor that others have to pass.',
  linear: 'A linear model; for interest a softmax over products.',
  logistic: 'Logistic regression.',
  dnn: 'A deep neural network.',
  tabm: 'Several deep networks in one, that share their weights but for scales.',
  cnn: 'Convolutions over the latest events of a user, or over series of attributes, beside a deep neural network.',
  gru: 'A recurrent network (GRU) over the same, beside a deep neural network.',
  gbdt: 'Gradient boosted decision trees.',
  scorecard: 'A scorecard: points for classes of attributes, which add up to the score.',
  stack: 'Models of other kinds, added up: logistic regression, networks and trees.',
  'random-forest': 'A forest of decision trees, each grown on other users and features.',
  'item-knn': 'Products owned together: each has its nearest neighbours.',
  'user-knn': 'Users who own alike. It keeps their rows, and never leaves the institution.',
  ease: 'A linear model from the products owned to all others, solved exactly (Steck 2019).',
  'naive-bayes': 'Shares of owners who own each other product.',
  als: 'Factors of users and products by alternating least squares (Hu et al. 2008).',
  vae: 'A variational autoencoder over the products owned (Liang et al. 2018).',
  'two-tower': 'Users and products as vectors of one space, by a network over users and one over products.',
  hybrid: "Recommenders and models of a user's features, added up as validation users teach.",
  content: 'Texts, attributes and vectors of products, compared with those owned.',
});

@ObjectType({ simpleResolvers: true, description: 'One figure by name.' })
export class Figure {
  @Field(() => String, { description: 'As "recall@3", "auc", "logloss".' })
  name: string;

  @Field(() => Float, { description: 'Its value.' })
  value: number;
}

@ObjectType('ModelVersion', {
  implements: Node,
  simpleResolvers: true,
  description:
    "A trained model: one of the consortium's shared ones, or an institution's own, which serves it in place of the shared one.",
})
export class ModelVersionNode extends Node {
  @Field(() => ModelTaskEnum, { description: 'What it predicts.' })
  task: Task;

  @Field(() => ModelNameEnum, { description: 'The kind of model.' })
  model: ModelName;

  @Field(() => Int, { description: '1, 2, 3, … within owner and task.' })
  number: number;

  @Field(() => ModelStatusEnum, { description: 'Where it stands.' })
  status: ModelStatus;

  @Field(() => Boolean, { description: "True: the consortium's; false: the institution's own." })
  shared: boolean;

  @Field(() => [Figure], { description: 'How good it is on users that it was not trained on, by name.' })
  metrics: Figure[];

  @Field(() => [Figure], {
    description: 'How it was trained, as far as that is numbers: seed, users, epochs, seconds.',
  })
  training: Figure[];

  @Field(() => Scorecard, { nullable: true, description: 'The points of a scorecard; null for every other model.' })
  scorecard: Scorecard | null;

  @Field(() => [String], { description: 'Codes of the institutions whose users it was trained on.' })
  institutions: string[];

  @Field(() => Date, { description: 'When it was trained.' })
  createdAt: Date;

  @Field(() => Date, { nullable: true, description: 'When it was last activated.' })
  activatedAt: Date | null;

  @Field(() => Date, { nullable: true, description: 'When a rollback took it out of service.' })
  rolledBackAt: Date | null;

  @Field(() => Date, {
    nullable: true,
    description: 'When it was withdrawn: it had learnt from a user who was erased, and its weights are deleted.',
  })
  withdrawnAt: Date | null;
}

export function modelVersionNode(version: ModelVersionInfo): ModelVersionNode {
  const { institutionId, metrics, training, ...rest } = version;
  return Object.assign(new ModelVersionNode(), rest, {
    id: toGlobalId('ModelVersion', version.id),
    shared: institutionId === null,
    metrics: figuresOf(metrics),
    training: figuresOf(training),
    scorecard: scorecardOf(training),
    institutions: Array.isArray(training.institutions) ? training.institutions.map(String) : [],
  });
}

/** Numbers among some values, by name. */
export function figuresOf(values: Readonly<Record<string, unknown>>): Figure[] {
  return Object.keys(values)
    .filter((name) => Number.isFinite(values[name]))
    .sort()
    .map((name) => ({ name, value: values[name] as number }));
}

export const { Connection: ModelVersionConnection } = connectionType(ModelVersionNode, 'ModelVersion');

@InputType({ description: 'Which model versions; all that is given must hold.' })
export class ModelVersionFilterInput {
  @Field(() => ModelTaskEnum, { nullable: true, description: 'Of this task.' })
  @IsOptional()
  @IsIn(MODEL_TASKS)
  task?: Task | null;

  @Field(() => ModelStatusEnum, { nullable: true, description: 'With this status.' })
  @IsOptional()
  @IsIn(MODEL_STATUSES)
  status?: ModelStatus | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "True: only the consortium's; false: only the institution's own.",
  })
  @IsOptional()
  @IsBoolean()
  shared?: boolean | null;
}

@ObjectType({ simpleResolvers: true, description: 'Another version is active now, in every replica.' })
export class ModelActivated {
  @Field(() => ModelVersionNode, { description: 'The version that serves from now on.' })
  active: ModelVersionNode;

  @Field(() => ModelVersionNode, {
    nullable: true,
    description: 'The version that served before; null where none did, or where this one was active already.',
  })
  retired: ModelVersionNode | null;
}

@ObjectType({ simpleResolvers: true, description: 'There is no version that was active before: nothing has changed.' })
export class NothingToRollBack {
  @Field(() => ModelTaskEnum, { description: 'The task that was named.' })
  task: Task;
}

/** Resolvers return instances: an asynchronous resolveType could not be compiled. */
export const RollbackModelResult = createUnionType({
  name: 'RollbackModelResult',
  description: 'What rollbackModel gives back.',
  types: () => [ModelActivated, NothingToRollBack] as const,
});
