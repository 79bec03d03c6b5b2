import type { GraphFunction } from '../../../src/engine/backends/backend.js';
import { binaryCrossEntropy, type Loss, softmaxCrossEntropy } from '../../../src/engine/layers/losses.js';
import { createRandom } from '../../../src/engine/layers/random.js';
import type { Ops, Tensor } from '../../../src/engine/ops/ops.js';
import { type Case, floats } from './op-cases.js';
import { type Data, differentiate } from './reference-ops.js';

const generator = createRandom(11);

const softplus = (value: number): number => Math.max(value, 0) + Math.log1p(Math.exp(-Math.abs(value)));

interface LossCase {
  readonly name: string;
  readonly logits: Data;
  readonly rest: readonly Data[];
  loss(ops: Ops, logits: Tensor, rest: readonly Tensor[]): Loss;
  /** The loss of one row before its weight. */
  formula(row: number): number;
  readonly weights: readonly number[];
}

function lossCase({ name, logits, rest, loss, formula, weights }: LossCase): Case {
  const graph: GraphFunction = (ops, [first, ...others]) => {
    const { total, delta } = loss(ops, first, others);
    return [total, delta];
  };
  const inputs = [logits, ...rest];
  return {
    name,
    inputs,
    graph,
    expected: () => [
      [weights.reduce((sum, weight, row) => sum + (weight === 0 ? 0 : weight * formula(row)), 0)],
      differentiate(graph, inputs, 0, ([[total]]) => total),
    ],
  };
}

const logits = floats([6, 4], () => 3 * generator.normal());
export const rowWeights: Data = { shape: [6], dtype: 'float32', values: [1, 0.5, 0, 2, 1, 0.25] };
export const answers: Data = { shape: [6], dtype: 'int32', values: [3, 0, 2, -1, 1, 3] };
const shares = floats([6, 4], () => generator.uniform());
const labels = floats([6, 4], () => generator.below(2));
// Row 2, of weight 0, may not choose anything at all.
export const open: Data = {
  shape: [6, 4],
  dtype: 'float32',
  values: [1, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 1, 0, 0, 1, 1],
};

function crossEntropy(
  row: number,
  target: (column: number) => number,
  allowed: (column: number) => boolean = () => true,
): number {
  const columns = [0, 1, 2, 3].filter(allowed);
  const at = (column: number): number => logits.values[row * 4 + column];
  const total = Math.log(columns.reduce((sum, column) => sum + Math.exp(at(column)), 0));
  return columns.reduce((sum, column) => sum - target(column) * (at(column) - total), 0);
}

const LOSSES: readonly LossCase[] = [
  {
    name: 'softmax cross-entropy by ids',
    logits,
    rest: [answers, rowWeights],
    weights: rowWeights.values,
    loss: (ops, z, [targets, weights]) => softmaxCrossEntropy(ops, z, targets, { weights }),
    formula: (row) => crossEntropy(row, (column) => (answers.values[row] === column ? 1 : 0)),
  },
  {
    name: 'softmax cross-entropy by ids over open classes',
    logits,
    rest: [answers, rowWeights, open],
    weights: rowWeights.values,
    loss: (ops, z, [targets, weights, classes]) => softmaxCrossEntropy(ops, z, targets, { weights, classes }),
    formula: (row) =>
      crossEntropy(
        row,
        (column) => (answers.values[row] === column ? 1 : 0),
        (column) => open.values[row * 4 + column] === 1,
      ),
  },
  {
    name: 'softmax cross-entropy by shares',
    logits,
    rest: [shares, rowWeights],
    weights: rowWeights.values,
    loss: (ops, z, [targets, weights]) => softmaxCrossEntropy(ops, z, targets, { weights }),
    formula: (row) => crossEntropy(row, (column) => shares.values[row * 4 + column]),
  },
  {
    name: 'binary cross-entropy of known labels',
    logits,
    rest: [labels, rowWeights, open],
    weights: rowWeights.values,
    loss: (ops, z, [targets, weights, known]) => binaryCrossEntropy(ops, z, targets, { weights, known }),
    formula: (row) =>
      [0, 1, 2, 3].reduce((sum, column) => {
        const at = row * 4 + column;
        return sum + open.values[at] * (softplus(logits.values[at]) - labels.values[at] * logits.values[at]);
      }, 0),
  },
  {
    name: 'binary cross-entropy of sure and wrong logits',
    logits: { shape: [6, 1], dtype: 'float32', values: [60, -60, 12, -12, 0, 3] },
    rest: [{ shape: [6, 1], dtype: 'float32', values: [0, 0, 1, 1, 0.5, 1] }, rowWeights],
    weights: rowWeights.values,
    loss: (ops, z, [targets, weights]) => binaryCrossEntropy(ops, z, targets, { weights }),
    formula: (row) =>
      softplus([60, -60, 12, -12, 0, 3][row]) - [0, 0, 1, 1, 0.5, 1][row] * [60, -60, 12, -12, 0, 3][row],
  },
];

export const LOSS_CASES: readonly Case[] = LOSSES.map(lossCase);
