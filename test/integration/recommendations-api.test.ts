import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ExecutionResult, Kind, type OperationDefinitionNode, parse } from 'graphql';
import { createApiSchema } from '../../src/app/resolvers.js';
import type { Engine, ScoringService } from '../../src/engine/engine.js';
import type { Context } from '../../src/graphql/context.js';
import { createExecutor, type Executor } from '../../src/graphql/execute.js';
import { toGlobalId } from '../../src/graphql/relay.js';
import type { Viewer } from '../../src/graphql/viewer.js';
import { InstitutionsService } from '../../src/institutions/institutions.service.js';
import { createPrivacy } from '../../src/privacy/create-privacy.js';
import { createServices } from '../support/consortium.js';
import { createInstitution, createProduct, createUser, useTestDatabase } from '../support/database.js';
import { testLedgerKey } from '../support/ledger-key.js';
import { operator, partner } from '../support/viewers.js';

const db = useTestDatabase();
const CODES = ['D-1', 'D-2', 'D-3', 'F-1', 'L-1'];
const page = readFileSync(join(process.cwd(), 'docs/api.md'), 'utf8');
const blocks = new Map(
  [...page.matchAll(/```graphql\n(.*?)```/gs)].map(([, source]) => [
    /^(?:query|mutation) (\w+)/.exec(source)![1],
    parse(source),
  ]),
);

/** Each product is half as interesting as the one before it; every user's risk is a quarter. */
const scoring = {
  load: async () => {},
  unload: async () => {},
  scoreInterest: async (_handle: string, rows: readonly unknown[]) =>
    rows.map(() => Float32Array.from(CODES, (_code, index) => 2 ** -(index + 1))),
  scoreRisk: async (_handle: string, rows: readonly unknown[]) => Float32Array.from(rows, () => 0.25),
  explainInterest: async (_handle: string, _row: unknown, products: readonly string[]) =>
    products.map((code) => {
      const score = -Math.log(2) * (CODES.indexOf(code) + 1);
      return { base: score - 0.5, score, contributions: [{ feature: 'income', value: 41_000, contribution: 0.5 }] };
    }),
  explainRisk: async () => ({
    base: -2,
    score: Math.log(1 / 3),
    contributions: [{ feature: 'utilisation', value: 0.92, contribution: Math.log(1 / 3) + 2 }],
  }),
  retrieve: async () => undefined,
  similarProducts: async () => undefined,
  placeUsers: async () => undefined,
  close: async () => {},
} satisfies ScoringService;

let executor: Executor;
let services: ReturnType<typeof createServices>;
let viewer: Viewer;
let userId: string;
const productIds: Record<string, string> = {};

beforeAll(async () => {
  const engine = { scoring, train: async () => Promise.reject(new Error('not here')) } as Pick<
    Engine,
    'train' | 'scoring'
  >;
  services = createServices(db.database, engine);
  const institutions = new InstitutionsService({ database: db.database });
  const privacy = createPrivacy({ database: db.database, institutions, key: testLedgerKey() });
  executor = createExecutor(
    createApiSchema({ ...services, institutions, privacy, federation: {}, oversight: {} } as never),
  );
  const institution = await createInstitution(db.database);
  viewer = partner(institution, ['recommendations:read', 'users:write', 'models:read', 'models:write']);
  for (const code of CODES) {
    const type = code.startsWith('D') ? 'deposit' : code.startsWith('F') ? 'fund' : 'loan';
    productIds[code] = toGlobalId('Product', await createProduct(db.database, institution, { code, name: code, type }));
  }
  userId = toGlobalId('User', await createUser(db.database, institution, { attributes: { income: 41_000 } }));
  const contract = (task: 'interest' | 'risk') => ({
    version: 1,
    features: [
      {
        kind: 'numeric',
        name: 'income',
        column: 'income',
        encoding: 'bins',
        edges: [],
        codes: [],
        missing: false,
        mean: [],
      },
    ],
    products: task === 'interest' ? CODES : [],
    scale: 1,
  });
  for (const task of ['interest', 'risk'] as const)
    for (let version = 0; version < 2; version++)
      await services.models.add(
        viewer,
        institution,
        {
          task,
          model: 'linear',
          contract: contract(task),
          weights: Uint8Array.of(1),
          metrics: { mrr: 0.5 },
          training: { seed: 1 },
        },
        true,
      );
});

