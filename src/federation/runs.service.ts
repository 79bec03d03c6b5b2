import { randomUUID } from 'node:crypto';
import { canonicalJson } from '../../federated/canonical-json.js';
import { checkTraining } from '../../federated/privacy/dp-sgd.js';
import { chargeOf } from '../../federated/protocol/charge.js';
import type { Database } from '../database/database.js';
import { parseDeclaration } from '../engine/encoders/declaration.js';
import { badInput, notFound } from '../errors.js';
import { toGlobalId } from '../graphql/relay.js';
import { requireScope, type Viewer } from '../graphql/viewer.js';
import type { InstitutionsService } from '../institutions/institutions.service.js';
import type { ModelsService } from '../models/models.service.js';
import type { LedgerService } from '../privacy/ledger.service.js';
import type { NodesService } from './nodes.service.js';
import type { HistogramSettings, Member, Round, RunSettings, TrainingRun } from './round.js';
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

/** A run as it is asked for: what a histogram counts by is what the base version was declared with. */
export interface NewRun extends Omit<RunSettings, 'histogram'> {
  readonly histogram?: Omit<HistogramSettings, 'declaration'>;
}

/** Training runs: the operator's to start and stop. */
export class RunsService {
  private readonly rounds = new RoundsStore();

  constructor(
    private readonly modules: {
      readonly database: Database;
      readonly institutions: InstitutionsService;
      readonly nodes: NodesService;
      readonly models: Pick<ModelsService, 'one'>;
      readonly ledger: Pick<LedgerService, 'epsilon'>;
      readonly steps: RoundSteps;
    },
  ) {}

  /** Opens the first round. @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope rounds:admin), BAD_INPUT, NOT_FOUND */
  async start(viewer: Viewer | undefined, { histogram, ...asked }: NewRun): Promise<TrainingRun> {
    requireScope(viewer, 'rounds:admin');
    check(asked);
    const settings = histogram ? { ...asked, histogram: await this.counting(viewer, asked, histogram) } : asked;
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
        // One may have been opened since; it is read again under its lock, or a join of this moment would be forgotten.
        for (const { id: roundId } of await this.rounds.ofRun(manager, id)) {
          const round = await this.modules.steps.lock(manager, roundId);
          await this.modules.steps.apply(manager, within, round, { kind: 'stopped' });
        }
        return (await this.rounds.run(manager, id))!;
      },
      { retries: 3 },
    );
  }

  /** Newest first. @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:read) */
  async list(viewer: Viewer | undefined, limit = 100): Promise<TrainingRun[]> {
    requireScope(viewer, 'models:read');
    return this.modules.database.consortium((manager) => this.rounds.runs(manager, limit));
  }

  /** @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:read), NOT_FOUND */
  async one(viewer: Viewer | undefined, id: string): Promise<TrainingRun> {
    requireScope(viewer, 'models:read');
    const run = await this.modules.database.consortium((manager) => this.rounds.run(manager, id));
    if (!run) throw notFound('training run', toGlobalId('TrainingRun', id));
    return run;
  }

  /** @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:read), NOT_FOUND */
  async round(viewer: Viewer | undefined, id: string): Promise<Round> {
    requireScope(viewer, 'models:read');
    const round = await this.modules.database.consortium((manager) => this.rounds.one(manager, id));
    if (!round) throw notFound('round', toGlobalId('Round', id));
    return round;
  }

  /** @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:read) */
  async roundsOf(viewer: Viewer | undefined, runId: string): Promise<Round[]> {
    requireScope(viewer, 'models:read');
    return this.modules.database.consortium((manager) => this.rounds.ofRun(manager, runId));
  }

  /**
   * The rounds that made a version, the last one first, back to a version that no round made, or so many.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:read)
   */
  async lineage(viewer: Viewer | undefined, versionId: string, limit = 100): Promise<LineageRound[]> {
    requireScope(viewer, 'models:read');
    const rounds = await this.modules.database.consortium(async (manager) => {
      const found: Round[] = [];
      for (let version = versionId; found.length < limit; ) {
        const round = await this.rounds.byVersion(manager, version);
        if (!round) break;
        found.push(round);
        version = round.baseVersionId;
      }
      return found;
    });
    // Rounds of a run are charged the same: each charge is computed once.
    const charges = new Map<string, Promise<number>>();
    return Promise.all(
      rounds.map(async (round) => {
        const { mechanisms } = round.plan;
        const key = canonicalJson(mechanisms);
        const charge = charges.get(key) ?? this.modules.ledger.epsilon(viewer, mechanisms, DELTA, 'pld');
        charges.set(key, charge);
        return { round, contributions: partsOf(round, await charge) };
      }),
    );
  }

  private async counting(
    viewer: Viewer,
    { baseVersion, training }: NewRun,
    { noiseMultiplier, bins }: NonNullable<NewRun['histogram']>,
  ): Promise<HistogramSettings> {
    const { training: about } = await this.modules.models.one(viewer, baseVersion);
    if (!about.declaration) throw badInput('The base version has no declaration to count by: see createBaseModel.');
    try {
      chargeOf({ strategy: 'histogram', training: { ...training, noiseMultiplier } });
    } catch (error) {
      throw badInput(`histogram: ${(error as RangeError).message}`);
    }
    return { noiseMultiplier, bins, declaration: parseDeclaration(about.declaration) };
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

function partsOf(round: Round, charged: number): LineagePart[] {
  return Object.entries(round.state.participants)
    .filter(([, { status }]) => status === 'accepted')
    .map(([node, { weight }]) => ({
      node,
      institution: round.members[node].code,
      weight: weight ?? 0,
      epsilon: charged,
    }))
    .sort((a, b) => (`${a.institution}/${a.node}` < `${b.institution}/${b.node}` ? -1 : 1));
}

function check(settings: NewRun): void {
  const {
    nodes,
    quorum,
    rounds,
    normBound = 1,
    weightStep,
    collectMs,
    workMs,
    tolerance,
    strategy,
    training,
  } = settings;
  try {
    checkTraining(training);
  } catch (error) {
    throw badInput((error as RangeError).message);
  }
  if (strategy === 'fedsgd' && training.steps !== 1) throw badInput('FedSGD has one step in a round.');
  if (strategy === 'fedprox' && !(training.proximal > 0)) throw badInput('FedProx needs a proximal term above 0.');
  if (new Set(nodes).size !== nodes.length || nodes.length === 0)
    throw badInput('Name each node once, and at least one.');
  if (!(quorum >= 1 && quorum <= nodes.length)) throw badInput('A quorum is from 1 to the number of nodes.');
  if (!(Number.isInteger(rounds) && rounds >= 1 && rounds <= 10_000)) throw badInput('A run has 1 to 10,000 rounds.');
  for (const [name, value] of Object.entries({ normBound, weightStep, collectMs, workMs }))
    if (!(Number.isFinite(value) && value > 0)) throw badInput(`${name} must be more than 0.`);
  if (!(tolerance >= 0)) throw badInput('tolerance must be at least 0.');
}
