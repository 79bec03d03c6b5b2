import { epsilon } from '../../federated/privacy/accountant/epsilon.js';
import { generateNodeKey, type NodeKey } from '../../federated/protocol/keys.js';
import type { RoundPlan, TrainingSettings } from '../../federated/protocol/plan.js';
import { planDigest } from '../../federated/protocol/plan.js';
import { type Statement, signStatement } from '../../federated/protocol/statement.js';
import { digestOf, updateFileBytes, updateFileChunks } from '../../federated/protocol/update-file.js';
import type { Database } from '../../src/database/database.js';
import { initialParameters, toTrainedModel } from '../../src/engine/models/federated.js';
import { NodesService } from '../../src/federation/nodes.service.js';
import type { RunSettings } from '../../src/federation/round.js';
import { RoundSteps } from '../../src/federation/round-steps.js';
import { type Measure, RoundWork } from '../../src/federation/round-work.js';
import { RoundsService } from '../../src/federation/rounds.service.js';
import { RunsService } from '../../src/federation/runs.service.js';
import type { Viewer } from '../../src/graphql/viewer.js';
import { DEFAULT_SCOPES } from '../../src/graphql/viewer.js';
import { InstitutionsService } from '../../src/institutions/institutions.service.js';
import { ModelRegistry } from '../../src/models/model-registry.js';
import { ModelsService } from '../../src/models/models.service.js';
import type { BudgetsService } from '../../src/privacy/budgets.service.js';
import type { LedgerService } from '../../src/privacy/ledger.service.js';
import { createInstitution } from './database.js';
import { operator } from './viewers.js';

export const CONTRACT = {
  version: 1,
  features: [
    {
      kind: 'numeric',
      name: 'age',
      column: 'age',
      encoding: 'piecewise',
      edges: [0, 50, 100],
      codes: [],
      missing: false,
      mean: [0.5, 0.5],
    },
  ],
  products: [],
  scale: 1,
};

export const POPULATION = 'customers';

export const TRAINING: TrainingSettings = {
  clipping: { kind: 'flat', norm: 1 },
  samplingRate: 0.1,
  expectedUsers: 100,
  noiseMultiplier: 1,
  steps: 2,
  learningRate: 0.1,
  momentum: 0,
  proximal: 0,
};

export const nodeViewer = (institutionId: string): Viewer => ({
  subject: 'test-node',
  client: 'node',
  scopes: new Set(DEFAULT_SCOPES.node),
  institutionId,
});

/** A budget that never ends, with a record of what was asked of it. */
export function recordingBudgets() {
  const calls: string[] = [];
  let count = 0;
  const budgets = {
    async reserve() {
      calls.push('reserve');
      return `reservation-${++count}`;
    },
    async commit(_manager: unknown, _institution: string, _reservation: string, reason: string) {
      calls.push(`commit ${reason}`);
    },
    async release() {
      calls.push('release');
    },
  } as unknown as BudgetsService;
  return { budgets, calls };
}

/** Of a ledger that nobody reads. */
const arithmeticAlone = {
  epsilon: async (_viewer: unknown, ...asked: Parameters<typeof epsilon>) => epsilon(...asked),
} as unknown as LedgerService;

export function createFederation(
  database: Database,
  budgets: BudgetsService,
  measure: Measure,
  ledger: LedgerService = arithmeticAlone,
) {
  const institutions = new InstitutionsService({ database });
  const scoring = undefined as never; // nothing here scores: measures are given
  const models = new ModelsService({ database, registry: new ModelRegistry({ database, scoring }) });
  const nodes = new NodesService({ database, institutions });
  const steps = new RoundSteps({ models, budgets });
  const runs = new RunsService({ database, institutions, models, nodes, ledger, steps });
  const rounds = new RoundsService({ database, nodes, budgets, ledger, steps });
  const work = new RoundWork({ database, models, steps, measure });
  return { models, nodes, runs, rounds, work };
}
export type Federation = ReturnType<typeof createFederation>;

