import { badInput } from '../../../errors.js';
import type { Task } from '../../engine.js';
import { foldsOf } from '../../training/folds.js';
import { sharedLabels } from '../../training/shared-labels.js';
import { packTrees, unpackTrees } from '../../trees/artifact.js';
import type { Link } from '../../trees/ensemble.js';
import { createTreeExplainer, type TreeExplainer } from '../../trees/explain.js';
import { fitTrees } from '../../trees/fit.js';
import { treeInputs } from '../../trees/inputs.js';
import { predictBatch } from '../../trees/predict.js';
import { TREE_MODELS, type TreeModel, type TreeSettings } from '../../trees/settings.js';
import type { ModelKind, Predictor } from '../kind.js';
import type { TreeWeights } from '../weights.js';

/** What raw scores of trees may be: log-odds of the event, logarithms of products' shares; or means of probabilities. */
const LINKS_OF: Readonly<Record<Task, readonly Link[]>> = {
  risk: ['logistic', 'identity'],
  interest: ['softmax', 'identity'],
};

/** Boosted trees and random forests. They score in this thread, whatever the backend. */
export const trees: ModelKind<'trees'> = {
  kind: 'trees',
  models: TREE_MODELS,
  notFederated:
    'trees have no parameters that could be averaged or clipped, so a federation cannot train them (one bank can)',
  async fit(request, { trainTrees }) {
    const { dataset, task, model } = request;
    const { contract, encoded, ensemble, training } = await fitTrees(
      {
        ...request,
        model: model as TreeModel,
        dataset: task === 'risk' ? { ...dataset, label: sharedLabels(dataset.label as Float32Array) } : dataset,
        folds: foldsOf(request),
        settings: request.settings as Partial<TreeSettings>,
      },
      trainTrees,
    );
    return { contract, encoded, weights: { kind: 'trees', ensemble }, training };
  },
  pack: ({ ensemble }) => packTrees(ensemble),
  unpack(bytes, { task, contract }) {
    const outputs = task === 'interest' ? contract.products.length : 1;
    const ensemble = unpackTrees(bytes, { categories: treeInputs(contract).categories, outputs });
    if (!LINKS_OF[task].includes(ensemble.link))
      throw badInput(`These trees are not of a model of ${task}: their link is ${ensemble.link}.`);
    return { kind: 'trees', ensemble };
  },
  open: ({ ensemble }, { task, contract }) => ({
    expander: treeInputs(contract),
    // Nothing is compiled: a batch may be nearly as small as what it holds.
    batchSizes: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    run: async (batch) => predictBatch(task, ensemble, batch),
    async dispose() {},
  }),
  explainRisk: async (predictor, weights, row) => explainerOf(predictor, weights).explainRisk(row),
  explainInterest: async (predictor, weights, row, products) =>
    explainerOf(predictor, weights).explainInterest(row, products),
};

/** One for each model that has been asked for reasons, as long as it is loaded. */
const explainers = new WeakMap<TreeWeights, TreeExplainer>();

function explainerOf({ contract }: Predictor, weights: TreeWeights): TreeExplainer {
  let explainer = explainers.get(weights);
  if (!explainer) {
    explainer = createTreeExplainer(contract, weights.ensemble);
    explainers.set(weights, explainer);
  }
  return explainer;
}
