import { encodeDataset } from '../encoders/encode.js';
import { fitContract } from '../encoders/fit.js';
import type { FittedModel, KindRequest, Workshop } from '../models/kind.js';
import type { Architecture } from '../models/network.js';
import { networkShape } from '../models/network-file.js';
import { validationFold } from '../models/owned.js';
import type { MemberTask } from '../training/member.js';
import { contentMatrix } from './content.js';
import { type TwoTowerSettings, twoTowerSettings } from './settings.js';

/**
 * Trains a tower of users (the encoded row, and a recurrent layer over their events where there are any) and one of products (an embedding of
 * the id, and a linear map of what is known of the product) by a full softmax over the products that are not shown, and chooses settings by
 * validation log loss.
 */
export async function fitTwoTower(request: KindRequest, { trainMembers }: Workshop): Promise<FittedModel> {
  const { dataset, seed } = request;
  const fold = validationFold(request);
  const candidates = twoTowerSettings(
    {
      users: fold.train.length,
      products: dataset.ownership?.products.length ?? 0,
      sequences: dataset.sequences !== undefined,
    },
    request.settings ?? {},
  );
  const [{ bins, encoding, steps, stepBins }] = candidates;
  const contract = fitContract(dataset, {
    users: fold.train,
    bins,
    encoding,
    holdings: 'oneHidden',
    ...(dataset.sequences && steps && stepBins && { sequence: { steps, bins: stepBins } }),
  });
  const encoded = encodeDataset(contract, dataset);
  const content = dataset.content && contentMatrix(dataset.content);
  const { sequence, ...shape } = networkShape('interest', contract);
  const architectureOf = ({ hidden, embedding, units }: TwoTowerSettings): Architecture => ({
    ...shape,
    hidden,
    towers: { embedding, ...(content && { content }) },
    ...(sequence && units && { sequence: { ...sequence, reader: 'gru', units } }),
  });
  const tasks = candidates.map(
    (settings): MemberTask => ({
      task: 'interest',
      contract,
      architecture: architectureOf(settings),
      encoded,
      ...fold,
      settings: { ...settings, mixup: 0, members: 1 },
      seed,
    }),
  );
  const results = await trainMembers(tasks, request.part);
  const losses = results.map(({ validationLoss }) => validationLoss);
  const best = losses.indexOf(Math.min(...losses));
  const { weights, epochs, bestEpoch, curve } = results[best];
  return {
    contract,
    encoded,
    weights: { kind: 'two-tower', architecture: tasks[best].architecture, parameters: weights },
    training: {
      settings: candidates[best],
      candidates: candidates.map(({ hidden, dropout, weightDecay, embedding }, place) => ({
        hidden,
        dropout,
        weightDecay,
        embedding,
        validationLoss: losses[place],
      })),
      epochs: [epochs],
      bestEpochs: [bestEpoch],
      validationLosses: [losses[best]],
      curves: [{ name: 'two-tower', points: curve }],
      trainingUsers: fold.train.length,
    },
  };
}
