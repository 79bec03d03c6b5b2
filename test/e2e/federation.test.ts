import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bank, FederationProcesses } from '../support/federation-processes.js';
import { temporaryFolder } from '../support/server-process.js';

/** Processes of their own, on a machine that may be busy. */
jest.setTimeout(240_000);

const folder = temporaryFolder();
const federation = new FederationProcesses(folder);
let banks: Bank[];
let reference: string;

beforeAll(async () => {
  await federation.start();
  banks = await Promise.all(['north', 'south', 'west'].map((code) => federation.addBank(code)));
  reference = await federation.addReference('reference');
});
afterAll(async () => {
  await federation.close();
  rmSync(folder, { recursive: true, force: true });
});

const charged = ['RESERVE', 'COMMIT'];
// biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
const over = ({ status }: any) => status !== 'RUNNING';

test('three banks in three processes count, then train one model, which serves with its lineage; every charge verifies', async () => {
  const histogram = { noiseMultiplier: 8, bins: 6 };
  const run = await federation.startRun(banks, reference, { rounds: 3, histogram });
  for (const bank of banks) federation.startNode(bank, '--rounds', '3');
  const { status, rounds } = await federation.until(run, over);
  expect(status).toBe('COMPLETED');
  const participants = banks.map(({ code }) => ({ institution: code, status: 'ACCEPTED', weight: 500 }));
  expect(rounds).toMatchObject([3, 2, 1].map((number) => ({ number, status: 'PUBLISHED', participants })));
  // A contract alone serves nobody, and there is nothing of it to measure.
  expect(rounds[2]).toMatchObject({ reason: expect.stringContaining('nothing trained'), metrics: [] });

  const partner = await federation.token('--institution', 'reference', '--client', 'partner');
  const { userByExternalId } = await federation.ask(
    '{ userByExternalId(externalId: "reference-0") { id } }',
    {},
    partner,
  );
  const { assessRisk } = await federation.ask(
    `query ($userId: ID!) {
      assessRisk(userId: $userId) {
        probability
        modelVersion { id status lineage { round { id number } contributions { institution weight epsilon } } }
      }
    }`,
    { userId: userByExternalId.id },
    partner,
  );
  const { id, lineage } = assessRisk.modelVersion;
  expect(assessRisk.modelVersion).toMatchObject({ id: rounds[0].versionId, status: 'ACTIVE' });
  expect(lineage).toMatchObject(
    rounds.map(({ id: roundId, number }: { id: string; number: number }) => ({
      round: { id: roundId, number },
      contributions: banks.map(({ code }) => ({ institution: code, weight: 500, epsilon: expect.any(Number) })),
    })),
  );

  const { nodes } = await federation.ask('query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Round { plan } } }', {
    ids: rounds.map((round: { id: string }) => round.id),
  });
  const plans = nodes.map(({ plan }: { plan: string }) => JSON.parse(plan));
  expect(plans.map(({ strategy }: { strategy: string }) => strategy)).toEqual(['fedavg', 'fedavg', 'histogram']);
  const mechanisms = plans.flatMap((plan: { mechanisms: object[] }) => plan.mechanisms);
  for (const bank of banks) {
    const { kinds, spent, problems } = await federation.audit(bank);
    expect({ kinds, problems }).toEqual({ kinds: ['CAP', ...charged, ...charged, ...charged], problems: [] });
    const events = join(folder, 'events.json');
    writeFileSync(events, JSON.stringify(mechanisms));
    const composed = await federation.concord('privacy', 'compose', '--events', events, '--delta', '1e-5');
    expect(composed.epsilon).toBeCloseTo(spent, 9);
    const own = join(`${bank.key}.node`, 'ledger.jsonl');
    const verified = await federation.concord('ledger', 'verify', '--unsigned', own);
    expect(verified).toMatchObject({ whole: true, populations: [{ population: 'all', epsilon: composed.epsilon }] });
  }

  const { rollbackModel } = await federation.ask(
    'mutation { rollbackModel(task: RISK, shared: true) { ... on ModelActivated { active { id } retired { id } } } }',
  );
  expect(rollbackModel).toEqual({ active: { id: rounds[1].versionId }, retired: { id } });
});

test('the server is killed in the middle of a round, and again: the round ends, and no charge is lost or doubled', async () => {
  const before = await Promise.all(banks.map((bank) => federation.audit(bank)));
  const run = await federation.startRun(banks, reference, { rounds: 1 });
  for (const [index, bank] of banks.entries()) {
    federation.startNode(bank, '--rounds', '1');
    // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
    const count = ({ rounds }: any) => rounds[0].participants.filter(({ status }: any) => status === 'ACCEPTED').length;
    await federation.until(run, (it) => over(it) || count(it) > index);
    await federation.server.stop('SIGKILL');
    await federation.start();
  }
  expect(await federation.until(run, over)).toMatchObject({ status: 'COMPLETED', rounds: [{ status: 'PUBLISHED' }] });
  for (const [index, bank] of banks.entries()) {
    const { kinds, spent, problems } = await federation.audit(bank);
    expect({ kinds, problems }).toEqual({ kinds: [...before[index].kinds, ...charged], problems: [] });
    expect(spent).toBeGreaterThan(before[index].spent);
  }
});

test('a node is killed in training and started again: it goes on, and is charged once', async () => {
  const [bank] = banks;
  const before = await federation.audit(bank);
  const run = await federation.startRun([bank], reference, { rounds: 1 });
  const node = federation.startNode(bank, '--rounds', '1');
  await federation.until(run, ({ rounds }) => rounds[0].participants.length > 0);
  node.kill('SIGKILL');
  federation.startNode(bank, '--rounds', '1');
  expect(await federation.until(run, over)).toMatchObject({ rounds: [{ status: 'PUBLISHED' }] });
  const { kinds, problems } = await federation.audit(bank);
  expect({ kinds, problems }).toEqual({ kinds: [...before.kinds, ...charged], problems: [] });
});

test('an operator stops a run: the round that is open has failed, and nothing is charged', async () => {
  const before = await federation.audit(banks[0]);
  const run = await federation.startRun(banks, reference, { rounds: 1 });
  await federation.ask('mutation ($id: ID!) { stopTrainingRun(id: $id) { status } }', { id: run });
  expect(await federation.until(run, over)).toMatchObject({ status: 'STOPPED', rounds: [{ status: 'FAILED' }] });
  expect(await federation.audit(banks[0])).toEqual(before);
});