// biome-ignore lint/suspicious/noExplicitAny: the shape of an answer is what the tests are about
type Answer = ExecutionResult<any>;

/** The same operation comes more than once, so that some run compiled. */
async function send(
  name: string,
  variables: Record<string, unknown>,
  as: Viewer | undefined = viewer,
): Promise<Answer> {
  const document = blocks.get(name)!;
  const operation = document.definitions.find(
    (each): each is OperationDefinitionNode => each.kind === Kind.OPERATION_DEFINITION,
  )!;
  const context: Context = {
    viewer: as,
    requestId: 'r',
    caller: 'test',
    signal: new AbortController().signal,
    kept: new Map(),
  };
  return (await executor.execute({ document, operation, variables, context })) as Answer;
}
async function run(name: string, variables: Record<string, unknown> = {}) {
  const { data, errors } = await send(name, variables);
  expect(errors).toBeUndefined();
  return data;
}
const codeOf = ({ errors }: ExecutionResult) => (errors?.[0]?.originalError as { code?: string } | undefined)?.code;

test('recommendations, and feedback on them, are what the page shows', async () => {
  for (let time = 0; time < 3; time++) {
    const { recommendations } = await run('Recommend', { userId });
    expect(recommendations).toMatchObject({
      strategy: 'MODEL',
      totalCount: 4,
      modelVersion: { number: 2, shared: false },
    });
    const { edges } = recommendations;
    expect(edges.map((edge: { product: { code: string } }) => edge.product.code)).toEqual(['D-1', 'D-2', 'D-3', 'L-1']);
    expect(edges[0]).toMatchObject({ rank: 1, source: 'MODEL', suitability: { suitable: true, checks: [] } });
    expect(edges[0].score).toBeCloseTo(0.5 / 0.90625, 6);
    expect(edges[0].reasons).toEqual([{ text: 'income of 41,000 raises the interest', contribution: 0.5 }]);
    expect(edges[3].suitability.checks).toEqual([
      { rule: 'CREDIT_RISK', passed: true, text: 'the risk of the user is medium (25 %)' },
    ]);
    expect(recommendations.rejected).toMatchObject({
      totalCount: 1,
      edges: [{ node: { code: 'F-1' }, suitability: { checks: [{ rule: 'QUESTIONNAIRE', passed: false }] } }],
    });
    const input = { recommendationId: recommendations.id, productId: productIds['D-2'], kind: 'RATED', rating: 4 };
    expect(await run('Feedback', { input })).toMatchObject({
      recordFeedback: { changed: true, feedback: { kind: 'RATED', rating: 4 } },
    });
    expect(await run('Feedback', { input })).toMatchObject({ recordFeedback: { changed: false } });
    const unseen = { ...input, productId: productIds['F-1'] };
    expect(await run('Feedback', { input: unseen })).toEqual({ recordFeedback: { productId: productIds['F-1'] } });
  }
});

test('pages go on where they ended', async () => {
  const first = (await run('Recommend', { userId })).recommendations;
  expect(first.pageInfo).toMatchObject({ hasNextPage: false });
  const rest = (await run('Recommend', { userId, after: first.pageInfo.endCursor })).recommendations;
  expect(rest).toMatchObject({ id: first.id, totalCount: 4, edges: [], pageInfo: { hasNextPage: false } });
  for (const after of ['', 'x', Buffer.from('["a",1]').toString('base64url'), Buffer.from('[1]').toString('base64url')])
    if (after) expect(codeOf(await send('Recommend', { userId, after }))).toBe('BAD_INPUT');
  expect((await run('Narrowed', { userId })).recommendations.edges).toEqual([]);
});

