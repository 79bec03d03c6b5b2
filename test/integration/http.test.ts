import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphQLInt, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import type { ClientKind } from '../../src/graphql/viewer.js';
import { startHttpServer, type TestHttpServer } from '../support/http-server.js';

const folder = mkdtempSync(join(tmpdir(), 'concord-http-'));
const open: TestHttpServer[] = [];
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: {
      text: {
        type: GraphQLString,
        args: { length: { type: GraphQLInt, defaultValue: 1 } },
        resolve: (_, { length }) => 'x'.repeat(length),
      },
      bug: {
        type: GraphQLString,
        args: { name: { type: GraphQLString } },
        resolve: () => {
          throw new TypeError('a bug of ours');
        },
      },
    },
  }),
});

afterAll(async () => {
  for (const server of open) await server.close();
  rmSync(folder, { recursive: true });
});

async function start(env: Record<string, string> = {}): Promise<TestHttpServer> {
  const server = await startHttpServer({
    env: { CONCORD_DATA_DIR: folder, ...env },
    schema,
    institutions: { bank: 'b' },
  });
  open.push(server);
  return server;
}

function ask(server: TestHttpServer, query: string, headers: Record<string, string> = {}) {
  return fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
}

interface Refused {
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions: { readonly code: string; readonly id: string };
  }[];
}

async function answerOf(asked: Promise<Response>): Promise<Refused> {
  return (await (await asked).json()) as Refused;
}

const bearer = async (server: TestHttpServer, client: ClientKind, subject?: string) => ({
  authorization: `Bearer ${await server.issuer.issue({ client, subject, institution: 'bank', audience: 'concord', expiresInSeconds: 60 })}`,
});

describe('an answer', () => {
  let server: TestHttpServer;
  beforeAll(async () => {
    server = await start();
  });

  it('has security headers, is not cached, and bears a request id', async () => {
    for (const path of ['/graphql?query={text}', '/livez', '/nothing', '/metrics']) {
      const response = await fetch(server.url + path, { headers: { 'apollo-require-preflight': '1' } });
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      });
    }
    const given = await ask(server, '{ text }', { 'x-request-id': 'mine-1' });
    expect(given.headers.get('x-request-id')).toBe('mine-1');
    const made = await ask(server, '{ text }', { 'x-request-id': 'not one <script>' });
    expect(made.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is compressed where the client takes it and it is worth it', async () => {
    const encoding = async (length: number, accept: string) => {
      const response = await ask(server, `{ text(length: ${length}) }`, { 'accept-encoding': accept });
      expect(await response.json()).toEqual({ data: { text: 'x'.repeat(length) } });
      return response.headers.get('content-encoding');
    };
    expect(await encoding(10, 'gzip')).toBeNull();
    expect(await encoding(5000, 'gzip, br')).toBe('gzip');
    expect(await encoding(200_000, 'gzip')).toBe('gzip');
    expect(await encoding(5000, 'br')).toBeNull();
    expect(await encoding(5000, 'gzip;q=0')).toBeNull();
  });

  it('is had by GET too, for queries, with a header that a form cannot send', async () => {
    const url = `${server.url}/graphql?query=${encodeURIComponent('{ text }')}`;
    expect((await fetch(url)).status).toBe(400);
    const answer = await fetch(url, {
      headers: { 'apollo-require-preflight': '1', accept: 'application/graphql-response+json' },
    });
    expect(answer.headers.get('content-type')).toBe('application/graphql-response+json; charset=utf-8');
    expect(await answer.json()).toEqual({ data: { text: 'x' } });
  });

  it('masks a bug under an id by which the log has it with its stack; what was sent is in neither', async () => {
    const { errors } = await answerOf(
      ask(server, 'query Q { bug(name: "Geheimnis") }', await bearer(server, 'partner')),
    );
    expect(errors).toEqual([
      expect.objectContaining({ message: expect.stringMatching(/^Something went wrong; quote id/), path: ['bug'] }),
    ]);
    const lines = server.log.map((line) => JSON.parse(line));
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: 'error',
        errorId: errors![0].extensions.id,
        code: 'INTERNAL',
        operation: 'Q',
        path: 'bug',
        err: expect.objectContaining({ stack: expect.stringContaining('a bug of ours') }),
      }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: 'request', method: 'POST', path: '/graphql', status: 200 }),
    );
    expect(server.log.join('')).not.toMatch(/Geheimnis|eyJ|Bearer/);
  });

  it('that refuses is in the log under its id, whatever was wrong', async () => {
    const asked = [
      ask(server, '{ text }', { authorization: 'Bearer nonsense' }),
      ask(server, '{ text ', {}),
      ask(server, '{ unknown }', {}),
      fetch(`${server.url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' }),
      fetch(`${server.url}/graphql?query={text}`),
      fetch(`${server.url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }),
    ];
    for (const one of asked) {
      const { errors } = await answerOf(one);
      const { id, code } = errors![0].extensions;
      expect(server.log.map((line) => JSON.parse(line))).toContainEqual(expect.objectContaining({ errorId: id, code }));
    }
  });

  it('is counted, however many names clients think of', async () => {
    await Promise.all(Array.from({ length: 150 }, (_, i) => ask(server, `query N${i} { text }`)));
    const text = await (await fetch(`${server.url}/metrics`)).text();
    const names = new Set(
      [...text.matchAll(/concord_graphql_operation_seconds_count\{operation="(\w+)"/g)].map(([, name]) => name),
    );
    expect(names.size).toBeLessThanOrEqual(102);
    expect(names).toContain('other');
    expect(text).toMatch(/concord_graphql_errors_total\{code="INTERNAL"\} 1\n/);
    expect(text).toContain('nodejs_eventloop_lag_seconds');
  });
});

