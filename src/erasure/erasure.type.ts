import { Field, ObjectType } from 'type-graphql';
import { enumOf } from '../graphql/enum.js';
import { connectionType, Node, toGlobalId } from '../graphql/relay.js';
import type { ErasedModel, Erasure, ErasureMethod } from './erasure.js';

export const ErasureMethodEnum = enumOf<ErasureMethod>('ErasureMethod', 'How a user was taken out of a model.', {
  exact: 'What it is now is what training without the user would have made.',
  retrained: 'It was trained again from the users who are left.',
  withdrawn: 'It did not serve: it never will again, and its weights are deleted.',
  bounded:
    'It was trained with differential privacy, which bounds what one user can have changed; it is left as it is.',
});

@ObjectType({ simpleResolvers: true, description: 'A model that had learnt from an erased user.' })
export class ErasedModelType {
  @Field(() => ErasureMethodEnum, { nullable: true, description: 'Null: it is still to be done.' })
  method: ErasureMethod | null;

  @Field(() => String, { nullable: true, description: 'Why it has not been done yet, or what is to be known of it.' })
  reason: string | null;

  @Field(() => Date, { nullable: true, description: 'When it was done.' })
  doneAt: Date | null;

  readonly model: ErasedModel;
}

@ObjectType('Erasure', {
  implements: Node,
  simpleResolvers: true,
  description:
    'The receipt of an erased user: what becomes of the models that had learnt from the user. It names no one.',
})
export class ErasureNode extends Node {
  @Field(() => Date, { description: "When the user's data were deleted." })
  erasedAt: Date;

  @Field(() => Boolean, { description: 'Nothing is left to be done.' })
  done: boolean;

  @Field(() => [ErasedModelType], { description: 'The models that had learnt from the user.' })
  models: ErasedModelType[];
}

export const { Connection: ErasureConnection } = connectionType(ErasureNode, 'Erasure');

export function erasureNode({ id, erasedAt, models }: Erasure): ErasureNode {
  return Object.assign(new ErasureNode(), {
    id: toGlobalId('Erasure', id),
    erasedAt,
    done: models.every(({ doneAt }) => doneAt !== null),
    models: models.map((model) =>
      Object.assign(new ErasedModelType(), {
        method: model.method,
        reason: model.reason,
        doneAt: model.doneAt,
        model,
      }),
    ),
  });
}
