import { randomUUID } from 'node:crypto';
import {
  isOver,
  openRound,
  type RoundEffect,
  RoundError,
  type RoundEvent,
  transition,
} from '../../federated/coordinator/round.js';
import { chargeOf } from '../../federated/protocol/charge.js';
import { honestNorm } from '../../federated/protocol/norm-bound.js';
import { planDigest, type RoundPlan } from '../../federated/protocol/plan.js';
import { type EntityManager, notify, type Within } from '../database/database.js';
import { notFound } from '../errors.js';
import { toGlobalId } from '../graphql/relay.js';
import type { ModelsService } from '../models/models.service.js';
import type { BudgetsService } from '../privacy/budgets.service.js';
import { type BaseModel, baseOf } from './base-model.js';
import { ContributionsStore } from './contributions.store.js';
import { histogramPlan } from './histogram-round.js';
import { NodesStore } from './nodes.store.js';
import type { Member, Round, RunSettings, TrainingRun } from './round.js';
import { RoundsStore } from './rounds.store.js';

/**
 * The one way in which a round changes: its row is locked, the pure state machine decides, and what it decides is written with all of its
 * effects in the same transaction. After a crash either everything of a step is there, or nothing.
 */
export class RoundSteps {
  private readonly rounds = new RoundsStore();
  private readonly contributions = new ContributionsStore();
  private readonly nodes = new NodesStore();

  constructor(
    private readonly modules: {
      readonly models: ModelsService;
      readonly budgets: Pick<BudgetsService, 'commit' | 'release'>;
    },
  ) {}

  /** The round, its row locked until the transaction ends. @throws {ConcordError} NOT_FOUND */
  async lock(manager: EntityManager, id: string): Promise<Round> {
    const round = await this.rounds.one(manager, id, true);
    if (!round) throw notFound('round', toGlobalId('Round', id));
    return round;
  }

  /** @param round from lock, in the same transaction. @throws {RoundError} where the event cannot happen now */
  async apply(manager: EntityManager, within: Within, round: Round, event: RoundEvent): Promise<Round> {
    // The deadline counts from its moment on, not from when a job comes by.
    if ('node' in event && 'deadline' in round.state && Date.now() >= Date.parse(round.state.deadline))
      throw new RoundError('ROUND_CLOSED', 'The deadline of the round is over.');
    const { state, effects } = transition(round.state, event);
    if (state === round.state) return round;
    await this.rounds.save(manager, round.id, state);
    const next = { ...round, state };
    // Ledgers are locked in one order, or two rounds that end together could wait for each other.
    for (const effect of inOrder(effects, round)) await this.perform(manager, within, next, effect);
    if (isOver(state)) await this.goOn(manager, within, next);
    else if (state.status !== round.state.status) await notify(manager, 'concord_rounds');
    return next;
  }

  /** Opens a round of a run on a base version. */
  async open(
    manager: EntityManager,
    run: Pick<TrainingRun, 'id' | 'settings'>,
    number: number,
    baseVersionId: string,
    members: Readonly<Record<string, Member>>,
  ): Promise<void> {
    const { settings } = run;
    const base = await baseOf(this.modules.models, manager, baseVersionId);
    const now = new Date();
    const deadline = new Date(now.getTime() + settings.collectMs).toISOString();
    const id = randomUUID();
    const plan: RoundPlan = {
      run: run.id,
      round: id,
      number,
      task: base.task,
      population: settings.population,
      base: { version: baseVersionId, digest: base.digest },
      ...(number === 1 && settings.histogram
        ? histogramPlan({ name: base.model }, settings.histogram, settings.training)
        : trainingPlan(base, settings)),
      weightStep: settings.weightStep,
      deadline,
    };
    const invited = Object.keys(members).sort();
    await this.rounds.insert(manager, {
      id,
      runId: run.id,
      number,
      state: openRound({ deadline, quorum: settings.quorum, invited, workTimeout: settings.workMs }),
      plan,
      planDigest: planDigest(plan),
      members,
      baseVersionId,
      openedAt: now,
    });
  }

  private async perform(manager: EntityManager, within: Within, round: Round, effect: RoundEffect): Promise<void> {
    if (effect.kind === 'publish') await this.modules.models.activateShared(manager, round.plan.task, effect.version);
    if (effect.kind !== 'commit-charge' && effect.kind !== 'release-charge') return; // work is found by the state itself
    const { institutionId } = round.members[effect.node];
    await within(institutionId, async () => {
      const part = await this.contributions.ofNode(manager, round.id, effect.node);
      if (!part) throw new TypeError(`Node ${effect.node} takes part in round ${round.id} without a contribution.`);
      if (effect.kind === 'release-charge')
        await this.modules.budgets.release(manager, institutionId, part.reservation, 'round-closed');
      else {
        const digest = effect.reason === 'accepted' ? (part.digest ?? undefined) : undefined;
        await this.modules.budgets.commit(manager, institutionId, part.reservation, effect.reason, digest);
      }
    });
  }

  /** After a round: the next one on the best version so far, or the end of the run. */
  private async goOn(manager: EntityManager, within: Within, round: Round): Promise<void> {
    const run = await this.rounds.run(manager, round.runId, true);
    if (run?.status !== 'running') return;
    if (round.number >= run.settings.rounds) return this.rounds.endRun(manager, run.id, 'completed');
    const base = round.state.status === 'published' ? round.state.version : round.baseVersionId;
    const members = await this.notRevoked(manager, within, round.members);
    if (Object.keys(members).length < run.settings.quorum) return this.rounds.endRun(manager, run.id, 'stopped');
    await this.open(manager, run, round.number + 1, base, members);
  }

  /** Who was revoked is not waited for. */
  private async notRevoked(
    manager: EntityManager,
    within: Within,
    members: Round['members'],
  ): Promise<Round['members']> {
    const left: Record<string, Member> = {};
    for (const [node, member] of Object.entries(members)) {
      const found = await within(member.institutionId, () => this.nodes.byId(manager, member.institutionId, node));
      if (found && !found.revokedAt) left[node] = member;
    }
    return left;
  }
}

function trainingPlan({ model, contract, parameters }: BaseModel, settings: RunSettings) {
  const { strategy, training, normBound = honestNorm(training, strategy, parameters) } = settings;
  const mechanisms = chargeOf({ strategy, training });
  return { strategy, model: { name: model, contract: contract as never, parameters }, training, mechanisms, normBound };
}

function inOrder(effects: readonly RoundEffect[], round: Round): RoundEffect[] {
  const place = (effect: RoundEffect) => ('node' in effect ? round.members[effect.node].institutionId : '~');
  return [...effects].sort((a, b) => (place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : 0));
}
