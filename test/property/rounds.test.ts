import fc from 'fast-check';
import { Refusal } from '../../federated/protocol/refusal.js';
import { entities } from '../../src/app/entities.js';
import { createDatabase } from '../../src/database/data-source.js';
import type { Database } from '../../src/database/database.js';
import { ConcordError } from '../../src/errors.js';
import { baseOf } from '../../src/federation/base-model.js';
import { createInstitution, useTestDatabase } from '../support/database.js';
import { enrol, type Member, passDeadline, startRunOf, TRAINING } from '../support/federation.js';
import { testLedgerKey } from '../support/ledger-key.js';
import {
  auditedLedger,
  createPrivateFederation,
  type PrivateFederation,
  roundsOf,
  setCaps,
} from '../support/private-federation.js';
import { fileOf, RoundPart } from '../support/round-part.js';
import { operator } from '../support/viewers.js';

const db = useTestDatabase();
const NODES = 4;
const ROUNDS = 4;
/** For more rounds than there are, for some, and for none. */
const CAPS = [100, 4, 1] as const;
const training = { ...TRAINING, samplingRate: 1, noiseMultiplier: 4 };

/** Two coordinators, each with connections and a memory of its own. */
let replicas: PrivateFederation[];
const databases: Database[] = [];
beforeAll(async () => {
  const key = testLedgerKey();
  databases.push(db.database, await createDatabase({ url: db.appUrl, entities, poolSize: 5 }));
  replicas = databases.map((database) => createPrivateFederation(database, async () => 0.7, key));
});
afterAll(async () => {
  await Promise.all(replicas.map((replica) => replica.close()));
  await databases[1].close();
});

const ACTS = ['contributes', 'signs twice', 'sends NaN', 'sends half', 'declares', 'joins', 'stays away'] as const;
type Act = (typeof ACTS)[number];
interface Plan {
  /** Of each node in each round, and after how many milliseconds. */
  readonly acts: readonly { readonly act: Act; readonly after: number }[];
  /** Of each round, in milliseconds after its opening. */
  readonly deadlines: readonly number[];
  readonly quorum: number;
  /** When the operator stops the run, if ever. */
  readonly stopAfter: number | null;
}
const plan: fc.Arbitrary<Plan> = fc.record({
  acts: fc.array(fc.record({ act: fc.constantFrom('contributes', ...ACTS), after: fc.nat(60) }), {
    minLength: NODES * ROUNDS,
    maxLength: NODES * ROUNDS,
  }),
  deadlines: fc.array(fc.integer({ min: 50, max: 400 }), { minLength: ROUNDS, maxLength: ROUNDS }),
  quorum: fc.integer({ min: 1, max: 2 }),
  stopAfter: fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(2000) }),
});
const caps = fc.array(fc.constantFrom(100, ...CAPS), { minLength: NODES - 1, maxLength: NODES - 1 });
const plans = fc.noBias(fc.tuple(plan, plan, caps));

const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What a node may be told in a race: that it came too late, that its twin was first, or to look again. Nothing else may happen. */
async function raced<T>(answer: Promise<T | Refusal>): Promise<T | undefined> {
  try {
    const value = await answer;
    return value instanceof Refusal ? undefined : value;
  } catch (error) {
    if (error instanceof ConcordError && error.code === 'CONFLICT') return undefined;
    throw error;
  }
}

/** Every message is sent twice at once, through both coordinators: networks do that. */
async function play(twins: readonly RoundPart[], act: Act): Promise<void> {
  const both = async <T>(send: (part: RoundPart) => Promise<T | Refusal>) =>
    (await Promise.all(twins.map((part) => raced(send(part))))).find((answer) => answer !== undefined);
  const [{ round }] = twins;
  const update = new Float32Array(round.plan.model.parameters).fill(act === 'sends NaN' ? Number.NaN : 1);
  if (act === 'stays away') return;
  const joined = await both((part) => part.tryJoin());
  if (!joined || act === 'joins') return;
  const begun = await both((part) => part.tryBegin(joined.nonce, update));
  if (!begun || act === 'declares') return;
  const file = fileOf(update);
  const { contributionId } = begun;
  await both((part) => part.put(contributionId, act === 'sends half' ? file.subarray(0, file.length / 2) : file));
  if (act === 'sends half') return;
  const upload = { nonce: joined.nonce, contributionId };
  await Promise.all(
    twins.map((part, i) =>
      raced(part.tryCommit(upload, update, { weight: act === 'signs twice' ? 100 * (i + 1) : 100 })),
    ),
  );
}

/** Plays a run to its end, while both coordinators pass over what is due. */
async function playRun(run: string, members: readonly Member[], { acts, deadlines, stopAfter }: Plan): Promise<void> {
  const stop = stopAfter === null ? undefined : after(stopAfter).then(() => replicas[1].runs.stop(operator(), run));
  for (;;) {
    const round = (await roundsOf(replicas[0], run)).at(-1)!;
    if (!('deadline' in round.state)) break;
    const at = new Date().toISOString();
    await Promise.all([
      ...members.map(async (member, i) => {
        const { act, after: ms } = acts[(round.number - 1) * members.length + i];
        await after(ms);
        const twins = replicas.map(({ rounds }) => new RoundPart(rounds, round, member, at));
        await play(twins, act);
      }),
      after(deadlines[round.number - 1]).then(() => passDeadline(db.database, round.id)),
    ]);
    await workOver(run, round.id);
  }
  await stop;
}

