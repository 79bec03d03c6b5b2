import { badInput } from '../../errors.js';
import { MOST_DEPTH } from './artifact.js';
import { MOST_BINS } from './bins.js';

export const TREE_MODELS = ['gbdt', 'random-forest'] as const;
export type TreeModel = (typeof TREE_MODELS)[number];

export const isTreeModel = (model: string): model is TreeModel => (TREE_MODELS as readonly string[]).includes(model);

/** Everything that decides a training of trees beside the data and the seed. Plain JSON, stored with the model. */
export type TreeSettings = GbdtSettings | RandomForestSettings;

interface CommonSettings {
  /** Quantile bins of a numeric feature. */
  readonly bins: number;
  readonly maxLeaves: number;
  readonly maxDepth: number;
  /** Rows in a leaf, at least. */
  readonly minRows: number;
  /** gbdt: rows that each round draws, without putting back. random-forest: users that each tree draws, putting back. Shares of all. */
  readonly rowShare: number;
  /** Share of the features that a tree (gbdt) or a node (random-forest) may ask for. */
  readonly featureShare: number;
  /** Ensembles trained with seeds of their own whose raw scores are averaged. */
  readonly members: number;
}

export interface GbdtSettings extends CommonSettings {
  readonly model: 'gbdt';
  /** Rounds at most; each is a tree for each output. */
  readonly rounds: number;
  /** Rounds without a better validation log loss before training stops. */
  readonly patience: number;
  readonly learningRate: number;
  /** Sum of hessians in a leaf, at least. */
  readonly minWeight: number;
  readonly l1: number;
  readonly l2: number;
  readonly minGain: number;
  readonly categorySmoothing: number;
  readonly categoryL2: number;
  readonly categoryRows: number;
  /** By column: 1 = the score may only rise with it, −1 = only fall. For risk; columns of numbers and dates. */
  readonly monotone?: Readonly<Record<string, 1 | -1>>;
}

export interface RandomForestSettings extends CommonSettings {
  readonly model: 'random-forest';
  readonly trees: number;
  /** Cuts are drawn rather than searched. */
  readonly extra: boolean;
  /** Rows of the mean over everyone that each leaf gets. */
  readonly smoothing: number;
}

const range = (name: string, value: number, low: number, high: number): void => {
  if (!(typeof value === 'number' && value >= low && value <= high))
    throw badInput(`${name} must be from ${low} to ${high}, not ${value}.`, { name });
};
const whole = (name: string, value: number, low: number, high: number): void => {
  range(name, value, low, high);
  if (!Number.isInteger(value)) throw badInput(`${name} must be a whole number, not ${value}.`, { name });
};

/** @throws {ConcordError} BAD_INPUT where a setting is out of range. */
export function checkTreeSettings<T extends TreeSettings>(settings: T): T {
  whole('bins', settings.bins, 2, MOST_BINS);
  whole('maxLeaves', settings.maxLeaves, 2, 65_536);
  whole('maxDepth', settings.maxDepth, 1, MOST_DEPTH);
  whole('minRows', settings.minRows, 1, 1e6);
  range('rowShare', settings.rowShare, 0.01, 1);
  range('featureShare', settings.featureShare, 0.01, 1);
  whole('members', settings.members, 1, 64);
  if (settings.model === 'random-forest') {
    whole('trees', settings.trees, 1, 10_000);
    range('smoothing', settings.smoothing, 0, 1e6);
    return settings;
  }
  whole('rounds', settings.rounds, 1, 100_000);
  whole('patience', settings.patience, 1, 100_000);
  range('learningRate', settings.learningRate, 1e-4, 1);
  range('minWeight', settings.minWeight, 1e-9, 1e6);
  range('l1', settings.l1, 0, 1e6);
  range('l2', settings.l2, 0, 1e6);
  range('minGain', settings.minGain, 0, 1e6);
  range('categorySmoothing', settings.categorySmoothing, 1e-6, 1e6);
  range('categoryL2', settings.categoryL2, 0, 1e6);
  whole('categoryRows', settings.categoryRows, 1, 1e6);
  for (const [column, direction] of Object.entries(settings.monotone ?? {}))
    if (direction !== 1 && direction !== -1)
      throw badInput(`monotone: ${column} must be 1 or -1, not ${direction}.`, { name: 'monotone' });
  return settings;
}
