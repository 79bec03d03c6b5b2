import { ConcordError } from '../../../errors.js';
import type { Backend } from '../../backends/backend.js';
import { initialParameters } from '../../layers/parameters.js';
import { createRandom, type Random } from '../../layers/random.js';
import { entryOf } from '../../models/network.js';
import { createOptimiser } from '../../training/optimiser.js';
import { rowOf, type SparseRows } from '../matrix/sparse.js';
import type { Checkpoint } from '../recommender.js';
import { vaeNetwork, vaeStep } from './network.js';
import type { VaeSettings } from './settings.js';

export interface VaeOptions {
  readonly seed: number;
  readonly backend: Backend;
  readonly checkpoint: Checkpoint;
  /** How good the parameters of an epoch are on users who are not trained on: the best ones are kept. */
  lossOf(parameters: Float32Array): number;
}

/** Users a step, and steps an epoch where there are few users. */
const BATCH = { least: 32, most: 256 };
const STEPS = 20;
/** Epochs without a better loss after which training ends. */
const PATIENCE = 6;

/**
 * Mult-VAE (Liang et al. 2018): a variational autoencoder over what users own, with a multinomial likelihood and an annealed divergence,
 * trained by Adam. Other than there it does not decode again what it is shown: products that are dropped from the input are to be found
 * among those that are not shown, and a user's weigh 1 together, as in recommending. Of users who own two or three products much
 * is learnt only so.
 * @returns the parameters of the best epoch, flat, by the network's manifest
 * @throws {ConcordError} BAD_INPUT where training diverges in its first epoch
 */
export async function fitVae(owned: SparseRows, settings: VaeSettings, options: VaeOptions): Promise<Float32Array> {
  const { seed, backend, checkpoint, lossOf } = options;
  const shape = { products: owned.columns, hidden: settings.hidden, latent: settings.latent };
  const network = vaeNetwork(shape);
  const rows = Math.min(BATCH.most, Math.max(BATCH.least, Math.ceil(owned.rows / STEPS)));
  const { graph, inputs } = vaeStep(shape, rows);
  const step = await backend.compile(graph, inputs);
  const optimiser = createOptimiser(
    { optimiser: 'adam', learningRate: settings.learningRate, weightDecay: 0, l1: 0 },
    network.manifest,
  );
  const parameters = initialParameters(network, seed);
  parameters.set(priorOf(owned), entryOf(network.manifest, 'decoder.output.bias').offset);
  const random = createRandom(seed).fork('vae');
  const batch = createBatch(rows, shape.products, shape.latent);
  const order = Int32Array.from({ length: owned.rows }, (_, user) => user);
  let best = { parameters: parameters.slice(), loss: Number.POSITIVE_INFINITY, epoch: 0 };
  try {
    for (let epoch = 1; epoch <= settings.epochs && epoch - best.epoch <= PATIENCE; epoch++) {
      random.shuffle(order);
      batch.beta[0] = settings.beta * Math.min(1, (3 * epoch) / settings.epochs);
      for (let start = 0; start < order.length; start += rows) {
        checkpoint((epoch - 1 + start / order.length) / settings.epochs);
        batch.fill(owned, order.subarray(start, start + rows), settings.dropout, random);
        const [gradient] = await step.run([parameters, ...batch.inputs]);
        optimiser.step(parameters, gradient);
      }
      const loss = lossOf(parameters);
      if (!Number.isFinite(loss)) break;
      if (loss < best.loss) best = { parameters: parameters.slice(), loss, epoch };
    }
  } finally {
    await step.dispose();
  }
  if (best.epoch === 0)
    throw new ConcordError('BAD_INPUT', 'vae diverged in its first epoch: lower the learning rate.');
  return best.parameters;
}

/** Log share of each product: what is decoded from nothing at first. */
function priorOf(owned: SparseRows): Float32Array {
  const counts = new Float32Array(owned.columns).fill(1);
  for (const product of owned.items) counts[product]++;
  return counts.map((count) => Math.log(count / (owned.items.length + owned.columns)));
}

function createBatch(rows: number, products: number, latent: number) {
  const table = () => new Float32Array(rows * products);
  const [shown, targets, open] = [table(), table(), table()];
  const noise = new Float32Array(rows * latent);
  const beta = new Float32Array(1);
  const weights = new Float32Array(rows);
  return {
    beta,
    inputs: [shown, targets, open, noise, beta, weights],
    /** Rows beyond the users are of weight 0. */
    fill(owned: SparseRows, users: Int32Array, dropout: number, random: Random): void {
      shown.fill(0);
      targets.fill(0);
      open.fill(1);
      weights.fill(0);
      users.forEach((user, row) => {
        const own = rowOf(owned, user);
        const isHidden = drawHidden(own.length, dropout, random);
        const hidden = isHidden.reduce((sum, value) => sum + value, 0);
        own.forEach((product, place) => {
          const at = row * products + product;
          if (isHidden[place]) targets[at] = 1 / hidden;
          else {
            shown[at] = 1 / Math.sqrt(own.length - hidden);
            open[at] = 0;
          }
        });
        weights[row] = 1 / users.length;
      });
      for (let place = 0; place < noise.length; place++) noise[place] = random.normal();
    },
  };
}

/** Which of a user's products are hidden: each with the same probability, but at least one, and not all of several. */
function drawHidden(count: number, dropout: number, random: Random): Uint8Array {
  const hidden = new Uint8Array(count).map(() => (random.uniform() < dropout ? 1 : 0));
  if (count === 0) return hidden;
  if (!hidden.includes(1)) hidden[random.below(count)] = 1;
  if (count > 1 && !hidden.includes(0)) hidden[random.below(count)] = 0;
  return hidden;
}
