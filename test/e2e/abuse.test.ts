import { rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type RunningServer, runConcord, startServerProcess, temporaryFolder } from '../support/server-process.js';

/** Whatever is sent: a clear error with a code and an id, nothing half-written, and a server that goes on. */
const folder = temporaryFolder();
const env = { CONCORD_DATA_DIR: join(folder, 'data'), CONCORD_DEMO: 'off', CONCORD_LOG_LEVEL: 'info' };
let server: RunningServer;
let partner: string;
let userId: string;

const CREATE_USER = 'mutation ($input: CreateUserInput!) { createUser(input: $input) { user { id } } }';

beforeAll(async () => {
  server = await startServerProcess(env);
  const operator = await tokenOf('--client', 'operator');
  const input = { code: 'first-bank', name: 'First Bank', kind: 'BANK', country: 'DE', currency: 'EUR' };
  const create =
    'mutation ($input: CreateInstitutionInput!) { createInstitution(input: $input) { institution { id } } }';
  expect((await server.graphql(operator, create, { input })).body.errors).toBeUndefined();
  partner = await tokenOf('--client', 'partner', '--institution', 'first-bank');
  userId = (await server.graphql(partner, CREATE_USER, { input: { externalId: 'one' } })).body.data.createUser.user.id;
}, 120_000);

afterAll(async () => {
  const { code, stderr } = await server.stop();
  rmSync(folder, { recursive: true, force: true });
  expect(code).toBe(0);
  expect(stderr).not.toMatch(/internal error|unexpected|Geheimnis|eyJ/); // neither bugs, nor what was sent, nor tokens
});

afterEach(async () => {
  const { status, body } = await server.graphql(
    partner,
    '{ viewer { client } users(first: 100) { edges { node { externalId } } } }',
  );
  expect({ status, client: body.data?.viewer.client }).toEqual({ status: 200, client: 'PARTNER' });
  expect(body.data.users.edges).toEqual([{ node: { externalId: 'one' } }]);
});

async function tokenOf(...args: string[]): Promise<string> {
  return (await runConcord(['token', ...args], env)).stdout.trim();
}

const UUID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;

/** The first error, which must have a code and an id, and tell nothing of our insides. */
function refusal({ errors }: Refused): string {
  expect(errors?.length).toBeGreaterThan(0);
  for (const { message, extensions } of errors!) {
    expect(extensions.id).toMatch(UUID);
    expect(message).not.toMatch(
      /select .+ from|insert into|pg_|typeorm|concord\.users|node_modules|Geheimnis|\n +at /i,
    );
  }
  return errors![0].extensions.code;
}

interface Refused {
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions: { readonly code: string; readonly id: string };
  }[];
}

