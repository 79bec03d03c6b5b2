import { badInput } from '../../errors.js';
import { checkNames, checkSettings, type TrainingSettings } from '../training/settings.js';

/** Everything that decides a two-tower model beside the data and the seed. */
export interface TwoTowerSettings
  extends Pick<
    TrainingSettings,
    | 'bins'
    | 'encoding'
    | 'hidden'
    | 'dropout'
    | 'optimiser'
    | 'learningRate'
    | 'weightDecay'
    | 'l1'
    | 'batchSize'
    | 'maxEpochs'
    | 'patience'
    | 'steps'
    | 'stepBins'
    | 'schedule'
    | 'warmup'
    | 'units'
  > {
  /** Values of a user's and of a product's vector. */
  readonly embedding: number;
}

const SMALL = 3000;
const WIDE = 1000;

/**
 * Settings to choose from by validation log loss, the first being the usual one.
 * @param size training users, products, and whether there are sequences to read
 * @throws {ConcordError} BAD_INPUT where one that is given is unknown or out of range
 */
export function twoTowerSettings(
  { users, products, sequences }: { readonly users: number; readonly products: number; readonly sequences: boolean },
  given: object,
): TwoTowerSettings[] {
  const small = users < SMALL;
  const usual: TwoTowerSettings = {
    bins: small ? 8 : 24,
    encoding: 'piecewise',
    hidden: small ? [64] : [256],
    dropout: small ? 0.4 : 0.3,
    optimiser: 'adam',
    learningRate: 0.001,
    schedule: 'constant',
    warmup: 0,
    weightDecay: small ? 0.1 : 0.01,
    l1: 0,
    batchSize: small ? 64 : 256,
    maxEpochs: small ? 200 : products > WIDE ? 30 : 60,
    patience: small ? 8 : 4,
    embedding: small ? 16 : products > WIDE ? 64 : 32,
    ...(sequences && { steps: 32, stepBins: small ? 6 : 12, units: [small ? 24 : 64] }),
  };
  checkNames('two-tower', given, [...Object.keys(usual), 'steps', 'stepBins', 'units']);
  const more: Partial<TwoTowerSettings>[] =
    products > WIDE
      ? [{ learningRate: 0.003 }]
      : small
        ? [{}, { weightDecay: 0.01, hidden: [64, 64] }]
        : [{}, { hidden: [256, 256], dropout: 0.5 }];
  const all = more.map((change) => checked({ ...usual, ...change, ...given }));
  const texts = all.map((settings) => JSON.stringify(settings));
  return all.filter((_, place) => texts.indexOf(texts[place]) === place);
}

/** @throws {ConcordError} BAD_INPUT where a setting is out of range */
export function checked(settings: TwoTowerSettings): TwoTowerSettings {
  const { embedding, hidden } = settings;
  checkSettings({ ...settings, mixup: 0, members: 1 });
  if (!Number.isInteger(embedding) || embedding < 1 || embedding > 1024)
    throw badInput(`embedding must be a whole number from 1 to 1024, not ${embedding}.`, { name: 'embedding' });
  if (hidden.length === 0) throw badInput('two-tower needs a hidden layer.', { name: 'hidden' });
  return settings;
}
