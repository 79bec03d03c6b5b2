import { randomUUID } from 'node:crypto';
import { epsilon } from '../../federated/privacy/accountant/epsilon.js';
import { checkTraining } from '../../federated/privacy/dp-sgd.js';
import type { Database } from '../database/database.js';
import { badInput, notFound } from '../errors.js';
import { toGlobalId } from '../graphql/relay.js';
import { requireScope, type Viewer } from '../graphql/viewer.js';
import type { InstitutionsService } from '../institutions/institutions.service.js';
import type { NodesService } from './nodes.service.js';
import type { Member, Round, RunSettings, TrainingRun } from './round.js';
import type { RoundSteps } from './round-steps.js';
import { RoundsStore } from './rounds.store.js';

/** One accepted contribution behind a version. */
export interface LineagePart {
  readonly node: string;
  readonly institution: string;
  /** Rounded by the node to the plan's step. */
  readonly weight: number;
  /** ε of this contribution alone, at δ = 10⁻⁵. */
  readonly epsilon: number;
}
export interface LineageRound {
  readonly round: Round;
  readonly contributions: readonly LineagePart[];
}

const DELTA = 1e-5;
const MOST_RUNS = 100;

/** Training runs: the operator's to start and stop. */
export class RunsService {
  private readonly rounds = new RoundsStore();

  constructor(
    private readonly modules: {
      readonly database: Database;
      readonly institutions: InstitutionsService;
      readonly nodes: NodesService;
      readonly steps: RoundSteps;
    },
  ) {}

  /** Opens the first round. @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope rounds:admin), BAD_INPUT, NOT_FOUND */
  async start(viewer: Viewer | undefined, settings: RunSettings): Promise<TrainingRun> {
    requireScope(viewer, 'rounds:admin');
    check(settings);
    const members = await this.membersOf(viewer, settings.nodes);
    if (!(await this.modules.institutions.idOf(settings.reference)))
      throw notFound('institution', toGlobalId('Institution', settings.reference));
    const id = randomUUID();
    return this.modules.database.coordinator(async (manager) => {
      await this.rounds.insertRun(manager, id, settings);
      await this.modules.steps.open(manager, { id, settings }, 1, settings.baseVersion, members);
      return (await this.rounds.run(manager, id))!;
    });
  }

  /** Ends a run and the round that is open. @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN, NOT_FOUND */
  async stop(viewer: Viewer | undefined, id: string): Promise<TrainingRun> {
    requireScope(viewer, 'rounds:admin');
    return this.modules.database.coordinator(
      async (manager, within) => {
        // Rounds first, then their run: the order in which a round that ends takes them.
        for (const { id: roundId } of await this.rounds.ofRun(manager, id))
          await this.modules.steps.lock(manager, roundId);
        const run = await this.rounds.run(manager, id, true);
        if (!run) throw notFound('training run', toGlobalId('TrainingRun', id));
        if (run.status !== 'running') return run;
        await this.rounds.endRun(manager, id, 'stopped');
        for (const round of await this.rounds.ofRun(manager, id))
          await this.modules.steps.apply(manager, within, round, { kind: 'stopped' });
        return (await this.rounds.run(manager, id))!;
      },
      { retries: 3 },
    );
  }

  /** Newest first. @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:read) */
  async list(viewer: Viewer | undefined): Promise<TrainingRun[]> {
    requireScope(viewer, 'models:read');
    return this.modules.database.consortium((manager) => this.rounds.runs(manager, MOST_RUNS));
  }

  /** @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:read) */
  async roundsOf(viewer: Viewer | undefined, runId: string): Promise<Round[]> {
    requireScope(viewer, 'models:read');
    return this.modules.database.consortium((manager) => this.rounds.ofRun(manager, runId));
  }

  /**
   * The rounds that made a version, the last one first, back to a version that no round made.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:read)
   */
  async lineage(viewer: Viewer | undefined, versionId: string): Promise<LineageRound[]> {
    requireScope(viewer, 'models:read');
    return this.modules.database.consortium(async (manager) => {
      const lineage: LineageRound[] = [];
      for (let version = versionId; ; ) {
        const round = await this.rounds.byVersion(manager, version);
        if (!round) return lineage;
        lineage.push({ round, contributions: partsOf(round) });
        version = round.baseVersionId;
      }
    });
  }

  private async membersOf(viewer: Viewer, ids: readonly string[]): Promise<Record<string, Member>> {
    const known = new Map(
      (await this.modules.nodes.list({ ...viewer, institutionId: undefined })).map((n) => [n.id, n]),
    );
    const members: Record<string, Member> = {};
    for (const id of ids) {
      const node = known.get(id);
      if (!node || node.revokedAt) throw notFound('node', toGlobalId('FederationNode', id));
      const { code } = await this.modules.institutions.one(viewer, node.institutionId);
      members[id] = { institutionId: node.institutionId, code, name: node.name };
    }
    return members;
  }
}

function partsOf(round: Round): LineagePart[] {
  const charged = epsilon(round.plan.mechanisms, DELTA);
  return Object.entries(round.state.participants)
    .filter(([, { status }]) => status === 'accepted')
    .map(([node, { weight }]) => ({
      node,
      institution: round.members[node].code,
      weight: weight ?? 0,
      epsilon: charged,
    }));
}

function check(settings: RunSettings): void {
  const { nodes, quorum, rounds, normBound, weightStep, collectMs, workMs, tolerance, strategy, training } = settings;
  try {
    checkTraining(training);
  } catch (error) {
    throw badInput((error as RangeError).message);
  }
  if (strategy === 'fedsgd' && training.steps !== 1) throw badInput('FedSGD has one step in a round.');
  if (new Set(nodes).size !== nodes.length || nodes.length === 0)
    throw badInput('Name each node once, and at least one.');
  if (!(quorum >= 1 && quorum <= nodes.length)) throw badInput('A quorum is from 1 to the number of nodes.');
  if (!(Number.isInteger(rounds) && rounds >= 1 && rounds <= 10_000)) throw badInput('A run has 1 to 10,000 rounds.');
  for (const [name, value] of Object.entries({ normBound, weightStep, collectMs, workMs }))
    if (!(Number.isFinite(value) && value > 0)) throw badInput(`${name} must be more than 0.`);
  if (!(tolerance >= 0)) throw badInput('tolerance must be at least 0.');
}
