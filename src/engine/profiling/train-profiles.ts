import { badInput } from '../../errors.js';
import type { Backend } from '../backends/backend.js';
import { type Dataset, FOLD } from '../data/dataset.js';
import { dealFolds, usersInFold } from '../data/split.js';
import { type EncodedUsers, encodeDataset } from '../encoders/encode.js';
import { fitContract } from '../encoders/fit.js';
import type { Progress } from '../engine.js';
import { packProfiles } from './artifact.js';
import { fitAutoencoder } from './fit.js';
import { inputSums, profileInputs } from './inputs.js';
import { type ProfileModel, QUANTILES, type TrainedProfiles } from './model.js';
import { type OpenProfiles, openProfiles } from './open.js';
import { segmentsOf } from './segments.js';
import { type ProfileSettings, profileSettings } from './settings.js';
import { segmentsWithTraits } from './traits.js';

export interface ProfileRequest {
  readonly dataset: Dataset;
  readonly seed: number;
  /** Those that are not given are the usual ones. */
  readonly settings?: Partial<ProfileSettings>;
}

export interface ProfileContext {
  /** Throws CANCELLED once the caller has given up. */
  checkpoint(): void;
  onProgress(progress: Progress): void;
}

const LEAST_USERS = 100;
/** Users of a segment: a smaller group could be recognised. */
const LEAST_OF_A_SEGMENT = 20;
const HELD_OUT = 10;
/** Variance of an embedding's value between users above which it says something (Burda, Grosse and Salakhutdinov 2016). */
const ACTIVE = 0.01;

/**
 * Trains a variational autoencoder over everything that is known of users (columns and products owned), and forms segments of their
 * embeddings. Users who are not trained on stop the training and give the figures. The same data and seed give the same model.
 * @throws {ConcordError} BAD_INPUT where there are too few users or no columns, or training diverges; CANCELLED
 */
export async function trainProfiles(
  { dataset, seed, settings: given }: ProfileRequest,
  backend: Backend,
  { checkpoint, onProgress }: ProfileContext,
): Promise<TrainedProfiles> {
  const started = performance.now();
  const { train, held } = partsOf(dataset, seed);
  const settings = profileSettings(train.length, given);
  const holdings = dataset.ownership && dataset.ownership.products.length > 1 ? 'owned' : 'none';
  const contract = fitContract(dataset, { users: train, bins: settings.bins, encoding: 'piecewise', holdings });
  if (contract.features.length === 0)
    throw badInput(`${dataset.name} has no columns: there is nothing to make profiles of.`);
  const encoded = encodeDataset(contract, dataset);
  const { shape, parameters, epochs, bestEpoch, curve } = await fitAutoencoder(
    { contract, encoded, train, held, settings, seed },
    backend,
    {
      checkpoint,
      onEpoch: ({ epoch, ...figures }) =>
        onProgress({
          stage: 'training profiles',
          fraction: (0.9 * epoch) / settings.maxEpochs,
          figures: { epoch, ...figures },
        }),
    },
  );
  onProgress({ stage: 'forming segments', fraction: 0.9 });
  const bare = { contract, shape, parameters, centres: new Float32Array(shape.latent) };
  const measured = measure(
    openProfiles({ ...bare, errors: Float32Array.of(0), usual: Float32Array.of(0) }),
    encoded,
    held,
  );
  const points = embeddingsOf(openProfiles({ ...bare, ...measured }), encoded, train, shape.latent);
  checkpoint();
  const { centres, segments, silhouette } = segmentsOf(points, shape.latent, seed, LEAST_OF_A_SEGMENT);
  const model: ProfileModel = { ...bare, errors: measured.errors, usual: measured.usual, centres };
  const count = centres.length / shape.latent;
  onProgress({ stage: 'trained', fraction: 1 });
  return {
    contract: { ...contract },
    weights: packProfiles(model),
    segments: segmentsWithTraits(dataset, train, segments, count),
    metrics: {
      reconstruction: measured.error,
      divergence: measured.divergence,
      loss: measured.error + measured.divergence,
      withoutEmbedding: withoutEmbedding(model, encoded, train, held),
      activeUnits: activeUnits(points, shape.latent),
      segments: count,
      silhouette,
    },
    training: {
      settings,
      seed,
      trainingUsers: train.length,
      heldOutUsers: held.length,
      epochs,
      bestEpoch,
      curves: [{ name: 'profiles', points: curve }],
      backend: backend.name,
      device: backend.device,
      seconds: Math.round((performance.now() - started) / 10) / 100,
    },
  };
}

