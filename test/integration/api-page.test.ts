import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ExecutionResult, graphql, parse, validate } from 'graphql';
import { createBareSchema } from '../../src/app/resolvers.js';
import { ErasuresService } from '../../src/erasure/erasures.service.js';
import type { Context } from '../../src/graphql/context.js';
import { NodeResolver } from '../../src/graphql/node.resolver.js';
import { createSchema } from '../../src/graphql/schema.js';
import type { Viewer } from '../../src/graphql/viewer.js';
import { ViewerResolver } from '../../src/graphql/viewer.resolver.js';
import {
  InstitutionsResolver,
  institutionFinder,
  ViewerInstitutionResolver,
} from '../../src/institutions/institutions.resolver.js';
import { InstitutionsService } from '../../src/institutions/institutions.service.js';
import { ProductsResolver, productFinder } from '../../src/products/products.resolver.js';
import { ProductsService } from '../../src/products/products.service.js';
import { ProfilesResolver, UserProfileResolver } from '../../src/profiles/profiles.resolver.js';
import { ProfilesService } from '../../src/profiles/profiles.service.js';
import { HoldingsResolver, UsersResolver, userFinder } from '../../src/users/users.resolver.js';
import { UsersService } from '../../src/users/users.service.js';
import { createInstitution, useTestDatabase } from '../support/database.js';
import { operator, partner } from '../support/viewers.js';

const db = useTestDatabase();
const page = readFileSync(join(process.cwd(), 'docs/api.md'), 'utf8');
const blocks = [...page.matchAll(/```graphql\n(.*?)```(?:\n```json\n(.*?)```)?/gs)].map(([, source, variables]) => ({
  name: /^(?:query|mutation) (\w+)/.exec(source)?.[1] ?? '',
  source,
  variables: variables ? JSON.parse(variables) : {},
}));

let schema: ReturnType<typeof createSchema>;
let viewer: Viewer;

beforeAll(async () => {
  const { database } = db;
  const institutions = new InstitutionsService({ database });
  const products = new ProductsService({ database });
  const profiles = new ProfilesService({ database, products });
  const erasures = new ErasuresService({ database });
  const users = new UsersService({ database, products, erasures });
  const node = new NodeResolver({
    Institution: institutionFinder(institutions),
    User: userFinder(users),
    Product: productFinder(products),
  });
  const features = [
    new InstitutionsResolver(institutions),
    new ViewerInstitutionResolver(institutions),
    new UsersResolver(users, erasures),
    new HoldingsResolver(products),
    new ProductsResolver(products),
    new ProfilesResolver(profiles),
    new UserProfileResolver(profiles),
  ];
  schema = createSchema(
    features.map((feature) => feature.constructor),
    [node, new ViewerResolver(), ...features],
  );
  viewer = partner(await createInstitution(database, { name: 'Our bank' }));
});

// biome-ignore lint/suspicious/noExplicitAny: the shape of an answer is what the tests are about
type Answer = ExecutionResult<any>;

function send(source: string, variableValues: Record<string, unknown> = {}, as: Viewer | undefined = viewer) {
  const contextValue: Context = {
    viewer: as,
    requestId: 'r',
    caller: 'test',
    signal: new AbortController().signal,
    kept: new Map(),
  };
  return graphql({ schema, source, variableValues, contextValue }) as Promise<Answer>;
}

/** Runs an operation of the page, with the variables that follow it or others. */
async function run(name: string, variables?: Record<string, unknown>) {
  const block = blocks.find((each) => each.name === name)!;
  const { data, errors } = await send(block.source, variables ?? block.variables);
  expect(errors).toBeUndefined();
  return data;
}

const codeOf = ({ errors }: ExecutionResult) => (errors?.[0]?.originalError as { code?: string } | undefined)?.code;

test.each(blocks)('$name on the page fits the schema', ({ source }) => {
  expect(validate(createBareSchema(), parse(source))).toEqual([]);
});

