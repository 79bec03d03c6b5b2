import { ArrayMaxSize, IsIn } from 'class-validator';
import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { Context } from '../graphql/context.js';
import { fromGlobalId } from '../graphql/relay.js';
import { UserNode } from '../users/user.type.js';
import type { FeatureGroup } from './features.js';
import { newEventOf, newQuestionnaireOf, RecordEventsInput, RecordQuestionnaireInput } from './profile.input.js';
import {
  FeatureGroupEnum,
  ProfileFeature,
  ProfileType,
  profileFeatures,
  profileType,
  RecordEventsPayload,
  RecordQuestionnairePayload,
  recordEventsPayload,
} from './profile.type.js';
import { profileLoader } from './profiles.loader.js';
import type { ProfilesService } from './profiles.service.js';

const GROUPS: readonly FeatureGroup[] = ['activity', 'frequency', 'amounts', 'recency', 'viewing', 'mix'];

@ArgsType()
class FeaturesArgs {
  @Field(() => [FeatureGroupEnum], { nullable: true, description: 'Only features of these groups.' })
  @ArrayMaxSize(GROUPS.length)
  @IsIn(GROUPS, { each: true })
  groups?: FeatureGroup[] | null;
}

@Resolver(() => ProfileType)
export class ProfilesResolver {
  constructor(private readonly profiles: ProfilesService) {}

  @Query(() => ProfileType, { nullable: true, description: 'The profile of a user of your institution.' })
  async profile(
    @Arg('userId', () => ID, { description: 'The id of the user.' }) userId: string,
    @Ctx() { viewer }: Context,
  ): Promise<ProfileType> {
    return profileType(await this.profiles.profile(viewer, fromGlobalId('User', userId)));
  }

  @FieldResolver(() => [ProfileFeature], { description: 'What describes the behaviour, by group.' })
  features(@Root() profile: ProfileType, @Args(() => FeaturesArgs) { groups }: FeaturesArgs): ProfileFeature[] {
    return profileFeatures(profile.values, groups);
  }

  @Mutation(() => RecordEventsPayload, {
    description:
      'Records up to 1,000 events and updates the profiles of their users in the same transaction: the next recommendation sees them. ' +
      'Each event has a result of its own. A purchase of a product makes a holding, a sale ends it, whichever happened last.',
  })
  async recordEvents(
    @Arg('input', () => RecordEventsInput, { description: 'The events.' }) input: RecordEventsInput,
    @Ctx() { viewer }: Context,
  ): Promise<RecordEventsPayload> {
    return recordEventsPayload(await this.profiles.recordEvents(viewer, input.events.map(newEventOf)));
  }

  @Mutation(() => RecordQuestionnairePayload, {
    description:
      'Records answers on suitability in place of earlier ones. CONFLICT where answers completed later are there.',
  })
  async recordQuestionnaire(
    @Arg('input', () => RecordQuestionnaireInput, { description: 'The answers.' }) input: RecordQuestionnaireInput,
    @Ctx() { viewer }: Context,
  ): Promise<RecordQuestionnairePayload> {
    const userId = fromGlobalId('User', input.userId);
    const profile = await this.profiles.recordQuestionnaire(viewer, userId, newQuestionnaireOf(input));
    return { profile: profileType(profile) };
  }
}

@Resolver(() => UserNode)
export class UserProfileResolver {
  constructor(private readonly profiles: ProfilesService) {}

  @FieldResolver(() => ProfileType, {
    nullable: true,
    description: 'Behaviour and suitability; null where the user was erased meanwhile.',
  })
  async profile(@Root() user: UserNode, @Ctx() context: Context): Promise<ProfileType | null> {
    const profile = await profileLoader(context, this.profiles).load(user.uuid);
    return profile ? profileType(profile) : null;
  }
}
