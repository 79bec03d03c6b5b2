import { ConcordError } from '../../errors.js';
import type { Backend } from '../backends/backend.js';
import type { FeatureContract } from '../encoders/contract.js';
import type { EncodedUsers } from '../encoders/encode.js';
import { initialParameters } from '../layers/parameters.js';
import { createRandom, type Random } from '../layers/random.js';
import { entryOf } from '../models/network.js';
import { createOptimiser } from '../training/optimiser.js';
import { inputSums, type ProfileInputs, profileInputs } from './inputs.js';
import type { ProfileModel } from './model.js';
import { type AutoencoderShape, autoencoder, autoencoderStep } from './network.js';
import { openProfiles } from './open.js';
import type { ProfileSettings } from './settings.js';

export interface AutoencoderRequest {
  readonly contract: FeatureContract;
  readonly encoded: EncodedUsers;
  readonly train: Int32Array;
  /** Users who stop the training. */
  readonly held: Int32Array;
  readonly settings: ProfileSettings;
  readonly seed: number;
}

export interface FittedAutoencoder {
  readonly shape: AutoencoderShape;
  /** Of the best epoch. */
  readonly parameters: Float32Array;
  readonly epochs: number;
  readonly bestEpoch: number;
  readonly curve: readonly { readonly step: number; readonly loss: number; readonly validationLoss: number }[];
}

export interface FitHooks {
  /** Throws CANCELLED once the caller has given up. */
  checkpoint(): void;
  onEpoch(figures: { epoch: number; loss: number; validationLoss: number }): void;
}

/**
 * Trains the autoencoder by Adam with an annealed divergence. Part of what is known of a user is hidden from the encoder each time, and to
 * be given back all the same: so that a user of whom little is known gets a sensible place too.
 * @throws {ConcordError} BAD_INPUT where training diverges in its first epoch; what the checkpoint throws
 */
export async function fitAutoencoder(
  { contract, encoded, train, held, settings, seed }: AutoencoderRequest,
  backend: Backend,
  hooks: FitHooks,
): Promise<FittedAutoencoder> {
  const inputs = profileInputs(contract);
  const { features, products } = inputs;
  const shape: AutoencoderShape = { features, products, hidden: settings.hidden, latent: settings.latent };
  const rows = Math.min(settings.batchSize, train.length);
  const { manifest, parameters: layers } = autoencoder(shape);
  const { graph, inputs: specs } = autoencoderStep(shape, rows);
  const step = await backend.compile(graph, specs);
  const optimiser = createOptimiser(
    { optimiser: 'adam', learningRate: settings.learningRate, weightDecay: 0, l1: 0 },
    manifest,
  );
  const parameters = initialParameters({ parameters: layers }, seed);
  parameters.set(priorOf(inputs, encoded, train), entryOf(manifest, 'decoder.output.bias').offset);
  const random = createRandom(seed).fork('profiles');
  const batch = createBatch(inputs, rows, settings.latent);
  const order = train.slice();
  const curve: { step: number; loss: number; validationLoss: number }[] = [];
  const annealing = Math.ceil(settings.maxEpochs / 3);
  let best = { parameters: parameters.slice(), loss: Number.POSITIVE_INFINITY, epoch: 0 };
  try {
    for (let epoch = 1; epoch <= settings.maxEpochs; epoch++) {
      random.shuffle(order);
      batch.beta[0] = settings.beta * Math.min(1, epoch / annealing);
      let sum = 0;
      for (let start = 0; start < order.length; start += rows) {
        hooks.checkpoint();
        const users = order.subarray(start, start + rows);
        batch.fill(encoded, users, settings.dropout, random);
        const [gradient, loss] = await step.run([parameters, ...batch.arrays]);
        optimiser.step(parameters, gradient);
        sum += loss[0] * users.length;
      }
      const validationLoss = lossOf({ contract, shape, parameters }, encoded, held, settings.beta);
      const loss = sum / order.length;
      if (!Number.isFinite(loss) || !Number.isFinite(validationLoss)) break;
      curve.push({ step: epoch, loss, validationLoss });
      hooks.onEpoch({ epoch, loss, validationLoss });
      if (validationLoss < best.loss) best = { parameters: parameters.slice(), loss: validationLoss, epoch };
      if (epoch > annealing && epoch - best.epoch >= settings.patience) break;
    }
  } finally {
    await step.dispose();
  }
  if (curve.length === 0)
    throw new ConcordError('BAD_INPUT', 'Training diverged in its first epoch: lower the learning rate.');
  return { shape, parameters: best.parameters, epochs: curve.length, bestEpoch: best.epoch, curve };
}

/** A model as far as it measures: nothing is known of errors and segments yet. */
const unfinished = (part: Pick<ProfileModel, 'contract' | 'shape' | 'parameters'>): ProfileModel => ({
  ...part,
  centres: new Float32Array(part.shape.latent),
  errors: new Float32Array(1),
  usual: new Float32Array(1),
});

/** Mean over users of −log p(x | mean of the place) + β · divergence, in nats. */
function lossOf(
  part: Pick<ProfileModel, 'contract' | 'shape' | 'parameters'>,
  encoded: EncodedUsers,
  users: Int32Array,
  beta: number,
): number {
  const opened = openProfiles(unfinished(part));
  let sum = 0;
  for (const user of users) sum += opened.describeEncoded(encoded, user).error + beta * opened.divergence();
  return sum / users.length;
}

/** Of a decoder that knows no user: log-odds of each input of a column, log share of each product. */
function priorOf(inputs: ProfileInputs, encoded: EncodedUsers, train: Int32Array): Float32Array {
  const { features } = inputs;
  const sums = inputSums(inputs, encoded, train);
  const owned = sums.subarray(features).reduce((sum, value) => sum + value, 0);
  return Float32Array.from(sums, (sum, input) =>
    input < features ? Math.log(sum / (train.length + 1 - sum)) : Math.log(sum / owned),
  );
}

function createBatch(inputs: ProfileInputs, rows: number, latent: number) {
  const { features, products, columnOf, columns } = inputs;
  const width = features + products;
  const shown = new Float32Array(rows * width);
  const targets = new Float32Array(rows * features);
  const owned = new Float32Array(rows * products);
  const noise = new Float32Array(rows * latent);
  const beta = new Float32Array(1);
  const weights = new Float32Array(rows);
  const target = new Float32Array(rows * width);
  const hidden = new Uint8Array(columns.length);
  return {
    beta,
    arrays: [shown, targets, ...(products > 0 ? [owned] : []), noise, beta, weights],
    /** Rows beyond the users are of weight 0. */
    fill(encoded: EncodedUsers, users: Int32Array, dropout: number, random: Random): void {
      weights.fill(0);
      users.forEach((user, row) => {
        const at = row * width;
        inputs.write(encoded, user, shown, target, at);
        targets.set(target.subarray(at, at + features), row * features);
        owned.set(target.subarray(at + features, at + width), row * products);
        for (let column = 0; column < hidden.length; column++) hidden[column] = random.uniform() < dropout ? 1 : 0;
        for (let input = 0; input < features; input++) if (hidden[columnOf[input]]) shown[at + input] = 0;
        if (products > 0 && random.uniform() < dropout) shown.fill(0, at + features, at + width);
        weights[row] = 1 / users.length;
      });
      for (let place = 0; place < noise.length; place++) noise[place] = random.normal();
    },
  };
}
