import { badInput, ConcordError } from '../../../errors.js';
import { ownersOf } from '../../data/split.js';
import type { FeatureContract } from '../../encoders/contract.js';
import { encodeDataset } from '../../encoders/encode.js';
import { createExpander } from '../../encoders/expand.js';
import type { Task } from '../../engine.js';
import { constantExplanation } from '../../explanations/explanation.js';
import { explainInterestBySampling } from '../../explanations/sampled.js';
import { logOdds } from '../../explanations/shapley.js';
import { readHeader, readValues, writeSafetensors } from '../../safetensors/safetensors.js';
import type { Batch } from '../../training/batch.js';
import type { FittedModel, KindRequest, ModelKind } from '../kind.js';
import type { PopularityWeights } from '../weights.js';

/** Shares of ownership, or the base rate: the floor that a model must beat. */
export const popularity: ModelKind<'popularity'> = {
  kind: 'popularity',
  models: ['popularity'],
  notFederated: 'it has no parameters to train',
  fit: async (request) => fitPopularity(request),
  pack: ({ shares }) =>
    writeSafetensors({
      tensors: [{ name: 'shares', shape: [shares.length], values: shares }],
      metadata: { format: 'concord', kind: 'popularity' },
    }),
  unpack(bytes, { task, contract }) {
    const outputs = task === 'interest' ? contract.products.length : 1;
    const { tensors, dataStart } = readHeader(bytes);
    const [place] = tensors;
    if (place?.name !== 'shares' || place.shape.join() !== String(outputs) || tensors.length !== 1)
      throw new ConcordError('BAD_INPUT', 'These are no shares of products: there must be one for each output.');
    const shares = new Float32Array(outputs);
    readValues(bytes, dataStart + place.begin, shares);
    return { kind: 'popularity', shares };
  },
  open: ({ shares }, { task, contract }) => ({
    expander: createExpander(contract),
    batchSizes: [1, 16, 256],
    run: async (batch) => sharesOf(task, shares, batch),
    async dispose() {},
  }),
  explainRisk: async (_, { shares }) => constantExplanation(logOdds(shares[0])),
  explainInterest: (predictor, _, row, products) => explainInterestBySampling(predictor, row, products),
};

function fitPopularity({ dataset, task, train, settings = {} }: KindRequest): FittedModel {
  const [unknown] = Object.keys(settings);
  if (unknown) throw badInput(`popularity has no settings, and so no ${unknown}.`, { name: unknown });
  const contract: FeatureContract = {
    version: 1,
    features: [],
    products: task === 'interest' ? [...(dataset.ownership?.products ?? [])] : [],
    scale: 1,
  };
  const counts =
    task === 'interest' && dataset.ownership
      ? ownersOf(dataset.ownership, train)
      : Float64Array.of(train.reduce((sum, user) => sum + (dataset.label?.[user] ?? 0), 0));
  const all = task === 'interest' ? counts.reduce((sum, count) => sum + count, 0) : train.length;
  const weights: PopularityWeights = { kind: 'popularity', shares: Float32Array.from(counts, (count) => count / all) };
  return {
    contract,
    encoded: encodeDataset(contract, dataset),
    weights,
    training: { settings: {}, trainingUsers: train.length },
  };
}

/** Interest: a product's share among the candidates; for one that is owned, as if it were one more candidate. Risk: the base rate. */
function sharesOf(task: Task, shares: Float32Array, { rows, candidates }: Batch): Float32Array {
  const outputs = shares.length;
  const result = new Float32Array(rows * outputs);
  if (task === 'risk') return result.fill(shares[0]);
  for (let base = 0; base < result.length; base += outputs) {
    let open = 0;
    for (let product = 0; product < outputs; product++) open += shares[product] * candidates[base + product];
    for (let product = 0; product < outputs; product++) {
      const all = open + shares[product] * (1 - candidates[base + product]);
      result[base + product] = all > 0 ? shares[product] / all : 0;
    }
  }
  return result;
}
