import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import type { Trait } from '../engine/profiling/model.js';
import { UserNode } from '../users/user.type.js';
import type { EmbeddedUser, SegmentNow } from './embeddings.service.js';
import { labelOf, type ProfileModelInfo, traitLabel, UNUSUAL } from './profile-model.js';

@ObjectType('SegmentTrait', { simpleResolvers: true, description: 'In what the users of a segment differ from all.' })
export class TraitType {
  @Field(() => String, { description: 'In words: "high income", "seldom owns FUND-A".' })
  label: string;

  @Field(() => String, { description: 'An attribute, profile.NAME of a feature, or "owned:CODE".' })
  feature: string;

  @Field(() => String, { nullable: true, description: 'The value that is more or less common here; null for numbers.' })
  category: string | null;

  @Field(() => Float, { description: 'Here: the mean of a number, else a share of the users.' })
  value: number;

  @Field(() => Float, { description: 'The same over all users.' })
  overall: number;

  @Field(() => Float, { description: '(value − overall) in standard deviations over all users.' })
  effect: number;
}

@ObjectType('Segment', { simpleResolvers: true, description: 'Users who are alike, as the profile model places them.' })
export class SegmentType {
  @Field(() => Int, { description: '0 is the largest, when the model was trained.' })
  index: number;

  @Field(() => String, { description: 'Its two largest traits.' })
  label: string;

  @Field(() => Float, { description: 'Its share of the users whom the model was trained on.' })
  share: number;

  @Field(() => [TraitType], { description: 'What sets it apart, largest first.' })
  traits: TraitType[];
}

@ObjectType('SegmentInUse', { simpleResolvers: true, description: 'A segment, and how many are in it now.' })
export class SegmentInUseType extends SegmentType {
  @Field(() => Int, { description: 'Users who are placed in it.' })
  users: number;
}

@ObjectType('Oddity', { simpleResolvers: true, description: 'What makes a profile unusual.' })
export class OddityType {
  @Field(() => String, { description: 'An attribute or feature, or "owned" for the products together.' })
  feature: string;

  @Field(() => Float, { description: 'How much less expected it is than usual, in nats.' })
  excess: number;
}

@ObjectType('ProfileAnomaly', {
  simpleResolvers: true,
  description: 'How unusual a profile is: by how badly the profile model reconstructs it.',
})
export class AnomalyType {
  @Field(() => Float, { description: 'Share of users whose profile is less unusual: 0 to 1.' })
  percentile: number;

  @Field(() => Boolean, { description: `It is more unusual than ${100 * UNUSUAL} % of users.` })
  flagged: boolean;

  @Field(() => [OddityType], { description: 'What adds most to it, three at most.' })
  causes: readonly OddityType[];
}

@ObjectType('ModelTag', { simpleResolvers: true, description: 'A label that a model gave, with its evidence.' })
export class ModelTagType {
  @Field(() => String, { description: '"segment-N" or "unusual".' })
  tag: string;

  @Field(() => String, { description: 'Why: with the numbers.' })
  evidence: string;
}

@ObjectType('ProfileEmbedding', {
  simpleResolvers: true,
  description: "Where the institution's profile model places a user as of now.",
})
export class EmbeddingType {
  @Field(() => ID, { description: 'The model: embeddings of different models cannot be compared.' })
  model: string;

  @Field(() => Date, { description: 'When that was trained.' })
  trainedAt: Date;

  @Field(() => [Float], { description: 'The place.' })
  values: readonly number[];

  @Field(() => SegmentType, { description: 'The segment whose centre is nearest.' })
  segment: SegmentType;

  @Field(() => AnomalyType, { description: 'How unusual the profile is.' })
  anomaly: AnomalyType;

  @Field(() => [ModelTagType], { description: 'Labels that follow from the place.' })
  tags: readonly ModelTagType[];

  readonly embedded: EmbeddedUser;
}

@ObjectType('UserNeighbour', { simpleResolvers: true, description: 'A user who is like another.' })
export class NeighbourType {
  @Field(() => UserNode, { description: 'The user.' })
  user: UserNode;

  @Field(() => Float, { description: 'Cosine of the embeddings: 1 at most.' })
  similarity: number;
}

@ObjectType('ProfileModel', {
  simpleResolvers: true,
  description: "The autoencoder of the institution's profiles; it never leaves the institution.",
})
export class ProfileModelType {
  @Field(() => ID, { description: 'Its id.' })
  id: string;

  @Field(() => Date, { description: 'When it was trained.' })
  createdAt: Date;

  readonly info: ProfileModelInfo;
}

const traitType = (trait: Trait): TraitType => Object.assign(new TraitType(), trait, { label: traitLabel(trait) });

function segmentFields(index: number, segment: ProfileModelInfo['segments'][number]) {
  return { index, label: labelOf(segment), share: segment.share, traits: segment.traits.map(traitType) };
}

export const segmentInUseType = ({ index, segment, usersNow }: SegmentNow): SegmentInUseType =>
  Object.assign(new SegmentInUseType(), segmentFields(index, segment), { users: usersNow });

export function profileModelType(info: ProfileModelInfo): ProfileModelType {
  return Object.assign(new ProfileModelType(), { id: info.id, createdAt: info.createdAt, info });
}

export function embeddingType(embedded: EmbeddedUser): EmbeddingType {
  const { model, embedding, segment, percentile, oddities } = embedded;
  const own = model.segments[segment];
  const flagged = percentile >= UNUSUAL;
  const causes = oddities.map(({ feature }) => feature).join(', ');
  const figure = (share: number) => (100 * share).toFixed(1);
  return Object.assign(new EmbeddingType(), {
    model: model.id,
    trainedAt: model.createdAt,
    values: Array.from(embedding),
    segment: Object.assign(new SegmentType(), segmentFields(segment, own)),
    anomaly: { percentile, flagged, causes: oddities },
    tags: [
      { tag: `segment-${segment}`, evidence: `${labelOf(own)} (${figure(own.share)} % of users are like this)` },
      ...(flagged
        ? [{ tag: 'unusual', evidence: `more unusual than ${figure(percentile)} % of users, by ${causes}` }]
        : []),
    ],
    embedded,
  });
}
