import { Arg, Args, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import { canonicalJson } from '../../federated/canonical-json.js';
import { Refusal } from '../../federated/protocol/refusal.js';
import { badInput } from '../errors.js';
import type { Context } from '../graphql/context.js';
import { type Connection, connectionOf, decodeCursor, fromGlobalId, isUuid, PageArgs } from '../graphql/relay.js';
import {
  BeginContributionResult,
  CommitContributionResult,
  ContributionAccepted,
  ContributionBegun,
  JoinRoundResult,
  OpenRound,
  type RefusalEvidence,
  RefusalEvidenceConnection,
  RoundJoined,
  type RoundRefusal,
  refusalEvidence,
  roundRefusal,
} from './round.type.js';
import type { RoundsService } from './rounds.service.js';

const STATEMENT = 'What the node has signed: canonical JSON (docs/protocol.md).';
const JWS = 'Its detached Ed25519 JWS: "header..signature".';

/** The protocol names things by UUID, as its statements do; the ids of this API are taken too. */
const uuidOf = (type: string, id: string): string => (isUuid(id) ? id : fromGlobalId(type, id));

/** What nodes say and ask. Each message may be repeated: the same gets the same answer. */
@Resolver()
export class RoundsResolver {
  constructor(private readonly rounds: RoundsService) {}

  @Query(() => OpenRound, {
    nullable: true,
    description: 'The oldest round that collects and to which the node is invited; null: none.',
  })
  async openRound(
    @Arg('nodeId', () => ID, { description: "The node's UUID." }) nodeId: string,
    @Ctx() { viewer }: Context,
  ): Promise<OpenRound | null> {
    const round = await this.rounds.open(viewer, uuidOf('FederationNode', nodeId));
    if (!round) return null;
    const weightsUrl = `/models/${round.baseVersionId}/weights`;
    return Object.assign(new OpenRound(), { plan: canonicalJson(round.plan), weightsUrl });
  }

  @Mutation(() => JoinRoundResult, {
    description: "Takes part in a round: the charge is set aside in the bank's budget.",
  })
  async joinRound(
    @Arg('roundId', () => ID, { description: "The round's UUID." }) roundId: string,
    @Arg('statement', () => String, { description: STATEMENT }) statement: string,
    @Arg('jws', () => String, { description: JWS }) jws: string,
    @Ctx() { viewer }: Context,
  ): Promise<RoundJoined | RoundRefusal> {
    const answer = await this.rounds.join(viewer, uuidOf('Round', roundId), { statement, signature: jws });
    return answer instanceof Refusal ? roundRefusal(answer) : Object.assign(new RoundJoined(), answer);
  }

  @Mutation(() => BeginContributionResult, {
    description:
      'Declares the update that will be sent. From here on the charge stands, whatever becomes of the upload.',
  })
  async beginContribution(
    @Arg('roundId', () => ID, { description: "The round's UUID." }) roundId: string,
    @Arg('statement', () => String, { description: STATEMENT }) statement: string,
    @Arg('jws', () => String, { description: JWS }) jws: string,
    @Ctx() { viewer }: Context,
  ): Promise<ContributionBegun | RoundRefusal> {
    const answer = await this.rounds.begin(viewer, uuidOf('Round', roundId), { statement, signature: jws });
    if (answer instanceof Refusal) return roundRefusal(answer);
    const { contributionId, offset } = answer;
    return Object.assign(new ContributionBegun(), {
      contributionId,
      uploadUrl: `/contributions/${contributionId}`,
      offset,
    });
  }

  @Mutation(() => CommitContributionResult, {
    description: 'Ends a contribution: its bytes are checked, and it counts or is refused.',
  })
  async commitContribution(
    @Arg('contributionId', () => ID, { description: 'From beginContribution.' }) contributionId: string,
    @Arg('statement', () => String, { description: STATEMENT }) statement: string,
    @Arg('jws', () => String, { description: JWS }) jws: string,
    @Ctx() { viewer }: Context,
  ): Promise<ContributionAccepted | RoundRefusal> {
    if (!isUuid(contributionId)) throw badInput('contributionId is what beginContribution gave.');
    const answer = await this.rounds.commit(viewer, contributionId, { statement, signature: jws });
    return answer instanceof Refusal ? roundRefusal(answer) : Object.assign(new ContributionAccepted(), answer);
  }

  @Query(() => RefusalEvidenceConnection, { description: 'Messages of nodes that were refused, newest first.' })
  async refusals(
    @Arg('institutionId', () => ID, {
      nullable: true,
      description: "Whose nodes: default the token's institution. Auditors of the consortium name one.",
    })
    institutionId: string | null,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() { viewer }: Context,
  ): Promise<Connection<RefusalEvidence>> {
    const whose = institutionId ? fromGlobalId('Institution', institutionId) : undefined;
    const after = page.after ? (decodeCursor(page.after, 2).map(String) as [string, string]) : undefined;
    const rows = await this.rounds.refusals(viewer, whose, page.first + 1, after);
    return connectionOf(rows, page, ({ key }) => key, refusalEvidence);
  }
}
