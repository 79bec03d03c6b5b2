import { Field, Float, Int, ObjectType } from 'type-graphql';
import { enumOf } from '../graphql/enum.js';
import { KnowledgeEnum } from '../products/product.type.js';
import type { EventResult, Rejection } from './behaviour-event.js';
import { FEATURES, type FeatureGroup } from './features.js';
import type { Profile } from './profile.js';
import { isExpired, type Questionnaire } from './questionnaire.js';
import { TagType } from './tag.type.js';

export const FeatureGroupEnum = enumOf<FeatureGroup>('FeatureGroup', 'What a feature is about.', {
  activity: 'How much a user does.',
  frequency: 'How often.',
  amounts: 'How much money moves.',
  recency: 'How long ago.',
  viewing: 'What is looked at and for how long.',
  mix: 'Which kinds of product.',
});

@ObjectType({ simpleResolvers: true, description: 'One number that describes what a user does.' })
export class ProfileFeature {
  @Field(() => String, { description: 'Its name; models read it as profile.NAME.' })
  name: string;

  @Field(() => FeatureGroupEnum, { description: 'What it is about.' })
  group: FeatureGroup;

  @Field(() => String, { description: 'events, weeks, days, seconds, currency, share, ratio or class.' })
  unit: string;

  @Field(() => String, { description: 'How it is computed.' })
  formula: string;

  @Field(() => Float, { nullable: true, description: 'The value; null where there is nothing to compute it from.' })
  value: number | null;
}

@ObjectType('Questionnaire', {
  simpleResolvers: true,
  description: "A user's latest answers on suitability (MiFID II).",
})
export class QuestionnaireType {
  @Field(() => Int, { description: '1 (avoids any risk) to 5 (accepts high risk).' })
  riskTolerance: number;

  @Field(() => KnowledgeEnum, { description: 'How much the user knows of financial products.' })
  knowledge: number;

  @Field(() => Int, { description: 'For how many months the user wants to invest.' })
  horizonMonths: number;

  @Field(() => Float, {
    nullable: true,
    description: 'How much there is to invest, in the currency of the institution.',
  })
  investableAmount: number | null;

  @Field(() => Date, { description: 'When it was completed.' })
  completedAt: Date;

  @Field(() => Date, { description: 'From when on it counts no more.' })
  expiresAt: Date;

  @Field(() => Boolean, { description: 'It counts no more.' })
  expired: boolean;
}

@ObjectType('Profile', {
  simpleResolvers: true,
  description: 'What is known of the behaviour and the suitability of a user.',
})
export class ProfileType {
  /** The user's uuid. */
  readonly userId: string;

  /** The values by name, for the field `features`. */
  readonly values: Profile['features'];

  @Field(() => Date, { description: 'The moment for which features and tags are computed.' })
  asOf: Date;

  @Field(() => [TagType], { description: 'Labels, each with the rule that gave it.' })
  tags: readonly TagType[];

  @Field(() => QuestionnaireType, { nullable: true, description: 'The latest answers on suitability, expired or not.' })
  questionnaire: QuestionnaireType | null;

  @Field(() => Int, { description: 'Behaviour events in the last 104 weeks.' })
  eventCount: number;

  @Field(() => Date, { nullable: true, description: 'When an event or a questionnaire last changed it.' })
  updatedAt: Date | null;
}

export function profileType({ features, questionnaire, ...profile }: Profile): ProfileType {
  return Object.assign(new ProfileType(), profile, {
    values: features,
    questionnaire: questionnaire ? questionnaireType(questionnaire, profile.asOf) : null,
  });
}

function questionnaireType(questionnaire: Questionnaire, now: Date): QuestionnaireType {
  return { ...questionnaire, expired: isExpired(questionnaire, now) };
}

export function profileFeatures(
  values: Profile['features'],
  groups?: readonly FeatureGroup[] | null,
): ProfileFeature[] {
  return FEATURES.filter((feature) => !groups || groups.includes(feature.group)).map(
    ({ name, group, unit, formula }) => ({ name, group, unit, formula, value: values[name] ?? null }),
  );
}

@ObjectType({ simpleResolvers: true, description: 'What recordQuestionnaire gives back.' })
export class RecordQuestionnairePayload {
  @Field(() => ProfileType, { description: 'The profile as it is now.' })
  profile: ProfileType;
}

export const EventStatusEnum = enumOf<EventResult['status']>('EventStatus', 'What became of an event.', {
  accepted: 'It was recorded, and the profile has it.',
  duplicate: 'An event with its id was recorded before: nothing has changed.',
  rejected: 'It was not recorded: see the reason.',
});

const REASONS: Readonly<Record<Rejection, string>> = {
  UNKNOWN_USER: 'Your institution has no such user.',
  UNKNOWN_PRODUCT: 'Your institution has no such product.',
  IN_THE_FUTURE: 'It is more than five minutes ahead of our clock.',
  TOO_OLD: 'It is more than twenty years old.',
};
export const RejectionEnum = enumOf<Rejection>('EventRejection', 'Why an event was not recorded.', REASONS);

@ObjectType('EventResult', { simpleResolvers: true, description: 'What became of one event.' })
export class EventResultType {
  @Field(() => String, { description: "The event's id." })
  eventId: string;

  @Field(() => EventStatusEnum, { description: 'What became of it.' })
  status: EventResult['status'];

  @Field(() => RejectionEnum, { nullable: true, description: 'Why it was rejected; null where it was not.' })
  reason: Rejection | null;

  @Field(() => String, { nullable: true, description: 'The reason in words.' })
  message: string | null;
}

@ObjectType({ simpleResolvers: true, description: 'What recordEvents gives back.' })
export class RecordEventsPayload {
  @Field(() => [EventResultType], { description: 'One result an event, in the order of the input.' })
  results: EventResultType[];

  @Field(() => Int, { description: 'How many were recorded.' })
  accepted: number;

  @Field(() => Int, { description: 'How many had been recorded before.' })
  duplicates: number;

  @Field(() => Int, { description: 'How many were rejected.' })
  rejected: number;
}

export function recordEventsPayload(results: readonly EventResult[]): RecordEventsPayload {
  const count = (status: EventResult['status']) => results.filter((result) => result.status === status).length;
  return {
    results: results.map((result) => {
      const reason = result.status === 'rejected' ? result.reason : null;
      return { eventId: result.eventId, status: result.status, reason, message: reason && REASONS[reason] };
    }),
    accepted: count('accepted'),
    duplicates: count('duplicate'),
    rejected: count('rejected'),
  };
}
