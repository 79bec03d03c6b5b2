import { type ExecutionResult, type OperationDefinitionNode, parse } from 'graphql';
import { entryLeaf } from '../../federated/privacy/ledger/chain.js';
import { verifyCheckpoint } from '../../federated/privacy/ledger/checkpoint.js';
import { verifyInclusion } from '../../federated/privacy/ledger/merkle.js';
import { publicKeyObject } from '../../federated/protocol/keys.js';
import { createApiSchema } from '../../src/app/resolvers.js';
import type { Context } from '../../src/graphql/context.js';
import { createExecutor, type Executor } from '../../src/graphql/execute.js';
import { toGlobalId } from '../../src/graphql/relay.js';
import { DEFAULT_SCOPES, type Viewer } from '../../src/graphql/viewer.js';
import { InstitutionsService } from '../../src/institutions/institutions.service.js';
import { createPrivacy } from '../../src/privacy/create-privacy.js';
import { createInstitution, useTestDatabase } from '../support/database.js';
import { testLedgerKey } from '../support/ledger-key.js';
import { operator, partner } from '../support/viewers.js';

const db = useTestDatabase();
const key = testLedgerKey();
const auditor: Viewer = { subject: 'auditor', client: 'auditor', scopes: new Set(DEFAULT_SCOPES.auditor) };
let privacy: ReturnType<typeof createPrivacy>;
let executor: Executor;
let id: string;
let institutionId: string;
let other: string;

beforeAll(async () => {
  const institutions = new InstitutionsService({ database: db.database });
  privacy = createPrivacy({ database: db.database, institutions, key });
  executor = createExecutor(createApiSchema({ institutions, privacy, federation: {}, oversight: {} } as never));
  id = await createInstitution(db.database);
  other = await createInstitution(db.database);
  institutionId = toGlobalId('Institution', id);
});
afterAll(() => privacy.close());

// biome-ignore lint/suspicious/noExplicitAny: the shape of an answer is what the tests are about
async function send(text: string, viewer: Viewer | undefined): Promise<ExecutionResult<any>> {
  const document = parse(text);
  const context: Context = {
    viewer,
    requestId: 'r',
    caller: 'test',
    signal: new AbortController().signal,
    kept: new Map(),
  };
  const operation = document.definitions[0] as OperationDefinitionNode;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  return (await executor.execute({ document, operation, variables: {}, context })) as ExecutionResult<any>;
}
const codeOf = ({ errors }: ExecutionResult) => (errors?.[0]?.originalError as { code?: string } | undefined)?.code;

const setBudget = () => `mutation { setPrivacyBudget(input: { institutionId: "${institutionId}", epsilon: 2,
  delta: 1e-5, until: "2100-01-01T00:00:00Z" }) { cap { epsilon } alert remaining } }`;

test('an operator sets a cap, a charge is seen with what is left, and proofs hold', async () => {
  expect(codeOf(await send(setBudget(), auditor))).toBe('FORBIDDEN');
  expect((await send(setBudget(), operator())).data.setPrivacyBudget).toEqual({
    cap: { epsilon: 2 },
    alert: 'NONE',
    remaining: 2,
  });
  await db.database.tenant(id, (manager) =>
    privacy.budgets.reserve(manager, {
      institutionId: id,
      population: 'all',
      mechanisms: [{ mechanism: 'subsampled-gaussian', samplingRate: 0.01, noiseMultiplier: 1, steps: 1000 }],
      run: 'run',
      round: 'round',
      node: 'node',
      at: new Date(),
    }),
  );
  const { data } = await send(
    `{ privacyBudget(institutionId: "${institutionId}") { spent { pld rdp } alert reserved
        roundsLeft(samplingRate: 0.01, noiseMultiplier: 1, steps: 10) history { sequence kind } } }`,
    auditor,
  );
  expect(data.privacyBudget).toMatchObject({ alert: 'WARNING', reserved: 1 });
  expect(data.privacyBudget.spent.pld).toBeCloseTo(1.83, 2);
  expect(data.privacyBudget.roundsLeft).toBeGreaterThan(0);
  expect(data.privacyBudget.history).toEqual([
    { sequence: 2, kind: 'RESERVE' },
    { sequence: 1, kind: 'CAP' },
  ]);

  const take = `mutation { takeLedgerCheckpoint(institutionId: "${institutionId}") {
    institution size root head at key signature } }`;
  const checkpoint = (await send(take, auditor)).data.takeLedgerCheckpoint;
  expect((await send(take, auditor)).data.takeLedgerCheckpoint).toEqual(checkpoint);
  expect((await send('{ ledgerKey { id publicKey } }', auditor)).data.ledgerKey.id).toBe(checkpoint.key);
  expect(verifyCheckpoint({ ...checkpoint }, publicKeyObject(key.publicKey))).toBe(true);
  const proof = (
    await send(`{ ledgerProof(sequence: 2, institutionId: "${institutionId}") { entry { hash } path } }`, auditor)
  ).data.ledgerProof;
  const path = proof.path.map((hash: string) => Buffer.from(hash, 'hex'));
  expect(verifyInclusion(entryLeaf(proof.entry), 1, 2, path, Buffer.from(checkpoint.root, 'hex'))).toBe(true);
});

test('an institution reads its own ledger page by page, and no other', async () => {
  const page = (after?: string) => `{ privacyLedger(first: 1${after ? `, after: "${after}"` : ''}) {
    edges { node { sequence record } } pageInfo { hasNextPage endCursor } } }`;
  const first = (await send(page(), partner(id))).data.privacyLedger;
  expect(first).toMatchObject({ edges: [{ node: { sequence: 1 } }], pageInfo: { hasNextPage: true } });
  const second = (await send(page(first.pageInfo.endCursor), partner(id))).data.privacyLedger;
  expect(second).toMatchObject({ edges: [{ node: { sequence: 2 } }], pageInfo: { hasNextPage: false } });
  const foreign = `{ privacyLedger(institutionId: "${institutionId}") { edges { cursor } } }`;
  expect(codeOf(await send(foreign, partner(other)))).toBe('NOT_FOUND');
  expect(codeOf(await send(foreign, undefined))).toBe('UNAUTHENTICATED');
  expect(codeOf(await send('{ ledgerProof(sequence: 9) { path } }', partner(id)))).toBe('NOT_FOUND');
});

test('the arithmetic answers, and refuses what is out of range', async () => {
  const ask = (steps: number, delta = '1e-5') => `{ privacyEpsilon(delta: ${delta}, mechanisms: [{
    mechanism: SUBSAMPLED_GAUSSIAN, samplingRate: 0.01, noiseMultiplier: 1, steps: ${steps} }]) }`;
  expect((await send(ask(1000), auditor)).data.privacyEpsilon).toBeCloseTo(1.8283, 3);
  expect(codeOf(await send(ask(0), auditor))).toBe('BAD_INPUT');
  expect(codeOf(await send(ask(1, '0'), auditor))).toBe('BAD_INPUT');
  expect(
    (
      await send(
        '{ privacyEpsilon(delta: 1e-5, mechanisms: [{ mechanism: APPROXIMATE, epsilon: 1, delta: 0.1 }]) }',
        auditor,
      )
    ).data.privacyEpsilon,
  ).toBeNull();
});
