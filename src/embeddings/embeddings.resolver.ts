import { Max, Min } from 'class-validator';
import { Args, ArgsType, Ctx, Field, FieldResolver, Int, Query, Resolver, Root } from 'type-graphql';
import type { Context } from '../graphql/context.js';
import { loaderOf } from '../graphql/loader.js';
import { Figure, figuresOf } from '../models/model.type.js';
import { ProfileType } from '../profiles/profile.type.js';
import { userNode } from '../users/user.type.js';
import type { UsersService } from '../users/users.service.js';
import {
  EmbeddingType,
  embeddingType,
  NeighbourType,
  ProfileModelType,
  profileModelType,
  SegmentInUseType,
  segmentInUseType,
} from './embedding.type.js';
import type { EmbeddedUser, EmbeddingsService } from './embeddings.service.js';

@ArgsType()
class NeighboursArgs {
  @Field(() => Int, { defaultValue: 10, description: 'How many at most: 1 to 100.' })
  @Min(1)
  @Max(100)
  first: number;
}

const EMBEDDED = {};
const USERS = {};

@Resolver(() => ProfileType)
export class ProfileEmbeddingResolver {
  constructor(private readonly embeddings: EmbeddingsService) {}

  @FieldResolver(() => EmbeddingType, {
    nullable: true,
    description: 'Where the profile model places the user; null where the institution has trained none.',
  })
  async embedding(@Root() { userId }: ProfileType, @Ctx() context: Context): Promise<EmbeddingType | null> {
    const embedded = await loaderOf<string, EmbeddedUser>(context, EMBEDDED, (ids) =>
      this.embeddings.of(context.viewer, ids),
    ).load(userId);
    return embedded ? embeddingType(embedded) : null;
  }
}

@Resolver(() => EmbeddingType)
export class EmbeddingsResolver {
  constructor(
    private readonly embeddings: EmbeddingsService,
    private readonly users: Pick<UsersService, 'byIds'>,
  ) {}

  @FieldResolver(() => [NeighbourType], { description: 'The users of the institution who are most alike, best first.' })
  async neighbours(
    @Root() { embedded }: EmbeddingType,
    @Args(() => NeighboursArgs) { first }: NeighboursArgs,
    @Ctx() context: Context,
  ): Promise<NeighbourType[]> {
    const found = await this.embeddings.neighbours(context.viewer, embedded, first);
    const loader = loaderOf(context, USERS, (ids: readonly string[]) => this.users.byIds(context.viewer, ids));
    const users = await Promise.all(found.map(({ userId }) => loader.load(userId)));
    // A user who was erased meanwhile is left out.
    return found.flatMap(({ similarity }, index) => {
      const user = users[index];
      return user ? [Object.assign(new NeighbourType(), { user: userNode(user), similarity })] : [];
    });
  }
}

@Resolver(() => ProfileModelType)
export class ProfileModelResolver {
  constructor(private readonly embeddings: EmbeddingsService) {}

  @Query(() => ProfileModelType, {
    nullable: true,
    description: "The institution's profile model, with its segments. It is trained by `concord profiles`.",
  })
  async profileModel(@Ctx() { viewer }: Context): Promise<ProfileModelType> {
    return profileModelType(await this.embeddings.modelOf(viewer));
  }

  @FieldResolver(() => [SegmentInUseType], { description: 'Its segments, the largest first.' })
  async segments(@Root() { info }: ProfileModelType, @Ctx() { viewer }: Context): Promise<SegmentInUseType[]> {
    return (await this.embeddings.segments(viewer, info)).map(segmentInUseType);
  }

  @FieldResolver(() => [Figure], {
    description:
      'On users that it was not trained on: reconstruction, divergence, loss, withoutEmbedding, silhouette, …',
  })
  metrics(@Root() { info }: ProfileModelType): Figure[] {
    return figuresOf(info.metrics);
  }
}
