import { badInput } from '../../errors.js';
import { checkNames } from '../training/settings.js';

/** Everything that decides a training of profiles beside the data and the seed. Plain JSON, stored with the model. */
export interface ProfileSettings {
  /** Quantile bins of a numeric column. */
  readonly bins: number;
  readonly hidden: number;
  /** Values of an embedding. */
  readonly latent: number;
  /** What the divergence from the prior weighs at last; it grows from 0 through the first third of the epochs. */
  readonly beta: number;
  /** Share of a user's columns, and of the products, that the encoder does not see, drawn anew each time. */
  readonly dropout: number;
  readonly learningRate: number;
  /** Users a step. */
  readonly batchSize: number;
  readonly maxEpochs: number;
  /** Epochs without a better loss after which training ends. */
  readonly patience: number;
}

const SMALL = 3000;

function usualSettings(users: number): ProfileSettings {
  const common = { bins: 8, beta: 1, dropout: 0.2, learningRate: 0.002 };
  return users < SMALL
    ? { ...common, hidden: 32, latent: 8, batchSize: 32, maxEpochs: 150, patience: 15 }
    : { ...common, hidden: 64, latent: 16, batchSize: 128, maxEpochs: 80, patience: 8 };
}

const RANGES: { readonly [Name in keyof ProfileSettings]: readonly [low: number, high: number] } = {
  bins: [2, 256],
  hidden: [1, 4096],
  latent: [1, 256],
  beta: [0, 100],
  dropout: [0, 0.95],
  learningRate: [1e-8, 10],
  batchSize: [1, 65_536],
  maxEpochs: [1, 10_000],
  patience: [1, 10_000],
};

/**
 * Usual settings for so many training users, with those that are given in their place.
 * @throws {ConcordError} BAD_INPUT where one is unknown or out of range
 */
export function profileSettings(users: number, given: Partial<ProfileSettings> = {}): ProfileSettings {
  const usual = usualSettings(users);
  checkNames('vae', given, Object.keys(usual));
  const settings = { ...usual, ...given };
  for (const [name, [low, high]] of Object.entries(RANGES)) {
    const value = settings[name as keyof ProfileSettings];
    if (!(value >= low && value <= high))
      throw badInput(`${name} must be from ${low} to ${high}, not ${value}.`, { name });
  }
  return settings;
}
