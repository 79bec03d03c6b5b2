import { IsIn, IsNumber, IsOptional, IsString } from 'class-validator';
import { Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import type { ShiftLevel } from '../engine/metrics/drift/stability.js';
import type { Favourable, FourFifths } from '../engine/metrics/fairness/fairness.js';
import { enumOf } from '../graphql/enum.js';
import { toGlobalId } from '../graphql/relay.js';
import type { ExposureKind, InterestAttribute } from './fairness-report.js';
import { EstimateType, GapType, OversightLevelEnum, RateType } from './figures.type.js';
import type { StoredReportOf } from './report.js';

export const FavourableEnum = enumOf<Favourable>(
  'FavourablePrediction',
  'Which probabilities are good news for the user.',
  {
    low: 'Low ones: the event is a default, or the like.',
    high: 'High ones.',
  },
);

export const FourFifthsEnum = enumOf<FourFifths>(
  'FourFifthsRule',
  'What the four-fifths rule says of an attribute (29 CFR 1607.4 D).',
  {
    passes: 'No group has less than four fifths of the favourable decisions of the reference group.',
    unclear: 'One has less, which may be chance.',
    fails: 'One has less, beyond chance: evidence of adverse impact.',
    unknown: 'There are no two groups of enough users to compare.',
  },
);

export const ExposureByEnum = enumOf<ExposureKind['by']>('ExposureBy', 'What makes a class of products.', {
  riskClass: 'The risk class, 1 to 5.',
  type: 'The type.',
  product: 'Each product by itself.',
});

export const ExposureFromEnum = enumOf<ExposureKind['from']>('ExposureFrom', 'Which lists were looked at.', {
  served: 'The newest that was served to each user.',
  model: 'What the model ranks first, before suitability is looked at.',
});

@ObjectType({ simpleResolvers: true, description: "Users by tenth of all users' predictions." })
export class CalibrationDecile {
  @Field(() => Float, { description: 'Mean of their predictions.' })
  expected: number;

  @Field(() => Float, { description: 'Share of them with the event.' })
  observed: number;

  @Field(() => Int, { description: 'How many of the group are in it.' })
  users: number;
}

@ObjectType('GroupCalibration', { simpleResolvers: true, description: 'Predictions of a group against what happened.' })
export class CalibrationType {
  @Field(() => Float, { description: 'Mean of the predictions.' })
  expected: number;

  @Field(() => RateType, { description: 'Share with the event.' })
  observed: RateType;

  @Field(() => EstimateType, {
    nullable: true,
    description: 'observed ÷ expected: above 1 the model takes the group for safer than it is.',
  })
  ratio: EstimateType | null;

  @Field(() => EstimateType, {
    nullable: true,
    description:
      'Calibration slope: 1 is right, below 1 predictions are too extreme; null: too few with or without the event.',
  })
  slope: EstimateType | null;

  @Field(() => [CalibrationDecile], { description: 'By tenths; those of too few users are left out.' })
  deciles: readonly CalibrationDecile[];
}

@ObjectType('GroupFairness', {
  simpleResolvers: true,
  description: 'How decisions fall out for a group; what is null is of too few users.',
})
export class GroupFairnessType {
  @Field(() => String, { description: 'Its name; "others" are all groups of too few users together.' })
  group: string;

  @Field(() => Int, { description: 'Its users.' })
  users: number;

  @Field(() => RateType, { nullable: true, description: 'Whose decision is favourable.' })
  favourable: RateType | null;

  @Field(() => RateType, { nullable: true, description: 'Whose decision is favourable, of those to whom it is due.' })
  truePositive: RateType | null;

  @Field(() => RateType, { nullable: true, description: 'Whose decision is favourable, of the others.' })
  falsePositive: RateType | null;

  @Field(() => RateType, { nullable: true, description: 'To whom it is due, of those whose decision is favourable.' })
  precision: RateType | null;

  @Field(() => Float, { nullable: true, description: 'Area under the ROC curve within the group.' })
  auc: number | null;

  @Field(() => EstimateType, { nullable: true, description: 'Favourable decisions ÷ those of the reference group.' })
  impactRatio: EstimateType | null;

  @Field(() => EstimateType, { nullable: true, description: 'Of truePositive: the difference to the reference group.' })
  opportunityDifference: EstimateType | null;

  @Field(() => CalibrationType, { nullable: true, description: 'Predictions against what happened.' })
  calibration: CalibrationType | null;
}

@ObjectType('DecisionFairness', {
  simpleResolvers: true,
  description: 'How decisions by a risk model fall out by a protected attribute.',
})
export class DecisionFairnessType {
  @Field(() => String, { description: 'The attribute.' })
  attribute: string;

  @Field(() => String, { nullable: true, description: 'The group with the most favourable decisions.' })
  reference: string | null;

  @Field(() => [GroupFairnessType], { description: 'By group.' })
  groups: readonly GroupFairnessType[];

  @Field(() => Int, { description: 'Groups that are among "others".' })
  pooled: number;

  @Field(() => FourFifthsEnum, { description: 'What the four-fifths rule says.' })
  fourFifths: FourFifths;

  @Field(() => GapType, { nullable: true, description: 'The least impact ratio.' })
  adverseImpactRatio: GapType | null;

  @Field(() => GapType, { nullable: true, description: 'Greatest − least true positive rate (Hardt et al. 2016).' })
  equalOpportunity: GapType | null;

  @Field(() => GapType, { nullable: true, description: 'The greater gap of true and of false positive rates.' })
  equalisedOdds: GapType | null;

  @Field(() => GapType, { nullable: true, description: 'Greatest − least precision.' })
  predictiveParity: GapType | null;
}

@ObjectType({ simpleResolvers: true, description: 'The share of exposure that a class of products has in a group.' })
export class ExposureShare {
  @Field(() => String, { description: 'The group.' })
  group: string;

  @Field(() => EstimateType, { nullable: true, description: 'The share; null: too few users.' })
  share: EstimateType | null;
}

@ObjectType('ClassExposure', {
  simpleResolvers: true,
  description: 'Exposure of a class of products: attention falls with the logarithm of the rank.',
})
export class ClassExposureType {
  @Field(() => ExposureByEnum, { description: 'What makes a class.' })
  by: ExposureKind['by'];

  @Field(() => ExposureFromEnum, { description: 'Which lists.' })
  from: ExposureKind['from'];

  @Field(() => String, { description: 'The class.' })
  class: string;

  @Field(() => Float, { nullable: true, description: "The least group's share ÷ the greatest: 1 is equal exposure." })
  ratio: number | null;

  @Field(() => [ExposureShare], { description: 'By group.' })
  shares: readonly ExposureShare[];
}

@ObjectType({
  simpleResolvers: true,
  description: 'How often the product that was hidden is among the first three, in a group.',
})
export class GroupRecall {
  @Field(() => String, { description: 'The group.' })
  group: string;

  @Field(() => RateType, { nullable: true, description: 'The share; null: too few users.' })
  recall: RateType | null;
}

@ObjectType('RecommendationFairness', {
  simpleResolvers: true,
  description: 'How a recommender serves the groups of a protected attribute.',
})
export class RecommendationFairnessType {
  @Field(() => String, { description: 'The attribute.' })
  attribute: string;

  @Field(() => [GroupRecall], { description: 'Recall by group.' })
  recall: readonly GroupRecall[];

  @Field(() => GapType, { nullable: true, description: 'Greatest − least recall.' })
  recallGap: GapType | null;

  @Field(() => [ClassExposureType], { description: 'Exposure by class of products.' })
  exposure: readonly ClassExposureType[];
}

@ObjectType('FairnessReport', {
  simpleResolvers: true,
  description: 'A version measured on the users of an institution, by protected attribute.',
})
export class FairnessReportType {
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

  @Field(() => Int, { description: 'Figures of fewer users are left out.' })
  smallestGroup: number;

  @Field(() => FavourableEnum, { nullable: true, description: 'Of risk: which predictions are good news.' })
  favourable: Favourable | null;

  @Field(() => Float, { nullable: true, description: 'Of risk: where decisions part.' })
  threshold: number | null;

  @Field(() => [DecisionFairnessType], { description: 'Of a risk model: by attribute.' })
  decisions: readonly DecisionFairnessType[];

  @Field(() => [RecommendationFairnessType], { description: 'Of a model of interest: by attribute.' })
  recommendations: readonly RecommendationFairnessType[];

  @Field(() => [String], { description: 'Remarks on how users were chosen.' })
  remarks: readonly string[];
}

export function fairnessReport({ id, createdAt, level, report }: StoredReportOf<'fairness'>): FairnessReportType {
  const { users, sampled, smallestGroup, remarks } = report;
  const risk = report.task === 'risk' ? report : undefined;
  return Object.assign(new FairnessReportType(), {
    id: toGlobalId('OversightReport', id),
    ...{ createdAt, level, users, sampled, smallestGroup, remarks },
    favourable: risk?.favourable ?? null,
    threshold: risk?.threshold ?? null,
    decisions: risk?.attributes ?? [],
    recommendations: report.task === 'interest' ? report.attributes.map(recommendationFairness) : [],
  });
}

const recommendationFairness = ({ attribute, recall, exposures }: InterestAttribute): RecommendationFairnessType => ({
  attribute,
  recall: recall?.groups ?? [],
  recallGap: recall?.gap ?? null,
  exposure: exposures.flatMap(({ by, from, groups, classes }) =>
    classes.map(({ class: name, ratio, shares }) => ({
      ...{ by, from, class: name, ratio },
      shares: shares.map((share, place) => ({ group: groups[place].group, share })),
    })),
  ),
});

@InputType({ description: 'Which version is measured, and what a decision by it is.' })
export class AssessFairnessInput {
  @Field(() => ID, { description: 'The model version.' })
  @IsString()
  versionId: string;

  @Field(() => Float, {
    nullable: true,
    description: 'Of risk: where decisions part; default: from which a risk is high.',
  })
  @IsOptional()
  @IsNumber()
  threshold?: number | null;

  @Field(() => FavourableEnum, { defaultValue: 'low', description: 'Of risk: which predictions are good news.' })
  @IsIn(['low', 'high'])
  favourable: Favourable;
}
