import { IsIn, Length, Matches } from 'class-validator';
import { Field, InputType, ObjectType } from 'type-graphql';
import { enumOf } from '../graphql/enum.js';
import { connectionType, Node, toGlobalId } from '../graphql/relay.js';
import { INSTITUTION_KINDS, type Institution, type InstitutionKind } from './institution.js';

export const InstitutionKindEnum = enumOf<InstitutionKind>('InstitutionKind', 'What kind of institution it is.', {
  bank: 'A bank.',
  insurer: 'An insurance company.',
  broker: 'A broker.',
});

@ObjectType('Institution', {
  implements: Node,
  simpleResolvers: true,
  description: 'A bank, an insurer or a broker: a member of the consortium.',
})
export class InstitutionNode extends Node {
  @Field(() => String, {
    description: 'Its short name: lower-case letters, digits and hyphens, unique in the consortium.',
  })
  code: string;

  @Field(() => String, { description: 'Its name.' })
  name: string;

  @Field(() => InstitutionKindEnum, { description: 'What kind of institution it is.' })
  kind: InstitutionKind;

  @Field(() => String, { description: 'Where it is: ISO 3166-1 alpha-2.' })
  country: string;

  @Field(() => String, { description: 'The currency of its amounts: ISO 4217.' })
  currency: string;

  @Field(() => Date, { description: 'When it joined.' })
  createdAt: Date;
}

export function institutionNode(institution: Institution): InstitutionNode {
  return Object.assign(new InstitutionNode(), institution, { id: toGlobalId('Institution', institution.id) });
}

export const { Connection: InstitutionConnection } = connectionType(InstitutionNode, 'Institution');

@InputType({ description: 'A new member of the consortium.' })
export class CreateInstitutionInput {
  @Field(() => String, { description: '2 to 63 lower-case letters, digits and hyphens, no hyphen first.' })
  @Matches(/^[a-z0-9][a-z0-9-]{1,62}$/, { message: 'code must be 2 to 63 lower-case letters, digits and hyphens' })
  code: string;

  @Field(() => String, { description: 'Its name: 1 to 200 characters.' })
  @Length(1, 200)
  name: string;

  @Field(() => InstitutionKindEnum, { description: 'What kind of institution it is.' })
  @IsIn(INSTITUTION_KINDS)
  kind: InstitutionKind;

  @Field(() => String, { description: 'ISO 3166-1 alpha-2, upper case.' })
  @Matches(/^[A-Z]{2}$/, { message: 'country must be two upper-case letters' })
  country: string;

  @Field(() => String, { description: 'ISO 4217, upper case.' })
  @Matches(/^[A-Z]{3}$/, { message: 'currency must be three upper-case letters' })
  currency: string;
}

@ObjectType({ simpleResolvers: true, description: 'What createInstitution gives back.' })
export class CreateInstitutionPayload {
  @Field(() => InstitutionNode, { description: 'The new institution.' })
  institution: InstitutionNode;
}
