import { ArrayMaxSize, ArrayMinSize, IsNumber, IsString, Length, Max, Min, ValidateNested } from 'class-validator';
import { createUnionType, Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import { enumOf } from '../graphql/enum.js';
import { connectionType, Node, toGlobalId } from '../graphql/relay.js';
import type { Experiment, ExperimentStatus, Variant } from './experiment.js';
import type { Measure, MeasureResult, VariantResult, Verdict } from './results.js';
import type { Difference, Interval } from './significance.js';

export const ExperimentStatusEnum = enumOf<ExperimentStatus>('ExperimentStatus', 'Where an experiment stands.', {
  running: 'Users are dealt to its variants.',
  stopped: 'It has ended, and the champion serves everyone.',
  promoted: 'It has ended, and a challenger was activated.',
});

export const MeasureEnum = enumOf<Measure>('ExperimentMeasure', 'What variants are compared by.', {
  click_rate: 'Share of the users who opened a product that was recommended to them.',
  purchase_rate: 'Share of the users who bought a product that was recommended to them.',
  satisfaction: 'Mean over the users who rated of their mean rating, 1 to 5.',
});

export const VerdictEnum = enumOf<Verdict>(
  'ExperimentVerdict',
  'What is shown of a challenger, at 5 %, for all that is compared and however often one looks.',
  {
    better: 'It does better than the champion.',
    worse: 'It does worse than the champion.',
    undecided: 'No difference is shown so far.',
    too_few: 'Fewer than 30 users on either side: nothing can be said.',
  },
);

@InputType({ description: 'A version that recommends to some of the users while the experiment runs.' })
export class ChallengerInput {
  @Field(() => String, { description: 'Its name in the experiment: 1 to 100 characters, not "champion".' })
  @IsString()
  @Length(1, 100)
  name: string;

  @Field(() => ID, { description: 'A version that predicts interest.' })
  @IsString()
  modelVersionId: string;

  @Field(() => Float, { description: 'Share of the users that it serves: .1 is a tenth.' })
  @IsNumber()
  @Min(0.001)
  @Max(0.999)
  share: number;
}

@InputType({ description: 'An experiment to begin.' })
export class StartExperimentInput {
  @Field(() => String, { description: 'Its name, used once in an institution: 1 to 100 characters.' })
  @IsString()
  @Length(1, 100)
  name: string;

  @Field(() => [ChallengerInput], {
    description: '1 to 7. The champion, which is the version that is active, has the rest of the users.',
  })
  @ArrayMinSize(1)
  @ArrayMaxSize(7)
  @ValidateNested({ each: true })
  challengers: ChallengerInput[];
}

@ObjectType({ simpleResolvers: true, description: 'From low to high, with 95 % confidence.' })
export class ConfidenceInterval implements Interval {
  @Field(() => Float, { description: 'The lower end.' })
  low: number;

  @Field(() => Float, { description: 'The upper end.' })
  high: number;
}

@ObjectType({ simpleResolvers: true, description: 'A challenger less the champion.' })
export class ExperimentDifference implements Difference {
  @Field(() => Float, { description: 'The difference.' })
  value: number;

  @Field(() => ConfidenceInterval, { description: 'For one look, decided on before the start.' })
  interval: ConfidenceInterval;

  @Field(() => Float, { description: 'Two-sided; for one look, decided on before the start.' })
  pValue: number;

  @Field(() => Float, { description: 'Two-sided; holds however often one looks, and whenever one stops.' })
  alwaysValidPValue: number;
}

@ObjectType({ simpleResolvers: true, description: 'A variant by one measure.' })
export class ExperimentMeasureResult implements MeasureResult {
  @Field(() => MeasureEnum, { description: 'What is measured.' })
  measure: Measure;

  @Field(() => Float, { nullable: true, description: 'Null: there is nobody yet.' })
  value: number | null;

  @Field(() => ConfidenceInterval, { nullable: true, description: 'Of the value.' })
  interval: ConfidenceInterval | null;

  @Field(() => ExperimentDifference, {
    nullable: true,
    description: 'From the champion; null for the champion, and where either side has fewer than 30 users.',
  })
  difference: ExperimentDifference | null;

  @Field(() => Float, {
    nullable: true,
    description: 'The always valid p-value, adjusted for all challengers and measures (Holm).',
  })
  adjustedPValue: number | null;

  @Field(() => VerdictEnum, { nullable: true, description: 'Null for the champion.' })
  verdict: Verdict | null;
}

@ObjectType({ simpleResolvers: true, description: 'What the users of a variant have done.' })
export class ExperimentVariantResult implements VariantResult {
  @Field(() => String, { description: 'The variant.' })
  name: string;

  @Field(() => Int, { description: 'Users who got at least one answer.' })
  users: number;

  @Field(() => Int, { description: 'Answers that were given.' })
  answers: number;

  @Field(() => [ExperimentMeasureResult], { description: 'By each measure.' })
  measures: readonly ExperimentMeasureResult[];
}

@ObjectType('ExperimentResults', { simpleResolvers: true, description: 'What an experiment has shown so far.' })
export class ExperimentResultsType {
  @Field(() => [ExperimentVariantResult], { description: 'The champion first.' })
  variants: readonly ExperimentVariantResult[];

  @Field(() => Boolean, {
    description:
      'Variants differ in size from their shares by more than chance: something loses users, and the comparison cannot be trusted.',
  })
  sampleRatioMismatch: boolean;
}

@ObjectType('ExperimentVariant', { simpleResolvers: true, description: 'A part of the users, and who serves it.' })
export class ExperimentVariantType {
  @Field(() => String, { description: 'Its name; "champion" is the version that is active.' })
  name: string;

  @Field(() => Float, { description: 'Its share of the users.' })
  share: number;

  readonly modelVersionId: string | null;
}

@ObjectType('Experiment', {
  implements: Node,
  simpleResolvers: true,
  description: 'Users are dealt to the version that is active and to challengers, and what they do is compared.',
})
export class ExperimentNode extends Node {
  @Field(() => String, { description: 'Its name.' })
  name: string;

  @Field(() => ExperimentStatusEnum, { description: 'Where it stands.' })
  status: ExperimentStatus;

  @Field(() => [ExperimentVariantType], { description: 'The champion first.' })
  variants: ExperimentVariantType[];

  @Field(() => Date, { description: 'When it began.' })
  startedAt: Date;

  @Field(() => Date, { nullable: true, description: 'When it ended.' })
  endedAt: Date | null;

  @Field(() => String, { nullable: true, description: 'The challenger that was activated at its end.' })
  promoted: string | null;

  readonly experiment: Experiment;
}

export const { Connection: ExperimentConnection } = connectionType(ExperimentNode, 'Experiment');

export function experimentNode(experiment: Experiment): ExperimentNode {
  return Object.assign(new ExperimentNode(), experiment, {
    id: toGlobalId('Experiment', experiment.id),
    variants: experiment.variants.map((variant: Variant) => Object.assign(new ExperimentVariantType(), variant)),
    experiment,
  });
}

@ObjectType({ simpleResolvers: true, description: 'It runs, in every replica.' })
export class ExperimentStarted {
  @Field(() => ExperimentNode, { description: 'The experiment.' })
  experiment: ExperimentNode;
}

@ObjectType({ simpleResolvers: true, description: 'One experiment runs at a time: nothing was begun.' })
export class AnotherExperimentRuns {
  @Field(() => ExperimentNode, { description: 'The one that runs.' })
  experiment: ExperimentNode;
}

@ObjectType({ simpleResolvers: true, description: 'It has ended, in every replica.' })
export class ExperimentEnded {
  @Field(() => ExperimentNode, { description: 'The experiment.' })
  experiment: ExperimentNode;
}

@ObjectType({ simpleResolvers: true, description: 'It had ended before: nothing was changed.' })
export class ExperimentNotRunning {
  @Field(() => ExperimentNode, { description: 'The experiment.' })
  experiment: ExperimentNode;
}

/** Resolvers return instances: an asynchronous resolveType could not be compiled. */
export const StartExperimentResult = createUnionType({
  name: 'StartExperimentResult',
  description: 'What startExperiment gives back.',
  types: () => [ExperimentStarted, AnotherExperimentRuns] as const,
});

export const EndExperimentResult = createUnionType({
  name: 'EndExperimentResult',
  description: 'What stopExperiment and promoteChallenger give back.',
  types: () => [ExperimentEnded, ExperimentNotRunning] as const,
});
