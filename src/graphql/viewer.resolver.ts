import { Ctx, Field, ID, ObjectType, Query, Resolver } from 'type-graphql';
import type { Context } from './context.js';
import { enumOf } from './enum.js';
import { toGlobalId } from './relay.js';
import type { ClientKind } from './viewer.js';

/** The kinds of client as the schema names them: PARTNER for partner. */
export const ClientKindEnum = enumOf<ClientKind>('ClientKind', 'What kind of client calls.', {
  partner: "An institution's application.",
  node: "An institution's training process.",
  auditor: 'Who reads budgets, ledgers and model lineage.',
  operator: 'Who runs the consortium.',
});

@ObjectType('Viewer', { simpleResolvers: true, description: 'Who is calling, as the token says.' })
export class ViewerType {
  @Field(() => String, { description: "The token's subject." })
  subject: string;

  @Field(() => ClientKindEnum, { description: 'What kind of client it is.' })
  client: ClientKind;

  @Field(() => [String], { description: 'What it may do.' })
  scopes: string[];

  @Field(() => ID, { nullable: true, description: 'The institution whose data it sees.' })
  institutionId: string | null;
}

@Resolver()
export class ViewerResolver {
  @Query(() => ViewerType, { nullable: true, description: 'Who is calling; null without a token.' })
  viewer(@Ctx() { viewer }: Context): ViewerType | null {
    if (!viewer) return null;
    const { subject, client, institutionId } = viewer;
    return {
      subject,
      client,
      scopes: [...viewer.scopes].sort(),
      institutionId: institutionId ? toGlobalId('Institution', institutionId) : null,
    };
  }
}
