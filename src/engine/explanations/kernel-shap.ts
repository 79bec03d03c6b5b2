import { createRandom, type Random } from '../layers/random.js';
import type { Attribution, Game } from './game.js';
import { weightedLeastSquares } from './least-squares.js';

/** Up to so many players, every coalition is asked. */
const MOST_ENUMERATED = 11;
/** Else so many coalitions, and two more a player. */
const COALITIONS = 2048;

/**
 * Shapley values as the solution of a weighted least-squares problem (KernelSHAP: Lundberg and Lee 2017, theorem 2), constrained so that they sum to
 * score − base. Few players: all coalitions, exactly. More: the smallest and largest coalitions, which weigh most, all of them as far as they can
 * be afforded; others are drawn by their weight, each with its complement (Covert and Lee 2021). Seeded by nothing but the number of players.
 */
export async function kernelShap(game: Game): Promise<Attribution[]> {
  const { players, active, values } = game;
  const count = active.length;
  const { members, weights } = count <= MOST_ENUMERATED ? allCoalitions(count) : sampledCoalitions(count);
  const rowOf = (own: Uint8Array): Uint8Array => {
    const coalition = new Uint8Array(players.length);
    active.forEach((player, place) => {
      coalition[player] = own[place];
    });
    return coalition;
  };
  const [reference, user, ...scores] = await values([
    new Uint8Array(players.length),
    new Uint8Array(players.length).fill(1),
    ...members.map(rowOf),
  ]);
  const solved = solve(count, { members, weights, scores }, reference, user);
  return Array.from(reference, (base, output) => {
    const contributions = new Array<number>(players.length).fill(0);
    active.forEach((player, place) => {
      contributions[player] = solved[output][place];
    });
    return { base, contributions };
  });
}

interface Coalitions {
  /** 1 for each active player that is in. */
  readonly members: readonly Uint8Array[];
  readonly weights: readonly number[];
}

/** The constraint takes the last player out: its value is what the others leave. */
function solve(
  count: number,
  { members, weights, scores }: Coalitions & { readonly scores: readonly Float64Array[] },
  reference: Float64Array,
  user: Float64Array,
): Float64Array[] {
  const rises = user.map((score, output) => score - reference[output]);
  if (count === 0) return Array.from(rises, () => new Float64Array(0));
  if (count === 1) return Array.from(rises, (rise) => Float64Array.of(rise));
  const width = count - 1;
  const rows = new Float64Array(members.length * width);
  members.forEach((own, row) => {
    for (let place = 0; place < width; place++) rows[row * width + place] = own[place] - own[width];
  });
  const targets = Array.from(rises, (rise, output) =>
    Float64Array.from(members, (own, row) => scores[row][output] - reference[output] - own[width] * rise),
  );
  return weightedLeastSquares(rows, width, weights, targets).map((solved, output) => {
    const rest = solved.reduce((sum, value) => sum - value, rises[output]);
    return Float64Array.of(...solved, rest);
  });
}

function allCoalitions(count: number): Coalitions {
  const members: Uint8Array[] = [];
  const weights: number[] = [];
  for (let set = 1; set < 2 ** count - 1; set++) {
    const own = Uint8Array.from({ length: count }, (_, player) => (set >> player) & 1);
    const size = own.reduce((sum, value) => sum + value, 0);
    members.push(own);
    weights.push(kernelOf(count, size) / choose(count, size));
  }
  return { members, weights };
}

function sampledCoalitions(count: number): Coalitions {
  const found = new Map<string, { readonly own: Uint8Array; weight: number }>();
  const add = (own: Uint8Array, weight: number) => {
    for (const each of [own, own.map((value) => 1 - value)]) {
      const key = each.join('');
      const known = found.get(key);
      if (known) known.weight += weight / 2;
      else found.set(key, { own: each, weight: weight / 2 });
    }
  };
  let left = COALITIONS + 2 * count;
  // Sizes with their complements; of the middle one its own.
  const sizes = Array.from({ length: Math.floor(count / 2) }, (_, place) => place + 1);
  const massOf = (size: number) => kernelOf(count, size) * (2 * size === count ? 1 : 2);
  let mass = sizes.reduce((sum, size) => sum + massOf(size), 0);
  let next = 0;
  for (; next < sizes.length; next++) {
    const size = sizes[next];
    const subsets = choose(count, size) * (2 * size === count ? 1 : 2);
    if (subsets > (left * massOf(size)) / mass) break;
    const each = massOf(size) / choose(count, size);
    forEachSubset(count, size, (own) => add(own, each));
    left -= subsets;
    mass -= massOf(size);
  }
  const drawn = sizes.slice(next);
  if (drawn.length > 0) {
    const random = createRandom(count).fork('coalitions');
    const draws = Math.floor(left / 2);
    for (let draw = 0; draw < draws; draw++)
      add(subsetOf(count, sizeBy(drawn, massOf, mass, random), random), mass / draws);
  }
  return {
    members: [...found.values()].map(({ own }) => own),
    weights: [...found.values()].map(({ weight }) => weight),
  };
}

/** Weight of all coalitions of one size together, but for a factor. */
const kernelOf = (count: number, size: number): number => (count - 1) / (size * (count - size));

function choose(count: number, size: number): number {
  let result = 1;
  for (let place = 1; place <= size; place++) result = (result * (count - size + place)) / place;
  return Math.round(result);
}

function forEachSubset(count: number, size: number, onSubset: (own: Uint8Array) => void): void {
  const own = new Uint8Array(count);
  const take = (from: number, left: number) => {
    if (left === 0) {
      onSubset(own.slice());
      return;
    }
    for (let player = from; player <= count - left; player++) {
      own[player] = 1;
      take(player + 1, left - 1);
      own[player] = 0;
    }
  };
  take(0, size);
}

function sizeBy(sizes: readonly number[], massOf: (size: number) => number, mass: number, random: Random): number {
  let at = random.uniform() * mass;
  for (const size of sizes) {
    at -= massOf(size);
    if (at < 0) return size;
  }
  return sizes[sizes.length - 1];
}

function subsetOf(count: number, size: number, random: Random): Uint8Array {
  const order = random.shuffle(Int32Array.from({ length: count }, (_, player) => player));
  const own = new Uint8Array(count);
  for (let place = 0; place < size; place++) own[order[place]] = 1;
  return own;
}