test('what the page shows, happens', async () => {
  expect((await run('Me')).viewer).toMatchObject({ client: 'PARTNER', institution: { name: 'Our bank' } });
  const { results: products } = (await run('PutProducts')).upsertProducts;
  expect(products.map((result: { outcome: string }) => result.outcome)).toEqual(['CREATED', 'CREATED', 'CREATED']);
  expect((await run('LowRisk')).products.edges).toMatchObject([{ node: { code: 'DEPOSIT-12' } }]);
  const [likest] = (await run('Similar')).productByCode.similar;
  expect(likest).toMatchObject({ product: { code: 'FUND-GREEN' } });
  expect(likest.reasons[0]).toMatchObject({ dimension: 'TYPE', text: 'both are of type fund' });

  const { results: users } = (await run('PutUsers')).upsertUsers;
  expect((await run('SomeUsers')).users.edges).toMatchObject([{ node: { externalId: 'C-1002' } }]);
  const userId = users[0].user.id;
  expect(await send('query ($id: ID!) { node(id: $id) { __typename id } }', { id: userId })).toEqual({
    data: { node: { __typename: 'User', id: userId } },
  });

  const recorded = (await run('Record')).recordEvents;
  expect(recorded).toMatchObject({ accepted: 3, duplicates: 0, rejected: 1 });
  expect(recorded.results[3]).toMatchObject({ status: 'REJECTED', reason: 'UNKNOWN_USER' });
  expect((await run('Record')).recordEvents).toMatchObject({ accepted: 0, duplicates: 3, rejected: 1 });
  const answers = { userId, riskTolerance: 4, knowledge: 'BASIC', horizonMonths: 120 };
  const { profile } = (await run('Answer', { input: answers })).recordQuestionnaire;
  expect(profile.questionnaire).toMatchObject({ riskTolerance: 4, knowledge: 'BASIC', expired: false });
  expect(profile.tags).toContainEqual({ tag: 'HIGH_RISK', rule: expect.stringContaining('risk tolerance 4 of 5') });
  const seen = (await run('Profile', { userId })).profile;
  expect(seen.eventCount).toBe(3);
  expect(seen.features.map((feature: { name: string }) => feature.name)).toContain('interest.fund');

  const held = (
    await run('Own', { input: { userId, holdings: [{ productId: products[2].product.id, amount: 1_000 }] } })
  ).addHoldings.user.holdings;
  expect(held.map((holding: { product: { code: string } }) => holding.product.code).sort()).toEqual([
    'DEPOSIT-12',
    'FUND-GLOBAL',
  ]);
  const left = await run('OwnNoMore', { input: { userId, productIds: [products[2].product.id] } });
  expect(left.removeHoldings.user.holdings).toEqual([{ product: { code: 'FUND-GLOBAL' } }]);
  const { eraseUser } = await run('Erase', { userId });
  expect(eraseUser).toMatchObject({ userId, receipt: { done: true, models: [] } });
  expect(codeOf(await send('query ($id: ID!) { user(id: $id) { id } }', { id: userId }))).toBe('NOT_FOUND');
});

