import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { verifyLedger } from '../../federated/privacy/ledger/verify.js';
import { DEMO_BUDGET, DEMO_RUN } from '../../src/demo/federation.js';
import { INSTITUTIONS } from '../../src/demo/institutions.js';
import { type RunningServer, runConcord, startServerProcess, temporaryFolder } from '../support/server-process.js';

/** A first start and two more, and 21 rounds of three processes: about a minute, on a machine that is not busy. */
jest.setTimeout(600_000);

const folder = temporaryFolder();
const env = {
  CONCORD_DATA_DIR: join(folder, 'data'),
  CONCORD_DEMO_FEDERATION: 'on',
  CONCORD_BACKEND: 'onnxruntime',
  CONCORD_LOG_LEVEL: 'debug',
};
const CODES = INSTITUTIONS.map(({ code }) => code).sort();
let server: RunningServer;

async function start(): Promise<void> {
  server = await startServerProcess(env);
}

afterAll(async () => {
  await server?.stop('SIGKILL');
  await runConcord(['doctor'], env); // attaches to a PostgreSQL that was left behind, and stops it
  rmSync(folder, { recursive: true, force: true });
});

// biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
async function ask(token: string, query: string, variables: object = {}): Promise<any> {
  const { body } = await server.graphql(token, query, variables);
  if (body.errors) throw new Error(JSON.stringify(body.errors));
  return body.data;
}

const runs = async () =>
  (await ask(server.tokens.operator, '{ trainingRuns { id status rounds(first: 100) { number status } } }'))
    .trainingRuns;

/** The first run as soon as it is what is waited for. */
// biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
async function until(what: (run: any) => boolean): Promise<any> {
  for (const end = Date.now() + 540_000; ; ) {
    const [run] = await runs();
    if (run && what(run)) return run;
    if (Date.now() > end)
      throw new Error(`The run stands at ${JSON.stringify(run)}; the server says:\n${server.logged()}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Processes that work in the folders of the nodes. */
function nodeProcesses(): number[] {
  const locks = CODES.map((code) => join(folder, 'data/demo-nodes', `${code}.pem.node/lock`));
  return locks.filter((lock) => existsSync(lock)).map((lock) => Number(readFileSync(lock, 'utf8')));
}

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function untilGone(pids: readonly number[]): Promise<void> {
  while (pids.some(isAlive)) await new Promise((resolve) => setTimeout(resolve, 50));
}

test('the server is ready first; then three nodes train, and when it is killed they end too', async () => {
  await start();
  expect(await (await fetch(`${server.url}/readyz`)).json()).toMatchObject({ ready: true });
  expect(nodeProcesses()).toEqual([]);
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
  await until(({ rounds }) => rounds.filter(({ status }: any) => status === 'PUBLISHED').length >= 4);
  const pids = nodeProcesses();
  expect(pids).toHaveLength(3);
  await server.stop('SIGKILL');
  await untilGone(pids);
});

test('the next start goes on, and recommendations are served from what the three institutions trained together', async () => {
  await start();
  const { rounds } = await until(({ status }) => status !== 'RUNNING');
  expect(rounds).toHaveLength(DEMO_RUN.rounds);
  const pids = nodeProcesses();
  await untilGone(pids);

  const { tokens, queries } = server;
  const [{ query }] = queries;
  const served = await ask(
    tokens.partner,
    query.replace(
      '{ id edges',
      '{ modelVersion { id number lineage(first: 100) { round { number } contributions { institution weight epsilon } } } edges',
    ),
  );
  const { id, lineage } = served.recommendations.modelVersion;
  expect(served.recommendations.edges).toHaveLength(3);
  const contributions = CODES.map((institution) => ({
    institution,
    weight: DEMO_RUN.training.expectedUsers,
    epsilon: expect.any(Number),
  }));
  for (const step of lineage) expect(step.contributions).toEqual(contributions);
  // From a round of the last third back to the one that counted users.
  expect(lineage[0].round.number).toBeGreaterThan(DEMO_RUN.rounds / 2);
  expect(lineage.at(-1).round.number).toBe(1);
  const example = queries.find(({ client }) => client === 'auditor')!;
  const { activeModel, privacyBudget } = await ask(tokens.auditor, example.query);
  expect(activeModel.lineage[0].contributions).toEqual(contributions);
  expect(privacyBudget.spent.pld + privacyBudget.remaining).toBeCloseTo(DEMO_BUDGET.epsilon, 9);

  const { rollbackModel } = await ask(
    tokens.operator,
    'mutation { rollbackModel(task: INTEREST, shared: true) { ... on ModelActivated { retired { id } } } }',
  );
  expect(rollbackModel.retired.id).toBe(id);
});

test('every round was charged once, by the ledgers of the coordinator and of the nodes, which verify', async () => {
  for (const code of CODES) {
    const exported = join(folder, `${code}.ledger.jsonl`);
    expect((await runConcord(['ledger', 'export', '--institution', code, '--output', exported], env)).code).toBe(0);
    expect((await runConcord(['ledger', 'verify', exported], env)).code).toBe(0);
    const own = join(folder, 'data/demo-nodes', `${code}.pem.node/ledger.jsonl`);
    for (const path of [exported, own]) {
      const lines = readFileSync(path, 'utf8').trim().split('\n');
      const { problems, budgets } = verifyLedger(lines);
      expect(problems).toEqual([]);
      expect(budgets.get(DEMO_BUDGET.population)?.spent.pld).toBeCloseTo(5.45, 2);
      expect(lines.filter((line) => JSON.parse(line).record?.kind === 'commit')).toHaveLength(DEMO_RUN.rounds);
    }
  }
});

test('a start after that starts nothing', async () => {
  await server.stop();
  await start();
  while (!server.logged().includes('there is no run for them')) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await runs()).toHaveLength(1);
  expect(nodeProcesses()).toEqual([]);
  expect((await server.stop()).code).toBe(0);
});