async function post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${partner}`, ...headers },
    body,
  });
  return { status: response.status, body: (await response.json()) as Refused };
}

describe('what is not a GraphQL request', () => {
  const cases: [string, string | Uint8Array<ArrayBuffer>, Record<string, string>, number, string][] = [
    ['malformed JSON', '{"query": "{ viewer', {}, 400, 'BAD_INPUT'],
    ['no JSON at all', 'Geheimnis', {}, 400, 'BAD_INPUT'],
    ['not UTF-8', new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]), {}, 400, 'BAD_INPUT'],
    ['an empty body', '', {}, 400, 'BAD_REQUEST'],
    ['null', 'null', {}, 400, 'BAD_REQUEST'],
    ['a number', '5', {}, 400, 'BAD_REQUEST'],
    ['a batch', '[{"query":"{ __typename }"},{"query":"{ __typename }"}]', {}, 400, 'BAD_REQUEST'],
    ['a query that is no text', '{"query": 5}', {}, 400, 'BAD_REQUEST'],
    ['variables that are a list', '{"query": "{ __typename }", "variables": [1]}', {}, 400, 'BAD_REQUEST'],
    ['a form of another site', 'query=x', { 'content-type': 'application/x-www-form-urlencoded' }, 400, 'BAD_REQUEST'],
    ['plain text', '{"query":"{ __typename }"}', { 'content-type': 'text/plain' }, 400, 'BAD_REQUEST'],
    [
      'an unknown operation',
      '{"query":"query A { __typename }","operationName":"B"}',
      {},
      200,
      'OPERATION_RESOLUTION_FAILURE',
    ],
    ['no GraphQL', '{"query":"select * from users"}', {}, 200, 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', '{"query":"{ passwords }"}', {}, 200, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'arrays a hundred thousand deep',
      `{"query":"{ __typename }","variables":{"x":${'['.repeat(1e5)}${']'.repeat(1e5)}}}`,
      {},
      413,
      'LIMIT_EXCEEDED',
    ],
  ];
  test.each(cases)('%s', async (_name, body, headers, status, code) => {
    const answer = await post(body, headers);
    expect({ status: answer.status, code: refusal(answer.body) }).toEqual({ status, code });
  });

  test.each(['PUT', 'DELETE', 'PATCH'])('%s', async (method) => {
    const response = await fetch(`${server.url}/graphql`, { method, headers: { 'content-type': 'application/json' } });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, POST']);
  });

  test('garbage in place of HTTP', async () => {
    const { hostname, port } = new URL(server.url);
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connect({ host: hostname, port: Number(port) }, () => socket.write('\x16\x03\x01 hello\r\n\r\n'));
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('close', () => resolve(text)).on('error', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe('bodies that are too large', () => {
  const send = (headers: Record<string, string | number>, chunks: number) =>
    new Promise<{ status: number | undefined; body: string; sent: number }>((resolve, reject) => {
      const megabyte = Buffer.alloc(1 << 20, 0x20);
      let sent = 0;
      const request = httpRequest(`${server.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
      });
      request.on('response', (response) => {
        let body = '';
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode, body, sent }));
      });
      request.on('error', reject);
      const write = () => {
        while (sent < chunks) {
          sent += 1;
          if (!request.write(megabyte)) return void request.once('drain', write);
        }
        request.end();
      };
      write();
    });

  test('a gigabyte that is announced is refused before it is read', async () => {
    const { status, body, sent } = await send({ 'content-length': 2 ** 30 }, 1024);
    expect([status, refusal(JSON.parse(body))]).toEqual([413, 'LIMIT_EXCEEDED']);
    expect(sent).toBeLessThan(100);
  });

  test('a gigabyte in chunks is refused when it passes the limit', async () => {
    const { status, body, sent } = await send({ 'transfer-encoding': 'chunked' }, 1024);
    expect([status, refusal(JSON.parse(body))]).toEqual([413, 'LIMIT_EXCEEDED']);
    expect(sent).toBeLessThan(100);
  });

  test('one that asks first (Expect: 100-continue) is told at once', async () => {
    const { status, sent } = await send({ 'content-length': 2 ** 30, expect: '100-continue' }, 0).catch(() => ({
      status: 413,
      sent: 0,
    }));
    expect([status, sent]).toEqual([413, 0]);
  });

  test('one a little over the limit is answered too', async () => {
    const { status } = await post(JSON.stringify({ query: '{ __typename }', variables: { x: 'x'.repeat(1 << 20) } }));
    expect(status).toBe(413);
  });
});

