import { createRandom } from '../layers/random.js';
import type { Attribution, Game } from './game.js';

/** Orders of players, each taken forwards and backwards. */
const PAIRS = 8;

/**
 * Shapley values by sampling orders in which players join (Štrumbelj and Kononenko 2014; forwards and backwards: Mitchell et al. 2022): what each
 * order adds leads from base to score without a rest, so their means sum exactly. Seeded by nothing but the number of players: the same user has
 * the same explanation.
 */
export async function permutationValues({ players, active, values }: Game): Promise<Attribution[]> {
  const orders = ordersOf(active);
  const coalition = (members: readonly number[]): Uint8Array => {
    const own = new Uint8Array(players.length);
    for (const player of members) own[player] = 1;
    return own;
  };
  // Row 0 is the reference, row 1 the user; then the steps in between of each order.
  const coalitions = [coalition([]), new Uint8Array(players.length).fill(1)];
  for (const order of orders)
    for (let step = 1; step < order.length; step++) coalitions.push(coalition(order.slice(0, step)));
  const scores = await values(coalitions);
  return Array.from(scores[0], (base, output) => {
    const contributions = new Array<number>(players.length).fill(0);
    let row = 2;
    for (const order of orders) {
      let before = base;
      order.forEach((player, place) => {
        const after = scores[place === order.length - 1 ? 1 : row++][output];
        contributions[player] += (after - before) / orders.length;
        before = after;
      });
    }
    return { base, contributions };
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