export interface Member {
  readonly institutionId: string;
  readonly node: string;
  readonly key: NodeKey;
}

/** Enrols nodes, each of an institution of its own, or all of one. */
export async function enrol(
  database: Database,
  { nodes }: Federation,
  count: number,
  institution?: string,
): Promise<Member[]> {
  const members: Member[] = [];
  for (let i = 0; i < count; i++) {
    const institutionId = institution ?? (await createInstitution(database));
    const key = generateNodeKey();
    const { id } = await nodes.enrol(operator(), {
      institution: institutionId,
      name: `node-${i}`,
      publicKey: key.publicKey,
    });
    members.push({ institutionId, node: id, key });
  }
  return members;
}

/** A run of one kind, which starts from a linear model of risk with all of its weights zero. */
export async function startRunOf(
  { models, runs }: Federation,
  members: readonly Member[],
  settings: Partial<RunSettings> = {},
): Promise<{ run: string; base: string }> {
  const parameters = initialParameters('linear', 'risk', CONTRACT);
  const base = await models.add(operator(), null, toTrainedModel('risk', 'linear', CONTRACT, parameters), true);
  const { id } = await runs.start(operator(), {
    strategy: 'fedavg',
    population: POPULATION,
    baseVersion: base.id,
    rounds: 1,
    nodes: members.map(({ node }) => node),
    quorum: 1,
    training: TRAINING,
    optimiser: { kind: 'momentum', learningRate: 1, momentum: 0 },
    normBound: 10,
    weightStep: 100,
    collectMs: 600_000,
    workMs: 600_000,
    reference: members[0].institutionId,
    tolerance: 0.01,
    ...settings,
  });
  return { run: id, base: base.id };
}

/** Enrols nodes of institutions of their own, and starts a run of one kind. */
export async function startRun(
  database: Database,
  federation: Federation,
  count: number,
  settings: Partial<RunSettings> = {},
): Promise<{ run: string; members: Member[]; base: string }> {
  const members = await enrol(database, federation, count);
  return { members, ...(await startRunOf(federation, members, settings)) };
}

/** The round's deadline has come: to a test that does not wait for it. Nothing happens to a round that collects no more. */
export async function passDeadline(database: Database, roundId: string): Promise<void> {
  const deadline = new Date(Date.now() - 1000).toISOString();
  await database.consortium((manager) =>
    manager.query(
      `update concord.rounds set deadline = $2::timestamptz, state = state || jsonb_build_object('deadline', $2::text)
        where id = $1 and status = 'collecting'`,
      [roundId, deadline],
    ),
  );
}

export async function signed(statement: Statement, key: NodeKey) {
  return { statement: JSON.stringify(statement), signature: await signStatement(statement, key) };
}

export const joinOf = (plan: RoundPlan, node: string, over: object = {}) =>
  ({
    statement: 'join',
    run: plan.run,
    round: plan.round,
    node,
    plan: planDigest(plan),
    at: new Date().toISOString(),
    ...over,
  }) as Statement;

export const contributionOf = (plan: RoundPlan, node: string, nonce: string, update: Float32Array, over: object = {}) =>
  ({
    ...joinOf(plan, node),
    statement: 'contribution',
    nonce,
    digest: digestOf(updateFileChunks(update)),
    bytes: updateFileBytes(update.length),
    mechanisms: plan.mechanisms,
    weight: 100,
    ...over,
  }) as Statement;

export const beginOf = (plan: RoundPlan, node: string, nonce: string, update: Float32Array, over: object = {}) =>
  ({
    ...joinOf(plan, node),
    statement: 'begin',
    nonce,
    digest: digestOf(updateFileChunks(update)),
    bytes: updateFileBytes(update.length),
    ...over,
  }) as Statement;

export async function* bodyOf(update: Float32Array) {
  yield* updateFileChunks(update);
}