describe('operations that are too large', () => {
  const nest = (depth: number) =>
    `{ ${'users(first: 1) { edges { node { '.repeat(1)}${'profile { user { '.repeat(depth)}id${' } }'.repeat(depth)} } } } }`;
  const cases: [string, string, string][] = [
    [
      'deep',
      `{ __schema { ${'types { fields { type { '.repeat(10)} name ${'} } }'.repeat(10)} } }`,
      'LIMIT_EXCEEDED|GRAPHQL_VALIDATION_FAILED',
    ],
    ['wide', `{ users(first: 1) { edges { node { ${'id '.repeat(600)} } } } }`, 'LIMIT_EXCEEDED'],
    ['aliased', `{ ${Array.from({ length: 60 }, (_, i) => `a${i}: viewer { subject }`).join(' ')} }`, 'LIMIT_EXCEEDED'],
    ['many at the root', `{ ${'viewer { subject } '.repeat(30)} }`, 'LIMIT_EXCEEDED'],
    [
      'many directives',
      `{ viewer { subject ${'@include(if: true) '.repeat(60)} } }`,
      'LIMIT_EXCEEDED|GRAPHQL_VALIDATION_FAILED',
    ],
    ['long', `{ ${'__typename '.repeat(3000)} }`, 'GRAPHQL_PARSE_FAILED'],
    [
      'dear',
      '{ users(first: 100) { edges { node { id profile { tags { tag rule } features { name value } } holdings { product { similar(first: 100) { edges { node { id code name } } } } } } } } }',
      'LIMIT_EXCEEDED|GRAPHQL_VALIDATION_FAILED',
    ],
    ['a page of a million', '{ users(first: 1000000) { edges { node { id } } } }', 'LIMIT_EXCEEDED|BAD_INPUT'],
    ['a page of minus one', '{ users(first: -1) { edges { node { id } } } }', 'BAD_INPUT'],
    [
      'a fragment in a circle',
      '{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['a billion fields from twenty fragments', bomb(20), 'LIMIT_EXCEEDED'],
  ];
  test.each(cases)('%s', async (_name, query, codes) => {
    const { body } = await server.graphql(partner, query);
    expect(codes.split('|')).toContain(refusal(body));
  });

  test('nested beyond all levels', async () => {
    expect(['LIMIT_EXCEEDED', 'GRAPHQL_VALIDATION_FAILED']).toContain(
      refusal((await server.graphql(partner, nest(20))).body),
    );
  });

  test('a list of a hundred thousand', async () => {
    const many = JSON.stringify({
      query: 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }',
      variables: { ids: Array(100_000).fill('x') },
    });
    expect(refusal((await post(many)).body)).toBe('LIMIT_EXCEEDED');
    const literal = `{ nodes(ids: [${'"x" '.repeat(100_000)}]) { id } }`;
    expect(refusal((await server.graphql(partner, literal)).body)).toBe('GRAPHQL_PARSE_FAILED');
    const events = Array.from({ length: 100_000 }, (_, i) => i);
    expect(
      refusal(
        (
          await post(
            JSON.stringify({
              query: 'mutation ($e: [EventInput!]!) { recordEvents(input: {events: $e}) { accepted } }',
              variables: { e: events },
            }),
          )
        ).body,
      ),
    ).toBe('LIMIT_EXCEEDED');
  });
});

function bomb(levels: number): string {
  const fragment = (i: number) =>
    `fragment f${i} on Query { ${i === levels ? '__typename' : `...f${i + 1} ...f${i + 1}`} }`;
  return `{ ...f0 } ${Array.from({ length: levels + 1 }, (_, i) => fragment(i)).join(' ')}`;
}

