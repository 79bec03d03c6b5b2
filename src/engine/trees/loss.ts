import type { EncodedUsers } from '../encoders/encode.js';
import type { Task } from '../engine.js';
import { EPSILON } from '../metrics/binary.js';
import type { Examples } from '../training/examples.js';
import type { TreeEnsemble } from './ensemble.js';
import type { TreeInputs } from './inputs.js';
import type { RowSets } from './matrix.js';
import { riskOf } from './predict.js';
import { scoreRows } from './score.js';

const BLOCK = 1024;

/** Raw scores of examples, rows × outputs. */
export function scoreExamples(
  ensemble: TreeEnsemble,
  inputs: TreeInputs,
  encoded: EncodedUsers,
  { users, hidden }: Pick<Examples, 'users' | 'hidden'>,
): Float64Array {
  const { outputs } = ensemble;
  const raw = new Float64Array(users.length * outputs);
  const rows = new Float32Array(BLOCK * inputs.width);
  for (let start = 0; start < users.length; start += BLOCK) {
    const count = Math.min(BLOCK, users.length - start);
    for (let row = 0; row < count; row++) inputs.write(encoded, users[start + row], hidden[start + row], rows, row);
    scoreRows(ensemble, rows, count, raw.subarray(start * outputs, (start + count) * outputs));
  }
  return raw;
}

/**
 * Weighted mean of the log loss by raw scores, over the rows that have one (the others are NaN); NaN where none has.
 * @param shown products that cannot be the answer
 */
export function meanLoss(
  task: Task,
  ensemble: TreeEnsemble,
  raw: Float64Array,
  { targets, weights }: Pick<Examples, 'targets' | 'weights'>,
  shown: RowSets,
): number {
  const { link, outputs } = ensemble;
  let sum = 0;
  let weight = 0;
  const isShown = new Uint8Array(outputs);
  for (let row = 0; row < targets.length; row++) {
    const scores = raw.subarray(row * outputs, (row + 1) * outputs);
    if (Number.isNaN(scores[0])) continue;
    let right = riskOf(ensemble, scores[0]);
    if (task === 'risk' && targets[row] !== 1) right = 1 - right;
    if (task === 'interest') {
      const members = shown.items.subarray(shown.offsets[row], shown.offsets[row + 1]);
      for (const member of members) isShown[member] = 1;
      right = shareOf(link === 'softmax', scores, targets[row], isShown);
      for (const member of members) isShown[member] = 0;
    }
    sum -= weights[row] * Math.log(Math.max(EPSILON, right));
    weight += weights[row];
  }
  return weight > 0 ? sum / weight : Number.NaN;
}

function shareOf(isSoftmax: boolean, scores: Float64Array, target: number, isShown: Uint8Array): number {
  let total = 0;
  for (let output = 0; output < scores.length; output++) {
    if (isShown[output] === 1) continue;
    total += isSoftmax ? Math.exp(scores[output] - scores[target]) : Math.max(0, scores[output]);
  }
  if (isSoftmax) return 1 / total;
  return total > 0 ? Math.max(0, scores[target]) / total : 0;
}
