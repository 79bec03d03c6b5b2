import { remembers } from '../../federated/aggregation/server-optimiser.js';
import { serverRound } from '../../federated/aggregation/server-round.js';
import type { RoundEvent } from '../../federated/coordinator/round.js';
import { Refusal } from '../../federated/protocol/refusal.js';
import { UpdateFileReader } from '../../federated/protocol/update-file.js';
import type { Database, EntityManager, Within } from '../database/database.js';
import type { TrainedModel } from '../engine/engine.js';
import { checkValues } from '../engine/models/federated.js';
import { ConcordError } from '../errors.js';
import type { ModelsService } from '../models/models.service.js';
import { type BaseModel, baseOf } from './base-model.js';
import { ContributionsStore } from './contributions.store.js';
import { modelOfHistogram } from './histogram-round.js';
import type { Contribution, Round, TrainingRun } from './round.js';
import type { RoundSteps } from './round-steps.js';
import { chunksOf } from './rounds.service.js';
import { RoundsStore } from './rounds.store.js';

/** Main metric of a shared version on the reference institution's users: larger is better. */
export type Measure = (institutionId: string, versionId: string, task: 'interest' | 'risk') => Promise<number>;

export interface RoundWorkModules {
  readonly database: Database;
  readonly models: ModelsService;
  readonly steps: RoundSteps;
  readonly measure: Measure;
}

/** What a round needs done: found by its state, done under a lock that ends with the process, and safe to do again. */
export class RoundWork {
  private readonly rounds = new RoundsStore();
  private readonly contributions = new ContributionsStore();

  constructor(private readonly modules: RoundWorkModules) {}

  /**
   * One pass over what is due.
   * @param onError a round's work has failed for a reason that may pass: the next pass tries again
   * @param signal ends a long aggregation: nothing of it remains
   */
  async runDue(onError: (error: unknown) => void, signal?: AbortSignal): Promise<void> {
    const { database } = this.modules;
    const due = await database.consortium((manager) => this.rounds.due(manager));
    const works = [
      ...due
        .filter(({ overdue }) => overdue)
        .map(
          ({ id }) =>
            () =>
              this.time(id),
        ),
      ...due
        .filter(({ status, overdue }) => status !== 'collecting' && !overdue)
        .map(
          ({ id }) =>
            () =>
              this.work(id, signal),
        ),
      async () => {
        const untidy = await database.consortium((manager) => this.rounds.untidy(manager));
        for (const round of untidy) await this.tidy(round);
      },
    ];
    for (const work of works) {
      if (signal?.aborted) return;
      await work().catch(onError);
    }
  }

  private time(id: string): Promise<void> {
    return this.applied(id, { kind: 'time', at: new Date().toISOString() });
  }

  private async applied(id: string, event: RoundEvent): Promise<void> {
    const { database, steps } = this.modules;
    await database.coordinator(async (manager, within) => {
      await steps.apply(manager, within, await steps.lock(manager, id), event);
    });
  }

  /** One transaction: it holds the lock, and what was done of the work is there when the round has gone on, or not at all. */
  private async work(id: string, signal?: AbortSignal): Promise<void> {
    try {
      await this.modules.database.coordinator(
        async (manager, within) => {
          if (!(await this.rounds.tryWorkLock(manager, id))) return;
          const round = await this.rounds.one(manager, id);
          if (round?.state.status === 'aggregating') await this.aggregate(manager, within, round, signal);
          if (round?.state.status === 'evaluating') await this.evaluate(manager, within, round, round.state.version);
        },
        { long: true },
      );
    } catch (error) {
      if (error instanceof RoundOver || (error instanceof Refusal && error.code === 'ROUND_CLOSED')) return;
      // What the input itself makes impossible will be no better at the next pass.
      if (!(error instanceof ConcordError && error.code === 'BAD_INPUT')) throw error;
      await this.applied(id, { kind: 'work-failed', reason: error.message });
    }
  }

  /** Everything is a stream, in the order of the nodes: however large the model, a few MiB of it are held. */
  private async aggregate(manager: EntityManager, within: Within, round: Round, signal?: AbortSignal): Promise<void> {
    const { models, steps } = this.modules;
    const parts = await this.accepted(round);
    const run = (await this.rounds.run(manager, round.runId))!;
    const base = await baseOf(models, manager, round.baseVersionId);
    const training = {
      federated: true,
      strategy: round.plan.strategy,
      run: round.runId,
      round: round.id,
      number: round.number,
      institutions: [...new Set(parts.map(({ nodeId }) => round.members[nodeId].code))].sort(),
    };
    const about = { metrics: {}, training };
    const add =
      round.plan.strategy === 'histogram'
        ? await this.counted(manager, { round, run, base, parts }, about)
        : await this.trained(manager, { round, run, base, parts }, about, signal);
    const current = await steps.lock(manager, round.id);
    if (current.state.status !== 'aggregating') throw new RoundOver();
    const { id: version } = await add();
    await steps.apply(manager, within, current, { kind: 'aggregated', version, at: new Date().toISOString() });
  }

  private async trained(manager: EntityManager, aggregation: Aggregation, about: About, signal?: AbortSignal) {
    const { models } = this.modules;
    const { task, model, contract } = aggregation.base;
    const weights = await models.writeShared(manager, this.aggregated(manager, aggregation, signal));
    return () => models.addWritten(manager, { task, model, contract, ...about }, weights);
  }

