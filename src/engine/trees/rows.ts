import type { FeatureContract } from '../encoders/contract.js';
import type { EncodedUsers } from '../encoders/encode.js';
import type { Task } from '../engine.js';
import type { Examples } from '../training/examples.js';
import type { FeatureBins } from './bins.js';
import type { BoostRows } from './boost.js';
import { shownProducts, treeInputs } from './inputs.js';
import { binRows, fitBins, type TreeColumn } from './matrix.js';
import { logistic, softmax } from './objective.js';

/** Makes binned rows of examples; bins are fitted once, on the training users. */
export interface RowMaker {
  readonly features: readonly FeatureBins[];
  make(examples: Examples): BoostRows;
}

/** @param users training users: bins are fitted to each of them once */
export function createRowMaker(
  task: Task,
  contract: FeatureContract,
  encoded: EncodedUsers,
  users: Int32Array,
  bins: number,
): RowMaker {
  const columns = treeInputs(contract).columns(encoded);
  const ofUsers = (column: TreeColumn) => ({
    ...column,
    values: Float32Array.from(users, (user) => column.values[user]),
  });
  const features = fitBins(columns.map(ofUsers), bins);
  return {
    features,
    make(examples) {
      const { users, hidden, targets, weights } = examples;
      const shown = shownProducts(contract, encoded, users, hidden);
      const matrix = binRows(features, columns, users, shown);
      if (task === 'risk') return { matrix, weights, objective: logistic(targets, weights) };
      const classes = contract.products.length;
      const objective = softmax({ targets: Int32Array.from(targets), weights, classes, closed: shown });
      return { matrix, weights, objective };
    },
  };
}
