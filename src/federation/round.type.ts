import { createUnionType, Field, Float, ID, Int, ObjectType } from 'type-graphql';
import { canonicalJson } from '../../federated/canonical-json.js';
import type { Participant, RoundState } from '../../federated/coordinator/round.js';
import { REFUSALS, type Refusal, type RefusalCode } from '../../federated/protocol/refusal.js';
import { enumOf } from '../graphql/enum.js';
import { connectionType, Node, toGlobalId } from '../graphql/relay.js';
import { Figure } from '../models/model.type.js';
import type { StoredRefusal } from './contributions.store.js';
import type { Round } from './round.js';

export const RoundStatusEnum = enumOf<RoundState['status']>('RoundStatus', 'Where a round stands.', {
  collecting: 'Nodes join and contribute.',
  aggregating: 'The contributions are being added up.',
  evaluating: 'The new version is being measured.',
  published: 'The new version is the best of the run so far. It serves, unless "reason" says why not.',
  rejected: 'The new version was worse than allowed: the base goes on serving.',
  failed: 'Too few contributions, an error, or it was stopped.',
});

export const ParticipantStatusEnum = enumOf<Participant['status']>('ParticipantStatus', "A node's part in a round.", {
  joined: 'It has joined.',
  uploading: 'It has declared its update.',
  accepted: 'Its contribution counts.',
  refused: 'Its contribution was refused.',
  late: 'The round ended before its contribution was there.',
});

const WHY: Readonly<Record<RefusalCode, string>> = {
  UNKNOWN_KEY: 'No enrolled key of the institution has this thumbprint.',
  REVOKED_KEY: 'The key was revoked, or is not valid yet or any more.',
  BAD_SIGNATURE: 'The signature does not verify over the statement.',
  BAD_STATEMENT: 'A field is missing, malformed or contradicts the message.',
  WRONG_ROUND: 'The statement is about another round, run, node or plan.',
  ROUND_CLOSED: 'The round collects no more.',
  NOT_JOINED: "No join came before, or the nonce is another's.",
  REPLAYED: 'The statement was used already.',
  EQUIVOCATION: 'Other bytes than those that the node has signed for this round.',
  MECHANISM_MISMATCH: 'The charge is not that of the plan.',
  BUDGET_EXHAUSTED: "The charge would pass the institution's cap.",
  DIGEST_MISMATCH: 'The bytes are not those of the digest.',
  WRONG_SHAPE: 'Not the safetensors file that the plan asks for.',
  NOT_FINITE: 'NaN or infinity among the values.',
  NORM_EXCEEDED: "The L2 norm is above the plan's bound.",
};
export const RefusalCodeEnum = enumOf<RefusalCode>(
  'RefusalCode',
  "Why a node's message is refused.",
  Object.fromEntries(REFUSALS.map((code) => [code, WHY[code]])) as Record<RefusalCode, string>,
);

@ObjectType({ simpleResolvers: true, description: "A node's part in a round." })
export class RoundParticipant {
  @Field(() => String, { description: "The institution's code." })
  institution: string;

  @Field(() => String, { description: "The node's name." })
  node: string;

  @Field(() => ParticipantStatusEnum, { description: 'How far it came.' })
  status: Participant['status'];

  @Field(() => Float, { nullable: true, description: 'What its update counts for, rounded: no number of customers.' })
  weight: number | null;
}

@ObjectType('Round', { implements: Node, simpleResolvers: true, description: 'One round of a training run.' })
export class RoundNode extends Node {
  @Field(() => Int, { description: '1, 2, 3, … within its run.' })
  number: number;

  @Field(() => RoundStatusEnum, { description: 'Where it stands.' })
  status: RoundState['status'];

  @Field(() => String, {
    nullable: true,
    description: 'Why it was rejected or has failed, or why its version does not serve.',
  })
  reason: string | null;

  @Field(() => String, { description: 'What was planned, in canonical JSON (docs/protocol.md).' })
  plan: string;

  @Field(() => String, { description: 'SHA-256 of it, which nodes sign.' })
  planDigest: string;

  @Field(() => ID, { description: 'The version from which it started.' })
  baseVersionId: string;

  @Field(() => ID, { nullable: true, description: 'The version that it made.' })
  versionId: string | null;

  @Field(() => [Figure], {
    description: 'The main metric on the reference institution: before, after, and of another version that serves.',
  })
  metrics: Figure[];

  @Field(() => [RoundParticipant], { description: 'Who took part, by institution and node.' })
  participants: RoundParticipant[];

  @Field(() => Date, { description: 'When it was opened.' })
  openedAt: Date;

  @Field(() => Date, { nullable: true, description: 'By when its present state ends; null: it is over.' })
  deadline: Date | null;

