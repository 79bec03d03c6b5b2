/**
 * A round as a pure state machine. Whoever runs it stores the state and the effects' outcome in one transaction, so that after a crash at
 * any point the same event leads on; every state that waits has a deadline, so that no round waits for ever.
 *
 *   collecting ─ everyone answered, or the deadline with a quorum ─▶ aggregating ─▶ evaluating ─▶ published
 *        │                                                               │              └──────▶ rejected
 *        └─ the deadline without a quorum, or stopped ─▶ failed ◀────────┴─ its own deadline, or an error
 */
export type RoundState = Collecting | Aggregating | Evaluating | Published | Rejected | Failed;

interface StateOf<Status extends string> {
  readonly status: Status;
  readonly participants: Readonly<Record<string, Participant>>;
}

interface Waiting {
  /** ISO 8601, UTC. */
  readonly deadline: string;
}

export interface Collecting extends StateOf<'collecting'>, Waiting {
  /** Accepted contributions without which the round fails at its deadline. */
  readonly quorum: number;
  /** Nodes that may take part: when all of them have answered, the round need not wait for its deadline. */
  readonly invited: readonly string[];
  /** How long aggregation and evaluation may take, in milliseconds. */
  readonly workTimeout: number;
}
export interface Aggregating extends StateOf<'aggregating'>, Waiting {
  readonly workTimeout: number;
}
export interface Evaluating extends StateOf<'evaluating'>, Waiting {
  /** The version that was made, not yet active. */
  readonly version: string;
}
export interface Published extends StateOf<'published'> {
  readonly version: string;
  /** Why it is only the base of the next round, and serves nobody; absent where it serves. */
  readonly reason?: string;
}
export interface Rejected extends StateOf<'rejected'> {
  readonly version: string;
  readonly reason: string;
}
export interface Failed extends StateOf<'failed'> {
  readonly reason: string;
}

/** What is known of a node's part. */
export interface Participant {
  readonly status: 'joined' | 'uploading' | 'accepted' | 'refused' | 'late';
  readonly contribution?: string;
  readonly weight?: number;
  /** Why its contribution was refused. */
  readonly refusal?: string;
}

export type RoundEvent =
  | { readonly kind: 'joined'; readonly node: string }
  | { readonly kind: 'upload-begun'; readonly node: string; readonly contribution: string }
  | { readonly kind: 'accepted'; readonly node: string; readonly contribution: string; readonly weight: number }
  | { readonly kind: 'refused'; readonly node: string; readonly refusal: string }
  | { readonly kind: 'time'; readonly at: string }
  | { readonly kind: 'aggregated'; readonly version: string; readonly at: string }
  | {
      readonly kind: 'evaluated';
      /** No worse than the base, as far as the run tolerates. */
      readonly good: boolean;
      /** No worse than what serves. */
      readonly serves: boolean;
      readonly reason: string;
    }
  | { readonly kind: 'work-failed'; readonly reason: string }
  | { readonly kind: 'stopped' };

/** What must happen together with a transition. Charges are settled for good; work is begun as a job. */
export type RoundEffect =
  | { readonly kind: 'commit-charge'; readonly node: string; readonly reason: 'accepted' | 'uploaded' | 'deadline' }
  | { readonly kind: 'release-charge'; readonly node: string }
  | { readonly kind: 'aggregate' }
  | { readonly kind: 'evaluate'; readonly version: string }
  | { readonly kind: 'publish'; readonly version: string };

export interface Transition<State extends RoundState = RoundState> {
  readonly state: State;
  readonly effects: readonly RoundEffect[];
}

/** An event that the state does not allow: the code says why, in the protocol's words. */
export class RoundError extends Error {
  readonly code: 'ROUND_CLOSED' | 'NOT_INVITED' | 'NOT_JOINED' | 'ALREADY_ACCEPTED' | 'ALREADY_REFUSED' | 'UNEXPECTED';

  constructor(code: RoundError['code'], message: string) {
    super(message);
    this.name = 'RoundError';
    this.code = code;
  }
}

export interface Opening {
  readonly deadline: string;
  readonly quorum: number;
  readonly invited: readonly string[];
  readonly workTimeout: number;
}

export function openRound({ deadline, quorum, invited, workTimeout }: Opening): Collecting {
  if (!(quorum >= 1 && quorum <= invited.length)) throw new RangeError('A quorum is from 1 to the number of nodes.');
  return { status: 'collecting', deadline, quorum, invited: [...invited], workTimeout, participants: {} };
}

export const isOver = ({ status }: RoundState): boolean =>
  status === 'published' || status === 'rejected' || status === 'failed';

/** @throws {RoundError} where the event cannot happen in this state */
export function transition(state: RoundState, event: RoundEvent): Transition {
  if (event.kind === 'time') return atTime(state, event.at);
  if (event.kind === 'stopped') return isOver(state) ? unchanged(state) : failed(state, 'The run was stopped.');
  switch (state.status) {
    case 'collecting':
      return collecting(state, event);
    case 'aggregating':
      return aggregating(state, event);
    case 'evaluating':
      return evaluating(state, event);
    default:
      throw new RoundError('ROUND_CLOSED', `The round is ${state.status}.`);
  }
}

const unchanged = (state: RoundState): Transition => ({ state, effects: [] });

