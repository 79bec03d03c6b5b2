import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import { ErasureNode } from '../erasure/erasure.type.js';
import { enumOf } from '../graphql/enum.js';
import { connectionType, Node, toGlobalId } from '../graphql/relay.js';
import { AttributesScalar } from '../graphql/scalars.js';
import { type UpsertOutcome, UpsertOutcomeEnum } from '../graphql/upsert-outcome.js';
import type { AttributeMap, Fold, Holding, User } from './user.js';

export const FoldEnum = enumOf<Fold>('Fold', 'Which part of a stored split a user belongs to.', {
  train: 'Models are trained on it.',
  validation: 'Settings are chosen on it.',
  test: 'Models are judged on it, and nothing else.',
});

@ObjectType('User', {
  implements: Node,
  simpleResolvers: true,
  description: "An institution's customer: the unit whose privacy is protected.",
})
export class UserNode extends Node {
  /** The row's uuid, for the fields that are resolved on their own. */
  readonly uuid: string;

  @Field(() => String, { description: "The institution's own id, unique within it." })
  externalId: string;

  @Field(() => AttributesScalar, {
    description: 'What models may read: numbers, texts, dates as "YYYY-MM-DD", null for what is known to be missing.',
  })
  attributes: AttributeMap;

  @Field(() => Int, {
    nullable: true,
    description: 'What happened, where it is known: 1 = the event (a default, say), 0 = not.',
  })
  riskLabel: number | null;

  @Field(() => FoldEnum, { nullable: true, description: 'Its part of a stored split, where there is one.' })
  fold: Fold | null;

  @Field(() => Date, { description: 'When it was created.' })
  createdAt: Date;

  @Field(() => Date, { description: 'When it was last changed.' })
  updatedAt: Date;
}

export function userNode(user: User): UserNode {
  return Object.assign(new UserNode(), user, { id: toGlobalId('User', user.id), uuid: user.id });
}

export const { Connection: UserConnection } = connectionType(UserNode, 'User');

/** The product is a field of its own: see HoldingResolver. */
@ObjectType('Holding', { simpleResolvers: true, description: 'A user owns a product.' })
export class HoldingType {
  readonly productId: string;

  @Field(() => Float, { nullable: true, description: "How much of it, in the product's currency." })
  amount: number | null;

  @Field(() => Date, { nullable: true, description: 'Since when.' })
  acquiredAt: Date | null;
}

export const holdingType = (holding: Holding): HoldingType => Object.assign(new HoldingType(), holding);

@ObjectType({
  simpleResolvers: true,
  description: 'What createUser, updateUser, addHoldings and removeHoldings give back.',
})
export class UserPayload {
  @Field(() => UserNode, { description: 'The user as it is now.' })
  user: UserNode;
}

@ObjectType({ simpleResolvers: true, description: 'What became of one user.' })
export class UpsertUserResult {
  @Field(() => UpsertOutcomeEnum, { description: 'What became of it.' })
  outcome: UpsertOutcome;

  @Field(() => UserNode, { description: 'The user as it is now.' })
  user: UserNode;
}

@ObjectType({ simpleResolvers: true, description: 'What upsertUsers gives back.' })
export class UpsertUsersPayload {
  @Field(() => [UpsertUserResult], { description: 'One result a user, in the order of the input.' })
  results: UpsertUserResult[];
}

@ObjectType({ simpleResolvers: true, description: 'What eraseUser gives back.' })
export class EraseUserPayload {
  @Field(() => ID, { description: 'The id of the user who was erased.' })
  userId: string;

  @Field(() => ErasureNode, { description: 'The receipt: what becomes of the models that had learnt from the user.' })
  receipt: ErasureNode;
}
