import { generateNodeKey, type NodeKey } from '../../federated/protocol/keys.js';
import { Refusal } from '../../federated/protocol/refusal.js';
import { updateFileChunks } from '../../federated/protocol/update-file.js';
import type { Joined, UploadState } from '../../src/federation/rounds.service.js';
import { useTestDatabase } from '../support/database.js';
import {
  beginOf,
  bodyOf,
  contributionOf,
  createFederation,
  joinOf,
  type Member,
  nodeViewer,
  recordingBudgets,
  signed,
  startRun,
} from '../support/federation.js';
import { operator } from '../support/viewers.js';

const db = useTestDatabase();
const failOn = (error: unknown) => {
  throw error;
};

async function setUp(count = 2, settings = {}, quality = [0.7, 0.8]) {
  const { budgets, calls } = recordingBudgets();
  let measured = 0;
  const federation = createFederation(db.database, budgets, async () => quality[measured++ % quality.length]);
  const started = await startRun(db.database, federation, count, settings);
  const round = (await federation.rounds.open(nodeViewer(started.members[0].institutionId), started.members[0].node))!;
  return { ...federation, ...started, calls, round };
}
type Setup = Awaited<ReturnType<typeof setUp>>;

async function joined({ rounds, round }: Setup, { institutionId, node, key }: Member): Promise<Joined> {
  const answer = await rounds.join(nodeViewer(institutionId), round.id, await signed(joinOf(round.plan, node), key));
  if (answer instanceof Refusal) throw answer;
  return answer;
}

async function uploaded(
  { rounds, round }: Setup,
  { institutionId, node, key }: Member,
  nonce: string,
  update: Float32Array,
  over: object = {},
) {
  const viewer = nodeViewer(institutionId);
  const begun = await rounds.begin(viewer, round.id, await signed(beginOf(round.plan, node, nonce, update, over), key));
  const { contributionId } = begun as UploadState;
  await rounds.receive(viewer, contributionId, 0, bodyOf(update));
  return contributionId;
}

async function contributed(setup: Setup, member: Member, update: Float32Array, over: object = {}) {
  const { nonce } = await joined(setup, member);
  const id = await uploaded(setup, member, nonce, update);
  const statement = contributionOf(setup.round.plan, member.node, nonce, update, over);
  return setup.rounds.commit(nodeViewer(member.institutionId), id, await signed(statement, member.key));
}

const size = (setup: Setup) => setup.round.plan.model.parameters;
const filled = (setup: Setup, value: number) => new Float32Array(size(setup)).fill(value);

test('two nodes join, upload and commit; the mean is the next version, published after evaluation', async () => {
  const setup = await setUp();
  expect(await contributed(setup, setup.members[0], filled(setup, 1))).toMatchObject({ weight: 100 });
  expect(await contributed(setup, setup.members[1], filled(setup, 2), { weight: 300 })).toMatchObject({ weight: 300 });
  await setup.work.runDue(failOn);
  await setup.work.runDue(failOn);
  const [round] = await setup.runs.roundsOf(operator(), setup.run);
  expect(round.state.status).toBe('published');
  expect(await setup.models.active(operator(), 'risk')).toMatchObject({ id: round.versionId });
  expect((await setup.runs.list(operator())).find(({ id }) => id === setup.run)?.status).toBe('completed');
  const [made, ...older] = await setup.runs.lineage(operator(), round.versionId!);
  expect(older).toEqual([]);
  expect(made.contributions.map(({ weight }) => weight).sort()).toEqual([100, 300]);
  expect(setup.calls).toEqual(['reserve', 'commit accepted', 'reserve', 'commit accepted']);
});

test('a version that is worse than allowed is rejected, and the base goes on serving', async () => {
  const setup = await setUp(1, {}, [0.8, 0.7]);
  await contributed(setup, setup.members[0], filled(setup, 1));
  await setup.work.runDue(failOn);
  await setup.work.runDue(failOn);
  expect((await setup.runs.roundsOf(operator(), setup.run))[0].state.status).toBe('rejected');
  expect(await setup.models.active(operator(), 'risk')).toMatchObject({ id: setup.base });
});

test('at the deadline without a quorum the round fails: who began to upload is charged, who did not is not', async () => {
  const setup = await setUp(2, { collectMs: 2000 });
  await joined(setup, setup.members[0]);
  const { nonce } = await joined(setup, setup.members[1]);
  await uploaded(setup, setup.members[1], nonce, filled(setup, 1));
  await new Promise((resolve) =>
    setTimeout(resolve, Math.max(0, Date.parse(setup.round.plan.deadline) - Date.now()) + 50),
  );
  await setup.work.runDue(failOn);
  expect((await setup.runs.roundsOf(operator(), setup.run))[0].state.status).toBe('failed');
  expect([...setup.calls].sort()).toEqual(['commit deadline', 'release', 'reserve', 'reserve']);
});