/** Users of the training fold, and all others; without folds a tenth is set aside. */
function partsOf(dataset: Dataset, seed: number): { train: Int32Array; held: Int32Array } {
  const all = Int32Array.from({ length: dataset.size }, (_, user) => user);
  if (dataset.size < LEAST_USERS)
    throw badInput(`Profiles need at least ${LEAST_USERS} users; ${dataset.name} has ${dataset.size}.`, {
      users: dataset.size,
    });
  const train = dataset.fold ? usersInFold(dataset, FOLD.train) : all;
  if (train.length < all.length) return { train, held: all.filter((user) => dataset.fold?.[user] !== FOLD.train) };
  const dealt = dealFolds(all, HELD_OUT, seed);
  return { train: all.filter((_, index) => dealt[index] !== 0), held: all.filter((_, index) => dealt[index] === 0) };
}

/** Errors of users that were not trained on, in whole and by column. */
function measure(opened: OpenProfiles, encoded: EncodedUsers, users: Int32Array) {
  const usual = new Float64Array(opened.parts.length);
  let divergence = 0;
  const errors = Float64Array.from(users, (user) => {
    const { error } = opened.describeEncoded(encoded, user);
    opened.parts.forEach((part, index) => {
      usual[index] += part / users.length;
    });
    divergence += opened.divergence() / users.length;
    return error;
  });
  const sorted = errors.slice().sort();
  const quantile = (index: number) => sorted[Math.round((index / (QUANTILES - 1)) * (sorted.length - 1))];
  return {
    errors: Float32Array.from({ length: QUANTILES }, (_, index) => quantile(index)),
    usual: Float32Array.from(usual),
    error: errors.reduce((sum, error) => sum + error, 0) / users.length,
    divergence,
  };
}

function embeddingsOf(opened: OpenProfiles, encoded: EncodedUsers, users: Int32Array, latent: number): Float32Array {
  const points = new Float32Array(users.length * latent);
  users.forEach((user, index) => {
    points.set(opened.describeEncoded(encoded, user).embedding, index * latent);
  });
  return points;
}

function activeUnits(points: Float32Array, latent: number): number {
  const count = points.length / latent;
  let active = 0;
  for (let unit = 0; unit < latent; unit++) {
    let [sum, squares] = [0, 0];
    for (let at = unit; at < points.length; at += latent) {
      sum += points[at];
      squares += points[at] ** 2;
    }
    if (squares / count - (sum / count) ** 2 > ACTIVE) active++;
  }
  return active;
}

/** What a user would cost whose place is not known: by the share of training users that have each input, and that own each product. */
function withoutEmbedding(model: ProfileModel, encoded: EncodedUsers, train: Int32Array, held: Int32Array): number {
  const inputs = profileInputs(model.contract);
  const { features, products } = inputs;
  const width = features + products;
  const [shown, target] = [new Float32Array(width), new Float32Array(width)];
  const sums = inputSums(inputs, encoded, train);
  const owned = sums.subarray(features).reduce((sum, value) => sum + value, 0);
  let total = 0;
  for (const user of held) {
    inputs.write(encoded, user, shown, target, 0);
    for (let input = 0; input < features; input++) {
      const share = sums[input] / (train.length + 1);
      total -= target[input] * Math.log(share) + (1 - target[input]) * Math.log(1 - share);
    }
    for (let input = features; input < width; input++) total -= target[input] * Math.log(sums[input] / owned);
  }
  return total / held.length;
}
