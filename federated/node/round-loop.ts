import { randomInt } from 'node:crypto';
import type { NodeKey } from '../protocol/keys.js';
import { planDigest, type RoundPlan } from '../protocol/plan.js';
import { Refusal } from '../protocol/refusal.js';
import {
  type BeginStatement,
  type ContributionStatement,
  type JoinStatement,
  signStatement,
} from '../protocol/statement.js';
import { updateFileBytes } from '../protocol/update-file.js';
import { weightOf } from '../protocol/weight.js';
import { withRetries } from './backoff.js';
import { checkPlan } from './check-plan.js';
import { BudgetError, type LocalLedger } from './ledger.js';
import {
  type Clock,
  CoordinatorAway,
  type CoordinatorClient,
  type LocalTrainer,
  NodeStopped,
  type OfferedRound,
  PlanDeclined,
} from './ports.js';
import { type NodeState, type Outcome, PAST_KEPT, type RoundProgress } from './state.js';
import { collectWeights } from './weights-file.js';

/** What the loop keeps between rounds and over crashes; each method returns when it would survive a power failure. */
export interface NodeStore {
  state(): NodeState;
  save(state: NodeState): void;
  keepUpdate(round: string, update: Float32Array): void;
  keptUpdate(round: string): Promise<{ digest: string; bytes: number } | undefined>;
  readUpdate(round: string, offset: number): AsyncIterable<Uint8Array>;
  dropUpdates(): void;
}

export interface RoundLoopOptions {
  readonly node: string;
  readonly key: NodeKey;
  readonly coordinator: CoordinatorClient;
  readonly trainer: LocalTrainer;
  readonly ledger: LocalLedger;
  readonly store: NodeStore;
  readonly clock: Clock;
  /** Between two questions for an open round, in milliseconds. */
  readonly pollMs: number;
  /** How long the coordinator may be away between rounds before the node gives up, in milliseconds. */
  readonly patienceMs: number;
  /** Ends after so many rounds; default: never. */
  readonly rounds?: number;
  /** Users that the bank lets others know of. */
  readonly weight?: number;
  /** Called at each step, before it begins. */
  readonly onStep?: (step: string, plan: RoundPlan) => void;
  readonly onOutcome?: (outcome: Outcome) => void;
}

type Step = RoundProgress['step'];
type At<Name extends Step> = Extract<RoundProgress, { step: Name }>;

/**
 * A bank's part in training: waits for rounds, takes part in each that its own rules allow, and goes on where it stopped.
 * @throws {NodeStopped} where the signal fires, {CoordinatorAway} where patience ends, {Refusal} UNKNOWN_KEY or REVOKED_KEY: no round will
 *   take this node any more
 */
export class RoundLoop {
  constructor(private readonly options: RoundLoopOptions) {}

  async run(signal: AbortSignal): Promise<void> {
    const { rounds = Number.POSITIVE_INFINITY } = this.options;
    for (let done = 0; done < rounds; done++) {
      const next = this.options.store.state().current ?? (await this.nextRound(signal));
      if ('outcome' in next) continue;
      const outcome = await this.takePart(next, signal);
      if (outcome.outcome === 'UNKNOWN_KEY' || outcome.outcome === 'REVOKED_KEY')
        throw new Refusal(outcome.outcome, outcome.message ?? 'The coordinator does not know this key.');
    }
  }

  /** Polls until there is a round that was not answered yet. @returns how it ended, where this node's own rules forbid it */
  private async nextRound(signal: AbortSignal): Promise<RoundProgress | Outcome> {
    const { coordinator, clock, store, pollMs, patienceMs } = this.options;
    for (;;) {
      const until = clock.now() + patienceMs;
      const offer = await withRetries(() => coordinator.openRound(signal), { clock, signal, until });
      if (offer && !store.state().past.some(({ round }) => round === offer.plan.round)) return this.reserve(offer);
      // Jitter: nodes don't ask as one.
      await clock.sleep(randomInt(Math.ceil(pollMs / 2), Math.ceil(pollMs * 1.5) + 1), signal);
    }
  }

  /** The node's own rules, before it signs anything. */
  private reserve(offer: OfferedRound): RoundProgress | Outcome {
    const { clock, ledger, node, store } = this.options;
    const { plan } = offer;
    try {
      checkPlan(plan, clock.now());
      const join: JoinStatement = {
        statement: 'join',
        run: plan.run,
        round: plan.round,
        node,
        plan: planDigest(plan),
        at: new Date(clock.now()).toISOString(),
      };
      this.options.onStep?.('reserving', plan);
      ledger.releaseOrphans(plan.round, clock.now());
      ledger.reserve(plan, node, clock.now());
      return this.save({ step: 'reserved', offer, join });
    } catch (error) {
      const declined = declinedBy(error);
      if (!declined) throw error;
      const outcome = this.outcomeOf(plan, declined.code, declined.message);
      store.save({ past: [...store.state().past, outcome].slice(-PAST_KEPT) });
      this.options.onOutcome?.(outcome);
      return outcome;
    }
  }

  private async takePart(from: RoundProgress, signal: AbortSignal): Promise<Outcome> {
    let progress = from;
    const { plan } = from.offer;
    try {
      for (;;) {
        if (signal.aborted) throw new NodeStopped();
        this.options.onStep?.(NAMES[progress.step], plan);
        const next = await this.step(progress, signal);
        if (!next) return this.end(progress, 'accepted');
        progress = this.save(next);
      }
    } catch (error) {
      const refused = error instanceof Refusal ? error : declinedBy(error);
      if (refused) return this.end(progress, refused.code, refused.message);
      // Retries end with the round.
      if (error instanceof CoordinatorAway) return this.end(progress, 'ROUND_CLOSED', error.message);
      throw error;
    }
  }

