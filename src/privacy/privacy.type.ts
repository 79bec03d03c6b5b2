import { IsDate, IsIn, IsInt, IsNumber, IsOptional, IsString, Max, Min } from 'class-validator';
import { Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import { canonicalJson } from '../../federated/canonical-json.js';
import type { Accountant } from '../../federated/privacy/accountant/epsilon.js';
import type { Budget } from '../../federated/privacy/ledger/budget.js';
import type { Checkpoint } from '../../federated/privacy/ledger/checkpoint.js';
import type { LedgerEntry, LedgerRecord } from '../../federated/privacy/ledger/entry.js';
import type { Mechanism } from '../../federated/privacy/mechanism.js';
import { enumOf } from '../graphql/enum.js';
import { connectionType, toGlobalId } from '../graphql/relay.js';
import { alertOf, type BudgetAlert } from './alert.js';

export const AccountantEnum = enumOf<Accountant>('Accountant', 'How ε is computed; both are upper bounds.', {
  pld: 'Privacy loss distributions: tight.',
  rdp: 'Rényi differential privacy: looser, and simpler.',
});

export const BudgetAlertEnum = enumOf<BudgetAlert>('BudgetAlert', 'How near its cap a budget is.', {
  none: 'Less than 80 % is spent, or there is no cap.',
  warning: '80 % is spent.',
  critical: '95 % is spent.',
  exhausted: 'Nothing is left.',
});

export const RecordKindEnum = enumOf<LedgerRecord['kind']>('LedgerRecordKind', 'What an entry of a ledger records.', {
  cap: 'A cap was agreed on.',
  reserve: 'A charge was set aside.',
  commit: 'A charge stands for ever.',
  release: 'A charge was given back: nothing can have been disclosed.',
});

const KINDS = ['subsampled-gaussian', 'gaussian', 'laplace', 'approximate'] as const;
export const MechanismKindEnum = enumOf<Mechanism['mechanism']>('MechanismKind', 'A differentially private release.', {
  'subsampled-gaussian': 'DP-SGD: samplingRate, noiseMultiplier, steps.',
  gaussian: 'Gaussian noise: noiseMultiplier, count.',
  laplace: 'Laplace noise: scale, count.',
  approximate: 'Anything that is (ε, δ)-differentially private: epsilon, delta.',
});

@InputType({ description: 'A release; give the fields that its kind has.' })
export class MechanismInput {
  @Field(() => MechanismKindEnum, { description: 'Its kind.' })
  @IsIn(KINDS)
  mechanism: Mechanism['mechanism'];

  @Field(() => Float, { nullable: true, description: 'Share of users in a step.' })
  @IsOptional()
  @IsNumber()
  samplingRate?: number | null;

  @Field(() => Float, { nullable: true, description: 'Deviation of the noise ÷ clip norm.' })
  @IsOptional()
  @IsNumber()
  noiseMultiplier?: number | null;

  @Field(() => Int, { nullable: true, description: 'Steps.' })
  @IsOptional()
  @IsInt()
  steps?: number | null;

  @Field(() => Int, { nullable: true, description: 'Repetitions.' })
  @IsOptional()
  @IsInt()
  count?: number | null;

  @Field(() => Float, { nullable: true, description: 'Scale of Laplace noise ÷ L1 sensitivity.' })
  @IsOptional()
  @IsNumber()
  scale?: number | null;

  @Field(() => Float, { nullable: true, description: 'Its ε.' })
  @IsOptional()
  @IsNumber()
  epsilon?: number | null;

  @Field(() => Float, { nullable: true, description: 'Its δ.' })
  @IsOptional()
  @IsNumber()
  delta?: number | null;
}

@InputType({ description: 'A cap on what an institution may disclose of a data population in a period.' })
export class PrivacyBudgetInput {
  @Field(() => ID, { description: 'The institution.' })
  @IsString()
  institutionId: string;

  @Field(() => String, { defaultValue: 'all', description: 'Whose data: a name such as "retail".' })
  @IsString()
  population: string;

  @Field(() => Float, { description: 'More than 0, at most 1,000.' })
  @Min(0)
  @Max(1000)
  epsilon: number;

  @Field(() => Float, { description: 'At least 1e-12, less than 1.' })
  @Min(0)
  @Max(1)
  delta: number;

  @Field(() => Date, { description: 'End of the period, which begins now. Within a period a cap is replaced.' })
  @IsDate()
  until: Date;
}

@ObjectType({ simpleResolvers: true, description: 'ε by both accountants.' })
export class PrivacySpent {
  @Field(() => Float, { description: 'By privacy loss distributions: what counts.' })
  pld: number;

  @Field(() => Float, { description: 'By Rényi differential privacy: a second opinion, never smaller in truth.' })
  rdp: number;

  @Field(() => Int, {
    nullable: true,
    description:
      'Version of the accountant that gave the figures, a part of what is hashed; null: it is not written, and is 1.',
  })
  accountant?: number;
}

@ObjectType({ simpleResolvers: true, description: 'A cap for a period.' })
export class PrivacyCap {
  @Field(() => Float, { description: 'ε that is never passed.' })
  epsilon: number;

  @Field(() => Float, { description: 'δ of the guarantee.' })
  delta: number;

  @Field(() => Date, { description: 'Beginning of the period.' })
  from: Date;

  @Field(() => Date, { description: 'End of the period.' })
  until: Date;
}

@ObjectType('PrivacyBudget', { description: 'What an institution may disclose of a data population, and what it has.' })
export class PrivacyBudgetType {
  @Field(() => ID, { simple: true, description: 'The institution.' })
  institutionId: string;

  @Field(() => String, { simple: true, description: 'The data population.' })
  population: string;

  @Field(() => PrivacyCap, {
    simple: true,
    nullable: true,
    description: 'Null: none was agreed on, and nothing may be disclosed.',
  })
  cap: PrivacyCap | null;

  @Field(() => PrivacySpent, { simple: true, description: 'What is reserved and committed in the period.' })
  spent: PrivacySpent;

  @Field(() => Float, {
    simple: true,
    description: "ε between what is spent and the cap. ε doesn't add up: ask roundsLeft what fits.",
  })
  remaining: number;

  @Field(() => BudgetAlertEnum, { simple: true, description: 'How near the cap is.' })
  alert: BudgetAlert;

  @Field(() => Int, { simple: true, description: 'Charges that are set aside.' })
  reserved: number;

  @Field(() => Int, { simple: true, description: 'Charges that stand.' })
  committed: number;

  budget: Budget;
}

export function privacyBudget(institution: string, population: string, budget: Budget): PrivacyBudgetType {
  const { cap, spent, charges } = budget;
  const count = (wanted: string) => [...charges.values()].filter(({ status }) => status === wanted).length;
  return Object.assign(new PrivacyBudgetType(), {
    institutionId: toGlobalId('Institution', institution),
    population,
    cap: cap ? { epsilon: cap.epsilon, delta: cap.delta, from: new Date(cap.at), until: new Date(cap.until) } : null,
    spent,
    remaining: cap ? Math.max(0, cap.epsilon - spent.pld) : 0,
    alert: alertOf(budget).alert,
    reserved: count('reserved'),
    committed: count('committed'),
    budget,
  });
}

@ObjectType('LedgerEntry', {
  simpleResolvers: true,
  description: 'An entry of a ledger. Its hash covers all of it, and the hash before.',
})
export class LedgerEntryType {
  @Field(() => Int, { description: '1, 2, 3, …' })
  sequence: number;

  @Field(() => RecordKindEnum, { description: 'What it records.' })
  kind: LedgerRecord['kind'];

  @Field(() => String, { description: 'The data population.' })
  population: string;

  @Field(() => Date, { description: 'When.' })
  at: Date;

  @Field(() => String, { description: 'The whole record, in canonical JSON (RFC 8785).' })
  record: string;

  @Field(() => PrivacySpent, { description: 'What stood spent for the population after it.' })
  spent: PrivacySpent;

  @Field(() => String, { description: 'Hash of the entry before, in hexadecimal.' })
  previous: string;

  @Field(() => String, { description: 'SHA-256, in hexadecimal.' })
  hash: string;
}

export function ledgerEntry({ sequence, record, spent, previous, hash }: LedgerEntry): LedgerEntryType {
  const { kind, population, at } = record;
  const fields = { sequence, kind, population, at: new Date(at), record: canonicalJson(record), spent, previous, hash };
  return Object.assign(new LedgerEntryType(), fields);
}

export const { Connection: LedgerEntryConnection } = connectionType(LedgerEntryType, 'LedgerEntry');

@ObjectType('LedgerCheckpoint', {
  simpleResolvers: true,
  description: "The coordinator's signature over a ledger as it was.",
})
export class LedgerCheckpointType {
  @Field(() => String, { description: 'The institution, as the signed bytes name it.' })
  institution: string;

  @Field(() => Int, { description: 'Number of entries.' })
  size: number;

  @Field(() => String, { description: 'Merkle root over them, in hexadecimal.' })
  root: string;

  @Field(() => String, { description: 'Hash of the last of them.' })
  head: string;

  @Field(() => String, { description: 'When, as the signed bytes say it.' })
  at: string;

  @Field(() => String, { description: 'Which key signed it.' })
  key: string;

  @Field(() => String, { description: 'Ed25519, in base64url.' })
  signature: string;
}

export const ledgerCheckpoint = (checkpoint: Checkpoint): LedgerCheckpointType =>
  Object.assign(new LedgerCheckpointType(), checkpoint);

@ObjectType('LedgerProof', { simpleResolvers: true, description: 'That an entry is in a checkpoint (RFC 6962).' })
export class LedgerProofType {
  @Field(() => LedgerEntryType, { description: 'The entry.' })
  entry: LedgerEntryType;

  @Field(() => LedgerCheckpointType, { description: 'The checkpoint.' })
  checkpoint: LedgerCheckpointType;

  @Field(() => [String], { description: "Hashes from the leaf's sibling up to the root, in hexadecimal." })
  path: readonly string[];
}

@ObjectType({ simpleResolvers: true, description: 'A public key of the coordinator.' })
export class LedgerKeyType {
  @Field(() => String, { description: 'RFC 7638 thumbprint.' })
  id: string;

  @Field(() => String, { description: '32 bytes of Ed25519, in base64url.' })
  publicKey: string;
}