describe('values that make no sense', () => {
  const id = (text: string) => Buffer.from(text).toString('base64url');
  const unknown = id('User:00000000-0000-4000-8000-000000000000');
  const cases: [string, string, object, string][] = [
    ['an unknown user', 'query ($id: ID!) { user(id: $id) { id } }', { id: unknown }, 'NOT_FOUND'],
    ['an id of nothing', 'query ($id: ID!) { node(id: $id) { id } }', { id: 'Geheimnis' }, 'BAD_INPUT'],
    ['an id of another type', 'query ($id: ID!) { product(id: $id) { id } }', { id: unknown }, 'BAD_INPUT'],
    [
      'SQL for an id',
      'query ($id: ID!) { user(id: $id) { id } }',
      { id: id("User:' or 1=1; drop table users --") },
      'BAD_INPUT',
    ],
    [
      'SQL for a cursor',
      '{ users(first: 1, after: "\'; drop table concord.users; --") { edges { cursor } } }',
      {},
      'BAD_INPUT',
    ],
    ['a number for a text', CREATE_USER, { input: { externalId: 5 } }, 'BAD_USER_INPUT'],
    ['a text for a number', CREATE_USER, { input: { externalId: 'x', riskLabel: 'Geheimnis' } }, 'BAD_USER_INPUT'],
    ['a number that is too large', CREATE_USER, { input: { externalId: 'x', riskLabel: 1e12 } }, 'BAD_USER_INPUT'],
    ['a field that there is not', CREATE_USER, { input: { externalId: 'x', isAdmin: true } }, 'BAD_USER_INPUT'],
    ['nothing where something must be', CREATE_USER, { input: null }, 'BAD_USER_INPUT'],
    ['NUL in a text', CREATE_USER, { input: { externalId: 'a\u0000Geheimnis' } }, 'BAD_INPUT'],
    ['an escape in a text', CREATE_USER, { input: { externalId: 'a\u001b[2J' } }, 'BAD_INPUT'],
    ['NUL in an attribute', CREATE_USER, { input: { externalId: 'x', attributes: { name: '\u0000' } } }, 'BAD_INPUT'],
    [
      'NUL in the name of an attribute',
      CREATE_USER,
      { input: { externalId: 'x', attributes: { 'a\u0000b': 1 } } },
      'BAD_INPUT',
    ],
    ['half of a surrogate pair', CREATE_USER, { input: { externalId: '\ud800' } }, 'BAD_INPUT'],
    [
      'an attribute that is a map',
      CREATE_USER,
      { input: { externalId: 'x', attributes: { deep: { er: 1 } } } },
      'BAD_USER_INPUT|BAD_INPUT',
    ],
    ['NUL in a literal', 'mutation { createUser(input: {externalId: "a\\u0000b"}) { user { id } } }', {}, 'BAD_INPUT'],
    [
      'infinity in a literal',
      'mutation { createUser(input: {externalId: "x", attributes: {age: 1e999}}) { user { id } } }',
      {},
      'BAD_INPUT',
    ],
  ];
  test.each(cases)('%s', async (_name, query, variables, codes) => {
    const { body } = await server.graphql(partner, query, variables);
    expect(codes.split('|')).toContain(refusal(body));
  });

  test.each(['1e999', '-1e999', 'NaN', 'Infinity'])('%s as a number', async (number) => {
    const body = `{"query": ${JSON.stringify(CREATE_USER)}, "variables": {"input": {"externalId": "x", "attributes": {"age": ${number}}}}}`;
    expect(refusal((await post(body)).body)).toBe('BAD_INPUT');
  });

  const RECORD = 'mutation ($input: RecordEventsInput!) { recordEvents(input: $input) { accepted rejected } }';
  const times = [
    '9999-12-31T23:59:59Z',
    '10000-01-01T00:00:00Z',
    '+275760-09-13T00:00:00Z',
    '0000-01-01T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '2026-01-01',
    'yesterday',
    '',
  ];
  test.each(times)('%p as a time', async (occurredAt) => {
    const input = { events: [{ eventId: 'e', userId, type: 'LOGIN', occurredAt }] };
    const { body } = await server.graphql(partner, RECORD, { input });
    expect(['BAD_INPUT', 'BAD_USER_INPUT']).toContain(refusal(body));
  });
});

describe('tokens that do not hold', () => {
  const cases: [string, string][] = [
    ['no scheme', 'abc'],
    ['Basic', 'Basic YTpi'],
    ['no token', 'Bearer '],
    ['garbage', 'Bearer abc.def.ghi'],
    [
      'alg none',
      `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"x","client":"operator","exp":9999999999}').toString('base64url')}.`,
    ],
  ];
  test.each(cases)('%s', async (_name, authorization) => {
    const answer = await post('{"query":"{ viewer { client } }"}', { authorization });
    expect({ status: answer.status, code: refusal(answer.body) }).toEqual({ status: 401, code: 'UNAUTHENTICATED' });
  });

  test('an institution that there is not', async () => {
    const token = await tokenOf('--client', 'partner', '--institution', 'no-bank');
    const answer = await server.graphql(token, '{ viewer { client } }');
    expect({ status: answer.status, code: refusal(answer.body) }).toEqual({ status: 401, code: 'UNAUTHENTICATED' });
  });
});
