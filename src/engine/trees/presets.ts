import type { Task } from '../engine.js';
import type { GbdtSettings, RandomForestSettings, TreeModel, TreeSettings } from './settings.js';

/** What the choice of settings may depend on: never on labels or on anything of validation or test users. */
export interface TreeProblem {
  readonly task: Task;
  readonly model: TreeModel;
  /** Training users. */
  readonly users: number;
  /** Values of a row. */
  readonly features: number;
}

const SMALL = 3000;

const GBDT: GbdtSettings = {
  model: 'gbdt',
  bins: 255,
  rounds: 3000,
  patience: 100,
  learningRate: 0.03,
  maxLeaves: 15,
  maxDepth: 12,
  minRows: 20,
  minWeight: 1e-3,
  l1: 0,
  l2: 1,
  minGain: 0,
  rowShare: 0.7,
  featureShare: 0.5,
  categorySmoothing: 10,
  categoryL2: 10,
  categoryRows: 10,
  members: 5,
};

const FOREST: RandomForestSettings = {
  model: 'random-forest',
  bins: 255,
  trees: 300,
  maxLeaves: 16_384,
  maxDepth: 40,
  minRows: 10,
  rowShare: 1,
  featureShare: 0.3,
  extra: false,
  smoothing: 0.5,
  members: 1,
};

/**
 * Settings to choose from by validation log loss, the first being the usual one. Small sets get small trees and more regularisation. For interest there
 * is less choice, because each round is a tree for each product.
 */
export function candidateTreeSettings({ task, model, users, features }: TreeProblem): TreeSettings[] {
  const small = users < SMALL;
  const vary = <T extends TreeSettings>(settings: T, ...changes: Partial<T>[]): T[] =>
    changes.map((change) => ({ ...settings, ...change }));
  if (model === 'random-forest') {
    const root = 1 / Math.sqrt(Math.max(1, features));
    if (task === 'interest')
      return vary({ ...FOREST, trees: small ? 300 : 100 }, { featureShare: 0.4 }, { featureShare: 0.7 });
    if (small) return vary(FOREST, { minRows: 3, featureShare: root }, { minRows: 5 }, { minRows: 3, extra: true });
    return vary(FOREST, { minRows: 30 }, { featureShare: root }, { extra: true, featureShare: 0.5 });
  }
  if (small && task === 'interest')
    return vary(
      { ...GBDT, maxLeaves: 4, minRows: 10 },
      {},
      { l2: 5, rowShare: 0.5, featureShare: 0.3 },
      { maxLeaves: 7 },
    );
  if (small) {
    const slow = { ...GBDT, learningRate: 0.02, minRows: 10, l2: 20, categorySmoothing: 1, categoryL2: 0 };
    const few = { ...slow, rowShare: 0.5, featureShare: 0.2 };
    return vary(few, { maxLeaves: 6 }, { maxLeaves: 4 }, { maxLeaves: 6, maxDepth: 2, l2: 10 });
  }
  if (task === 'interest')
    return vary({ ...GBDT, learningRate: 0.05, patience: 20, l2: 5, categoryRows: 100, members: 3 }, {});
  return vary(
    GBDT,
    {},
    { maxLeaves: 31, rowShare: 0.5, featureShare: 0.3, minRows: 100, l2: 10, categoryRows: 100 },
    { maxLeaves: 31, rowShare: 1, featureShare: 0.6 },
  );
}
