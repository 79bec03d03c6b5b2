import { createRandom } from '../layers/random.js';
import type { Attribution, Game } from './game.js';
import { weightedLeastSquares } from './least-squares.js';

const SAMPLES = 2048;
/** Of the square root of the number of players. */
const KERNEL_WIDTH = 0.75;

/**
 * The linear model that is nearest to the model around the user (LIME: Ribeiro et al. 2016), in the space of players that are there or not: a sample
 * with some of them at the reference weighs exp(−how many ÷ width²). The line is led through the user's own score, so that base and contributions
 * sum to it; base is what the line says of the reference, which is the model's own score there only where the model is linear. Seeded by nothing but
 * the number of players.
 */
export async function lime({ players, active, values }: Game): Promise<Attribution[]> {
  const count = active.length;
  const away = count === 0 ? [] : 2 ** count - 1 <= SAMPLES ? allAway(count) : drawnAway(count);
  const [user, ...scores] = await values([
    new Uint8Array(players.length).fill(1),
    ...away.map((own) => {
      const coalition = new Uint8Array(players.length).fill(1);
      active.forEach((player, place) => {
        coalition[player] = 1 - own[place];
      });
      return coalition;
    }),
  ]);
  const rows = new Float64Array(away.length * count);
  const width = KERNEL_WIDTH ** 2 * count;
  const weights = away.map((own, row) => {
    rows.set(own, row * count);
    return Math.exp(-own.reduce((sum, value) => sum + value, 0) / width);
  });
  const losses = Array.from(user, (score, output) => Float64Array.from(scores, (other) => score - other[output]));
  const solved = count === 0 ? losses : weightedLeastSquares(rows, count, weights, losses);
  return Array.from(user, (score, output) => {
    const contributions = new Array<number>(players.length).fill(0);
    active.forEach((player, place) => {
      contributions[player] = solved[output][place];
    });
    return { base: contributions.reduce((sum, value) => sum - value, score), contributions };
  });
}

/** 1 for each player that is at the reference. */
function allAway(count: number): Uint8Array[] {
  return Array.from({ length: 2 ** count - 1 }, (_, set) =>
    Uint8Array.from({ length: count }, (_, player) => ((set + 1) >> player) & 1),
  );
}

/** Any number of them with the same chance; each alone, too, so that nobody is left out. */
function drawnAway(count: number): Uint8Array[] {
  const random = createRandom(count).fork('lime');
  return Array.from({ length: SAMPLES + count }, (_, sample) => {
    const own = new Uint8Array(count);
    if (sample < count) {
      own[sample] = 1;
      return own;
    }
    const order = random.shuffle(Int32Array.from({ length: count }, (_, player) => player));
    const size = 1 + random.below(count);
    for (let place = 0; place < size; place++) own[order[place]] = 1;
    return own;
  });
}