describe('what is wrong is said with a code, and nothing is written', () => {
  const put = 'mutation ($input: CreateUserInput!) { createUser(input: $input) { user { id } } }';
  test.each([
    [put, { externalId: '' }],
    [put, { externalId: 'x'.repeat(201) }],
    [put, { externalId: 'x', attributes: { 'a b': 1 } }],
    [put, { externalId: 'x', riskLabel: 2 }],
    ['mutation ($input: UpsertUsersInput!) { upsertUsers(input: $input) { results { outcome } } }', { users: [] }],
    ['mutation ($input: RecordEventsInput!) { recordEvents(input: $input) { accepted } }', { events: [] }],
    [
      'mutation ($input: RecordEventsInput!) { recordEvents(input: $input) { accepted } }',
      { events: [{ eventId: 'e', type: 'LOGIN', occurredAt: '2026-06-01T00:00:00Z' }] },
    ],
    [
      'mutation ($input: RecordEventsInput!) { recordEvents(input: $input) { accepted } }',
      {
        events: [
          { eventId: 'e', externalUserId: 'x', type: 'LOGIN', amount: 1e16, occurredAt: '2026-06-01T00:00:00Z' },
        ],
      },
    ],
    [
      'mutation ($input: RecordEventsInput!) { recordEvents(input: $input) { accepted } }',
      { events: [{ eventId: 'e', externalUserId: 'x', type: 'LOGIN', occurredAt: '1850-06-01T00:00:00Z' }] },
    ],
    [
      'mutation ($input: RecordEventsInput!) { recordEvents(input: $input) { accepted } }',
      { events: [{ eventId: 'e', userId: 'nonsense', type: 'LOGIN', occurredAt: '2026-06-01T00:00:00Z' }] },
    ],
  ])('%s %j', async (source, input) => {
    expect(codeOf(await send(source, { input }))).toBe('BAD_INPUT');
  });

  test('ids of another kind, cursors of another list, pages out of range', async () => {
    const own = (await send('{ viewer { institution { id } } }')).data.viewer.institution.id;
    const products = await send('{ products(first: 1) { pageInfo { endCursor } } }');
    const after = products.data.products.pageInfo.endCursor;
    for (const source of [
      `{ user(id: "${own}") { id } }`,
      '{ user(id: "VXNlcjoxMjM") { id } }',
      `{ users(after: "${after}") { pageInfo { hasNextPage } } }`,
      `{ products(orderBy: NAME, after: "${after}") { pageInfo { hasNextPage } } }`,
      '{ users(first: 101) { pageInfo { hasNextPage } } }',
      '{ users(filter: {minRiskTolerance: 9}) { pageInfo { hasNextPage } } }',
      '{ users(filter: {attributes: [{name: "a b"}]}) { pageInfo { hasNextPage } } }',
    ])
      expect([source, codeOf(await send(source))]).toEqual([source, 'BAD_INPUT']);
  });
});

test('protected attributes are shown to whom may write them, and to nobody else', async () => {
  const input = { externalId: 'P-1', protectedAttributes: { sex: 'f' } };
  await send('mutation ($input: CreateUserInput!) { createUser(input: $input) { user { id } } }', { input });
  const query = '{ userByExternalId(externalId: "P-1") { attributes protectedAttributes } }';
  expect((await send(query)).data).toEqual({ userByExternalId: { attributes: {}, protectedAttributes: { sex: 'f' } } });
  const reader = await send(query, {}, partner(viewer.institutionId!, ['recommendations:read']));
  expect(reader.data).toEqual({ userByExternalId: { attributes: {}, protectedAttributes: null } });
  expect(codeOf(reader)).toBe('FORBIDDEN');
});

test('edges of many users are read together', async () => {
  const spy = jest.spyOn(db.database, 'read');
  await send(
    '{ users(first: 100) { edges { node { profile { eventCount } holdings { product { code } } protectedAttributes } } } }',
  );
  expect(spy).toHaveBeenCalledTimes(4); // the users, and each of the three edges once
  spy.mockRestore();
});

test('without a token nothing is answered but who is calling', async () => {
  for (const source of [
    '{ users { edges { cursor } } }',
    '{ products { edges { cursor } } }',
    '{ institutions { edges { cursor } } }',
  ])
    expect(codeOf(await send(source, {}, null as never))).toBe('UNAUTHENTICATED');
});

test('an operator adds and lists institutions', async () => {
  const input = { code: 'new-bank', name: 'New bank', kind: 'BANK', country: 'FR', currency: 'EUR' };
  const create =
    'mutation ($input: CreateInstitutionInput!) { createInstitution(input: $input) { institution { id code kind } } }';
  const { data } = await send(create, { input }, operator());
  expect(data.createInstitution.institution).toMatchObject({ code: 'new-bank', kind: 'BANK' });
  expect(codeOf(await send(create, { input }, operator()))).toBe('CONFLICT');
  expect(codeOf(await send(create, { input: { ...input, code: 'A B' } }, operator()))).toBe('BAD_INPUT');
  expect(codeOf(await send(create, { input: { ...input, code: 'other' } }))).toBe('FORBIDDEN');
  const list = await send(
    '{ institutions(first: 1) { edges { node { id } } pageInfo { hasNextPage } } }',
    {},
    operator(),
  );
  expect(list.data.institutions).toMatchObject({ edges: [{}], pageInfo: { hasNextPage: true } });
});