test.each<[string, (setup: Setup) => Promise<unknown>]>([
  ['NOT_FINITE', async (s) => contributed(s, s.members[0], filled(s, Number.NaN))],
  ['NORM_EXCEEDED', async (s) => contributed(s, s.members[0], filled(s, 100))],
  ['WRONG_SHAPE', async (s) => contributed(s, s.members[0], new Float32Array(1))],
  ['MECHANISM_MISMATCH', async (s) => contributed(s, s.members[0], filled(s, 1), { mechanisms: [] })],
  ['BAD_STATEMENT', async (s) => contributed(s, s.members[0], filled(s, 1), { weight: 150 })],
  ['EQUIVOCATION', async (s) => contributed(s, s.members[0], filled(s, 1), { digest: 'a'.repeat(64) })],
  ['NOT_JOINED', async (s) => contributed(s, s.members[0], filled(s, 1), { nonce: 'A'.repeat(43) })],
  ['WRONG_ROUND', async (s) => contributed(s, s.members[0], filled(s, 1), { round: s.run })],
  ['UNKNOWN_KEY', async (s) => answerTo(s, { ...s.members[0], key: generateNodeKey() })],
  ['UNKNOWN_KEY', async (s) => answerTo(s, { ...s.members[0], institutionId: s.members[1].institutionId })],
  ['REVOKED_KEY', async (s) => s.nodes.revoke(operator(), s.members[0].node).then(() => answerTo(s, s.members[0]))],
  [
    'BAD_SIGNATURE',
    async (s) => {
      const { statement } = await signed(joinOf(s.round.plan, s.members[0].node), s.members[0].key);
      const { signature } = await signed(joinOf(s.round.plan, s.members[1].node), s.members[0].key);
      return s.rounds.join(nodeViewer(s.members[0].institutionId), s.round.id, { statement, signature });
    },
  ],
  ['ROUND_CLOSED', async (s) => s.runs.stop(operator(), s.run).then(() => answerTo(s, s.members[0]))],
  ['UNKNOWN_KEY', async (s) => begun(s, s.members[1].key, {})],
  ['NOT_JOINED', async (s) => begun(s, s.members[0].key, { nonce: 'A'.repeat(43) })],
  ['WRONG_SHAPE', async (s) => begun(s, s.members[0].key, { bytes: 1e9 })],
  ['EQUIVOCATION', async (s) => begun(s, s.members[0].key, {}, { digest: 'b'.repeat(64) })],
  [
    'DIGEST_MISMATCH',
    async (s) => {
      const update = filled(s, 1);
      const { nonce } = await joined(s, s.members[0]);
      const id = await uploaded(s, s.members[0], nonce, update, { digest: 'b'.repeat(64) });
      const statement = contributionOf(s.round.plan, s.members[0].node, nonce, update, { digest: 'b'.repeat(64) });
      return s.rounds.commit(nodeViewer(s.members[0].institutionId), id, await signed(statement, s.members[0].key));
    },
  ],
])('%s is refused, and kept as evidence', async (code, attempt) => {
  const setup = await setUp();
  expect(await attempt(setup)).toMatchObject({ name: 'Refusal', code });
  const kept = await Promise.all(
    setup.members.map(({ institutionId }) =>
      db.database.tenant(institutionId, (manager) => manager.query('select code from concord.refusals')),
    ),
  );
  expect(kept.flat()).toContainEqual({ code });
});

const answerTo = async ({ rounds, round }: Setup, { institutionId, node, key }: Member) =>
  rounds.join(nodeViewer(institutionId), round.id, await signed(joinOf(round.plan, node), key));

/** The first node's upload, declared as often as there are variants of the statement. @returns the last answer */
async function begun(setup: Setup, key: NodeKey, ...variants: object[]) {
  const [{ institutionId, node }] = setup.members;
  const { nonce } = await joined(setup, setup.members[0]);
  let answer: UploadState | Refusal | undefined;
  for (const over of variants) {
    const statement = beginOf(setup.round.plan, node, nonce, filled(setup, 1), over);
    answer = await setup.rounds.begin(nodeViewer(institutionId), setup.round.id, await signed(statement, key));
  }
  return answer;
}

test('the same again gets the same answer; an upload goes on where it stood', async () => {
  const setup = await setUp(1, { quorum: 1 });
  const [{ institutionId, node, key }] = setup.members;
  const viewer = nodeViewer(institutionId);
  const join = await signed(joinOf(setup.round.plan, node), key);
  const first = (await setup.rounds.join(viewer, setup.round.id, join)) as Joined;
  expect(await setup.rounds.join(viewer, setup.round.id, join)).toEqual(first);
  const update = filled(setup, 1);
  const whole = Buffer.concat([...updateFileChunks(update)]);
  const begin = await signed(beginOf(setup.round.plan, node, first.nonce, update), key);
  const begun = await setup.rounds.begin(viewer, setup.round.id, begin);
  const { contributionId } = begun as UploadState;
  const part = async function* (from: number, to?: number) {
    yield whole.subarray(from, to);
  };
  expect(await setup.rounds.receive(viewer, contributionId, 0, part(0, 10))).toMatchObject({ offset: 10 });
  await expect(setup.rounds.receive(viewer, contributionId, 20, part(20))).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(await setup.rounds.receive(viewer, contributionId, 0, part(0))).toMatchObject({ offset: whole.length });
  const commit = await signed(contributionOf(setup.round.plan, node, first.nonce, update), key);
  const receipt = await setup.rounds.commit(viewer, contributionId, commit);
  expect(await setup.rounds.commit(viewer, contributionId, commit)).toEqual(receipt);
});
