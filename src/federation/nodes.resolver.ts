import { Arg, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import type { Context } from '../graphql/context.js';
import type { NodeFinder } from '../graphql/node.resolver.js';
import { fromGlobalId } from '../graphql/relay.js';
import { EnrolNodeInput, FederationNodeType, federationNode } from './node.type.js';
import type { NodesService } from './nodes.service.js';

export const federationNodeFinder =
  (nodes: NodesService): NodeFinder =>
  async (id, { viewer }) =>
    federationNode(await nodes.one(viewer, id));

@Resolver()
export class NodesResolver {
  constructor(private readonly nodes: NodesService) {}

  @Query(() => [FederationNodeType], {
    description: "Nodes of the token's institution; of all institutions for an operator without one.",
  })
  async federationNodes(@Ctx() { viewer }: Context): Promise<FederationNodeType[]> {
    return (await this.nodes.list(viewer)).map(federationNode);
  }

  @Mutation(() => FederationNodeType, { description: "Makes a bank's node known, for an operator." })
  async enrolNode(
    @Arg('input', () => EnrolNodeInput, { description: 'The node.' }) input: EnrolNodeInput,
    @Ctx() { viewer }: Context,
  ): Promise<FederationNodeType> {
    return federationNode(await this.nodes.enrol(viewer, input));
  }

  @Mutation(() => FederationNodeType, {
    description: 'Gives a node a new key, valid from now on, in place of those before; for an operator.',
  })
  async rotateNodeKey(
    @Arg('id', () => ID, { description: 'The node.' }) id: string,
    @Arg('publicKey', () => String, { description: '32 bytes of Ed25519, in base64url.' }) publicKey: string,
    @Ctx() { viewer }: Context,
  ): Promise<FederationNodeType> {
    return federationNode(await this.nodes.rotate(viewer, fromGlobalId('FederationNode', id), publicKey));
  }

  @Mutation(() => FederationNodeType, { description: 'Ends a node and all of its keys, for good; for an operator.' })
  async revokeNode(
    @Arg('id', () => ID, { description: 'The node.' }) id: string,
    @Ctx() { viewer }: Context,
  ): Promise<FederationNodeType> {
    return federationNode(await this.nodes.revoke(viewer, fromGlobalId('FederationNode', id)));
  }
}
