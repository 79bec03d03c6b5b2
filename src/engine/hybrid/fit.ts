import type { Dataset } from '../data/dataset.js';
import { encodeDataset } from '../encoders/encode.js';
import type { FittedModel, KindRequest, Workshop } from '../models/kind.js';
import { idsOf, matrixOf, ownedContract, validationFold } from '../models/owned.js';
import type { HybridWeights } from '../models/weights.js';
import { type FittedRecommender, fitRecommender } from '../recommenders/fit.js';
import type { Combination } from '../recommenders/hybrid/combine.js';
import { selectRows } from '../recommenders/matrix/sparse.js';
import { joinContracts, joinEncoded } from '../stacking/contract.js';
import type { Fold } from '../training/folds.js';
import { partOf } from '../training/held-out.js';
import { hybridMembers } from './settings.js';
import { addUp, scoresOf, type ValidationUsers, validationUsers, withoutProducts } from './validation.js';

/**
 * Fits the members, and on validation users how to add up what they say: once for users who own something, once for those who own nothing.
 * @throws {ConcordError} as fitModel
 */
export async function fitHybrid(request: KindRequest, workshop: Workshop): Promise<FittedModel> {
  const { dataset, part } = request;
  const names = hybridMembers(dataset, request.settings ?? {});
  const fold = validationFold(request);
  const sets = validationUsers(dataset.ownership as NonNullable<Dataset['ownership']>, fold.validation);
  const others: Other[] = [];
  const places = names.others.length + 1;
  for (const [place, model] of names.others.entries()) {
    const own = { ...partOf(part, place, places), stage: `${part.stage}: ${model}` };
    others.push(await fitOther({ ...request, model, part: own }, fold, sets, workshop));
  }
  const recommenders = await fitRecommenders(request, names.recommenders, {
    fold,
    beside: others.map(({ scores }) => scores),
    workshop,
    part: partOf(part, places - 1, places),
  });
  const cold = combineCold(recommenders, others, sets, workshop.checkpoint);
  const weights: HybridWeights = {
    kind: 'hybrid',
    recommender: recommenders.model,
    popularity: cold.weights[0],
    members: others.map(({ fitted }, member) => ({
      model: names.others[member],
      contract: fitted.contract,
      weights: fitted.weights,
      weight: recommenders.besideWeights[member],
      coldWeight: cold.weights[member + 1],
    })),
  };
  const contract =
    others.length > 0 ? joinContracts(others.map(({ fitted }) => fitted.contract)) : ownedContract(dataset);
  return {
    contract,
    encoded:
      others.length > 0 ? joinEncoded(others.map(({ fitted }) => fitted.encoded)) : encodeDataset(contract, dataset),
    weights,
    training: {
      settings: { members: [...names.recommenders, ...names.others] },
      weights: Object.fromEntries([
        ...recommenders.model.members.map(({ member, weight }) => [member.name, weight]),
        ...weights.members.map(({ model, weight }) => [model, weight]),
      ]),
      coldWeights: Object.fromEntries([
        ['popularity', weights.popularity],
        ...weights.members.map(({ model, coldWeight }) => [model, coldWeight]),
      ]),
      validationLosses: [recommenders.validationLoss],
      coldValidationLoss: cold.loss,
      candidates: recommenders.trials.map(({ plan, validationLoss }) => ({
        member: plan.name,
        ...plan.settings,
        validationLoss,
      })),
      members: Object.fromEntries(others.map(({ fitted }, member) => [names.others[member], fitted.training])),
      trainingUsers: fold.train.length,
    },
  };
}

interface Other {
  readonly fitted: FittedModel;
  /** Of the validation users who show something, (users × products). */
  readonly scores: Float64Array;
  /** Of the users who show nothing. */
  readonly coldScores: Float64Array;
}

async function fitOther(
  request: KindRequest,
  { train, validation }: Fold,
  { warm, cold }: ValidationUsers,
  workshop: Workshop,
): Promise<Other> {
  workshop.checkpoint();
  const fitted = await workshop.fit({ ...request, train, validation: validation.users, settings: undefined });
  const predictor = workshop.open('interest', fitted);
  try {
    return {
      fitted,
      scores: await scoresOf(predictor, fitted.encoded, warm),
      coldScores: await scoresOf(predictor, withoutProducts(fitted.encoded), cold),
    };
  } finally {
    await predictor.dispose();
  }
}

interface RecommenderWork {
  readonly fold: Fold;
  readonly beside: readonly Float64Array[];
  readonly workshop: Workshop;
  readonly part: KindRequest['part'];
}

function fitRecommenders(
  { dataset, seed }: KindRequest,
  members: Parameters<typeof fitRecommender>[0]['members'],
  { fold, beside, workshop, part }: RecommenderWork,
): Promise<FittedRecommender> {
  const all = matrixOf(dataset);
  return fitRecommender(
    {
      name: 'hybrid',
      members,
      owned: selectRows(all, fold.train),
      userIds: idsOf(dataset.userIds, fold.train),
      content: dataset.content,
      seed,
      backend: workshop.backend,
      validation: { owned: selectRows(all, fold.validation.users), hidden: fold.validation.hidden },
      beside,
      combine: (scores, frame) => addUp(scores, frame, workshop.checkpoint),
    },
    {
      checkpoint: () => workshop.checkpoint(),
      onProgress: (stage, done) =>
        workshop.onProgress({
          stage: `${part.stage}: ${stage}`,
          fraction: part.from + (part.to - part.from) * done,
        }),
    },
  );
}

/** What a user who owns nothing is recommended by: popularity first, then the others. */
function combineCold(
  { model }: FittedRecommender,
  others: readonly Other[],
  { cold: { frame } }: ValidationUsers,
  checkpoint: () => void,
): Combination {
  const popular = new Float64Array(frame.users * frame.products);
  for (let at = 0; at < popular.length; at++) popular[at] = Math.log(model.owners[at % frame.products] + 0.5);
  return addUp([popular, ...others.map(({ coldScores }) => coldScores)], frame, checkpoint);
}
