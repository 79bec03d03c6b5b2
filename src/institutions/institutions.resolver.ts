import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver } from 'type-graphql';
import type { Context } from '../graphql/context.js';
import type { NodeFinder } from '../graphql/node.resolver.js';
import { type Connection, connectionOf, decodeCursor, fromGlobalId, PageArgs } from '../graphql/relay.js';
import { ViewerType } from '../graphql/viewer.resolver.js';
import {
  CreateInstitutionInput,
  CreateInstitutionPayload,
  InstitutionConnection,
  InstitutionNode,
  institutionNode,
} from './institution.type.js';
import type { InstitutionsService } from './institutions.service.js';

export const institutionFinder =
  (institutions: InstitutionsService): NodeFinder =>
  async (id, { viewer }) =>
    institutionNode(await institutions.one(viewer, id));

@Resolver(() => ViewerType)
export class ViewerInstitutionResolver {
  constructor(private readonly institutions: InstitutionsService) {}

  @FieldResolver(() => InstitutionNode, { nullable: true, description: 'The institution whose data it sees.' })
  async institution(@Ctx() { viewer }: Context): Promise<InstitutionNode | null> {
    return viewer?.institutionId ? institutionNode(await this.institutions.one(viewer, viewer.institutionId)) : null;
  }
}

@Resolver()
export class InstitutionsResolver {
  constructor(private readonly service: InstitutionsService) {}

  @Query(() => InstitutionNode, { nullable: true, description: 'One institution: your own, or any for an operator.' })
  async institution(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() { viewer }: Context,
  ): Promise<InstitutionNode> {
    return institutionNode(await this.service.one(viewer, fromGlobalId('Institution', id)));
  }

  @Query(() => InstitutionConnection, { description: 'All institutions by code, for an operator.' })
  async institutions(
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() { viewer }: Context,
  ): Promise<Connection<InstitutionNode>> {
    const after = page.after ? String(decodeCursor(page.after, 1)[0]) : undefined;
    const rows = await this.service.list(viewer, { first: page.first, after });
    return connectionOf(rows, page, (row) => [row.code], institutionNode);
  }

  @Mutation(() => CreateInstitutionPayload, { description: 'Adds a member to the consortium, for an operator.' })
  async createInstitution(
    @Arg('input', () => CreateInstitutionInput, { description: 'The new member.' }) input: CreateInstitutionInput,
    @Ctx() { viewer }: Context,
  ): Promise<CreateInstitutionPayload> {
    return { institution: institutionNode(await this.service.create(viewer, input)) };
  }
}
