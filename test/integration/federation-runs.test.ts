import type { ServerOptimiser } from '../../federated/aggregation/server-optimiser.js';
import { epsilon } from '../../federated/privacy/accountant/epsilon.js';
import { useTestDatabase } from '../support/database.js';
import { enrol, passDeadline, startRunOf } from '../support/federation.js';
import { parametersOf as readParameters } from '../support/parameters.js';
import {
  createPrivateFederation,
  DELTA,
  latestRound,
  type PrivateFederation,
  roundsOf,
  setCaps,
  workUntilIdle,
} from '../support/private-federation.js';
import { operator } from '../support/viewers.js';

const db = useTestDatabase();
let federation: PrivateFederation;
/** What the next rounds' versions are measured as, by turns before and after. */
let qualities: number[] = [];
beforeAll(() => {
  federation = createPrivateFederation(db.database, async () => qualities.shift() ?? 0.7);
});
afterAll(() => federation.close());
beforeEach(() => {
  qualities = [];
});
const GOOD = [0.7, 0.8];
const BAD = [0.8, 0.7];

async function setUp(count: number, settings = {}) {
  const members = await enrol(db.database, federation, count);
  await setCaps(federation, members);
  const { run, base } = await startRunOf(federation, members, settings);
  return { members, run, base };
}

interface Contributed {
  readonly update: Float32Array;
  readonly weight: number;
}

/** Has the first nodes contribute to the latest round, and ends it; the others stay away. */
async function playRound(run: string, members: Awaited<ReturnType<typeof enrol>>, contributions: Contributed[]) {
  const { round, parts } = await latestRound(federation, run, members);
  for (const [i, { update, weight }] of contributions.entries()) {
    const receipt = await parts[i].contribute(update, { weight });
    expect(receipt).toMatchObject({ weight });
  }
  if (contributions.length < members.length) await passDeadline(db.database, round.id);
  await workUntilIdle(federation);
  return (await roundsOf(federation, run)).find(({ id }) => id === round.id)!;
}

const parametersOf = (version: string) => readParameters(federation.models, version);

/** An update of its own for each node and round, of the size that the model has. */
const updateOf = (seed: number, size: number) =>
  Float32Array.from({ length: size }, (_, i) => Math.sin(7 * seed + 3 * i) / (1 + (seed % 4)));

/** Σ weight · update ÷ Σ weight, in double precision. */
function meanOf(contributions: readonly Contributed[]): number[] {
  const total = contributions.reduce((sum, { weight }) => sum + weight, 0);
  return [...contributions[0].update].map(
    (_, i) => contributions.reduce((sum, { update, weight }) => sum + weight * update[i], 0) / total,
  );
}

/** Algorithm 2 of Reddi et al. 2021, and momentum, value by value in double precision. */
function reference(optimiser: ServerOptimiser, from: readonly number[], means: readonly number[][]): number[] {
  return from.map((start, i) => {
    let x = start;
    let m = 0;
    let v = optimiser.kind === 'momentum' ? 0 : optimiser.adaptivity ** 2;
    for (const mean of means) {
      const d = mean[i];
      if (optimiser.kind === 'momentum') {
        m = optimiser.momentum * m + d;
        x += optimiser.learningRate * m;
        continue;
      }
      const { beta1, beta2, adaptivity, learningRate } = optimiser;
      m = beta1 * m + (1 - beta1) * d;
      if (optimiser.kind === 'fedadam') v = beta2 * v + (1 - beta2) * d * d;
      if (optimiser.kind === 'fedyogi') v = v - (1 - beta2) * d * d * Math.sign(v - d * d);
      if (optimiser.kind === 'fedadagrad') v = v + d * d;
      x += (learningRate * m) / (Math.sqrt(v) + adaptivity);
    }
    return x;
  });
}

const adaptive = { learningRate: 0.1, beta1: 0.9, beta2: 0.6, adaptivity: 0.05 };

test.each<ServerOptimiser>([
  { kind: 'momentum', learningRate: 0.5, momentum: 0.9 },
  { kind: 'fedadam', ...adaptive },
  { kind: 'fedyogi', ...adaptive },
  { kind: 'fedadagrad', ...adaptive },
])('$kind remembers from published round to published round; a rejected one moves neither memory nor base', async (optimiser) => {
  const { members, run, base } = await setUp(2, { rounds: 4, optimiser });
  const start = await parametersOf(base);
  qualities = [GOOD, BAD, GOOD, GOOD].flat();
  const means: number[][] = [];
  const published = [base];
  for (let number = 1; number <= 4; number++) {
    const contributions = members.map((_, node) => ({
      update: updateOf(10 * number + node, start.length),
      weight: 100 * (1 + ((node + number) % 4)),
    }));
    const round = await playRound(run, members, contributions);
    expect(round).toMatchObject({ number, baseVersionId: published.at(-1) });
    expect(round.state.status).toBe(number === 2 ? 'rejected' : 'published');
    expect(await federation.models.active(operator(), 'risk')).toMatchObject({
      id: number === 2 ? published.at(-1) : round.versionId,
    });
    if (number === 2) continue;
    published.push(round.versionId!);
    means.push(meanOf(contributions));
    const expected = reference(optimiser, [...start], means);
    const actual = await parametersOf(round.versionId!);
    for (const [i, value] of expected.entries()) expect(Math.abs(actual[i] - value)).toBeLessThan(1e-5);
  }
  expect((await federation.runs.list(operator())).find(({ id }) => id === run)).toMatchObject({
    status: 'completed',
    endedAt: expect.any(Date),
  });
  expect(await roundsOf(federation, run)).toHaveLength(4);
});

