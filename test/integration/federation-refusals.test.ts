import { generateNodeKey } from '../../federated/protocol/keys.js';
import { Refusal, type RefusalCode } from '../../federated/protocol/refusal.js';
import { createInstitution, useTestDatabase } from '../support/database.js';
import { enrol, type Member, passDeadline, startRunOf } from '../support/federation.js';
import {
  auditedLedger,
  createPrivateFederation,
  fates,
  keptRefusals,
  latestRound,
  type PrivateFederation,
  roundsOf,
  setCaps,
  workUntilIdle,
} from '../support/private-federation.js';
import { fileOf, RoundPart } from '../support/round-part.js';
import { operator } from '../support/viewers.js';

const db = useTestDatabase();
let federation: PrivateFederation;
beforeAll(() => {
  federation = createPrivateFederation(db.database, async () => 0.7);
});
afterAll(() => federation.close());

/** Two nodes of one institution, and one of another, in a run of two rounds. */
async function setUp() {
  const institutionId = await createInstitution(db.database);
  const members = await enrol(db.database, federation, 2, institutionId);
  members.push(...(await enrol(db.database, federation, 1)));
  await setCaps(federation, members);
  const { run } = await startRunOf(federation, members, { rounds: 2 });
  const { round, parts } = await latestRound(federation, run, members);
  const [node, sister, stranger] = parts;
  const filled = (value: number) => new Float32Array(round.plan.model.parameters).fill(value);
  const good = filled(1);
  /** The same members in the second round, after the first has ended. */
  const nextRound = async () => {
    await end(run);
    return (await latestRound(federation, run, members)).parts;
  };
  return { institutionId, members, run, round, node, sister, stranger, filled, good, nextRound };
}
type Setup = Awaited<ReturnType<typeof setUp>>;

/** The deadline of the run's latest round comes. */
async function end(run: string): Promise<void> {
  await passDeadline(db.database, (await roundsOf(federation, run)).at(-1)!.id);
  await workUntilIdle(federation);
}

const as = ({ round }: Setup, member: Member) => new RoundPart(federation.rounds, round, member);
const revoke = (node: string) => federation.nodes.revoke(operator(), node);
async function rotate({ node, ...rest }: Member): Promise<Member> {
  const key = generateNodeKey();
  await federation.nodes.rotate(operator(), node, key.publicKey);
  return { ...rest, node, key };
}

/** Answers of the service to an attack on the first institution; the last one is the refusal. */
type Attack = (setup: Setup) => Promise<{ part: RoundPart; answer: unknown }>;
const by = async (part: RoundPart, answer: Promise<unknown>) => ({ part, answer: await answer });

