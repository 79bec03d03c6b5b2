import type { OpenContext, OpenModel, Predictor } from '../models/kind.js';
import type { StackWeights } from '../models/weights.js';
import type { Batch } from '../training/batch.js';
import { type JoinedExpander, joinExpanders, partsOf } from './contract.js';
import { scoreOf, shareOut } from './stack.js';

/** A stack made ready: its members, each of which scores and explains itself. */
export interface OpenStack extends OpenModel {
  readonly expander: JoinedExpander;
  readonly members: readonly Predictor[];
}

export function openStack(weights: StackWeights, { task, contract, open }: OpenContext): OpenStack {
  const members = weights.members.map((member) => open(member.weights, { task, contract: member.contract }));
  const parts = partsOf(weights.members.map((member) => member.contract));
  const expander = joinExpanders(
    members.map((member) => member.expander),
    parts,
  );
  const outputs = task === 'interest' ? contract.products.length : 1;

  /** Σ weight · score, (rows × outputs). */
  async function sumsOf(batch: Batch): Promise<Float64Array> {
    const sums = new Float64Array(batch.rows * outputs).fill(weights.intercept);
    for (const [place, member] of members.entries()) {
      const { weight } = weights.members[place];
      if (weight === 0) continue;
      for (let start = 0; start < batch.rows; ) {
        const own = member.batchFor(batch.rows - start);
        const count = Math.min(own.rows, batch.rows - start);
        expander.takeOut(place, batch.inputs.subarray(start * expander.width), count, own.inputs);
        const from = start * outputs;
        if (own.candidates.length > 0) own.candidates.set(batch.candidates.subarray(from, from + count * outputs));
        const probabilities = await member.run(own);
        for (let at = 0; at < count * outputs; at++)
          sums[from + at] += weight * scoreOf(probabilities[at], batch.candidates[from + at] === 1);
        start += count;
      }
    }
    return sums;
  }

  return {
    expander,
    members,
    batchSizes: [1, 16, 256],
    async run(batch) {
      const sums = await sumsOf(batch);
      if (task === 'risk') return Float32Array.from(sums, (odds) => 1 / (1 + Math.exp(-odds)));
      const result = new Float32Array(sums.length);
      for (let from = 0; from < sums.length; from += outputs)
        shareOut(
          sums.subarray(from, from + outputs),
          (product) => batch.candidates[from + product] === 1,
          result,
          from,
        );
      return result;
    },
    async dispose() {
      for (const member of members) await member.dispose();
    },
  };
}
