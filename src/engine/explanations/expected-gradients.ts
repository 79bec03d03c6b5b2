import type { UserRow } from '../data/dataset.js';
import type { Predictor } from '../models/kind.js';
import { explained } from './explained.js';
import type { Attribution } from './game.js';
import type { Player } from './players.js';
import { logOdds } from './shapley.js';

/** Points on the way from the mean to the user. */
const POINTS = 128;

/**
 * How much each input adds on the straight way from the mean over the training users to this user: its distance times the mean slope of the log-odds
 * (expected gradients: Erion et al. 2021, with one reference that is nobody in place of many users, and the points spread evenly rather than drawn;
 * integrated gradients: Sundararajan et al. 2017). What the points leave of score − base, a few thousandths at most where the network bends, is
 * shared out by size, so that the sum is exact.
 */
export async function expectedGradients(
  predictor: Predictor,
  row: UserRow,
  outputs: readonly number[],
): Promise<{ readonly players: readonly Player[]; readonly attributions: readonly Attribution[] }> {
  const { slopes } = predictor.opened;
  if (!slopes) throw new Error('The model has no slopes.');
  const { players, inputs, candidates } = explained(predictor, row);
  const width = inputs.length;
  const ends = await endsOf(predictor, inputs, candidates, outputs);
  const attributions: Attribution[] = [];
  for (const [place, output] of outputs.entries()) {
    const mean = new Float64Array(width);
    for (let point = 0; point < POINTS; ) {
      const batch = predictor.batchFor(POINTS - point);
      const count = Math.min(batch.rows, POINTS - point);
      const targets = new Float32Array(batch.rows * predictor.outputs);
      for (let own = 0; own < count; own++) {
        const way = (point + own + 0.5) / POINTS;
        for (let at = 0; at < width; at++) batch.inputs[own * width + at] = way * inputs[at];
        if (candidates.length > 0) batch.candidates.set(candidates, own * candidates.length);
        targets[own * predictor.outputs + output] = 1;
      }
      const found = await slopes(batch, targets);
      for (let own = 0; own < count; own++)
        for (let at = 0; at < width; at++) mean[at] += found[own * width + at] / POINTS;
      point += count;
    }
    const raw = players.map((player) => player.inputs.reduce((sum, at) => sum + mean[at] * inputs[at], 0));
    attributions.push({ base: ends.base[place], contributions: completed(raw, ends.score[place] - ends.base[place]) });
  }
  return { players, attributions };
}

function completed(raw: readonly number[], rise: number): number[] {
  const rest = raw.reduce((left, value) => left - value, rise);
  const size = raw.reduce((sum, value) => sum + Math.abs(value), 0);
  return raw.map((value) => (size > 0 ? value + (rest * Math.abs(value)) / size : rest / raw.length));
}

async function endsOf(
  predictor: Predictor,
  inputs: Float32Array,
  candidates: Float32Array,
  outputs: readonly number[],
): Promise<{ readonly base: Float64Array; readonly score: Float64Array }> {
  const scoreOf = async (row: Float32Array) => {
    const batch = predictor.batchFor(1);
    batch.inputs.set(row);
    if (candidates.length > 0) batch.candidates.set(candidates);
    const probabilities = await predictor.run(batch);
    return Float64Array.from(outputs, (output) => logOdds(probabilities[output]));
  };
  return { base: await scoreOf(new Float32Array(inputs.length)), score: await scoreOf(inputs) };
}
