import { Arg, Args, Ctx, FieldResolver, Float, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { Accountant } from '../../federated/privacy/accountant/epsilon.js';
import type { Mechanism } from '../../federated/privacy/mechanism.js';
import { badInput } from '../errors.js';
import type { Context } from '../graphql/context.js';
import { type Connection, connectionOf, decodeCursor, fromGlobalId, PageArgs } from '../graphql/relay.js';
import type { BudgetsService } from './budgets.service.js';
import type { LedgerService } from './ledger.service.js';
import {
  AccountantEnum,
  LedgerCheckpointType,
  LedgerEntryConnection,
  LedgerEntryType,
  LedgerKeyType,
  LedgerProofType,
  ledgerCheckpoint,
  ledgerEntry,
  MechanismInput,
  PrivacyBudgetInput,
  PrivacyBudgetType,
  privacyBudget,
} from './privacy.type.js';

/** Tens of milliseconds of a processor, and several times that; accounting.ts ends what takes much longer. */
const ARITHMETIC = 1000;
const CALIBRATION = 5000;
/** All of the ledger is hashed. */
const PROOF = 500;
const MOST_MECHANISMS = 10;
const MOST_HISTORY = 100;
const INSTITUTION = "Whose: default the token's institution. Auditors of the consortium name one.";

const idOf = (institutionId: string | null): string | undefined =>
  institutionId ? fromGlobalId('Institution', institutionId) : undefined;

@Resolver(() => PrivacyBudgetType)
export class BudgetsResolver {
  constructor(
    private readonly budgets: BudgetsService,
    private readonly ledger: LedgerService,
  ) {}

  @Query(() => PrivacyBudgetType, { description: 'The privacy budget of an institution and data population.' })
  async privacyBudget(
    @Arg('institutionId', () => ID, { nullable: true, description: INSTITUTION }) institutionId: string | null,
    @Arg('population', () => String, { defaultValue: 'all', description: 'The data population.' }) population: string,
    @Ctx() { viewer }: Context,
  ): Promise<PrivacyBudgetType> {
    const id = await this.ledger.institutionOf(viewer, idOf(institutionId));
    return privacyBudget(id, population, await this.ledger.budget(viewer, id, population));
  }

  @Query(() => Float, {
    complexity: ARITHMETIC,
    nullable: true,
    description: 'ε of releases together; null where there is none at this δ. Arithmetic: nothing is charged.',
  })
  async privacyEpsilon(
    @Arg('mechanisms', () => [MechanismInput], {
      description: 'The releases, 10 at most; equal ones by their steps or count.',
    })
    mechanisms: MechanismInput[],
    @Arg('delta', () => Float, { description: 'δ of the guarantee.' }) delta: number,
    @Arg('accountant', () => AccountantEnum, { defaultValue: 'pld', description: 'How.' }) accountant: Accountant,
    @Ctx() { viewer }: Context,
  ): Promise<number | null> {
    if (mechanisms.length > MOST_MECHANISMS) throw badInput(`${MOST_MECHANISMS} mechanisms are the most.`);
    const value = await this.ledger.epsilon(viewer, mechanisms.map(mechanismOf), delta, accountant);
    return Number.isFinite(value) ? value : null;
  }

  @Mutation(() => PrivacyBudgetType, {
    description:
      'Agrees on a cap, for an operator. Within a period it replaces the cap; what was charged goes on counting.',
  })
  async setPrivacyBudget(
    @Arg('input', () => PrivacyBudgetInput, { description: 'The cap.' }) input: PrivacyBudgetInput,
    @Ctx() { viewer }: Context,
  ): Promise<PrivacyBudgetType> {
    const institutionId = fromGlobalId('Institution', input.institutionId);
    const budget = await this.budgets.setCap(viewer, { ...input, institutionId });
    return privacyBudget(institutionId, input.population, budget);
  }

  @FieldResolver(() => Int, {
    complexity: CALIBRATION,
    description: 'How many more contributions of DP-SGD with these settings fit under the cap.',
  })
  async roundsLeft(
    @Root() { budget }: PrivacyBudgetType,
    @Arg('samplingRate', () => Float, { description: 'Share of users in a step.' }) samplingRate: number,
    @Arg('noiseMultiplier', () => Float, { description: 'Deviation of the noise ÷ clip norm.' })
    noiseMultiplier: number,
    @Arg('steps', () => Int, { defaultValue: 1, description: 'Steps of a contribution.' }) steps: number,
  ): Promise<number> {
    if (!(steps >= 1)) throw badInput('A contribution has one step or more.');
    return this.ledger.roundsLeft(budget, samplingRate, noiseMultiplier, steps);
  }

  @FieldResolver(() => [LedgerEntryType], { description: 'The latest entries of the population, newest first.' })
  async history(
    @Root() { institutionId, population }: PrivacyBudgetType,
    @Arg('first', () => Int, { defaultValue: 20, description: '1 to 100.' }) first: number,
    @Ctx() { viewer }: Context,
  ): Promise<LedgerEntryType[]> {
    if (!(first >= 1 && first <= MOST_HISTORY)) throw badInput(`first is 1 to ${MOST_HISTORY}.`);
    const id = fromGlobalId('Institution', institutionId);
    return (await this.ledger.history(viewer, id, population, first)).map(ledgerEntry);
  }
}

function mechanismOf(input: MechanismInput): Mechanism {
  const given = Object.entries(input).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(given) as unknown as Mechanism;
}

@Resolver()
export class LedgerResolver {
  constructor(private readonly ledger: LedgerService) {}

  @Query(() => LedgerEntryConnection, { description: "An institution's ledger, in order." })
  async privacyLedger(
    @Arg('institutionId', () => ID, { nullable: true, description: INSTITUTION }) institutionId: string | null,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() { viewer }: Context,
  ): Promise<Connection<LedgerEntryType>> {
    const after = page.after ? Number(decodeCursor(page.after, 1)[0]) : 0;
    if (!Number.isSafeInteger(after) || after < 0 || after >= 2 ** 31)
      throw badInput('The cursor in "after" was not given by this connection.');
    const rows = await this.ledger.entries(viewer, idOf(institutionId), after, page.first + 1);
    return connectionOf(rows, page, ({ sequence }) => [sequence], ledgerEntry);
  }

  @Query(() => LedgerCheckpointType, { nullable: true, description: 'The latest checkpoint; null before the first.' })
  async ledgerCheckpoint(
    @Arg('institutionId', () => ID, { nullable: true, description: INSTITUTION }) institutionId: string | null,
    @Ctx() { viewer }: Context,
  ): Promise<LedgerCheckpointType | null> {
    const checkpoint = await this.ledger.checkpoint(viewer, idOf(institutionId));
    return checkpoint ? ledgerCheckpoint(checkpoint) : null;
  }

  @Mutation(() => LedgerCheckpointType, { description: 'Has the coordinator sign the ledger as it is now.' })
  async takeLedgerCheckpoint(
    @Arg('institutionId', () => ID, { nullable: true, description: INSTITUTION }) institutionId: string | null,
    @Ctx() { viewer }: Context,
  ): Promise<LedgerCheckpointType> {
    return ledgerCheckpoint(await this.ledger.takeCheckpoint(viewer, idOf(institutionId)));
  }

  @Query(() => LedgerProofType, { complexity: PROOF, description: 'Proves that an entry is in the latest checkpoint.' })
  async ledgerProof(
    @Arg('sequence', () => Int, { description: 'Of the entry.' }) sequence: number,
    @Arg('institutionId', () => ID, { nullable: true, description: INSTITUTION }) institutionId: string | null,
    @Ctx() { viewer }: Context,
  ): Promise<LedgerProofType> {
    const { entry, checkpoint, path } = await this.ledger.proof(viewer, idOf(institutionId), sequence);
    const fields = { entry: ledgerEntry(entry), checkpoint: ledgerCheckpoint(checkpoint), path };
    return Object.assign(new LedgerProofType(), fields);
  }

  @Query(() => LedgerKeyType, {
    description: "The coordinator's public key for checkpoints: keep it, to verify exports by.",
  })
  ledgerKey(): LedgerKeyType {
    return Object.assign(new LedgerKeyType(), this.ledger.key);
  }
}