  /** Histograms are small: they are added up whole. What a bank says that it weighs doesn't matter to a sum. */
  private async counted(manager: EntityManager, { round, base, parts }: Aggregation, about: About) {
    const total = new Float64Array(round.plan.model.parameters);
    for (const part of parts) {
      let at = 0;
      for await (const values of this.values(round, part)) for (const value of values) total[at++] += value;
    }
    const model = modelOfHistogram(round.plan, base, total, parts.length);
    return () => this.modules.models.addShared(manager, { ...model, ...about });
  }

  /** The new weights file, which differs from the base's in its values alone. The optimiser's state is saved as it goes by. */
  private async *aggregated(manager: EntityManager, { round, run, base, parts }: Aggregation, signal?: AbortSignal) {
    const { optimiser } = run.settings;
    const remembered = await this.rounds.remembered(manager, run.id);
    const file = this.modules.models.sharedWeights(manager, base);
    const { value: start } = (await file.next()) as IteratorYieldResult<Buffer>;
    yield start.subarray(0, base.dataStart);
    const slices = serverRound({
      optimiser,
      base: valuesOf(start.subarray(base.dataStart), file),
      updates: parts.map((part) => this.values(round, part)),
      weights: parts.map(({ weight }) => weight!),
      memory: remembered === undefined ? undefined : this.rounds.optimiser(manager, remembered),
    });
    let sequence = 0;
    for await (const { parameters, state } of slices) {
      if (signal?.aborted) throw new ConcordError('CANCELLED', 'The server is shutting down.');
      checkValues(parameters);
      if (remembers(optimiser)) await this.rounds.saveOptimiser(manager, round.id, sequence++, state);
      yield new Uint8Array(parameters.buffer, parameters.byteOffset, parameters.byteLength);
    }
  }

  private async evaluate(manager: EntityManager, within: Within, round: Round, version: string): Promise<void> {
    const { models, steps, measure } = this.modules;
    if (round.plan.strategy === 'histogram') return this.untrained(manager, within, round);
    const run = (await this.rounds.run(manager, round.runId))!;
    const { reference, tolerance } = run.settings;
    const { task } = round.plan;
    const before = await measure(reference, round.baseVersionId, task);
    const after = await measure(reference, version, task);
    const served = await models.activeSharedIn(manager, task);
    const serving = served && served !== round.baseVersionId ? await measure(reference, served, task) : undefined;
    const good = after >= before - tolerance;
    const serves = served === undefined || after >= (serving ?? before) - tolerance;
    const [figure, of] = good ? [serving ?? before, 'that serves'] : [before, 'that it started from'];
    const reason = `${after.toFixed(4)} against ${figure.toFixed(4)} of the version ${of}, ${tolerance} allowed.`;
    const current = await steps.lock(manager, round.id);
    if (current.state.status !== 'evaluating') throw new RoundOver();
    await this.rounds.saveMetrics(manager, round.id, { before, after, ...(serving !== undefined && { serving }) });
    await steps.apply(manager, within, current, { kind: 'evaluated', good, serves, reason });
  }

  /** The base of the next round: there is nothing to measure. */
  private async untrained(manager: EntityManager, within: Within, round: Round): Promise<void> {
    const { steps } = this.modules;
    const current = await steps.lock(manager, round.id);
    if (current.state.status !== 'evaluating') throw new RoundOver();
    const reason = 'A feature contract, and nothing trained yet.';
    await steps.apply(manager, within, current, { kind: 'evaluated', good: true, serves: false, reason });
  }

  /** What was uploaded for a round that is over, whoever uploaded it, and what an optimiser remembers of rounds before the last. */
  private async tidy({ id, runId, members }: Pick<Round, 'id' | 'runId' | 'members'>): Promise<void> {
    const { database } = this.modules;
    for (const [node, { institutionId }] of Object.entries(members)) {
      await database.tenant(
        institutionId,
        async (manager) => {
          const part = await this.contributions.ofNode(manager, id, node);
          if (part) await this.contributions.dropChunks(manager, part.id);
        },
        { long: true },
      );
    }
    await database.consortium(
      async (manager) => {
        await this.rounds.dropOptimisers(manager, runId);
        await this.rounds.tidied(manager, id);
      },
      { long: true },
    );
  }

  private async accepted(round: Round): Promise<Contribution[]> {
    const parts: Contribution[] = [];
    for (const [node, { status }] of Object.entries(round.state.participants).sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (status !== 'accepted') continue;
      const part = await this.modules.database.tenant(round.members[node].institutionId, (manager) =>
        this.contributions.ofNode(manager, round.id, node),
      );
      parts.push(part!);
    }
    return parts;
  }

  private async *values(round: Round, part: Contribution): AsyncGenerator<Float32Array> {
    const reader = new UpdateFileReader(round.plan.model.parameters);
    for await (const bytes of chunksOf(this.modules.database, part.institutionId, part)) yield reader.read(bytes);
    reader.end();
  }
}

type About = Pick<TrainedModel, 'metrics' | 'training'>;

interface Aggregation {
  readonly round: Round;
  readonly run: TrainingRun;
  readonly base: BaseModel;
  readonly parts: readonly Contribution[];
}

/** The round ended while it was worked at: what was done is rolled back. */
class RoundOver extends Error {}

/** Float32 values, copied: a view must be aligned. Pieces end where values do, since the file's header is a multiple of four bytes. */
async function* valuesOf(start: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Float32Array> {
  yield new Float32Array(Uint8Array.from(start).buffer);
  for await (const piece of rest) yield new Float32Array(Uint8Array.from(piece).buffer);
}
