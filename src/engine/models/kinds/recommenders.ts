import { badInput } from '../../../errors.js';
import { type FeatureContract, inputsOf } from '../../encoders/contract.js';
import { encodeDataset } from '../../encoders/encode.js';
import { createExpander } from '../../encoders/expand.js';
import type { Explanation } from '../../engine.js';
import { explainedOutputs } from '../../explanations/sampled.js';
import { eraseUsers } from '../../recommenders/erase.js';
import { explainRecommendations } from '../../recommenders/explain.js';
import { packRecommender, unpackRecommender } from '../../recommenders/file/file.js';
import { fitRecommender, type FitRequest as RecommenderRequest } from '../../recommenders/fit.js';
import { selectRows } from '../../recommenders/matrix/sparse.js';
import type { RecommenderModel } from '../../recommenders/model.js';
import { type OpenRecommender, openRecommender } from '../../recommenders/predict.js';
import { isSingle, SINGLE_RECOMMENDERS, type SingleRecommender } from '../../recommenders/recommender.js';
import type { Batch } from '../../training/batch.js';
import type { FittedModel, KindRequest, ModelKind, Workshop } from '../kind.js';
import {
  idsOf,
  interestOnly,
  matrixOf,
  ownedContract,
  ownedFeature,
  ownedIn,
  ownedInBatch,
  validationFold,
} from '../owned.js';
import { similarityOf } from '../similarity.js';

const COUNTS = 'it is a table of which products are owned together, which has no parameters to average or clip';

/** Recommenders that read what a user owns and nothing else. They score in this thread, whatever the backend. */
export const recommenders: ModelKind<'recommender'> = {
  kind: 'recommender',
  models: SINGLE_RECOMMENDERS,
  notFederated: {
    'item-knn': COUNTS,
    'user-knn': 'it keeps the users themselves, whose rows never leave their institution',
    ease: 'it solves for all weights at once, by no gradients that could be clipped user by user',
    'naive-bayes': COUNTS,
    als: 'it solves for its factors in turn, by no gradients that could be clipped user by user',
    vae: 'its training loop does not clip gradients user by user',
    content: 'it learns from the catalogue alone: there is nothing of users to train together',
  },
  fit: fitOne,
  pack: ({ recommender }) => packRecommender(recommender),
  unpack(bytes, { task, contract }) {
    const recommender = unpackRecommender(bytes, contract.products.length);
    interestOnly(task, recommender.name);
    if (!isSingle(recommender.name) || inputsOf(contract) > 0)
      throw badInput('These are not the weights of a recommender that reads the products owned alone.');
    return { kind: 'recommender', recommender };
  },
  open({ recommender }, { contract }) {
    const open = openedOf(recommender);
    return {
      expander: createExpander(contract),
      // Nothing is compiled: a batch may be nearly as small as what it holds.
      batchSizes: [1, 2, 4, 8, 16, 32, 64, 128, 256],
      run: async (batch) => probabilitiesOf(open, batch),
      similarity: similarityOf(recommender, open),
      async dispose() {},
    };
  },
  explainRisk: async (_, { recommender }) => {
    throw badInput(`${recommender.name} is no model of risk.`);
  },
  explainInterest: async ({ contract }, { recommender }, row, products) =>
    explainOwned(contract, recommender, ownedIn(contract, row), explainedOutputs(contract, products)),
  erase({ recommender }, users, checkpoint) {
    const { model, outcomes } = eraseUsers(recommender, users, checkpoint);
    const [{ member, outcome }] = outcomes;
    return outcome === 'retrain'
      ? { outcome, reason: `${member} has learnt from all users together: it must be trained again without them` }
      : { outcome, weights: { kind: 'recommender', recommender: model } };
  },
};

async function fitOne(request: KindRequest, { backend, checkpoint, onProgress }: Workshop): Promise<FittedModel> {
  const { dataset, task, seed, part } = request;
  const model = request.model as SingleRecommender;
  interestOnly(task, model);
  if (model === 'content' && !dataset.content)
    throw badInput(`${dataset.name} has no texts, attributes or vectors of products: content has nothing to compare.`);
  const { train, validation } = validationFold(request);
  const all = matrixOf(dataset);
  // Where nothing is given, everything is chosen.
  const isGiven = Object.keys(request.settings ?? {}).length > 0;
  const settings = isGiven ? ({ [model]: request.settings } as RecommenderRequest['settings']) : undefined;
  const fitted = await fitRecommender(
    {
      name: model,
      owned: selectRows(all, train),
      userIds: idsOf(dataset.userIds, train),
      content: dataset.content,
      seed,
      backend,
      validation: { owned: selectRows(all, validation.users), hidden: validation.hidden },
      settings,
    },
    {
      checkpoint,
      onProgress: (stage, done) =>
        onProgress({
          stage: part.stage === stage ? stage : `${part.stage}: ${stage}`,
          fraction: part.from + (part.to - part.from) * done,
        }),
    },
  );
  const [{ member }] = fitted.model.members;
  const contract = ownedContract(dataset);
  return {
    contract,
    encoded: encodeDataset(contract, dataset),
    weights: { kind: 'recommender', recommender: fitted.model },
    training: {
      settings: member.settings,
      candidates: fitted.trials.map(({ plan, validationLoss }) => ({ ...plan.settings, validationLoss })),
      validationLosses: [fitted.validationLoss],
      trainingUsers: train.length,
    },
  };
}

/** Made ready once for each model, as long as it is loaded: to score and to explain. */
const opened = new WeakMap<RecommenderModel, OpenRecommender>();

export function openedOf(recommender: RecommenderModel): OpenRecommender {
  const known = opened.get(recommender) ?? openRecommender(recommender);
  opened.set(recommender, known);
  return known;
}

function probabilitiesOf(open: OpenRecommender, batch: Batch): Float32Array {
  const { products } = open;
  const result = new Float32Array(batch.rows * products);
  for (let row = 0; row < batch.rows; row++)
    open.probabilities(ownedInBatch(batch, row, products), result, row * products);
  return result;
}

/** What each product owned adds to the log-odds of some products. */
const explainOwned = (
  { products }: FeatureContract,
  recommender: RecommenderModel,
  owned: Int32Array,
  outputs: readonly number[],
): Explanation[] =>
  explainRecommendations(recommender, openedOf(recommender), owned, outputs).map(({ base, score, contributions }) => ({
    base,
    score,
    contributions: contributions.map(({ products: own, contribution }) => ({
      feature: ownedFeature(products, own),
      value: own.length,
      contribution,
    })),
  }));
