import fc from 'fast-check';
import {
  isOver,
  openRound,
  type RoundEffect,
  RoundError,
  type RoundEvent,
  type RoundState,
  transition,
} from './round.js';

const DEADLINE = '2026-01-01T00:10:00.000Z';
const LATER = '2026-01-01T00:10:00.001Z';
const MUCH_LATER = '2026-01-02T00:00:00.000Z';
const open = (quorum = 2) => openRound({ deadline: DEADLINE, quorum, invited: ['a', 'b', 'c'], workTimeout: 60_000 });

const joined = (node: string): RoundEvent => ({ kind: 'joined', node });
const begun = (node: string): RoundEvent => ({ kind: 'upload-begun', node, contribution: `of ${node}` });
const accepted = (node: string): RoundEvent => ({ kind: 'accepted', node, contribution: `of ${node}`, weight: 100 });
const refused = (node: string): RoundEvent => ({ kind: 'refused', node, refusal: 'NORM_EXCEEDED' });
const time = (at: string): RoundEvent => ({ kind: 'time', at });
const aggregated: RoundEvent = { kind: 'aggregated', version: 'v2', at: LATER };

function play(state: RoundState, ...events: RoundEvent[]): { state: RoundState; effects: RoundEffect[] } {
  const effects: RoundEffect[] = [];
  let current = state;
  for (const event of events) {
    const next = transition(current, event);
    current = next.state;
    effects.push(...next.effects);
  }
  return { state: current, effects };
}

const codeOf = (work: () => unknown): string | undefined => {
  try {
    work();
  } catch (error) {
    if (error instanceof RoundError) return error.code;
    throw error;
  }
  return undefined;
};

test('when all have been accepted the round goes on at once, and ends published', () => {
  const all = ['a', 'b', 'c'].flatMap((node) => [joined(node), begun(node), accepted(node)]);
  const closed = play(open(), ...all);
  expect(closed.state.status).toBe('aggregating');
  expect(closed.effects).toEqual([
    ...['a', 'b', 'c'].map((node) => ({ kind: 'commit-charge', node, reason: 'accepted' })),
    { kind: 'aggregate' },
  ]);
  const evaluating = play(closed.state, aggregated);
  expect(evaluating.effects).toEqual([{ kind: 'evaluate', version: 'v2' }]);
  const published = play(evaluating.state, { kind: 'evaluated', good: true, serves: true, reason: '' });
  expect(published).toMatchObject({ state: { status: 'published' }, effects: [{ kind: 'publish', version: 'v2' }] });
});

test('at the deadline a quorum is enough; who never uploaded gets its charge back, who began does not', () => {
  const events = [joined('a'), accepted('a'), joined('b'), begun('b'), joined('c'), time(LATER)];
  const { state, effects } = play(open(1), ...events);
  expect(state.status).toBe('aggregating');
  expect(state.participants).toMatchObject({ b: { status: 'late' }, c: { status: 'late' } });
  expect(effects).toEqual([
    { kind: 'commit-charge', node: 'a', reason: 'accepted' },
    { kind: 'commit-charge', node: 'b', reason: 'deadline' },
    { kind: 'release-charge', node: 'c' },
    { kind: 'aggregate' },
  ]);
});

test('at the deadline without a quorum the round fails, and nothing is aggregated', () => {
  const { state, effects } = play(open(), joined('a'), accepted('a'), joined('b'), time(LATER));
  expect(state).toMatchObject({ status: 'failed', reason: expect.stringContaining('1 of at least 2') });
  expect(effects).toEqual([
    { kind: 'commit-charge', node: 'a', reason: 'accepted' },
    { kind: 'release-charge', node: 'b' },
  ]);
});

test('before the deadline time changes nothing', () => {
  expect(play(open(), joined('a'), time('2026-01-01T00:09:59.999Z')).state.status).toBe('collecting');
});

