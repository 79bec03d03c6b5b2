import { randomUUID } from 'node:crypto';
import type { Json } from '../../../federated/canonical-json.js';
import { calibrateNoise } from '../../../federated/privacy/accountant/calibrate.js';
import { nominalNoise } from '../../../federated/privacy/dp-sgd.js';
import { histogramMechanism, nominalHistogramNoise } from '../../../federated/privacy/histogram.js';
import type { LedgerEntry } from '../../../federated/privacy/ledger/entry.js';
import type { Mechanism } from '../../../federated/privacy/mechanism.js';
import type { Strategy } from '../../../federated/protocol/plan.js';
import { BankLedger, sharedMeasure } from '../../../federated/simulation/bank-ledger.js';
import { type SimulatedBank, simulate } from '../../../federated/simulation/simulate.js';
import { type Bank, datasetOf, splitByColumns } from '../../engine/data/banks.js';
import { type Dataset, FOLD } from '../../engine/data/dataset.js';
import { dealFolds } from '../../engine/data/split.js';
import { populationOf, publicContract } from '../../engine/encoders/public-contract.js';
import { type PublicDeclaration, publicGrid } from '../../engine/encoders/public-grid.js';
import type { Engine, ModelName, RunOptions, StoredModel, Task } from '../../engine/engine.js';
import { usersOf } from '../../engine/evaluation/evaluate.js';
import { declarationFor, initialParameters, toTrainedModel } from '../../engine/models/federated.js';
import { noisyHistogram } from '../../engine/training/private/noisy-histogram.js';
import { HISTOGRAM_SHARE, type Recipe, recipeOf } from './recipe.js';

export interface SimulationRequest {
  readonly dataset: Dataset;
  readonly declaration: PublicDeclaration;
  readonly task: Task;
  readonly model: ModelName;
  readonly banks: number;
  readonly splitBy: readonly string[];
  readonly strategy: Strategy;
  readonly epsilon: number;
  readonly delta: number;
  /** Instead of the recipe's: for tests, which have no time. */
  readonly recipe?: Recipe;
}

export interface Simulation {
  readonly model: StoredModel;
  readonly federation: {
    /** Users are those that a bank trains on. */
    readonly banks: readonly { readonly name: string; readonly users: number; readonly epsilon: number }[];
    readonly strategy: Strategy;
    readonly rounds: number;
    readonly steps: number;
    /** What the ledgers show, of the bank that spent most. */
    readonly epsilon: number;
    readonly epsilonRdp: number;
    readonly delta: number;
    readonly noiseMultiplier: number;
    readonly histogramNoiseMultiplier: number;
    readonly samplingRate: number;
    readonly parameters: number;
  };
  /** Of each bank, as it would be exported. */
  readonly ledgers: readonly (readonly LedgerEntry[])[];
}

const POPULATION = 'customers';
/** Numbers of users are rounded to this. */
const WEIGHT_STEP = 50;
/** A hair more noise than calibrated, so that dividing by the margins again cannot fall short. */
const HAIR = 1 + 1e-9;
const LONG_AFTER = '9999-12-31T00:00:00.000Z';

/** A data set without a stored split gets one: a fifth of the users for the test. */
export function withFold(dataset: Dataset, task: Task, seed: number): Dataset {
  if (dataset.fold) return dataset;
  const users = usersOf({ dataset, task });
  const stratum = task === 'risk' ? (user: number) => dataset.label?.[user] ?? 0 : undefined;
  const fold = new Uint8Array(dataset.size).fill(FOLD.train);
  dealFolds(users, 5, seed, stratum).forEach((dealt, place) => {
    if (dealt === 0) fold[users[place]] = FOLD.test;
  });
  return { ...dataset, fold };
}

/**
 * Trains over banks that each add their own full noise and charge their own ledger, up to ε at each.
 * @param dataset with a split, whose training users are dealt to the banks
 * @throws {RangeError} where the target cannot be reached
 */
