import { badInput } from '../../errors.js';
import type { FeatureContract } from '../encoders/contract.js';
import { type EncodedUsers, encodeDataset } from '../encoders/encode.js';
import { fitContract } from '../encoders/fit.js';
import { logLoss } from '../metrics/binary.js';
import type { FittedModel, KindRequest, Workshop } from '../models/kind.js';
import type { ScorecardWeights } from '../models/weights.js';
import { minimise } from '../stacking/minimise.js';
import { foldsOf } from '../training/folds.js';
import { type Binned, binFeature } from './characteristic.js';
import { scorecardOdds } from './score.js';
import { candidateScorecards, type ScorecardSettings } from './settings.js';
import { slotOf } from './slots.js';
import { tableOf } from './table.js';

/**
 * A points scorecard (Siddiqi 2006): numbers in monotone classes, categories grouped by event rate, each class with its weight of evidence, and a
 * logistic regression over these whose coefficients are not negative, so that more evidence of risk never earns points. How coarse the classes are and
 * how much is shrunk is chosen by the log loss of validation users (of a small set out of fold); then all training users are learnt from.
 * @throws {ConcordError} BAD_INPUT for interest, and for settings that there are not; CANCELLED
 */
export async function fitScorecard(request: KindRequest, workshop: Workshop): Promise<FittedModel> {
  const { dataset, task, train, part } = request;
  if (task !== 'risk') throw badInput('A scorecard is a model of risk: it ranks no products.');
  const candidates = candidateScorecards((request.settings ?? {}) as Partial<ScorecardSettings>);
  const labels = dataset.label as Float32Array;
  const learn = (users: Int32Array, settings: ScorecardSettings): Learnt => {
    workshop.checkpoint();
    const contract = withoutParts(
      fitContract(dataset, { users, bins: settings.bins, encoding: 'piecewise', holdings: 'none' }),
    );
    return learnFrom(contract, encodeDataset(contract, dataset), { users, labels }, settings);
  };
  const folds = candidates.length > 1 ? foldsOf(request) : [];
  const losses = candidates.map((settings, trial) => {
    workshop.onProgress({
      stage: `${part.stage}: choosing settings`,
      fraction: part.from + ((part.to - part.from) * trial) / (candidates.length + 1),
    });
    const each = folds.map(({ train: users, validation }) => lossOf(learn(users, settings), validation.users, labels));
    return each.reduce((sum, loss) => sum + loss, 0) / Math.max(1, each.length);
  });
  const best = losses.indexOf(Math.min(...losses));
  const settings = candidates[best];
  const { contract, encoded, weights, binned } = learn(train, settings);
  return {
    contract,
    encoded,
    weights,
    training: {
      settings,
      candidates: candidates.map((candidate, trial) => ({ ...candidate, validationLoss: losses[trial] })),
      scorecard: tableOf(contract, weights, binned, train.length),
      trainingUsers: train.length,
    },
  };
}

/** Of a date the days alone have an order that a scorecard can show. */
const withoutParts = (contract: FeatureContract): FeatureContract => ({
  ...contract,
  features: contract.features.filter(
    (feature) => feature.kind === 'categorical' || !feature.part || feature.part === 'days',
  ),
});

interface Learnt {
  readonly contract: FeatureContract;
  readonly encoded: EncodedUsers;
  readonly weights: ScorecardWeights;
  /** Of each characteristic of the weights. */
  readonly binned: readonly Binned[];
}

function learnFrom(
  contract: FeatureContract,
  encoded: EncodedUsers,
  data: { readonly users: Int32Array; readonly labels: Float32Array },
  settings: ScorecardSettings,
): Learnt {
  const all = contract.features.map((feature, place) => binFeature(feature, encoded.positions[place], data, settings));
  // What has one class says nothing.
  const places = [...all.keys()].filter((place) => all[place].woe.length > 1);
  const columns = places.map((place) => {
    const { groups, woe } = all[place];
    return Float64Array.from(data.users, (user) => {
      const slot = slotOf(contract.features[place], encoded.positions[place][user]);
      return slot >= 0 && groups[slot] >= 0 ? woe[groups[slot]] : 0;
    });
  });
  const targets = Float64Array.from(data.users, (user) => data.labels[user]);
  const { coefficients, intercept } = regress(columns, targets, settings.l2);
  const kept = [...places.keys()].filter((index) => coefficients[index] > 0);
  const weights: ScorecardWeights = {
    kind: 'scorecard',
    intercept,
    scale: { pdo: settings.pdo, points: settings.points, odds: settings.odds },
    characteristics: kept.map((index) => {
      const { groups, woe, counts } = all[places[index]];
      return {
        feature: places[index],
        coefficient: coefficients[index],
        groups,
        woe,
        shares: counts.map(({ users }) => users / data.users.length),
      };
    }),
  };
  return { contract, encoded, weights, binned: kept.map((index) => all[places[index]]) };
}

/** Log-odds of the event = intercept − Σ coefficient · evidence; coefficients that would be negative are 0. */
function regress(
  columns: readonly Float64Array[],
  targets: Float64Array,
  l2: number,
): { readonly coefficients: Float64Array; readonly intercept: number } {
  const { exp, log1p } = Math;
  const count = columns.length;
  const size = count + 1;
  const rows = targets.length;
  const base = targets.reduce((sum, value) => sum + value, 0) / rows;
  const start = new Float64Array(size);
  start[count] = Math.log(base / (1 - base));
  const found = minimise(
    (parameters) => {
      const gradient = new Float64Array(size);
      const hessian = new Float64Array(size * size);
      let value = 0;
      for (let k = 0; k < count; k++) {
        value += (l2 / 2) * parameters[k] ** 2;
        gradient[k] = l2 * parameters[k];
        hessian[k * size + k] = l2;
      }
      hessian[size * size - 1] = 1e-9;
      const input = new Float64Array(size).fill(1);
      for (let row = 0; row < rows; row++) {
        let odds = parameters[count];
        for (let k = 0; k < count; k++) {
          input[k] = -columns[k][row];
          odds += parameters[k] * input[k];
        }
        const signed = targets[row] === 1 ? odds : -odds;
        value += signed > 0 ? log1p(exp(-signed)) : log1p(exp(signed)) - signed;
        const probability = 1 / (1 + exp(-odds));
        const residual = probability - targets[row];
        const curvature = probability * (1 - probability);
        for (let k = 0; k < size; k++) {
          gradient[k] += residual * input[k];
          const scaled = curvature * input[k];
          for (let j = 0; j <= k; j++) hessian[k * size + j] += scaled * input[j];
        }
      }
      return { value, gradient, hessian };
    },
    start,
    count,
  );
  return { coefficients: found.subarray(0, count), intercept: found[count] };
}

function lossOf({ contract, encoded, weights }: Learnt, users: Int32Array, labels: Float32Array): number {
  const row = new Float32Array(contract.features.length);
  const probabilities = Float64Array.from(users, (user) => {
    for (let place = 0; place < row.length; place++) row[place] = encoded.positions[place][user];
    return 1 / (1 + Math.exp(-scorecardOdds(contract, weights, row, 0)));
  });
  return logLoss(
    Array.from(users, (user) => labels[user]),
    probabilities,
  );
}
