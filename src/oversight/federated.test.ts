import { Releases } from '../../federated/privacy/mechanism.js';
import { declaredContract } from '../engine/encoders/public-contract.js';
import { publicGrid } from '../engine/encoders/public-grid.js';
import { DEFAULT_SCOPES, type Viewer } from '../graphql/viewer.js';
import { CardService } from './card.service.js';
import { DriftService } from './drift.service.js';

const viewer: Viewer = {
  subject: 'bank',
  client: 'partner',
  scopes: new Set(DEFAULT_SCOPES.partner),
  institutionId: '11111111-1111-4111-8111-111111111111',
};
const contract = declaredContract(
  publicGrid({ columns: [{ name: 'age', kind: 'numeric', min: 18, max: 98 }], products: [], holdings: false }),
  8,
);
const version = {
  id: '4f1c9c1e-0000-4000-8000-000000000001',
  ...{ institutionId: null, task: 'risk', model: 'logistic', number: 1, status: 'active', metrics: {} },
  training: { federated: true, run: 'r' },
  ...{ createdAt: new Date(), activatedAt: null, rolledBackAt: null },
};
const step = { mechanism: 'subsampled-gaussian', samplingRate: 0.1, noiseMultiplier: 1, steps: 1 } as const;
const count = { mechanism: 'gaussian', noiseMultiplier: 10, count: 1 } as const;
const round = (strategy: string, mechanisms: readonly object[], ...institutions: string[]) => ({
  round: { plan: { strategy, mechanisms } },
  contributions: institutions.map((institution) => ({ institution })),
});

const models = {
  one: async () => version,
  contractOf: async () => ({ contract, digest: 'ab' }),
  withVersion: async (_: string, __: string, work: (model: object) => unknown) => work({ handle: 'h' }),
};
const reports = { latest: async () => undefined, keep: async (_: string, report: object) => report };

test('the card of a federated version composes, bank by bank, every round that it took part in', async () => {
  const rounds = [
    round('fedsgd', [step], 'one', 'two'),
    round('fedsgd', [step], 'one'),
    round('histogram', [count], 'one', 'two'),
  ];
  const asked: string[] = [];
  const cards = new CardService({ concord: '0' }, {
    models,
    reports,
    runs: { lineage: async () => rounds },
    ledger: {
      epsilon: async (_: Viewer, mechanisms: object[]) => {
        asked.push(JSON.stringify(mechanisms));
        return asked.length;
      },
    },
  } as never);
  const { privacy } = await cards.card(viewer, version.id);
  expect(privacy).toMatchObject({ federated: true, rounds: 3, incomplete: false });
  expect(privacy.spent.map(({ institution }) => institution)).toEqual(['one', 'two']);
  expect(asked).toEqual(
    [
      [step, step, count],
      [step, count],
    ].map((released) => JSON.stringify(Releases.NONE.plus(released).toMechanisms())),
  );
});

describe('drift of a federated version', () => {
  const views = Array.from({ length: 40 }, (_, user) => ({
    row: { values: { age: 20 + user }, owned: [] },
    riskLabel: null,
  }));
  const measure = async (strategy: string) => {
    const drift = new DriftService({
      models,
      reports,
      runs: { lineage: async () => [round(strategy, [step], 'one')] },
      profiles: {
        async *trainingViews() {
          yield views;
        },
      },
      scoring: { scoreRisk: async (_: string, rows: unknown[]) => new Float32Array(rows.length) },
    } as never);
    return (await drift.assess(viewer, version.id)).report;
  };

  test('is told where noisy counts say how users are spread', async () => {
    expect((await measure('histogram')).features).toHaveLength(1);
  });

  test('is not told where inputs were declared only, and the report says so', async () => {
    const { features, notes } = await measure('fedsgd');
    expect(features).toEqual([]);
    expect(notes.join()).toMatch(/no round of histograms/);
  });
});