  @Field(() => Date, { nullable: true, description: 'When it was over.' })
  endedAt: Date | null;
}

export function roundNode(round: Round): RoundNode {
  const { id, number, state, plan, planDigest, baseVersionId, versionId, metrics, openedAt, endedAt, members } = round;
  const participants = Object.entries(state.participants)
    .map(([node, { status, weight }]) => ({
      institution: members[node].code,
      node: members[node].name,
      status,
      weight: weight ?? null,
    }))
    .sort((a, b) => (`${a.institution}/${a.node}` < `${b.institution}/${b.node}` ? -1 : 1));
  return Object.assign(new RoundNode(), {
    id: toGlobalId('Round', id),
    ...{ number, planDigest, participants, openedAt, endedAt },
    status: state.status,
    reason: ('reason' in state && state.reason) || null,
    plan: canonicalJson(plan),
    baseVersionId: toGlobalId('ModelVersion', baseVersionId),
    versionId: versionId && toGlobalId('ModelVersion', versionId),
    metrics: Object.entries(metrics).map(([name, value]) => ({ name, value })),
    deadline: 'deadline' in state ? new Date(state.deadline) : null,
  });
}

@ObjectType({ simpleResolvers: true, description: 'A round that a node may take part in.' })
export class OpenRound {
  @Field(() => String, { description: 'The plan, in canonical JSON: what a node signs the digest of.' })
  plan: string;

  @Field(() => String, { description: "Where the base version's weights are: GET, with the same token." })
  weightsUrl: string;
}

@ObjectType({ simpleResolvers: true, description: 'The node takes part; its charge is set aside.' })
export class RoundJoined {
  @Field(() => String, { description: 'Goes into what the node signs next.' })
  nonce: string;

  @Field(() => String, { description: "The charge in the institution's ledger." })
  reservation: string;
}

@ObjectType({ simpleResolvers: true, description: 'The update can be sent.' })
export class ContributionBegun {
  @Field(() => ID, { description: 'Names it in commitContribution.' })
  contributionId: string;

  @Field(() => String, { description: 'Where the bytes go: PUT, with the same token and Content-Range.' })
  uploadUrl: string;

  @Field(() => Float, { description: 'Bytes that are there already.' })
  offset: number;
}

@ObjectType({ simpleResolvers: true, description: 'The contribution counts.' })
export class ContributionAccepted {
  @Field(() => ID, { description: 'Names it.' })
  contributionId: string;

  @Field(() => String, { description: 'SHA-256 of its bytes.' })
  digest: string;

  @Field(() => Float, { description: 'What it counts for.' })
  weight: number;
}

@ObjectType({ simpleResolvers: true, description: 'The message was refused; it is kept as evidence.' })
export class RoundRefusal {
  @Field(() => RefusalCodeEnum, { description: 'Why.' })
  code: RefusalCode;

  @Field(() => String, { description: 'Why, in words.' })
  message: string;
}

export const roundRefusal = ({ code, message }: Refusal): RoundRefusal =>
  Object.assign(new RoundRefusal(), { code, message });

/** Resolvers return instances: an asynchronous resolveType could not be compiled. */
export const JoinRoundResult = createUnionType({
  name: 'JoinRoundResult',
  description: 'What joinRound gives back.',
  types: () => [RoundJoined, RoundRefusal] as const,
});
export const BeginContributionResult = createUnionType({
  name: 'BeginContributionResult',
  description: 'What beginContribution gives back.',
  types: () => [ContributionBegun, RoundRefusal] as const,
});
export const CommitContributionResult = createUnionType({
  name: 'CommitContributionResult',
  description: 'What commitContribution gives back.',
  types: () => [ContributionAccepted, RoundRefusal] as const,
});

@ObjectType('RefusalEvidence', { simpleResolvers: true, description: 'A message that was refused, as it came.' })
export class RefusalEvidence {
  @Field(() => Date, { description: 'When.' })
  at: Date;

  @Field(() => ID, { nullable: true, description: 'In which round.' })
  roundId: string | null;

  @Field(() => RefusalCodeEnum, { description: 'Why.' })
  code: RefusalCode;

  @Field(() => String, { description: 'Why, in words.' })
  message: string;

  @Field(() => String, { nullable: true, description: 'The statement, byte by byte.' })
  statement: string | null;

  @Field(() => String, { nullable: true, description: 'Its detached JWS.' })
  signature: string | null;
}
export const { Connection: RefusalEvidenceConnection } = connectionType(RefusalEvidence, 'RefusalEvidence');

export const refusalEvidence = ({ roundId, ...refusal }: StoredRefusal): RefusalEvidence =>
  Object.assign(new RefusalEvidence(), refusal, { roundId: roundId && toGlobalId('Round', roundId) });