/** Passes of both coordinators at once, until the round is over. One that the other stood in the way of comes again. */
async function workOver(run: string, id: string): Promise<void> {
  for (;;) {
    const round = (await roundsOf(replicas[0], run)).find((each) => each.id === id)!;
    if (!('deadline' in round.state)) return;
    await Promise.all(
      replicas.map(({ work }) =>
        work.runDue((error) => {
          if (!(error instanceof ConcordError && error.code === 'CONFLICT')) throw error;
        }),
      ),
    );
  }
}

interface Row {
  readonly round: string;
  readonly node: string;
  readonly reservation: string;
  readonly digest: string | null;
  readonly weight: number | null;
}

/** Ledgers, contributions, rounds and versions tell one story. */
async function check(runs: readonly string[], members: readonly Member[], limits: readonly number[]): Promise<void> {
  const rounds = (await Promise.all(runs.map((run) => roundsOf(replicas[0], run)))).flat();
  const byId = new Map(rounds.map((round) => [round.id, round]));
  const institutions = [...new Set(members.map(({ institutionId }) => institutionId))];
  let parts = 0;
  for (const [i, institutionId] of institutions.entries()) {
    const { records, spent } = await auditedLedger(replicas[0].ledger, institutionId);
    for (const pld of spent) expect(pld).toBeLessThanOrEqual(limits[i]);
    const rows: Row[] = await db.database.tenant(institutionId, (manager) =>
      manager.query(
        'select round_id as round, node_id as node, reservation, digest, weight from concord.contributions order by id',
      ),
    );
    parts += rows.length;
    const reserved = records.flatMap((record) => (record.kind === 'reserve' ? [record.reservation] : []));
    expect(reserved.sort()).toEqual(rows.map(({ reservation }) => reservation).sort());
    for (const { round, node, reservation, digest, weight } of rows) {
      const settlements = records.filter(
        (record) => (record.kind === 'commit' || record.kind === 'release') && record.reservation === reservation,
      );
      const part = byId.get(round)!.state.participants[node];
      const reason = { accepted: 'accepted', refused: 'uploaded', late: digest ? 'deadline' : 'round-closed' };
      expect(settlements).toEqual([expect.objectContaining({ reason: reason[part.status as keyof typeof reason] })]);
      if (part.status === 'accepted') {
        expect(settlements[0]).toMatchObject({ digest });
        expect(part.weight).toBe(weight);
      }
    }
  }
  expect(rounds.reduce((sum, { state }) => sum + Object.keys(state.participants).length, 0)).toBe(parts);
  for (const run of runs) {
    const { status } = (await replicas[0].runs.list(operator())).find(({ id }) => id === run)!;
    const own = rounds.filter(({ runId }) => runId === run);
    expect(status).toBe(own.length === ROUNDS && own.at(-1)!.state.status !== 'failed' ? 'completed' : status);
    expect(['completed', 'stopped']).toContain(status);
    let base = own[0].baseVersionId;
    for (const round of own) {
      expect(round.baseVersionId).toBe(base);
      expect(['published', 'failed']).toContain(round.state.status);
      if (round.state.status !== 'published') continue;
      base = round.versionId!;
      await db.database.consortium((manager) => baseOf(replicas[0].models, manager, base));
    }
  }
  const versions: { round: string }[] = await db.database.consortium((manager) =>
    manager.query(
      `select training ->> 'round' as round from concord.model_versions where training ->> 'run' = any($1::text[])`,
      [runs],
    ),
  );
  const made = rounds.filter(({ versionId }) => versionId !== null).map(({ id }) => id);
  expect(versions.map(({ round }) => round).sort()).toEqual(made.sort());
}

test('whatever nodes, deadlines, operators and two coordinators do at once, no charge is lost, doubled or above its cap, and every round ends', async () => {
  await fc.assert(
    fc.asyncProperty(plans, async ([one, other, limits]) => {
      const members = await enrol(db.database, replicas[0], 2, await createInstitution(db.database));
      members.push(...(await enrol(db.database, replicas[0], NODES - 2)));
      const institutions = [members[0], members[2], members[3]];
      for (const [i, member] of institutions.entries()) await setCaps(replicas[0], [member], limits[i]);
      const runs: string[] = [];
      for (const { quorum } of [one, other]) {
        const { run } = await startRunOf(replicas[0], members, { rounds: ROUNDS, quorum, training });
        runs.push(run);
      }
      await Promise.all([one, other].map((each, i) => playRun(runs[i], members, each)));
      await check(runs, members, limits);
    }),
    { numRuns: 5, endOnFailure: true },
  );
}, 120_000);