test('a worse model is not published', () => {
  const closed = play(open(1), joined('a'), accepted('a'), time(LATER), aggregated);
  const { state, effects } = play(closed.state, { kind: 'evaluated', good: false, serves: false, reason: 'AUC fell' });
  expect(state).toMatchObject({ status: 'rejected', version: 'v2', reason: 'AUC fell' });
  expect(effects).toEqual([]);
});

test.each([
  ['aggregating', [joined('a'), accepted('a'), time(LATER)]],
  ['evaluating', [joined('a'), accepted('a'), time(LATER), aggregated]],
])('%s fails at a deadline of its own', (status, events) => {
  const { state } = play(open(1), ...events);
  expect(state.status).toBe(status);
  expect(play(state, time(MUCH_LATER)).state.status).toBe('failed');
});

test('a refused contribution is charged all the same, once, and is the last of its node', () => {
  const { state, effects } = play(open(), joined('a'), begun('a'), refused('a'), refused('a'));
  expect(effects).toEqual([{ kind: 'commit-charge', node: 'a', reason: 'uploaded' }]);
  expect(codeOf(() => transition(state, begun('a')))).toBe('ALREADY_REFUSED');
});

test('when all have answered and too few were accepted the round fails at once', () => {
  const { state } = play(open(), joined('a'), accepted('a'), joined('b'), refused('b'), joined('c'), refused('c'));
  expect(state).toMatchObject({ status: 'failed', reason: expect.stringContaining('1 of at least 2') });
});

test.each([
  ['NOT_INVITED', open(), joined('x')],
  ['NOT_JOINED', open(), accepted('a')],
  ['ALREADY_ACCEPTED', play(open(), joined('a'), accepted('a')).state, { ...accepted('a'), contribution: 'other' }],
  ['ROUND_CLOSED', play(open(1), joined('a'), accepted('a'), time(LATER)).state, joined('b')],
  ['ROUND_CLOSED', play(open(), { kind: 'stopped' }).state, joined('a')],
  ['UNEXPECTED', open(), aggregated],
] as [string, RoundState, RoundEvent][])('%s', (code, state, event) => {
  expect(codeOf(() => transition(state, event))).toBe(code);
});

test('the same event again changes nothing: jobs and clients may repeat themselves', () => {
  const state = play(open(), joined('a'), accepted('a')).state;
  for (const event of [joined('a'), accepted('a')]) expect(transition(state, event)).toEqual({ state, effects: [] });
  const evaluating = play(open(1), joined('a'), accepted('a'), time(LATER), aggregated).state;
  expect(transition(evaluating, aggregated)).toEqual({ state: evaluating, effects: [] });
});

test('whatever happens: every round ends by time alone, and every join is settled exactly once', () => {
  const node = fc.constantFrom('a', 'b', 'c');
  const event: fc.Arbitrary<RoundEvent> = fc.oneof(
    ...[joined, begun, accepted, refused].map((make) => node.map(make)),
    fc.constantFrom(DEADLINE, LATER).map(time),
    fc.constant(aggregated),
    fc.boolean().map((good): RoundEvent => ({ kind: 'evaluated', good, serves: good, reason: '' })),
    fc.constant<RoundEvent>({ kind: 'work-failed', reason: 'x' }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      let state: RoundState = open();
      const effects: RoundEffect[] = [];
      for (const next of [...events, time(MUCH_LATER), time('2026-02-01T00:00:00.000Z')]) {
        try {
          const result = transition(state, next);
          state = result.state;
          effects.push(...result.effects);
        } catch (error) {
          if (!(error instanceof RoundError)) throw error;
        }
        // What is stored is JSON.
        expect(JSON.parse(JSON.stringify(state))).toEqual(state);
      }
      expect(isOver(state)).toBe(true);
      for (const participant of Object.keys(state.participants)) {
        const settlements = effects.filter((effect) => 'node' in effect && effect.node === participant);
        expect(settlements).toHaveLength(1);
      }
      expect(effects.filter(({ kind }) => kind === 'publish').length).toBeLessThanOrEqual(1);
    }),
    { numRuns: 500 },
  );
});