export async function runSimulation(
  request: SimulationRequest,
  engine: Engine,
  options: RunOptions = {},
): Promise<Simulation> {
  const { dataset, task, model, strategy, epsilon, delta } = request;
  const declaration = declarationFor(model, request.declaration);
  const recipe = request.recipe ?? recipeOf(task, strategy, epsilon, request.banks);
  const noise = noiseFor(recipe, { epsilon, delta });
  const training = usersOf({ dataset, task }).filter((user) => dataset.fold?.[user] === FOLD.train);
  const banks = splitByColumns(dataset, training, request.banks, request.splitBy);
  const run = randomUUID();
  const measure = sharedMeasure();
  const members = banks.map((bank) => ({ bank, data: datasetOf(dataset, bank.users), ledger: openLedger(bank) }));

  const grid = publicGrid(declaration);
  const total = new Float64Array(grid.size);
  const populations: number[] = [];
  for (const { data, ledger } of members) {
    const histogram = await ledger.charge(
      { population: POPULATION, run, round: 'histogram' },
      [noise.histogram],
      async () => ({
        result: noisyHistogram(grid, data, Int32Array.from(data.userIds.keys()), noise.ofHistogram),
      }),
    );
    histogram.forEach((value, cell) => {
      total[cell] += value;
    });
    populations.push(Math.max(WEIGHT_STEP, Math.round(populationOf(histogram) / WEIGHT_STEP) * WEIGHT_STEP));
  }
  const deviation = noise.ofHistogram * grid.sensitivity * Math.sqrt(banks.length);
  const contract = { ...publicContract(grid, total, { bins: recipe.bins, deviation }) };
  const start = initialParameters(model, task, contract);

  const parameters = await simulate({
    banks: members.map(
      ({ data, ledger }, place): SimulatedBank => ({
        ledger,
        expectedUsers: populations[place],
        update: (plan, current) =>
          engine.privateUpdate(
            data,
            { task, model, contract, parameters: current, strategy, training: plan.training },
            { signal: options.signal, backend: options.backend },
          ),
      }),
    ),
    rounds: recipe.rounds,
    start,
    server: recipe.server,
    plan: {
      run,
      strategy,
      task,
      population: POPULATION,
      model: { name: model, contract: contract as unknown as Json, parameters: start.length },
      training: { ...recipe.training, noiseMultiplier: noise.multiplier, expectedUsers: WEIGHT_STEP },
      normBound: Number.MAX_SAFE_INTEGER,
      weightStep: WEIGHT_STEP,
      deadline: LONG_AFTER,
    },
    onRound: (done) =>
      options.onProgress?.({
        stage: `${strategy} over ${banks.length} banks`,
        fraction: done / recipe.rounds,
        figures: { round: done, epsilon: most(members, 'pld') },
      }),
  });

  return {
    model: toTrainedModel(task, model, contract, parameters),
    federation: {
      banks: members.map(({ bank, ledger }) => ({
        name: bank.name,
        users: bank.users.length,
        epsilon: ledger.spent.pld,
      })),
      strategy,
      rounds: recipe.rounds,
      steps: recipe.training.steps,
      epsilon: most(members, 'pld'),
      epsilonRdp: most(members, 'rdp'),
      delta,
      noiseMultiplier: noise.multiplier,
      histogramNoiseMultiplier: noise.ofHistogram,
      samplingRate: recipe.training.samplingRate,
      parameters: start.length,
    },
    ledgers: members.map(({ ledger }) => ledger.entries),
  };

  function openLedger({ name }: Bank): BankLedger {
    const ledger = new BankLedger(name, measure);
    const at = new Date().toISOString();
    ledger.append({ kind: 'cap', population: POPULATION, at, epsilon, delta, until: LONG_AFTER });
    return ledger;
  }
}

const most = (members: readonly { readonly ledger: BankLedger }[], accountant: 'pld' | 'rdp') =>
  Math.max(...members.map(({ ledger }) => ledger.spent[accountant]));

/** Noise of the histograms from their share of ε, and of training from all that is left beside them. */
function noiseFor({ rounds, training }: Recipe, { epsilon, delta }: { epsilon: number; delta: number }) {
  const { samplingRate, steps } = training;
  const ofHistogram = nominalHistogramNoise(calibrateNoise(1, 1, { epsilon: epsilon * HISTOGRAM_SHARE, delta }));
  const histogram: Mechanism = histogramMechanism(ofHistogram);
  const charged = calibrateNoise(samplingRate, rounds * steps, { epsilon, delta, spent: [histogram] });
  const multiplier = nominalNoise(charged) * HAIR;
  return { ofHistogram, histogram, multiplier };
}
