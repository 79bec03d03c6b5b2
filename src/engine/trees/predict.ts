import type { Task } from '../engine.js';
import type { TreeEnsemble } from './ensemble.js';
import { scoreRows } from './score.js';

/** Rows to score, as a batch of the engine holds them. */
export interface TreeBatch {
  readonly rows: number;
  /** rows × width, as treeInputs writes them. */
  readonly inputs: Float32Array;
  /** Interest: rows × outputs, 1 for each product that may be the answer. */
  readonly candidates: Float32Array;
}

/**
 * Probabilities, rows × outputs. Interest: those of the candidates sum to 1; a product that is no candidate (owned already) gets the probability that
 * it would have as one more. Synchronous.
 */
export function predictBatch(
  task: Task,
  ensemble: TreeEnsemble,
  { rows, inputs, candidates }: TreeBatch,
): Float32Array {
  const { outputs } = ensemble;
  const raw = new Float64Array(rows * outputs);
  scoreRows(ensemble, inputs, rows, raw);
  const result = new Float32Array(rows * outputs);
  if (task === 'risk') {
    for (let row = 0; row < rows; row++) result[row] = riskOf(ensemble, raw[row]);
    return result;
  }
  for (let from = 0; from < raw.length; from += outputs) {
    const scores = raw.subarray(from, from + outputs);
    const open = candidates.subarray(from, from + outputs);
    const total = toWeights(ensemble, scores, open);
    for (let output = 0; output < outputs; output++) {
      const all = open[output] ? total : total + scores[output];
      result[from + output] = all > 0 ? scores[output] / all : 0;
    }
  }
  return result;
}

/** Probability of the event from a raw score. */
export function riskOf({ link }: Pick<TreeEnsemble, 'link'>, raw: number): number {
  return link === 'identity' ? Math.min(1, Math.max(0, raw)) : 1 / (1 + Math.exp(-raw));
}

/** Puts in place of raw scores what products' probabilities are proportional to. @returns the sum over the candidates */
function toWeights({ link }: TreeEnsemble, scores: Float64Array, open: Float32Array): number {
  const { exp } = Math;
  let highest = Number.NEGATIVE_INFINITY;
  for (let output = 0; output < scores.length; output++)
    if (open[output] && scores[output] > highest) highest = scores[output];
  let total = 0;
  for (let output = 0; output < scores.length; output++) {
    scores[output] = link === 'softmax' ? exp(scores[output] - highest) : Math.max(0, scores[output]);
    if (open[output]) total += scores[output];
  }
  return total;
}