  /** @returns where the node stands after it; undefined: the contribution was accepted */
  private async step(progress: RoundProgress, signal: AbortSignal): Promise<RoundProgress | undefined> {
    switch (progress.step) {
      case 'reserved':
        return this.join(progress, signal);
      case 'joined':
        return this.train(progress, signal);
      case 'trained':
        this.options.ledger.commit(progress.offer.plan, progress.digest, this.options.clock.now());
        return { ...progress, step: 'charged' };
      case 'charged':
        return this.upload(progress, signal);
      case 'signed':
        await this.commit(progress, signal);
        return undefined;
    }
  }

  private async join(progress: At<'reserved'>, signal: AbortSignal): Promise<RoundProgress> {
    const { key, coordinator } = this.options;
    const jws = await signStatement(progress.join, key);
    const { nonce } = await this.retried(progress, signal, () => coordinator.join(progress.join, jws, signal));
    return { ...progress, step: 'joined', nonce };
  }

  private async train(progress: At<'joined'>, signal: AbortSignal): Promise<RoundProgress> {
    const { store, trainer } = this.options;
    const { plan } = progress.offer;
    if (!(await store.keptUpdate(plan.round))) {
      const weights = await this.retried(progress, signal, () => this.fetchWeights(progress.offer, signal));
      const update = await trainer.train(plan, weights, signal).catch((error: unknown) => {
        if (signal.aborted) throw new NodeStopped();
        throw new PlanDeclined('TRAINING_FAILED', (error as Error).message, { cause: error });
      });
      if (update.length !== plan.model.parameters)
        throw new PlanDeclined('TRAINING_FAILED', `The update has ${update.length} values, not those of the plan.`);
      store.keepUpdate(plan.round, update);
    }
    const kept = await store.keptUpdate(plan.round);
    if (kept?.bytes !== updateFileBytes(plan.model.parameters))
      throw new PlanDeclined('TRAINING_FAILED', 'The update file that was kept is not one of this plan.');
    return { ...progress, step: 'trained', ...kept };
  }

  /** @throws {PlanDeclined} WRONG_WEIGHTS */
  private fetchWeights(offer: OfferedRound, signal: AbortSignal): Promise<Uint8Array> {
    return collectWeights(this.options.coordinator.weights(offer, signal), offer.plan);
  }

  private async upload(progress: At<'charged'>, signal: AbortSignal): Promise<RoundProgress> {
    const { coordinator, store, node, clock, key } = this.options;
    const { digest, bytes, nonce, join } = progress;
    const { plan } = progress.offer;
    const { run, round, mechanisms } = plan;
    const about = () => ({
      run,
      round,
      node,
      plan: join.plan,
      nonce,
      digest,
      bytes,
      at: new Date(clock.now()).toISOString(),
    });
    const begin: BeginStatement = { statement: 'begin', ...about() };
    const jws = await signStatement(begin, key);
    const upload = await this.retried(progress, signal, async () => {
      // Begun anew after each failure: the answer says what has arrived.
      const begun = await coordinator.begin(begin, jws, signal);
      const read = (offset: number) => store.readUpdate(plan.round, offset);
      if (begun.offset < bytes) await coordinator.upload(begun, bytes, read, signal);
      return begun;
    });
    const weight = weightOf(plan, this.options.weight);
    const statement: ContributionStatement = { statement: 'contribution', ...about(), mechanisms, weight };
    return { ...progress, step: 'signed', contribution: upload.contributionId, statement };
  }

  private async commit(progress: At<'signed'>, signal: AbortSignal): Promise<void> {
    const { contribution, statement } = progress;
    const jws = await signStatement(statement, this.options.key);
    await this.retried(progress, signal, () => this.options.coordinator.commit(contribution, statement, jws, signal));
  }

  private retried<T>({ offer }: RoundProgress, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const { clock } = this.options;
    return withRetries(work, { clock, signal, until: Date.parse(offer.plan.deadline) });
  }

  private save(progress: RoundProgress): RoundProgress {
    const { store } = this.options;
    store.save({ current: progress, past: store.state().past });
    return progress;
  }

  /** Of a round in which nothing was sent, the charge is given back; else it stands. */
  private end(progress: RoundProgress, code: string, message?: string): Outcome {
    const { ledger, store, clock, onOutcome } = this.options;
    ledger.release(progress.offer.plan, clock.now());
    const digest = 'digest' in progress ? progress.digest : undefined;
    const outcome = this.outcomeOf(progress.offer.plan, code, message, digest);
    store.save({ past: [...store.state().past, outcome].slice(-PAST_KEPT) });
    store.dropUpdates();
    onOutcome?.(outcome);
    return outcome;
  }

  private outcomeOf({ run, round, number }: RoundPlan, outcome: string, message?: string, digest?: string): Outcome {
    return { run, round, number, outcome, message, digest, at: new Date(this.options.clock.now()).toISOString() };
  }
}

const NAMES: Readonly<Record<Step, string>> = {
  reserved: 'joining',
  joined: 'training',
  trained: 'charging',
  charged: 'uploading',
  signed: 'committing',
};

function declinedBy(error: unknown): PlanDeclined | undefined {
  if (error instanceof PlanDeclined) return error;
  if (!(error instanceof BudgetError)) return undefined;
  const code = error.code === 'EXHAUSTED' ? 'BUDGET_EXHAUSTED' : 'NO_BUDGET';
  return new PlanDeclined(code, error.message, { cause: error });
}
