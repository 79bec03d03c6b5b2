import { type OperationDefinitionNode, parse } from 'graphql';
import { createApiSchema } from '../../src/app/resolvers.js';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine } from '../../src/engine/engine.js';
import type { Context } from '../../src/graphql/context.js';
import { createExecutor, type Executor } from '../../src/graphql/execute.js';
import { toGlobalId } from '../../src/graphql/relay.js';
import type { Viewer } from '../../src/graphql/viewer.js';
import { InstitutionsService } from '../../src/institutions/institutions.service.js';
import { createPrivacy } from '../../src/privacy/create-privacy.js';
import { createServices, type Services, seedSmall, userIds } from '../support/consortium.js';
import { useTestDatabase } from '../support/database.js';
import { testLedgerKey } from '../support/ledger-key.js';
import { operator, partner } from '../support/viewers.js';

/** A scorecard as a version of the consortium: its table, and a user's score in points beside the probability. */
const db = useTestDatabase();
let engine: Engine;
let services: Services;
let executor: Executor;
let viewer: Viewer;
let userId: string;
let versionId: string;

beforeAll(async () => {
  engine = createEngine({ backend: 'cpu', threads: 1 });
  services = createServices(db.database, engine);
  const institutions = await seedSmall(db.database);
  viewer = partner(institutions[0].id, ['recommendations:read', 'models:read']);
  [userId] = await userIds(db.database, institutions[0].id, 1);
  const request = { task: 'risk', model: 'scorecard', institutions, own: false, activate: true } as const;
  ({ id: versionId } = await services.training.train(operator(), request, {}));
  executor = createExecutor(
    createApiSchema({
      ...services,
      institutions: new InstitutionsService({ database: db.database }),
      privacy: createPrivacy({
        database: db.database,
        institutions: new InstitutionsService({ database: db.database }),
        key: testLedgerKey(),
      }),
      federation: {},
      oversight: {},
    } as never),
  );
}, 240_000);
afterAll(() => engine.close());

async function run<T>(source: string, variables: Record<string, unknown>, as: Viewer = viewer): Promise<T> {
  const document = parse(source);
  const [operation] = document.definitions as OperationDefinitionNode[];
  const context: Context = {
    viewer: as,
    requestId: 'r',
    caller: 'test',
    signal: new AbortController().signal,
    kept: new Map(),
  };
  const { data, errors } = await executor.execute({ document, operation, variables, context });
  expect(errors).toBeUndefined();
  return data as T;
}

interface Card {
  readonly points: number;
  readonly odds: number;
  readonly pointsToDoubleOdds: number;
  readonly attributes: readonly { characteristic: string; attribute: string; points: number; share: number }[];
}

const CARD = `query Card($id: ID!) {
  modelVersion(id: $id) {
    model
    scorecard { points odds pointsToDoubleOdds attributes { characteristic attribute points share eventRate woe iv } }
  }
}`;
const ASSESS = `query Assess($userId: ID!, $by: ExplanationMethod) {
  assessRisk(userId: $userId, explainBy: $by) { probability points base reasons { contribution } }
}`;

test('a model version shows the points of its scorecard', async () => {
  const { modelVersion } = await run<{ modelVersion: { model: string; scorecard: Card } }>(CARD, {
    id: toGlobalId('ModelVersion', versionId),
  });
  const { scorecard } = modelVersion;
  expect(modelVersion.model).toBe('SCORECARD');
  expect(scorecard).toMatchObject({ points: 600, odds: 50, pointsToDoubleOdds: 20 });
  const names = new Set(scorecard.attributes.map(({ characteristic }) => characteristic));
  expect(names.size).toBeGreaterThan(0);
  for (const name of names) {
    const shares = scorecard.attributes.filter(({ characteristic }) => characteristic === name);
    expect(shares.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 5);
  }
});

test('an assessment has its points beside its probability, for whoever may read models', async () => {
  for (const by of [undefined, 'EXACT', 'KERNEL_SHAP', 'LIME']) {
    const { assessRisk } = await run<{
      assessRisk: { probability: number; points: number; base: number; reasons: { contribution: number }[] };
    }>(ASSESS, { userId: toGlobalId('User', userId), by });
    const { probability, points, base, reasons } = assessRisk;
    const odds = (1 - probability) / probability;
    expect(Math.abs(points - (600 + 20 * Math.log2(odds / 50)))).toBeLessThanOrEqual(0.51);
    expect(reasons.reduce((sum, { contribution }) => sum + contribution, base)).toBeCloseTo(-Math.log(odds), 3);
  }
  const { assessRisk } = await run<{ assessRisk: { points: number | null } }>(
    ASSESS,
    { userId: toGlobalId('User', userId) },
    partner(viewer.institutionId as string, ['recommendations:read']),
  );
  expect(assessRisk.points).toBeNull();
});