test('risk of a user, a product and both', async () => {
  const user = (await run('AssessRisk', { userId })).assessRisk;
  expect(user).toMatchObject({
    subject: 'USER',
    class: 'MEDIUM',
    method: 'model',
    modelVersion: { model: 'LINEAR', number: 2 },
  });
  expect(user.probability).toBeCloseTo(0.25, 9);
  expect(user.reasons).toMatchObject([{ text: 'utilisation of 92 % raises the risk' }]);
  expect((await run('AssessRisk', { productId: productIds['F-1'] })).assessRisk).toMatchObject({
    subject: 'PRODUCT',
    method: 'lognormal-loss',
    modelVersion: null,
  });
  const pair = (await run('AssessRisk', { userId, productId: productIds['L-1'] })).assessRisk;
  expect(pair).toMatchObject({ subject: 'USER_PRODUCT', method: 'user-credit' });
  const { edges } = (await run('Assessments', { userId })).riskAssessments;
  expect(edges.map(({ node }: { node: { subject: string } }) => node.subject)).toEqual(['USER_PRODUCT', 'USER']);
  expect(edges[0].node.product).toEqual({ code: 'L-1' });
});

test('models are listed, activated and rolled back', async () => {
  const { activeModel, modelVersions } = await run('Models');
  const [newest, oldest] = modelVersions.edges.map(({ node }: { node: object }) => node);
  expect(newest).toMatchObject({ id: activeModel.id, number: 2, status: 'ACTIVE', shared: false });
  expect(newest.metrics).toEqual([{ name: 'mrr', value: 0.5 }]);
  expect((await run('Rollback', { shared: false })).rollbackModel).toEqual({
    active: { number: 1 },
    retired: { number: 2 },
  });
  expect((await run('Rollback', { shared: false })).rollbackModel).toEqual({ task: 'INTEREST' });
  expect((await run('Activate', { id: newest.id })).activateModel).toMatchObject({
    active: { number: 2 },
    retired: { number: 1 },
  });
  expect((await run('Activate', { id: oldest.id })).activateModel.active).toEqual({ number: 1, status: 'ACTIVE' });
  expect(codeOf(await send('Rollback', { shared: true }))).toBe('FORBIDDEN');
});

test('what is not the viewer’s, malformed or without a token is refused with a code', async () => {
  const stranger = partner(await createInstitution(db.database));
  const codes = async (name: string, variables: Record<string, unknown>, as?: Viewer) =>
    codeOf(await send(name, variables, as));
  expect(await codes('Recommend', { userId }, stranger)).toBe('NOT_FOUND');
  expect(await codes('AssessRisk', { userId }, stranger)).toBe('NOT_FOUND');
  expect(await codes('AssessRisk', { productId: productIds['F-1'] }, stranger)).toBe('NOT_FOUND');
  expect(await codes('Assessments', { userId }, stranger)).toBe('NOT_FOUND');
  expect(await codes('AssessRisk', {})).toBe('BAD_INPUT');
  expect(await codes('AssessRisk', { userId: productIds['F-1'] })).toBe('BAD_INPUT');
  expect(await codes('Recommend', { userId: "'; drop table concord.users; --" })).toBe('BAD_INPUT');
  expect(await codes('Recommend', { userId }, operator())).toBe('FORBIDDEN');
  const rated = { recommendationId: userId, productId: productIds['D-1'], kind: 'VIEWED' };
  expect(await codes('Feedback', { input: rated })).toBe('BAD_INPUT');
  const document = { userId };
  const { errors } = await executor.execute({
    ...operationOf('Recommend'),
    variables: document,
    context: { viewer: undefined, requestId: 'r', caller: 't', signal: new AbortController().signal, kept: new Map() },
  });
  expect((errors?.[0].originalError as { code?: string }).code).toBe('UNAUTHENTICATED');
});

function operationOf(name: string) {
  const document = blocks.get(name)!;
  return { document, operation: document.definitions[0] as OperationDefinitionNode };
}
