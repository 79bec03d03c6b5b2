import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { type RunningServer, runConcord, startServerProcess, temporaryFolder } from '../support/server-process.js';

/** The life of a server: each test goes on where the one before has left the data folder. */
const folder = temporaryFolder();
const env = { CONCORD_DATA_DIR: join(folder, 'data'), CONCORD_LOG_LEVEL: 'warn' };
let server: RunningServer;

afterAll(async () => {
  await server?.stop('SIGKILL');
  await runConcord(['doctor'], env); // attaches to a PostgreSQL that was left behind, and stops it
  rmSync(folder, { recursive: true, force: true });
});

const RECORD = 'mutation ($input: RecordEventsInput!) { recordEvents(input: $input) { accepted duplicates rejected } }';
const FIRST_USER = '{ users(first: 1) { edges { node { id } } } }';

const events = (userId: string, ids: readonly string[]) => ({
  input: { events: ids.map((eventId) => ({ eventId, userId, type: 'LOGIN', occurredAt: '2026-01-01T00:00:00Z' })) },
});

test('the first start makes a demo and is ready; its models come as soon as they are trained', async () => {
  server = await startServerProcess(env);
  const readyz = async () =>
    (await (await fetch(`${server.url}/readyz`)).json()) as { checks: { model: { detail: object } } };
  const checks = { server: { ok: true }, database: { ok: true }, migrations: { ok: true } };
  expect(await readyz()).toMatchObject({ ready: true, checks });
  await until(async () => !JSON.stringify(await readyz()).includes('none'));
  expect((await readyz()).checks.model.detail).toEqual({
    interest: expect.stringMatching(/ 1$/),
    risk: expect.stringMatching(/ 1$/),
  });
  expect(await (await fetch(`${server.url}/livez`)).json()).toEqual({ live: true });
  expect(await (await fetch(`${server.url}/version`)).json()).toMatchObject({ name: 'concord' });
  expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('concord_ready 1');
}, 240_000);

test('the three queries that it prints have answers', async () => {
  const answers = await Promise.all(server.queries.map(({ query }) => server.graphql(server.tokens.partner, query)));
  expect(answers.map(({ status, body }) => [status, body.errors])).toEqual(Array(3).fill([200, undefined]));
  expect(answers[0].body.data.recommendations.edges).toHaveLength(3);
});

test('each kind of client gets what it may, and no more', async () => {
  const { partner, node, auditor, operator } = server.tokens;
  const outcome = async (token: string | undefined, query: string) => {
    const { body } = await server.graphql(token, query);
    return body.errors?.[0].extensions.code ?? 'ok';
  };
  const users = '{ users(first: 1) { edges { node { id } } } }';
  const models = '{ modelVersions(first: 1) { edges { node { id } } } }';
  const institutions = '{ institutions(first: 10) { edges { node { code } } } }';
  const table: Record<string, string[]> = {};
  for (const [name, token] of Object.entries({ partner, node, auditor, operator, nobody: undefined })) {
    table[name] = [await outcome(token, users), await outcome(token, models), await outcome(token, institutions)];
  }
  expect(table).toEqual({
    partner: ['ok', 'ok', 'FORBIDDEN'],
    node: ['FORBIDDEN', 'ok', 'FORBIDDEN'],
    auditor: ['FORBIDDEN', 'ok', 'FORBIDDEN'],
    operator: ['ok', 'ok', 'ok'],
    nobody: ['UNAUTHENTICATED', 'UNAUTHENTICATED', 'UNAUTHENTICATED'],
  });
});

test('another institution cannot be seen, however one asks', async () => {
  const { stdout } = await runConcord(['token', '--client', 'partner', '--institution', 'tarnbrook-bank'], env);
  const other = stdout.trim();
  const mine = (await server.graphql(server.tokens.partner, FIRST_USER)).body.data.users.edges[0].node.id;
  const queries = [
    `{ user(id: "${mine}") { id } }`,
    `{ node(id: "${mine}") { id } }`,
    `{ profile(userId: "${mine}") { tags { tag } } }`,
    `{ recommendations(userId: "${mine}") { id } }`,
    `{ assessRisk(userId: "${mine}") { probability } }`,
    `mutation { eraseUser(userId: "${mine}") { __typename } }`,
  ];
  for (const query of queries) {
    const { body } = await server.graphql(other, query);
    expect([query, body.errors?.[0].extensions.code]).toEqual([query, 'NOT_FOUND']);
  }
  expect((await server.graphql(server.tokens.partner, FIRST_USER)).body.data.users.edges[0].node.id).toBe(mine);
});

test('a second server on the same folder, and one on the same port, say so in one sentence', async () => {
  const second = await runConcord(['serve'], env);
  expect(second).toMatchObject({ code: 1, stdout: '' });
  const port = new URL(server.url).port;
  const busy = await runConcord(['serve'], {
    CONCORD_DATA_DIR: join(folder, 'another'),
    CONCORD_LOG_LEVEL: 'silent',
    PORT: port,
  });
  expect(busy).toEqual({
    code: 1,
    stdout: '',
    stderr: `concord: Port ${port} on 127.0.0.1 is in use by another program: stop it, or set PORT to another.\n`,
  });
});

