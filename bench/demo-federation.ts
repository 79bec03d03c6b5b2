import { initialState, serverStep } from '../federated/aggregation/server-optimiser.js';
import { epsilon } from '../federated/privacy/accountant/epsilon.js';
import { chargeOf } from '../federated/protocol/charge.js';
import { DEMO_BUDGET, DEMO_DECLARATION, DEMO_RUN } from '../src/demo/federation.js';
import { DEMO_MODELS } from '../src/demo/models.js';
import { LISTINGS } from '../src/demo/products.js';
import { createEngine } from '../src/engine/create-engine.js';
import type { Dataset, UserRow } from '../src/engine/data/dataset.js';
import { publicContract } from '../src/engine/encoders/public-contract.js';
import { publicGrid } from '../src/engine/encoders/public-grid.js';
import type { Engine, ModelName, StoredModel } from '../src/engine/engine.js';
import { createRandom } from '../src/engine/layers/random.js';
import { midRank, mrr, type RankedUser, recallAt } from '../src/engine/metrics/ranking.js';
import { initialParameters, toTrainedModel } from '../src/engine/models/federated.js';
import { TrainingData } from '../src/models/training-data.js';
import { type Benchmark, type Result, round } from './benchmark.js';
import { demoDataset, demoViews, panelRows } from './demo-data.js';

/** 4,000 people. */
const PANEL = 8;
const RUNS = 5;
const BATCH = 256;

/** What the demo's nodes reach, beside the models that are trained on everything: without database and HTTP, with the same settings. */
export const demoFederation: Benchmark = {
  description: "what the demo's nodes reach together, beside the central model: recall@3, MRR and ε",
  async run({ progress }) {
    const engine = createEngine();
    try {
      const panel = hideOne(panelRows(PANEL));
      const results: Result[] = [];
      for (const model of ['popularity', 'linear'] as const)
        results.push({
          ...(await measure(engine, `${model}, central`, await central(engine, model), panel)),
          epsilon: 'none',
        });
      const banks = demoViews().map(({ institution, views }) => {
        const data = new TrainingData('interest');
        data.add(institution, views);
        return data.buildPrivate(institution);
      });
      for (let run = 1; run <= RUNS; run++) {
        progress(`run ${run} of ${RUNS}`);
        const { model, spent } = await together(engine, banks);
        results.push({
          ...(await measure(engine, `linear, three nodes, run ${run}`, model, panel)),
          epsilon: round(spent, 3),
        });
      }
      return results;
    } finally {
      await engine.close();
    }
  },
};

function central(engine: Engine, model: ModelName): Promise<StoredModel> {
  const settings = model === 'popularity' ? {} : DEMO_MODELS.find(({ task }) => task === 'interest')?.settings;
  return engine.train(demoDataset('interest').dataset, 'interest', model, { settings });
}

async function together(engine: Engine, banks: readonly Dataset[]) {
  const { strategy, histogram, training, rounds, optimiser } = DEMO_RUN;
  const { noiseMultiplier, bins } = histogram!;
  const declaration = { ...DEMO_DECLARATION, holdings: true };
  const grid = publicGrid(declaration);
  const total = new Float64Array(grid.size);
  for (const bank of banks) {
    const request = { task: 'interest', declaration, noiseMultiplier, expectedUsers: training.expectedUsers } as const;
    (await engine.noisyHistogram(bank, request)).forEach((value, cell) => {
      total[cell] += value;
    });
  }
  const deviation = noiseMultiplier * grid.sensitivity * Math.sqrt(banks.length);
  const contract = { ...publicContract(grid, total, { bins, deviation }) };
  const parameters = initialParameters('linear', 'interest', contract);
  const state = initialState(optimiser, parameters.length);
  const charges = chargeOf({ strategy: 'histogram', training: { ...training, noiseMultiplier } });
  for (let number = 2; number <= rounds; number++) {
    const mean = new Float32Array(parameters.length);
    for (const bank of banks) {
      const request = { task: 'interest', model: 'linear', contract, parameters, strategy, training } as const;
      const { update, mechanisms } = await engine.privateUpdate(bank, request);
      update.forEach((value, index) => {
        mean[index] += value / banks.length;
      });
      if (bank === banks[0]) charges.push(...mechanisms);
    }
    serverStep(optimiser, parameters, mean, state);
  }
  const model = toTrainedModel('interest', 'linear', contract, parameters);
  return { model, spent: epsilon(charges, DEMO_BUDGET.delta) };
}

interface Hidden {
  readonly row: UserRow;
  readonly target: string;
}

/** A product of each person who owns two or more is hidden, the same one each time. */
function hideOne(rows: readonly UserRow[]): Hidden[] {
  const random = createRandom(1).fork('hidden');
  return rows.flatMap(({ values, owned }) => {
    if (owned.length < 2) return [];
    const target = owned[random.below(owned.length)];
    return [{ row: { values, owned: owned.filter((code) => code !== target) }, target }];
  });
}

async function measure(engine: Engine, name: string, model: StoredModel, panel: readonly Hidden[]): Promise<Result> {
  await engine.scoring.load(name, model);
  const products = (model.contract as { products: readonly string[] }).products;
  const positions = new Map(products.map((code, position) => [code, position]));
  const ranked: RankedUser[] = [];
  for (let start = 0; start < panel.length; start += BATCH) {
    const batch = panel.slice(start, start + BATCH);
    const answers = await engine.scoring.scoreInterest(
      name,
      batch.map(({ row }) => row),
    );
    batch.forEach(({ row, target: code }, place) => {
      const target = positions.get(code);
      if (target === undefined) {
        ranked.push({ target: -1, rank: LISTINGS.length, probability: 0 }); // too few owned it: it comes last
        return;
      }
      const owned = new Set(row.owned.map((each) => positions.get(each)));
      const rank = midRank(answers[place], target, (product) => !owned.has(product));
      ranked.push({ target, rank, probability: answers[place][target] });
    });
  }
  await engine.scoring.unload(name);
  return { name, users: ranked.length, 'recall@3': round(recallAt(ranked, 3), 3), mrr: round(mrr(ranked), 3) };
}
