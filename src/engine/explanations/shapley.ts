import { createRandom } from '../layers/random.js';
import type { Predictor } from '../models/kind.js';
import type { Player } from './players.js';

/** A probability as log-odds; kept finite where float32 has rounded it to 0 or 1. */
export function logOdds(probability: number): number {
  const inside = Math.min(1 - 1e-7, Math.max(1e-12, probability));
  return Math.log(inside / (1 - inside));
}

export interface ShapleyInput {
  readonly players: readonly Player[];
  /** The user's encoded row. */
  readonly inputs: Float32Array;
  /** Interest: 1 for each product that may be the answer. */
  readonly candidates?: Float32Array;
}

export interface ShapleyValues {
  /** Log-odds of the average training user's row. */
  readonly base: number;
  /** One for each player; base + their sum is the log-odds of the user's row, whatever was sampled. */
  readonly contributions: readonly number[];
}

/** Orders of players, each taken forwards and backwards. */
const PAIRS = 8;

/**
 * Shapley values against the training mean by sampling orders in which the players' inputs replace the mean (which is all zeros):
 * the contributions of one order telescope from base to score, so their means sum exactly. All rows run in batches, all outputs
 * from the same rows. Seeded by nothing but the row's shape: the same row gives the same explanation.
 * @param outputs which outputs to explain.
 */
export async function shapley(
  predictor: Predictor,
  { players, inputs, candidates }: ShapleyInput,
  outputs: readonly number[],
): Promise<ShapleyValues[]> {
  const active = players
    .map((_, player) => player)
    .filter((player) => players[player].inputs.some((at) => inputs[at] !== 0));
  const orders = ordersOf(active);
  // Row 0 is the mean, row 1 the user; then the steps in between of each order.
  const rows: Float32Array[] = [new Float32Array(inputs.length), inputs];
  for (const order of orders) {
    const current = new Float32Array(inputs.length);
    for (const player of order.slice(0, -1)) {
      for (const input of players[player].inputs) current[input] = inputs[input];
      rows.push(current.slice());
    }
  }
  const scores = await scoresOf(predictor, rows, candidates, outputs);
  return outputs.map((_, output) => {
    const contributions = new Array<number>(players.length).fill(0);
    let row = 2;
    for (const order of orders) {
      let before = scores[0][output];
      order.forEach((player, place) => {
        const after = scores[place === order.length - 1 ? 1 : row++][output];
        contributions[player] += (after - before) / orders.length;
        before = after;
      });
    }
    return { base: scores[0][output], contributions };
  });
}

function ordersOf(players: readonly number[]): number[][] {
  if (players.length === 0) return [];
  if (players.length === 1) return [[...players]];
  const random = createRandom(players.length);
  return Array.from({ length: PAIRS }, () => {
    const order = random.shuffle([...players]);
    return [order, [...order].reverse()];
  }).flat();
}

/** Log-odds of the chosen outputs for each row. */
async function scoresOf(
  predictor: Predictor,
  rows: readonly Float32Array[],
  candidates: Float32Array | undefined,
  outputs: readonly number[],
): Promise<Float64Array[]> {
  const scores: Float64Array[] = [];
  while (scores.length < rows.length) {
    const start = scores.length;
    const batch = predictor.batchFor(rows.length - start);
    const count = Math.min(batch.rows, rows.length - start);
    for (let row = 0; row < count; row++) {
      batch.inputs.set(rows[start + row], row * predictor.expander.width);
      if (candidates) batch.candidates.set(candidates, row * predictor.outputs);
    }
    const probabilities = await predictor.run(batch);
    for (let row = 0; row < count; row++) {
      const base = row * predictor.outputs;
      scores.push(Float64Array.from(outputs, (output) => logOdds(probabilities[base + output])));
    }
  }
  return scores;
}