test('SIGTERM: requests in flight are answered, new ones are not taken, the exit code is 0', async () => {
  const socket = connect({ port: Number(new URL(server.url).port), host: '127.0.0.1' });
  const body = JSON.stringify({ query: '{ viewer { subject } }' });
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  socket.write(
    `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 9)}`,
  );
  const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
  await until(async () => answer === CONTINUE); // the request is being read
  const ended = server.stop('SIGTERM');
  await until(() =>
    fetch(`${server.url}/livez`).then(
      () => false,
      () => true,
    ),
  );
  socket.write(body.slice(9));
  await once(socket, 'close');
  expect(answer.slice(CONTINUE.length)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(answer).toContain('{"data":{"viewer":null}}');
  expect((await ended).code).toBe(0);
});

test('the second start keeps the data, and kill -9 in the middle of recordEvents loses nothing that was acknowledged', async () => {
  server = await startServerProcess(env);
  const userId = (await server.graphql(server.tokens.partner, FIRST_USER)).body.data.users.edges[0].node.id;
  const acknowledged: string[] = [];
  let sent = 0;
  const writer = async () => {
    for (;;) {
      const ids = Array.from({ length: 20 }, () => randomUUID());
      sent += 1;
      const answer = await server.graphql(server.tokens.partner, RECORD, events(userId, ids)).catch(() => undefined);
      if (!answer) return;
      expect(answer.body.data.recordEvents).toMatchObject({ accepted: 20, rejected: 0 });
      acknowledged.push(...ids);
      if (acknowledged.length === 400) server.process.kill('SIGKILL');
    }
  };
  await Promise.all([writer(), writer(), writer()]);
  await server.finished;
  expect(sent * 20).toBeGreaterThan(acknowledged.length);
  server = await startServerProcess(env);
  const again = await server.graphql(server.tokens.partner, RECORD, events(userId, acknowledged));
  expect(again.body.data.recordEvents).toEqual({ accepted: 0, duplicates: acknowledged.length, rejected: 0 });
}, 120_000);

test('commands work beside the running server', async () => {
  const doctor = await runConcord(['doctor', '--json'], env);
  expect([doctor.code, JSON.parse(doctor.stdout).ok]).toEqual([0, true]);
  const token = await runConcord(['token', '--client', 'auditor', '--json'], env);
  const { body } = await server.graphql(JSON.parse(token.stdout).token, '{ viewer { client institution { code } } }');
  expect(body.data.viewer).toEqual({ client: 'AUDITOR', institution: null });
  expect((await server.stop('SIGINT')).code).toBe(0);
});

describe('what is misconfigured is said in one sentence, with exit code 1, and nothing is left running', () => {
  const cases: Record<string, Record<string, string>> = {
    'a port that is no port': { PORT: 'http' },
    'a misspelt variable': { CONCORD_DATA_DIRECTORY: '/tmp' },
    'a database that is not there': { DATABASE_URL: 'postgres://someone:secret@127.0.0.1:9/bank' },
    'an address that is no address': { DATABASE_URL: 'mysql://localhost/bank' },
    'a host that is not ours': { HOST: '192.0.2.1' },
    'an unknown backend': { CONCORD_BACKEND: 'abacus' },
  };
  test.each(Object.entries(cases))('%s', async (_name, wrong) => {
    const dataDir = join(folder, 'wrong');
    const { code, stdout, stderr } = await runConcord(['serve'], {
      CONCORD_DATA_DIR: dataDir,
      CONCORD_LOG_LEVEL: 'silent',
      ...wrong,
    });
    const [variable] = Object.keys(wrong);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.split('\n')).toEqual([expect.stringMatching(/^concord: .*[.?]$/), '']);
    expect(stderr).toContain(variable);
    expect(stderr).not.toContain('secret');
  });

  test('a data folder that cannot be written', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, 'kept');
    for (const dataDir of [file, join(file, 'below'), '/proc/concord']) {
      const { code, stderr } = await runConcord(['serve'], { CONCORD_DATA_DIR: dataDir, CONCORD_LOG_LEVEL: 'silent' });
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(/^concord: The data folder .* cannot be written: .*\.\n$/),
      });
    }
    expect(readFileSync(file, 'utf8')).toBe('kept');
  });

  test('a PostgreSQL address at which something else listens', async () => {
    const other = createServer((socket) => socket.on('error', () => undefined).end('SSH-2.0-nothing\r\n'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const url = `postgres://x@127.0.0.1:${(other.address() as AddressInfo).port}/y`;
    const { code, stderr } = await runConcord(['serve'], {
      CONCORD_DATA_DIR: join(folder, 'wrong'),
      CONCORD_LOG_LEVEL: 'silent',
      DATABASE_URL: url,
    });
    other.close();
    expect({ code, lines: stderr.split('\n').length }).toEqual({ code: 1, lines: 2 });
  });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}
