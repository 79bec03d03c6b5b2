import { readNodeKey, writeNodeKey } from '../../federated/protocol/keys.js';
import type { Database } from '../../src/database/database.js';
import { ConcordError } from '../../src/errors.js';
import type { BudgetsService } from '../../src/privacy/budgets.service.js';
import { createInstitution } from './database.js';
import { createFederation, enrol, passDeadline, startRunOf, TRAINING } from './federation.js';
import { type PrivateFederation, setCaps } from './private-federation.js';
import { RoundPart } from './round-part.js';
import { operator } from './viewers.js';

/** A run of one round in which charges go every way that there is, as another process can be told of it. */
export interface RoundScenario {
  readonly run: string;
  /** Two that contribute, one that sends NaN, one that declares and sends nothing, one that joins: of two institutions. */
  readonly members: readonly { readonly institutionId: string; readonly node: string; readonly key: string }[];
  /** In every statement: a node that starts again signs what it has signed. */
  readonly at: string;
}

/** What the first three send; the mean of what is accepted is 2. */
const VALUES = [1, 3, Number.NaN];
/** Transactions in which nodes' messages write: those that contribute join, declare, upload, are decided on; at last comes the deadline. */
export const NODE_WRITES = 3 * 4 + 2 + 1 + 1;
/** In which the third is refused. */
export const REFUSAL_WRITE = 3 * 4;
/** The deadline, aggregation and evaluation; then uploads are deleted, but for the refused one, and what an optimiser remembers. */
export const COORDINATOR_WRITES = 3 + 4 + 1;

/** ε of Gaussians without sampling has a closed form: there are many ledgers to recompute. */
const training = { ...TRAINING, samplingRate: 1 };
const optimiser = { kind: 'momentum', learningRate: 1, momentum: 0.9 } as const;

export async function prepareScenario(database: Database, federation: PrivateFederation): Promise<RoundScenario> {
  const one = await enrol(database, federation, 3, await createInstitution(database));
  const other = await enrol(database, federation, 2, await createInstitution(database));
  const members = [one[0], other[0], one[1], other[1], one[2]];
  await setCaps(federation, members);
  const { run } = await startRunOf(federation, members, { training, optimiser });
  const told = members.map(({ key, ...member }) => ({ ...member, key: writeNodeKey(key) }));
  return { run, members: told, at: new Date().toISOString() };
}

/** The nodes' messages, one after the other, from the first: all of them again after a crash, as nodes do. Then comes the deadline. */
export async function playNodes(
  database: Database,
  budgets: BudgetsService,
  { run, members, at }: RoundScenario,
): Promise<void> {
  const { rounds, runs } = createFederation(database, budgets, async () => 0.7);
  const [round] = await runs.roundsOf(operator(), run);
  const parts = members.map(
    ({ key, ...member }) => new RoundPart(rounds, round, { ...member, key: readNodeKey(key) }, at),
  );
  const filled = (value: number) => new Float32Array(round.plan.model.parameters).fill(value);
  for (const [i, value] of VALUES.entries()) await parts[i].contribute(filled(value));
  await parts[3].begin(filled(1));
  await parts[4].join();
  await passDeadline(database, round.id);
}

/** Passes over what is due, until no run goes on and nothing is left to be deleted. */
export async function coordinate(database: Database, budgets: BudgetsService): Promise<void> {
  const { runs, work } = createFederation(database, budgets, async () => 0.7);
  for (let running = true; running; ) {
    running = (await runs.list(operator())).some(({ status }) => status === 'running');
    await work.runDue((error) => {
      // Another coordinator was in the way: the next pass comes.
      if (!(error instanceof ConcordError && error.code === 'CONFLICT')) throw error;
    });
  }
}