describe('while the server starts and drains', () => {
  it('it lives, is not ready, and says so to clients', async () => {
    const server = await start();
    for (const [lifecycle, detail] of [
      [{ phase: 'starting', step: 'migrating the database' }, 'migrating the database'],
      [{ phase: 'draining', reason: 'SIGTERM' }, 'draining'],
    ] as const) {
      server.setLifecycle(lifecycle);
      expect((await fetch(`${server.url}/livez`)).status).toBe(200);
      const ready = await fetch(`${server.url}/readyz`);
      expect([ready.status, await ready.json()]).toEqual([
        503,
        { ready: false, checks: { server: { ok: false, detail } } },
      ]);
    }
    const refused = await ask(server, '{ text }');
    expect([refused.status, refused.headers.get('connection')]).toEqual([503, 'close']);
    expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAVAILABLE' } }] });
  });
});

describe('introspection in production', () => {
  const INTROSPECT = '{ __schema { queryType { name } } }';

  it('is for auditors and operators, also where the document is known already', async () => {
    const server = await start({ CONCORD_ENV: 'production' });
    const code = async (headers: Record<string, string>, query = INTROSPECT) => {
      const { errors } = await answerOf(ask(server, query, headers));
      return errors?.[0].extensions.code ?? 'ok';
    };
    for (let i = 0; i < 2; i++) {
      expect(await code(await bearer(server, 'auditor'))).toBe('ok');
      expect(await code(await bearer(server, 'operator'))).toBe('ok');
      expect(await code(await bearer(server, 'partner'))).toBe('FORBIDDEN');
      expect(await code({})).toBe('FORBIDDEN');
    }
    expect(await code({}, 'query { ...f } fragment f on Query { __type(name: "Query") { name } }')).toBe('FORBIDDEN');
    const { errors } = await answerOf(ask(server, '{ tex }'));
    expect(errors![0].message).not.toContain('Did you mean');
  });
});

describe('the rate limit', () => {
  it('is charged by cost, to each client by itself', async () => {
    const server = await start({ CONCORD_RATE_BURST: '5', CONCORD_RATE_PER_SECOND: '1', CONCORD_ENV: 'production' });
    const [first, second] = [await bearer(server, 'partner', 'first'), await bearer(server, 'partner', 'second')];
    expect((await ask(server, '{ text a: text b: text }', first)).status).toBe(200);
    const refused = await ask(server, '{ text a: text b: text }', first);
    expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([429, expect.any(Number)]);
    expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'LIMIT_EXCEEDED' } }] });
    expect((await ask(server, '{ text }', second)).status).toBe(200);
  });
});
