import { epsilon } from '../../federated/privacy/accountant/epsilon.js';
import { combineEqual } from '../../federated/privacy/mechanism.js';
import { Refusal } from '../../federated/protocol/refusal.js';
import { createInstitution, useTestDatabase } from '../support/database.js';
import { enrol, POPULATION, passDeadline, startRunOf } from '../support/federation.js';
import {
  auditedLedger,
  createPrivateFederation,
  DELTA,
  fates,
  keptRefusals,
  latestRound,
  type PrivateFederation,
  roundsOf,
  setCaps,
  UNTIL,
  workUntilIdle,
} from '../support/private-federation.js';
import { operator } from '../support/viewers.js';

const db = useTestDatabase();
let federation: PrivateFederation;
let good = true;
beforeAll(() => {
  let measured = 0;
  federation = createPrivateFederation(db.database, async () => (measured++ % 2 === 0 || good ? 0.7 : 0.1));
});
afterAll(() => federation.close());
beforeEach(() => {
  good = true;
});

async function setUp(count: number, settings = {}, cap = 100) {
  const members = await enrol(db.database, federation, count);
  await setCaps(federation, members, cap);
  const { run } = await startRunOf(federation, members, settings);
  const { round, parts } = await latestRound(federation, run, members);
  const size = round.plan.model.parameters;
  const filled = (value: number) => new Float32Array(size).fill(value);
  return { members, run, round, parts, filled };
}

const ledgerOf = (institutionId: string) => auditedLedger(federation.ledger, institutionId);

test('each charge is reserved at the join and settled once, by what its node disclosed', async () => {
  const { members, round, parts, filled } = await setUp(5);
  const [accepted, refused, declared, joined] = parts;
  const receipt = await accepted.contribute(filled(1));
  expect(await refused.contribute(filled(Number.NaN))).toMatchObject({ code: 'NOT_FINITE' });
  await declared.begin(filled(1));
  await joined.join();
  const before = await Promise.all(members.map(async ({ institutionId }) => fates(await ledgerOf(institutionId))));
  expect(before).toEqual([['accepted'], ['uploaded'], ['reserved'], ['reserved'], []]);

  await passDeadline(db.database, round.id);
  await workUntilIdle(federation);
  const ledgers = await Promise.all(members.map(({ institutionId }) => ledgerOf(institutionId)));
  expect(ledgers.map(fates)).toEqual([['accepted'], ['uploaded'], ['deadline'], ['round-closed'], []]);
  const [, reserve, commit] = ledgers[0].records;
  const { run, id, plan } = { ...round, run: round.runId };
  const { mechanisms } = plan;
  expect(reserve).toMatchObject({ kind: 'reserve', mechanisms, run, round: id, node: members[0].node });
  expect(commit).toMatchObject({ kind: 'commit', digest: (receipt as { digest: string }).digest });
  // A digest stands for an update that was accepted, and for no other.
  expect(ledgers.flatMap(({ records }) => records).filter((record) => 'digest' in record)).toEqual([commit]);
  const charged = ledgers.map(({ budget }) => budget.spent.pld > 0);
  expect(charged).toEqual([true, true, true, false, false]);
});

test('after N rounds ε is that of N times the mechanisms, by both accountants, whether or not a round was published', async () => {
  const { members, run, filled } = await setUp(1, { rounds: 3 });
  for (const published of [true, false, true]) {
    good = published;
    const { parts } = await latestRound(federation, run, members);
    await parts[0].contribute(filled(1));
    await workUntilIdle(federation);
  }
  const rounds = await roundsOf(federation, run);
  expect(rounds.map(({ state }) => state.status)).toEqual(['published', 'rejected', 'published']);
  const { budget } = await ledgerOf(members[0].institutionId);
  const all = combineEqual(rounds.flatMap(({ plan }) => plan.mechanisms));
  expect(budget.spent.pld).toBeCloseTo(epsilon(all, DELTA, 'pld'), 9);
  expect(budget.spent.rdp).toBeCloseTo(epsilon(all, DELTA, 'rdp'), 9);
  expect([...budget.charges.values()].map(({ status }) => status)).toEqual(Array(3).fill('committed'));
});

