import type { EncodedUsers } from '../encoders/encode.js';
import { encodeDataset } from '../encoders/encode.js';
import type { FittedModel, KindRequest, Workshop } from '../models/kind.js';
import { idsOf, matrixOf, ownedContract, validationFold } from '../models/owned.js';
import { type HiddenProducts, type Validation, validationOf } from '../recommenders/calibrate.js';
import { type FittedRecommender, fitRecommender } from '../recommenders/fit.js';
import { type Combination, fitCombination } from '../recommenders/hybrid/combine.js';
import { selectRows } from '../recommenders/matrix/sparse.js';
import { joinContracts, joinEncoded } from '../stacking/contract.js';
import { scoreOf } from '../stacking/stack.js';
import type { Fold } from '../training/folds.js';
import { partOf } from '../training/held-out.js';
import type { HybridWeights } from './hybrid.js';
import { hybridMembers } from './settings.js';

/**
 * Fits the members, and on validation users how to add up what they say: once for users who own something, once for those who own nothing.
 * @throws {ConcordError} as fitModel
 */
export async function fitHybrid(request: KindRequest, workshop: Workshop): Promise<FittedModel> {
  const { dataset, part } = request;
  const names = hybridMembers(dataset, request.settings ?? {});
  const fold = validationFold(request);
  const hidden: HiddenProducts = {
    owned: selectRows(matrixOf(dataset), fold.validation.users),
    hidden: fold.validation.hidden,
  };
  const validation = validationOf(hidden);
  const others: Other[] = [];
  const places = names.others.length + 1;
  for (const [place, model] of names.others.entries()) {
    const own = { ...partOf(part, place, places), stage: `${part.stage}: ${model}` };
    others.push(await fitOther({ ...request, model, part: own }, fold, validation, workshop));
  }
  const recommenders = await fitRecommenders(request, names.recommenders, {
    fold,
    hidden,
    beside: others.map(({ scores }) => scores),
    workshop,
    part: partOf(part, places - 1, places),
  });
  const cold = combineCold(recommenders, others, validation);
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
  /** Of the validation users, (users × products). */
  readonly scores: Float64Array;
  /** Of the same users, were all of their products hidden. */
  readonly coldScores: Float64Array;
}

async function fitOther(request: KindRequest, fold: Fold, validation: Validation, workshop: Workshop): Promise<Other> {
  const { train } = fold;
  workshop.checkpoint();
  const fitted = await workshop.fit({
    ...request,
    train,
    validation: fold.validation.users,
    settings: undefined,
  });
  const predictor = workshop.open('interest', fitted);
  const users = validation.rows.map((row) => fold.validation.users[row]);
  const hidden = validation.rows.map((row) => fold.validation.hidden[row]);
  const { open, products } = validation.frame;
  const scoresOf = async (encoded: EncodedUsers, shown: Uint8Array | undefined): Promise<Float64Array> => {
    const scores = new Float64Array(users.length * products);
    await predictor.predict(encoded, { users, hidden }, (start, _count, probabilities) => {
      const from = start * products;
      for (let place = 0; place < probabilities.length; place++)
        scores[from + place] = scoreOf(probabilities[place], shown?.[from + place] !== 0);
    });
    return scores;
  };
  try {
    return {
      fitted,
      scores: await scoresOf(fitted.encoded, open),
      coldScores: await scoresOf(withoutProducts(fitted.encoded), undefined),
    };
  } finally {
    await predictor.dispose();
  }
}

const withoutProducts = (encoded: EncodedUsers): EncodedUsers => ({
  ...encoded,
  offsets: new Int32Array(encoded.size + 1),
  items: new Int32Array(0),
});

interface RecommenderWork {
  readonly fold: Fold;
  readonly hidden: HiddenProducts;
  readonly beside: readonly Float64Array[];
  readonly workshop: Workshop;
  readonly part: KindRequest['part'];
}

function fitRecommenders(
  { dataset, seed }: KindRequest,
  members: Parameters<typeof fitRecommender>[0]['members'],
  { fold, hidden, beside, workshop, part }: RecommenderWork,
): Promise<FittedRecommender> {
  return fitRecommender(
    {
      name: 'hybrid',
      members,
      owned: selectRows(matrixOf(dataset), fold.train),
      userIds: idsOf(dataset.userIds, fold.train),
      content: dataset.content,
      seed,
      backend: workshop.backend,
      validation: hidden,
      beside,
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
  { frame }: Pick<Validation, 'frame'>,
): Combination {
  const { users, products, targets } = frame;
  const popular = new Float64Array(users * products);
  for (let at = 0; at < popular.length; at++) popular[at] = Math.log(model.owners[at % products] + 0.5);
  return fitCombination({
    users,
    products,
    targets,
    open: new Uint8Array(users * products).fill(1),
    scores: [popular, ...others.map(({ coldScores }) => coldScores)],
  });
}
