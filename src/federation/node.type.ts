import { IsString, Length } from 'class-validator';
import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { Node, toGlobalId } from '../graphql/relay.js';
import type { FederationNode } from './node.js';

@ObjectType({ simpleResolvers: true, description: 'A key by which a node signs.' })
export class NodeKeyType {
  @Field(() => String, { description: 'RFC 7638 thumbprint.' })
  id: string;

  @Field(() => String, { description: '32 bytes of Ed25519, in base64url.' })
  publicKey: string;

  @Field(() => Date, { description: 'From when on it counts.' })
  validFrom: Date;

  @Field(() => Date, { nullable: true, description: 'From when on it counts no more; null: no end.' })
  validTo: Date | null;

  @Field(() => Date, { nullable: true, description: 'When it was revoked.' })
  revokedAt: Date | null;
}

@ObjectType('FederationNode', {
  implements: Node,
  simpleResolvers: true,
  description: 'A training process of an institution, known by its keys.',
})
export class FederationNodeType extends Node {
  @Field(() => ID, { description: 'Its UUID, by which statements of the protocol name it.' })
  nodeId: string;

  @Field(() => ID, { description: 'Whose node it is.' })
  institutionId: string;

  @Field(() => String, { description: 'What people call it; unique in its institution.' })
  name: string;

  @Field(() => Date, { description: 'When it was enrolled.' })
  createdAt: Date;

  @Field(() => Date, { nullable: true, description: 'When it was revoked: it takes part no more.' })
  revokedAt: Date | null;

  @Field(() => [NodeKeyType], { description: 'Its keys, oldest first.' })
  keys: readonly NodeKeyType[];
}

export const federationNode = (node: FederationNode): FederationNodeType =>
  Object.assign(new FederationNodeType(), node, {
    id: toGlobalId('FederationNode', node.id),
    nodeId: node.id,
    institutionId: toGlobalId('Institution', node.institutionId),
  });

@InputType({ description: "A bank's node, with the public key that `concord node keygen` printed." })
export class EnrolNodeInput {
  @Field(() => String, { description: "The institution's code." })
  @Length(1, 63)
  institution: string;

  @Field(() => String, { description: 'What people call it: 1 to 100 characters, unique in its institution.' })
  @Length(1, 100)
  name: string;

  @Field(() => String, { description: '32 bytes of Ed25519, in base64url.' })
  @IsString()
  publicKey: string;
}
