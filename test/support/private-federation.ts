import type { Budget } from '../../federated/privacy/ledger/budget.js';
import type { LedgerRecord } from '../../federated/privacy/ledger/entry.js';
import { verifyExport } from '../../federated/privacy/ledger/verify.js';
import type { Database } from '../../src/database/database.js';
import type { Round } from '../../src/federation/round.js';
import type { Measure } from '../../src/federation/round-work.js';
import { InstitutionsService } from '../../src/institutions/institutions.service.js';
import { createPrivacy } from '../../src/privacy/create-privacy.js';
import type { LedgerService } from '../../src/privacy/ledger.service.js';
import { createFederation, type Member, POPULATION } from './federation.js';
import { testLedgerKey } from './ledger-key.js';
import { RoundPart } from './round-part.js';
import { operator } from './viewers.js';

export const DELTA = 1e-5;
export const UNTIL = new Date(Date.UTC(2100, 0, 1));

/** A federation that charges budgets and writes ledgers. Close it. */
export function createPrivateFederation(database: Database, measure: Measure, key = testLedgerKey()) {
  const privacy = createPrivacy({ database, institutions: new InstitutionsService({ database }), key });
  return { ...createFederation(database, privacy.budgets, measure, privacy.ledger), ...privacy };
}
export type PrivateFederation = ReturnType<typeof createPrivateFederation>;

/** Agrees on a cap with the institution of each node. */
export async function setCaps(
  { budgets }: Pick<PrivateFederation, 'budgets'>,
  members: readonly Member[],
  epsilon = 100,
): Promise<void> {
  for (const institutionId of new Set(members.map((member) => member.institutionId)))
    await budgets.setCap(operator(), { institutionId, population: POPULATION, epsilon, delta: DELTA, until: UNTIL });
}

export interface VerifiedLedger {
  readonly records: readonly LedgerRecord[];
  readonly budget: Budget;
  /** ε after each entry. */
  readonly spent: readonly number[];
}

/** An institution's ledger as an auditor reads it. @throws where its export does not verify under the coordinator's key */
export async function auditedLedger(ledger: LedgerService, institutionId: string): Promise<VerifiedLedger> {
  const lines: string[] = [];
  for await (const line of ledger.export(operator(), institutionId)) lines.push(JSON.stringify(line));
  const { problems, budgets } = verifyExport(lines, new Map([[ledger.key.id, ledger.key.publicKey]]));
  expect(problems).toEqual([]);
  const entries = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === 'entry');
  return {
    records: entries.map(({ record }) => record),
    budget: budgets.get(POPULATION)!,
    spent: entries.map(({ spent }) => spent.pld),
  };
}

/** What became of each charge, in order: `accepted`, `uploaded`, `deadline`, `round-closed`, or `reserved` where it is open. */
export function fates({ records }: Pick<VerifiedLedger, 'records'>): string[] {
  const fate = new Map<string, string>();
  for (const record of records) {
    if (record.kind === 'reserve') fate.set(record.reservation, 'reserved');
    if (record.kind === 'commit' || record.kind === 'release') fate.set(record.reservation, record.reason);
  }
  return [...fate.values()];
}

/** The rounds of a run, in order; the last one is the open one, if any is. */
export const roundsOf = ({ runs }: Pick<PrivateFederation, 'runs'>, run: string): Promise<Round[]> =>
  runs.roundsOf(operator(), run);

/** The run's latest round, as each member takes part in it. */
export async function latestRound(
  federation: PrivateFederation,
  run: string,
  members: readonly Member[],
): Promise<{ round: Round; parts: RoundPart[] }> {
  const round = (await roundsOf(federation, run)).at(-1)!;
  return { round, parts: members.map((member) => new RoundPart(federation.rounds, round, member)) };
}

/** Passes over what is due until nothing is. @throws what a pass reports */
export async function workUntilIdle({ work }: Pick<PrivateFederation, 'work'>, passes = 4): Promise<void> {
  for (let pass = 0; pass < passes; pass++)
    await work.runDue((error) => {
      throw error;
    });
}

export interface KeptRefusal {
  readonly code: string;
  readonly round: string | null;
  readonly statement: string | null;
  readonly signature: string | null;
}

/** What an institution's nodes were refused, oldest first. */
export async function keptRefusals(database: Database, institutionId: string): Promise<KeptRefusal[]> {
  return database.tenant(institutionId, (manager) =>
    manager.query('select code, round_id as round, statement, signature from concord.refusals order by at'),
  );
}