describe.each<[kind: string, attacks: readonly [what: string, code: RefusalCode, settled: string[], attack: Attack][]]>(
  [
    [
      'a join',
      [
        [
          'under a key that nobody enrolled',
          'UNKNOWN_KEY',
          [],
          async ({ node }) => by(node, node.tryJoin({}, generateNodeKey())),
        ],
        [
          "of another institution's node",
          'UNKNOWN_KEY',
          [],
          async (s) => {
            const stolen = as(s, { ...s.stranger.member, institutionId: s.institutionId });
            return by(stolen, stolen.tryJoin());
          },
        ],
        [
          'in the name of a sister node',
          'WRONG_ROUND',
          [],
          async ({ node, sister }) => by(node, node.tryJoin({ node: sister.member.node })),
        ],
        [
          'under a key that was rotated out',
          'REVOKED_KEY',
          [],
          async ({ node }) => {
            await rotate(node.member);
            return by(node, node.tryJoin());
          },
        ],
        [
          'of a revoked node',
          'REVOKED_KEY',
          [],
          async ({ node }) => {
            await revoke(node.member.node);
            return by(node, node.tryJoin());
          },
        ],
        [
          'of a node that was not invited',
          'WRONG_ROUND',
          [],
          async (s) => {
            const key = generateNodeKey();
            const { publicKey } = key;
            const { institutionId } = s;
            const { id } = await federation.nodes.enrol(operator(), {
              institution: institutionId,
              name: 'late',
              publicKey,
            });
            const uninvited = as(s, { institutionId, node: id, key });
            return by(uninvited, uninvited.tryJoin());
          },
        ],
        ['of another plan', 'WRONG_ROUND', [], async ({ node }) => by(node, node.tryJoin({ plan: 'a'.repeat(64) }))],
        ['of another run', 'WRONG_ROUND', [], async ({ node, round }) => by(node, node.tryJoin({ run: round.id }))],
        [
          'with a field changed after it was signed',
          'BAD_SIGNATURE',
          [],
          async ({ node }) => {
            const { signature } = await node.signedJoin();
            const { statement } = await node.signedJoin({ at: new Date(0).toISOString() });
            return by(node, node.sendJoin({ statement, signature }));
          },
        ],
        ['with a field too many', 'BAD_STATEMENT', [], async ({ node }) => by(node, node.tryJoin({ weight: 1 }))],
        [
          'that is no JSON, with a NUL byte',
          'BAD_STATEMENT',
          [],
          async ({ node }) => by(node, node.sendJoin({ ...(await node.signedJoin()), statement: '{\0' })),
        ],
        [
          'a second time, by another statement',
          'REPLAYED',
          ['round-closed'],
          async ({ node }) => {
            await node.join();
            return by(node, node.tryJoin({ at: new Date(0).toISOString() }));
          },
        ],
        [
          'replayed in the next round',
          'REPLAYED',
          ['accepted'],
          async ({ node, good, nextRound }) => {
            await node.contribute(good);
            const [next] = await nextRound();
            return by(next, next.sendJoin(node.sent[0]));
          },
        ],
        [
          'after the deadline',
          'ROUND_CLOSED',
          [],
          async ({ node, round }) => {
            await passDeadline(db.database, round.id);
            return by(node, node.tryJoin());
          },
        ],
      ],
    ],
    [
      'a declaration',
      [
        ['without a join', 'NOT_JOINED', [], async ({ node, good }) => by(node, node.tryBegin('A'.repeat(43), good))],
        [
          'with the nonce of a sister node',
          'NOT_JOINED',
          ['round-closed', 'round-closed'],
          async ({ node, sister, good }) => {
            const { nonce } = await sister.join();
            await node.join();
            return by(node, node.tryBegin(nonce, good));
          },
        ],
        [
          'for a sister node',
          'WRONG_ROUND',
          ['round-closed'],
          async ({ node, sister, good }) => {
            const { nonce } = await sister.join();
            return by(sister, sister.tryBegin(nonce, good, {}, node.member.key));
          },
        ],
        [
          'replayed in the next round',
          'WRONG_ROUND',
          ['accepted', 'round-closed'],
          async ({ node, good, nextRound }) => {
            await node.contribute(good);
            const [next] = await nextRound();
            await next.join();
            return by(next, next.sendBegin(node.sent[1]));
          },
        ],
        [
          'of a node that was revoked since its join',
          'REVOKED_KEY',
          ['round-closed'],
          async ({ node, good }) => {
            const { nonce } = await node.join();
            await revoke(node.member.node);
            return by(node, node.tryBegin(nonce, good));
          },
        ],
        [
          'of other bytes than before',
          'EQUIVOCATION',
          ['deadline'],
          async ({ node, good, filled }) => {
            const { nonce } = await node.begin(good);
            return by(node, node.tryBegin(nonce, filled(2)));
          },
        ],
        [
          'of more bytes than an update has',
          'WRONG_SHAPE',
          ['round-closed'],
          async ({ node, good }) => by(node, node.tryBegin((await node.join()).nonce, good, { bytes: 1e9 })),
        ],
        [
          'after the deadline',
          'ROUND_CLOSED',
          ['round-closed'],
          async ({ node, good, round }) => {
            const { nonce } = await node.join();
            await passDeadline(db.database, round.id);
            return by(node, node.tryBegin(nonce, good));
          },
        ],
      ],
    ],
    [
      'a contribution whose bytes are there, but',
      [
        [
          'signed with the nonce of a sister node',
          'NOT_JOINED',
          ['round-closed', 'deadline'],
          async ({ node, sister, good }) => {
            const { nonce } = await sister.join();
            const { contributionId } = await node.upload(good);
            return by(node, node.tryCommit({ nonce, contributionId }, good));
          },
        ],
        [
          'signed by a sister node for itself',
          'WRONG_ROUND',
          ['deadline', 'round-closed'],
          async ({ node, sister, good }) => {
            const { contributionId } = await node.upload(good);
            const { nonce } = await sister.join();
            return by(sister, sister.tryCommit({ nonce, contributionId }, good));
          },
        ],
        [
          'under a key that nobody enrolled',
          'UNKNOWN_KEY',
          ['deadline'],
          async ({ node, good }) => by(node, node.tryCommit(await node.upload(good), good, {}, generateNodeKey())),
        ],
        [
          "under another institution's key",
          'UNKNOWN_KEY',
          ['deadline'],
          async ({ node, stranger, good }) =>
            by(node, node.tryCommit(await node.upload(good), good, {}, stranger.member.key)),
        ],
        [
          'of a node that was revoked since its join',
          'REVOKED_KEY',
          ['deadline'],
          async ({ node, good }) => {
            const upload = await node.upload(good);
            await revoke(node.member.node);
            return by(node, node.tryCommit(upload, good));
          },
        ],
        [
          'signed in another round',
          'REPLAYED',
          ['accepted', 'deadline'],
          async ({ node, good, nextRound }) => {
            await node.contribute(good);
            const [next] = await nextRound();
            const { contributionId } = await next.upload(good);
            return by(next, next.sendCommit(contributionId, node.sent.at(-1)!));
          },
        ],
        [
          'signed after the deadline',
          'ROUND_CLOSED',
          ['deadline'],
          async ({ node, good, round }) => {
            const upload = await node.upload(good);
            await passDeadline(db.database, round.id);
            return by(node, node.tryCommit(upload, good));
          },
        ],
        [
          'after another was accepted',
          'EQUIVOCATION',
          ['accepted'],
          async ({ node, good }) => {
            const upload = await node.upload(good);
            await node.tryCommit(upload, good);
            return by(node, node.tryCommit(upload, good, { weight: 1000 }));
          },
        ],
        [
          'after another was refused',
          'EQUIVOCATION',
          ['uploaded'],
          async ({ node, good }) => {
            const upload = await node.upload(good);
            expect(await node.tryCommit(upload, good, { weight: 1 })).toMatchObject({ code: 'BAD_STATEMENT' });
            return by(node, node.tryCommit(upload, good));
          },
        ],
      ],
    ],
    [
      'content that was seen: the charge stands at once, for a contribution',
      [
        [
          'with NaN',
          'NOT_FINITE',
          ['uploaded'],
          async ({ node, filled }) => by(node, node.contribute(filled(Number.NaN))),
        ],
        [
          'with infinity',
          'NOT_FINITE',
          ['uploaded'],
          async ({ node, filled }) => by(node, node.contribute(filled(-Infinity))),
        ],
        [
          'of 10 times the norm',
          'NORM_EXCEEDED',
          ['uploaded'],
          async ({ node, good, round }) => {
            const ten = (10 * round.plan.normBound) / Math.sqrt(good.length);
            return by(node, node.contribute(good.map(() => ten)));
          },
        ],
        [
          'of too few values',
          'WRONG_SHAPE',
          ['uploaded'],
          async ({ node }) => by(node, node.contribute(new Float32Array(1))),
        ],
        [
          'whose file is cut off',
          'WRONG_SHAPE',
          ['uploaded'],
          async ({ node, good }) => by(node, node.contributeFile(fileOf(good).subarray(0, -1))),
        ],
        [
          'whose file goes on after its end',
          'WRONG_SHAPE',
          ['uploaded'],
          async ({ node, good }) => by(node, node.contributeFile(Buffer.concat([fileOf(good), Buffer.alloc(4)]))),
        ],
        [
          'that is no safetensors file',
          'WRONG_SHAPE',
          ['uploaded'],
          async ({ node }) => by(node, node.contributeFile(Buffer.alloc(64, 0xff))),
        ],
        [
          'under a cheaper mechanism',
          'MECHANISM_MISMATCH',
          ['uploaded'],
          async ({ node, good, round }) => {
            const mechanisms = round.plan.mechanisms.map((mechanism) => ({ ...mechanism, steps: 1 }));
            return by(node, node.contribute(good, { mechanisms }));
          },
        ],
        [
          'whose weight is between two steps',
          'BAD_STATEMENT',
          ['uploaded'],
          async ({ node, good }) => by(node, node.contribute(good, { weight: 150 })),
        ],
        [
          'that weighs more than its population can',
          'BAD_STATEMENT',
          ['uploaded'],
          async ({ node, good }) => by(node, node.contribute(good, { weight: 1e6 })),
        ],
        [
          'signed for another digest than it declared',
          'EQUIVOCATION',
          ['uploaded'],
          async ({ node, good }) => by(node, node.contribute(good, { digest: 'a'.repeat(64) })),
        ],
        [
          'whose bytes are not those of the digest',
          'DIGEST_MISMATCH',
          ['uploaded'],
          async ({ node, good, filled }) => {
            const upload = await node.begin(good);
            await node.put(upload.contributionId, fileOf(filled(2)));
            return by(node, node.tryCommit(upload, good));
          },
        ],
      ],
    ],
  ],
)('%s', (_, attacks) => {
  test.each(attacks)('%s is %s', async (_what, code, settled, attack) => {
    const setup = await setUp();
    const { part, answer } = await attack(setup);
    expect(answer).toBeInstanceOf(Refusal);
    expect(answer).toMatchObject({ code });
    const kept = await keptRefusals(db.database, setup.institutionId);
    const { statement, signature } = JSON.parse(JSON.stringify(part.sent.at(-1)!).replaceAll('{\\u0000', '{\uFFFD'));
    expect(kept.at(-1)).toEqual({ code, round: part.round.id, statement, signature });
    await end(setup.run);
    expect(fates(await auditedLedger(federation.ledger, setup.institutionId))).toEqual(settled);
    expect(await keptRefusals(db.database, setup.institutionId)).toEqual(kept);
  });
});