function collecting(state: Collecting, event: RoundEvent): Transition {
  if (!('node' in event)) throw unexpected(state, event);
  const { node } = event;
  if (!state.invited.includes(node)) throw new RoundError('NOT_INVITED', 'The round was opened for other nodes.');
  const known = state.participants[node];
  if (event.kind === 'joined') return known ? unchanged(state) : unchanged(withPart(state, node, { status: 'joined' }));
  if (!known) throw new RoundError('NOT_JOINED', 'The node has not joined the round.');
  if (known.status === 'accepted') {
    // The same again is answered the same; anything else comes too late to change what was accepted.
    if (event.kind === 'accepted' && event.contribution === known.contribution) return unchanged(state);
    throw new RoundError('ALREADY_ACCEPTED', 'A contribution of the node was accepted already.');
  }
  if (known.status === 'refused') {
    if (event.kind === 'refused') return unchanged(state);
    // Another update would disclose more than was charged.
    throw new RoundError('ALREADY_REFUSED', `The node's contribution was refused (${known.refusal}).`);
  }
  switch (event.kind) {
    case 'upload-begun':
      return unchanged(withPart(state, node, { status: 'uploading', contribution: event.contribution }));
    case 'accepted': {
      const { contribution, weight } = event;
      const next = withPart(state, node, { status: 'accepted', contribution, weight });
      return ifComplete(next, { kind: 'commit-charge', node, reason: 'accepted' });
    }
    case 'refused': {
      // What was refused was seen all the same.
      const next = withPart(state, node, { ...known, status: 'refused', refusal: event.refusal });
      return ifComplete(next, { kind: 'commit-charge', node, reason: 'uploaded' });
    }
    default:
      throw unexpected(state, event);
  }
}

const withPart = (state: Collecting, node: string, part: Participant): Collecting => ({
  ...state,
  participants: { ...state.participants, [node]: part },
});

const countOf = (state: RoundState, ...statuses: Participant['status'][]): number =>
  Object.values(state.participants).filter(({ status }) => statuses.includes(status)).length;

/** All that were invited have answered: there is nothing to wait for. */
function ifComplete(state: Collecting, effect: RoundEffect): Transition {
  if (countOf(state, 'accepted', 'refused') < state.invited.length) return { state, effects: [effect] };
  // Nobody measures time here: the work's deadline is set from the latest moment at which it can begin.
  const next = ended(state, state.deadline);
  return { state: next.state, effects: [effect, ...next.effects] };
}

/** Collecting is over: with a quorum the work begins, without one the round has failed. */
function ended(state: Collecting, at: string): Transition {
  const accepted = countOf(state, 'accepted');
  return accepted >= state.quorum
    ? closed(state, at)
    : failed(state, `${accepted} of at least ${state.quorum} contributions were accepted.`);
}

function closed(state: Collecting, from: string): Transition<Aggregating> {
  const { participants, settlements } = settled(state);
  const deadline = new Date(Date.parse(from) + state.workTimeout).toISOString();
  return {
    state: { status: 'aggregating', deadline, workTimeout: state.workTimeout, participants },
    effects: [...settlements, { kind: 'aggregate' }],
  };
}

/** Who joined and never began to upload gets its charge back; who began has disclosed something. */
function settled(state: RoundState): { participants: Record<string, Participant>; settlements: RoundEffect[] } {
  const participants: Record<string, Participant> = {};
  const settlements: RoundEffect[] = [];
  for (const [node, part] of Object.entries(state.participants)) {
    const open = part.status === 'joined' || part.status === 'uploading';
    participants[node] = open ? { ...part, status: 'late' } : part;
    if (part.status === 'joined') settlements.push({ kind: 'release-charge', node });
    if (part.status === 'uploading') settlements.push({ kind: 'commit-charge', node, reason: 'deadline' });
  }
  return { participants, settlements };
}

function failed(state: RoundState, reason: string): Transition<Failed> {
  const { participants, settlements } = settled(state);
  return { state: { status: 'failed', reason, participants }, effects: settlements };
}

function aggregating(state: Aggregating, event: RoundEvent): Transition {
  if (event.kind === 'work-failed') return failed(state, event.reason);
  if (event.kind !== 'aggregated') throw unexpected(state, event);
  const { participants, workTimeout } = state;
  const { version } = event;
  const deadline = new Date(Date.parse(event.at) + workTimeout).toISOString();
  return {
    state: { status: 'evaluating', version, deadline, participants },
    effects: [{ kind: 'evaluate', version }],
  };
}

function evaluating(state: Evaluating, event: RoundEvent): Transition {
  const { participants, version } = state;
  // The same job again, after a crash: the version that counts is the one that stands here.
  if (event.kind === 'aggregated' && event.version === version) return unchanged(state);
  if (event.kind === 'work-failed') return failed(state, event.reason);
  if (event.kind !== 'evaluated') throw unexpected(state, event);
  if (!event.good) return { state: { status: 'rejected', version, reason: event.reason, participants }, effects: [] };
  if (!event.serves)
    return { state: { status: 'published', version, reason: event.reason, participants }, effects: [] };
  return { state: { status: 'published', version, participants }, effects: [{ kind: 'publish', version }] };
}

function atTime(state: RoundState, at: string): Transition {
  if (!('deadline' in state) || at < state.deadline) return unchanged(state);
  if (state.status !== 'collecting') return failed(state, `It did not end by ${state.deadline} (${state.status}).`);
  return ended(state, at);
}

function unexpected(state: RoundState, event: RoundEvent): RoundError {
  const closed = state.status !== 'collecting' && 'node' in event;
  return closed
    ? new RoundError('ROUND_CLOSED', `The round is ${state.status}.`)
    : new RoundError('UNEXPECTED', `${event.kind} cannot happen while ${state.status}.`);
}
