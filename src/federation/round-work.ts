import { initialState, serverStep } from '../../federated/aggregation/server-optimiser.js';
import { weightedMean } from '../../federated/aggregation/weighted-mean.js';
import { UpdateFileReader } from '../../federated/protocol/update-file.js';
import type { Database } from '../database/database.js';
import { toTrainedModel } from '../engine/models/federated.js';
import { ConcordError } from '../errors.js';
import type { ModelsService } from '../models/models.service.js';
import { baseOf } from './base-model.js';
import { ContributionsStore } from './contributions.store.js';
import type { Contribution, Round } from './round.js';
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

  /** One pass over what is due. @param onError a round's work has failed for a reason that may pass: the next pass tries again */
  async runDue(onError: (error: unknown) => void): Promise<void> {
    const due = await this.modules.database.consortium((manager) => this.rounds.due(manager));
    for (const { id, status, overdue } of due) {
      try {
        if (overdue) await this.time(id);
        else if (status !== 'collecting') await this.alone(id, () => this.work(id));
      } catch (error) {
        onError(error);
      }
    }
  }

  private time(id: string): Promise<void> {
    const { database, steps } = this.modules;
    return database.coordinator(async (manager, within) => {
      const round = await steps.lock(manager, id);
      await steps.apply(manager, within, round, { kind: 'time', at: new Date().toISOString() });
    });
  }

  private async alone(id: string, work: () => Promise<void>): Promise<void> {
    await this.modules.database.consortium(
      async (manager) => {
        if (await this.rounds.tryWorkLock(manager, id)) await work();
      },
      { long: true },
    );
  }

  private async work(id: string): Promise<void> {
    const round = await this.modules.database.consortium((manager) => this.rounds.one(manager, id));
    try {
      if (round?.state.status === 'aggregating') await this.aggregate(round);
      else if (round?.state.status === 'evaluating') await this.evaluate(round, round.state.version);
    } catch (error) {
      // What the input itself makes impossible will be no better at the next pass.
      if (!(error instanceof ConcordError && error.code === 'BAD_INPUT')) throw error;
      await this.failed(id, error.message);
    }
  }

  private failed(id: string, reason: string): Promise<void> {
    const { database, steps } = this.modules;
    return database.coordinator(async (manager, within) => {
      const round = await steps.lock(manager, id);
      await steps.apply(manager, within, round, { kind: 'work-failed', reason });
    });
  }

  /** Updates are streamed, in the order of their nodes; parameters and the optimiser's memory are held. */
  private async aggregate(round: Round): Promise<void> {
    const { database, models, steps } = this.modules;
    const parts = await this.accepted(round);
    const { run, base, memory } = await database.consortium(async (manager) => ({
      run: (await this.rounds.run(manager, round.runId))!,
      base: await baseOf(models, manager, round.baseVersionId),
      memory: await this.rounds.optimiser(manager, round.runId),
    }));
    const { optimiser } = run.settings;
    const { parameters, task, model, contract } = base;
    const state = memory
      ? { first: floats(memory.first), second: floats(memory.second) }
      : initialState(optimiser, parameters.length);
    const sources = parts.map((part) => this.values(round, part));
    const weights = parts.map(({ weight }) => weight!);
    let at = 0;
    for await (const mean of weightedMean(sources, weights)) {
      const end = at + mean.length;
      const slice = { first: state.first.subarray(at, end), second: state.second.subarray(at, end) };
      serverStep(optimiser, parameters.subarray(at, end), mean, slice);
      at = end;
    }
    const training = {
      federated: true,
      strategy: round.plan.strategy,
      run: round.runId,
      round: round.id,
      number: round.number,
      institutions: [...new Set(parts.map(({ nodeId }) => round.members[nodeId].code))].sort(),
    };
    const trained = toTrainedModel(task, model, contract, parameters, { metrics: {}, training });
    await database.coordinator(async (manager, within) => {
      const current = await steps.lock(manager, round.id);
      if (current.state.status !== 'aggregating') return;
      const { id: version } = await models.addShared(manager, trained);
      await this.rounds.saveOptimiser(manager, round.id, bytesOf(state.first), bytesOf(state.second));
      await steps.apply(manager, within, current, { kind: 'aggregated', version, at: new Date().toISOString() });
    });
  }

  private async evaluate(round: Round, version: string): Promise<void> {
    const { database, steps, measure } = this.modules;
    const run = (await database.consortium((manager) => this.rounds.run(manager, round.runId)))!;
    const { reference, tolerance } = run.settings;
    const before = await measure(reference, round.baseVersionId, round.plan.task);
    const after = await measure(reference, version, round.plan.task);
    const good = after >= before - tolerance;
    const reason = `${after.toFixed(4)} against ${before.toFixed(4)} of the base version, ${tolerance} allowed.`;
    await database.coordinator(async (manager, within) => {
      const current = await steps.lock(manager, round.id);
      if (current.state.status !== 'evaluating') return;
      await this.rounds.saveMetrics(manager, round.id, { before, after });
      await steps.apply(manager, within, current, { kind: 'evaluated', good, reason });
    });
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

const bytesOf = (values: Float32Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
const floats = (bytes: Buffer) => new Float32Array(Uint8Array.from(bytes).buffer);