test('a version is the weighted mean of what was accepted, and its lineage says from whom, at what ε and how good', async () => {
  const { members, run, base } = await setUp(3, { rounds: 2 });
  const { round } = await latestRound(federation, run, members);
  const start = await parametersOf(base);
  const one = [300, 100, 400].map((weight, seed) => ({ update: updateOf(seed, start.length), weight }));
  const two = [200, 300].map((weight, seed) => ({ update: updateOf(40 + seed, start.length), weight }));
  qualities = [0.7, 0.75, 0.75, 0.8];
  const first = await playRound(run, members, one);
  const second = await playRound(run, members, two);
  const [of1, of2] = [meanOf(one), meanOf(two)];
  const [after1, after2] = [await parametersOf(first.versionId!), await parametersOf(second.versionId!)];
  for (let i = 0; i < start.length; i++) {
    expect(after1[i]).toBeCloseTo(start[i] + of1[i], 6);
    expect(after2[i]).toBeCloseTo(start[i] + of1[i] + of2[i], 6);
  }

  const lineage = await federation.runs.lineage(operator(), second.versionId!);
  expect(lineage.map(({ round: { id, versionId, baseVersionId } }) => [id, versionId, baseVersionId])).toEqual([
    [second.id, second.versionId, first.versionId],
    [first.id, first.versionId, base],
  ]);
  expect(lineage.map((step) => step.round.metrics)).toEqual([
    { before: 0.75, after: 0.8 },
    { before: 0.7, after: 0.75 },
  ]);
  const codes = members.map(({ node }) => round.members[node].code);
  const charged = epsilon(round.plan.mechanisms, DELTA);
  const parts = (weights: number[]) =>
    weights.map((weight, i) => ({ node: members[i].node, institution: codes[i], weight, epsilon: charged }));
  expect(lineage[0].contributions).toHaveLength(2);
  expect(lineage[0].contributions).toEqual(expect.arrayContaining(parts([200, 300])));
  expect(lineage[1].contributions).toEqual(expect.arrayContaining(parts([300, 100, 400])));
  const version = await federation.models.one(operator(), second.versionId!);
  expect(version.training).toMatchObject({ federated: true, run, round: second.id, number: 2 });
  expect(version.training.institutions).toEqual([...codes.slice(0, 2)].sort());
});

test('a quorum is enough: whoever stays away is not waited for beyond the deadline, and may come back', async () => {
  const { members, run } = await setUp(3, { rounds: 3, quorum: 2 });
  const size = (await latestRound(federation, run, members)).round.plan.model.parameters;
  const from = (...values: number[]) =>
    values.map((value) => ({ update: new Float32Array(size).fill(value), weight: 100 }));
  const before = await latestRound(federation, run, members);
  await before.parts[0].contribute(from(1)[0].update);
  await before.parts[1].contribute(from(1)[0].update);
  await workUntilIdle(federation);
  expect((await roundsOf(federation, run))[0].state.status).toBe('collecting');
  await passDeadline(db.database, before.round.id);
  await workUntilIdle(federation);
  await playRound(run, members, from(2));
  await playRound(run, members, from(3, 3, 3));
  const rounds = await roundsOf(federation, run);
  expect(rounds.map(({ state }) => state.status)).toEqual(['published', 'failed', 'published']);
  // The one update of the round without a quorum is not in the model.
  const last = await parametersOf(rounds[2].versionId!);
  for (const value of last) expect(value).toBeCloseTo(1 + 3, 6);
  expect(Object.keys(rounds[2].state.participants)).toHaveLength(3);
});

test('an update that makes parameters absurd ends its round as failed, not the run', async () => {
  const { members, run, base } = await setUp(1, { rounds: 2, normBound: 1e9 });
  const size = (await latestRound(federation, run, members)).round.plan.model.parameters;
  const from = (value: number) => [{ update: new Float32Array(size).fill(value), weight: 100 }];
  const failed = await playRound(run, members, from(1e7));
  expect(failed.state).toMatchObject({ status: 'failed', reason: expect.stringMatching(/diverged/) });
  expect(await playRound(run, members, from(1))).toMatchObject({ baseVersionId: base, state: { status: 'published' } });
  expect((await federation.runs.list(operator())).find(({ id }) => id === run)?.status).toBe('completed');
});

test('a node that was revoked is not invited any more; where too few are left, the run ends', async () => {
  const { members, run } = await setUp(3, { rounds: 4, quorum: 2 });
  qualities = [...GOOD, ...GOOD];
  const contribution = (size: number) => ({ update: updateOf(1, size), weight: 100 });
  const size = (await latestRound(federation, run, members)).round.plan.model.parameters;
  await federation.nodes.revoke(operator(), members[2].node);
  await playRound(run, members, [contribution(size), contribution(size)]);
  const [second] = (await roundsOf(federation, run)).filter(({ number }) => number === 2);
  expect(Object.keys(second.members).sort()).toEqual([members[0].node, members[1].node].sort());
  await federation.nodes.revoke(operator(), members[1].node);
  await passDeadline(db.database, second.id);
  await workUntilIdle(federation);
  expect(await federation.runs.one(operator(), run)).toMatchObject({ status: 'stopped' });
  expect(await roundsOf(federation, run)).toHaveLength(2);
});