describe('a join that the budget does not allow is refused, kept as evidence, and charges nothing', () => {
  const population = POPULATION;

  test('without a cap; with one, the same statement is welcome', async () => {
    const [alone] = await enrol(db.database, federation, 1);
    const { run } = await startRunOf(federation, [alone]);
    const { round, parts } = await latestRound(federation, run, [alone]);
    const refusal = await parts[0].tryJoin();
    expect(refusal).toMatchObject({ name: 'Refusal', code: 'BUDGET_EXHAUSTED' });
    expect((refusal as Refusal).message).toMatch(/No budget is set/);
    const { statement, signature } = await parts[0].signedJoin();
    expect(await keptRefusals(db.database, alone.institutionId)).toEqual([
      { code: 'BUDGET_EXHAUSTED', round: round.id, statement, signature },
    ]);
    expect((await roundsOf(federation, run))[0].state.participants).toEqual({});
    await setCaps(federation, [alone]);
    expect(await parts[0].tryJoin()).toMatchObject({ nonce: expect.any(String) });
  });

  test('when the cap is spent: the round goes on without that bank', async () => {
    const { members, run, round, filled, parts } = await setUp(2, { rounds: 2 });
    const [{ institutionId }] = members;
    const once = epsilon(round.plan.mechanisms, DELTA);
    const cap = { institutionId, population, epsilon: 1.1 * once, delta: DELTA, until: UNTIL };
    await federation.budgets.setCap(operator(), cap);
    for (const part of parts) await part.contribute(filled(1));
    await workUntilIdle(federation);
    const second = await latestRound(federation, run, members);
    expect(await second.parts[0].tryJoin()).toMatchObject({ code: 'BUDGET_EXHAUSTED' });
    await second.parts[1].contribute(filled(1));
    await passDeadline(db.database, second.round.id);
    await workUntilIdle(federation);
    expect((await roundsOf(federation, run)).map(({ state }) => state.status)).toEqual(['published', 'published']);
    const { records, budget } = await ledgerOf(institutionId);
    expect(fates({ records })).toEqual(['accepted']);
    expect(budget.spent.pld).toBeCloseTo(once, 9);
  });

  test('after the period has ended; in the next one charges of the last are settled, and count no more', async () => {
    const members = await enrol(db.database, federation, 1);
    const [{ institutionId }] = members;
    const hour = 3_600_000;
    const at = (hours: number) => new Date(Date.now() + hours * hour);
    const cap = (from: Date, until: Date) =>
      federation.budgets.setCap(operator(), { institutionId, population, epsilon: 100, delta: DELTA, until }, from);
    await cap(at(-2), at(-1));
    const { run } = await startRunOf(federation, members);
    const { round, parts } = await latestRound(federation, run, members);
    const refusal = await parts[0].tryJoin();
    expect(refusal).toMatchObject({ code: 'BUDGET_EXHAUSTED' });
    expect((refusal as Refusal).message).toMatch(/period ended/);

    await cap(at(0), at(1));
    await parts[0].begin(new Float32Array(round.plan.model.parameters));
    await cap(at(1), at(2));
    await passDeadline(db.database, round.id);
    await workUntilIdle(federation);
    const { records, budget } = await ledgerOf(institutionId);
    expect(fates({ records })).toEqual(['deadline']);
    expect(budget.spent).toMatchObject({ pld: 0, rdp: 0 });
    expect([...budget.charges.values()]).toEqual([]);
    expect([...budget.earlier.values()].map(({ status }) => status)).toEqual(['committed']);
  });
});

test('a run that is stopped settles its open charges, and no other comes after', async () => {
  const { members, run, round, parts, filled } = await setUp(4, { rounds: 5 });
  await parts[0].join();
  const { nonce, contributionId } = await parts[1].upload(filled(1));
  await parts[2].contribute(filled(1));
  await federation.runs.stop(operator(), run);
  expect(await parts[1].tryCommit({ nonce, contributionId }, filled(1))).toMatchObject({ code: 'ROUND_CLOSED' });
  expect(await parts[3].tryJoin()).toMatchObject({ code: 'ROUND_CLOSED' });
  await workUntilIdle(federation);
  const settled = await Promise.all(members.map(async ({ institutionId }) => fates(await ledgerOf(institutionId))));
  expect(settled).toEqual([['round-closed'], ['deadline'], ['accepted'], []]);
  expect((await roundsOf(federation, run)).map(({ id, state }) => [id, state.status])).toEqual([[round.id, 'failed']]);
});

test('the same join, sent many times at once, reserves once and is answered the same each time', async () => {
  const { members, parts } = await setUp(1);
  const answers = await Promise.all(Array.from({ length: 8 }, () => parts[0].tryJoin()));
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(answers[0]).not.toBeInstanceOf(Refusal);
  expect(fates(await ledgerOf(members[0].institutionId))).toEqual(['reserved']);
});

test('two nodes of one institution charge one budget, and it refuses the second where it has room for one', async () => {
  const members = await enrol(db.database, federation, 2, await createInstitution(db.database));
  const { run } = await startRunOf(federation, members);
  const { round, parts } = await latestRound(federation, run, members);
  await setCaps(federation, members, 1.1 * epsilon(round.plan.mechanisms, DELTA));
  const answers = await Promise.all(parts.map((part) => part.tryJoin()));
  expect(answers.filter((answer) => answer instanceof Refusal)).toHaveLength(1);
  expect(fates(await ledgerOf(members[0].institutionId))).toEqual(['reserved']);
});
