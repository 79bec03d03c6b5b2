import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import type { ShiftLevel } from '../engine/metrics/drift/stability.js';
import { toGlobalId } from '../graphql/relay.js';
import { OversightLevelEnum } from './figures.type.js';
import type { StoredReportOf } from './report.js';

@ObjectType({ simpleResolvers: true, description: 'How far a distribution has moved since training.' })
export class DistributionShift {
  @Field(() => Float, { description: 'Population stability index.' })
  psi: number;

  @Field(() => Float, { description: 'What chance alone exceeds in 1 of 20 cases: below it the PSI says nothing.' })
  chance: number;

  @Field(() => OversightLevelEnum, { description: 'Whether somebody should look.' })
  level: ShiftLevel;
}

@ObjectType({ simpleResolvers: true, description: 'A range of values, or a category, of a feature.' })
export class DriftCell {
  @Field(() => String, { description: 'Which.' })
  name: string;

  @Field(() => Float, { description: 'Share of training users.' })
  expected: number;

  @Field(() => Float, { description: 'Share of the users of now.' })
  current: number;
}

@ObjectType('FeatureDrift', { simpleResolvers: true, description: 'Drift of a feature that a model reads.' })
export class FeatureDriftType extends DistributionShift {
  @Field(() => String, { description: 'The attribute, or a part of a date: "opened.year".' })
  feature: string;

  @Field(() => Float, {
    nullable: true,
    description: 'Share of training users without a value; null: too few to be told.',
  })
  missingExpected: number | null;

  @Field(() => Float, { description: 'Share of the users of now without a value.' })
  missing: number;

  @Field(() => Float, {
    nullable: true,
    description: 'Of a category: share of the users of now with one that training did not know, or hardly.',
  })
  unseen: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Of a number: share of the users of now below the least or above the greatest value of training.',
  })
  beyond: number | null;

  @Field(() => [DriftCell], { description: 'What it was measured by.' })
  cells: readonly DriftCell[];
}

@ObjectType('HoldingDrift', { simpleResolvers: true, description: 'Drift of who owns a product.' })
export class HoldingDriftType {
  @Field(() => String, { description: "The product's code." })
  product: string;

  @Field(() => Float, { description: 'Share of training users.' })
  expected: number;

  @Field(() => Float, { description: 'Share of the users of now.' })
  current: number;

  @Field(() => Float, { description: 'Population stability index.' })
  psi: number;

  @Field(() => OversightLevelEnum, { description: 'Whether somebody should look.' })
  level: ShiftLevel;
}

@ObjectType('DriftReport', {
  simpleResolvers: true,
  description: 'How far the users of an institution have moved from those whom a version was trained on.',
})
export class DriftReportType {
  @Field(() => ID, { description: 'Its id.' })
  id: string;

  @Field(() => Date, { description: 'When it was measured.' })
  createdAt: Date;

  @Field(() => OversightLevelEnum, { description: 'Whether somebody should look.' })
  level: ShiftLevel;

  @Field(() => Int, { description: 'Users that were measured.' })
  users: number;

  @Field(() => Boolean, { description: 'There are more users: these are a sample.' })
  sampled: boolean;

  @Field(() => Int, { nullable: true, description: 'Users of training; null: not known.' })
  trainedOn: number | null;

  @Field(() => DistributionShift, { nullable: true, description: 'Of the scores of a risk model.' })
  score: DistributionShift | null;

  @Field(() => DistributionShift, {
    nullable: true,
    description: 'Of the share of users with the event, where labels are known.',
  })
  label: DistributionShift | null;

  @Field(() => [FeatureDriftType], { description: 'Of each feature, the greatest PSI first.' })
  features: readonly FeatureDriftType[];

  @Field(() => [HoldingDriftType], { description: 'Of each product that the model reads as owned.' })
  holdings: readonly HoldingDriftType[];

  @Field(() => [String], { description: 'What could not be told, and why.' })
  notes: readonly string[];
}

export function driftReportNode({ id, createdAt, level, report }: StoredReportOf<'drift'>): DriftReportType {
  const { users, sampled, trainedOn, score, label, features, holdings, notes } = report;
  return Object.assign(new DriftReportType(), {
    id: toGlobalId('OversightReport', id),
    ...{ createdAt, level, users, sampled, trainedOn, score, label, holdings, notes },
    features: features.map(({ feature, psi, chance, level: of, missing, unseen, beyond, cells }) => ({
      ...{ feature, psi, chance, level: of, beyond: beyond ?? null, cells },
      missingExpected: missing.expected,
      missing: missing.current,
      unseen: unseen?.current ?? null,
    })),
  });
}