test('a key that is rotated in the middle of a round: the old one is refused, the new one goes on', async () => {
  const { node, good, institutionId, ...setup } = await setUp();
  const upload = await node.upload(good);
  const { key } = await rotate(node.member);
  expect(await node.tryCommit(upload, good)).toMatchObject({ code: 'REVOKED_KEY' });
  expect(await node.tryCommit(upload, good, {}, key)).toMatchObject({ weight: 100 });
  await end(setup.run);
  expect(fates(await auditedLedger(federation.ledger, institutionId))).toEqual(['accepted']);
  // What was signed while the old key was valid stands.
  expect((await roundsOf(federation, setup.run))[0].state.status).toBe('published');
});

test("another institution's contribution does not exist for a node, whatever it signs", async () => {
  const { node, stranger, good, members } = await setUp();
  const upload = await node.upload(good);
  await expect(stranger.tryCommit(upload, good)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(stranger.put(upload.contributionId, fileOf(good))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(fates(await auditedLedger(federation.ledger, members[2].institutionId))).toEqual([]);
  expect(await node.tryCommit(upload, good)).toMatchObject({ weight: 100 });
});

test('a node that signs two contributions at once has one accepted, and that one counts everywhere', async () => {
  const { node, good, run, institutionId } = await setUp();
  const upload = await node.upload(good);
  const weights = [100, 200, 300, 400];
  const answers = await Promise.all(weights.map((weight) => node.tryCommit(upload, good, { weight })));
  const receipts = answers.filter((answer) => !(answer instanceof Refusal));
  expect(receipts).toHaveLength(1);
  for (const answer of answers) if (answer instanceof Refusal) expect(answer.code).toBe('EQUIVOCATION');
  const [{ state }] = await roundsOf(federation, run);
  const [row] = await db.database.tenant(institutionId, (manager) =>
    manager.query('select weight, statement, signature from concord.contributions'),
  );
  const { weight } = receipts[0] as { weight: number };
  expect(state.participants[node.member.node]).toMatchObject({ status: 'accepted', weight });
  expect(row).toMatchObject({ weight, statement: { weight } });
  expect(await keptRefusals(db.database, institutionId)).toHaveLength(3);
});

test('a contribution of which bytes are missing is not decided: the upload can go on', async () => {
  const { node, good, institutionId, run } = await setUp();
  const file = fileOf(good);
  const upload = await node.begin(good);
  await node.put(upload.contributionId, file.subarray(0, 20));
  await expect(node.tryCommit(upload, good)).rejects.toMatchObject({ code: 'CONFLICT' });
  await node.put(upload.contributionId, file, 20);
  expect(await node.tryCommit(upload, good)).toMatchObject({ weight: 100 });
  await end(run);
  expect(fates(await auditedLedger(federation.ledger, institutionId))).toEqual(['accepted']);
  expect(await keptRefusals(db.database, institutionId)).toEqual([]);
});
