import type { UserRow } from '../data/dataset.js';
import { type EncodedEvents, type EncodedUsers, encodeRows } from '../encoders/encode.js';
import type { Explanation } from '../engine.js';
import { explainedOutputs } from '../explanations/sampled.js';
import { createRandom } from '../layers/random.js';
import type { Predictor } from '../models/kind.js';
import { ownedFeature } from '../models/owned.js';
import type { HybridWeights } from '../models/weights.js';
import { playersOf as ownedPlayers } from '../recommenders/explain.js';
import { WIDE } from '../recommenders/settings.js';
import type { OpenHybrid } from './open.js';
import { typicalPositions } from './typical.js';

/** Orders in which what is known of a user comes in, each with its reverse: fewer for wide catalogues, whose rows take milliseconds. */
const ORDERS = { usual: 4, wide: 1 };

/** Something that is known of a user: a column, products owned, or the events. */
interface Player {
  readonly feature: string;
  readonly value: number | string | null;
  /** Features of the contract. */
  readonly places: readonly number[];
  readonly owned: Int32Array;
  readonly events: boolean;
}

/**
 * Why products have their probabilities: Shapley values, by permutation sampling, against a typical user who owns nothing. Members of several
 * kinds have no inputs in common, so that what a player adds is found by scoring the user with and without it: columns at their typical
 * value, products not owned. What each order adds leads from base to score without a rest, so that the sum is exact. The products that may be
 * recommended stay the same throughout.
 * @throws {ConcordError} BAD_INPUT for a product that the model does not know
 */
export async function explainHybrid(
  predictor: Predictor,
  weights: HybridWeights,
  row: UserRow,
  products: readonly string[],
): Promise<Explanation[]> {
  const { contract } = predictor;
  const asked = explainedOutputs(contract, products);
  if (asked.length === 0) return [];
  const user = encodeRows(contract, [row]);
  const typical = typicalPositions(contract);
  const players = playersOf(predictor, weights, { row, user, asked });
  const active = [...players.keys()].filter((player) => says(players[player], user, typical));
  const orders = ordersOf(active, contract.products.length > WIDE ? ORDERS.wide : ORDERS.usual);
  // Row 0 knows nothing, row 1 everything; then the steps in between of each order.
  const known: ReadonlySet<number>[] = [new Set(), new Set(active)];
  for (const order of orders) for (let step = 1; step < order.length; step++) known.push(new Set(order.slice(0, step)));
  const rows = writeRows(user, typical, players, known);
  const odds = await logOddsOf(predictor, rows, user.items, asked);
  return asked.map((_, place) => {
    const contributions = new Float64Array(players.length);
    let next = 2;
    for (const order of orders) {
      let before = odds[0][place];
      order.forEach((player, step) => {
        const after = odds[step === order.length - 1 ? 1 : next++][place];
        contributions[player] += (after - before) / orders.length;
        before = after;
      });
    }
    return {
      base: odds[0][place],
      score: odds[1][place],
      contributions: players
        .map(({ feature, value }, player) => ({ feature, value, contribution: contributions[player] }))
        .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution)),
    };
  });
}

interface Explained {
  readonly row: UserRow;
  readonly user: EncodedUsers;
  readonly asked: readonly number[];
}

function playersOf({ contract, opened }: Predictor, weights: HybridWeights, { row, user, asked }: Explained): Player[] {
  const nothing = { places: [], owned: new Int32Array(0), events: false };
  const columns = new Map<string, number[]>();
  contract.features.forEach(({ column }, place) => {
    columns.set(column, [...(columns.get(column) ?? []), place]);
  });
  const events = user.events?.offsets[1] ?? 0;
  return [
    ...[...columns].map(([column, places]) => ({
      ...nothing,
      feature: column,
      value: row.values[column] ?? null,
      places,
    })),
    ...ownedPlayers(weights.recommender, (opened as OpenHybrid).recommender, user.items, asked).map((owned) => ({
      ...nothing,
      feature: ownedFeature(contract.products, owned),
      value: owned.length,
      owned,
    })),
    ...(events > 0 ? [{ ...nothing, feature: 'events', value: events, events: true }] : []),
  ];
}

/** Whether a player differs from what is typical. */
const says = ({ places, owned, events }: Player, { positions }: EncodedUsers, typical: readonly number[]): boolean =>
  events || owned.length > 0 || places.some((place) => !Object.is(positions[place][0], Math.fround(typical[place])));

function ordersOf(players: readonly number[], pairs: number): number[][] {
  if (players.length < 2) return players.length === 0 ? [] : [[...players]];
  const random = createRandom(players.length);
  return Array.from({ length: pairs }, () => {
    const order = random.shuffle([...players]);
    return [order, order.toReversed()];
  }).flat();
}

/** A user for each set of players who are known. */
function writeRows(
  user: EncodedUsers,
  typical: readonly number[],
  players: readonly Player[],
  known: readonly ReadonlySet<number>[],
): EncodedUsers {
  const size = known.length;
  const positions = typical.map((position) => new Float32Array(size).fill(position));
  const offsets = new Int32Array(size + 1);
  const items: number[] = [];
  const withEvents = new Uint8Array(size);
  known.forEach((set, row) => {
    const owned: number[] = [];
    for (const player of set) {
      const { places, owned: own, events } = players[player];
      for (const place of places) positions[place][row] = user.positions[place][0];
      owned.push(...own);
      if (events) withEvents[row] = 1;
    }
    items.push(...owned.sort((a, b) => a - b));
    offsets[row + 1] = items.length;
  });
  return {
    size,
    positions,
    offsets,
    items: Int32Array.from(items),
    ...(user.events && { events: repeated(user.events, withEvents) }),
  };
}

/** The events of one user for each row that has them. */
function repeated({ offsets, positions }: EncodedEvents, has: Uint8Array): EncodedEvents {
  const count = offsets[1];
  const starts = new Int32Array(has.length + 1);
  has.forEach((one, row) => {
    starts[row + 1] = starts[row] + (one === 1 ? count : 0);
  });
  const times = starts[has.length] / Math.max(1, count);
  return {
    offsets: starts,
    positions: positions.map((own) => {
      const all = new Float32Array(starts[has.length]);
      for (let time = 0; time < times; time++) all.set(own.subarray(0, count), time * count);
      return all;
    }),
  };
}

/** Log-odds of some products in each row, by softmax over the products that the whole user does not own. */
async function logOddsOf(
  predictor: Predictor,
  rows: EncodedUsers,
  owned: Int32Array,
  asked: readonly number[],
): Promise<Float64Array[]> {
  const { outputs } = predictor;
  const isOwned = new Uint8Array(outputs);
  for (const product of owned) isOwned[product] = 1;
  const result: Float64Array[] = [];
  const all = {
    users: Int32Array.from({ length: rows.size }, (_, row) => row),
    hidden: new Int32Array(rows.size).fill(-1),
  };
  await predictor.predict(rows, all, (start, count, probabilities) => {
    for (let place = 0; place < count; place++) {
      const shown = rows.items.subarray(rows.offsets[start + place], rows.offsets[start + place + 1]);
      const odds = Float64Array.from(probabilities.subarray(place * outputs, (place + 1) * outputs));
      // One that is shown has the share of one more candidate: so much for each share of the others.
      for (const product of shown) odds[product] /= Math.max(LEAST, 1 - odds[product]);
      result.push(Float64Array.from(asked, (product) => logOddsAmong(odds, isOwned, product)));
    }
  });
  return result;
}

/** A share that float32 has rounded to 0, as elsewhere. */
const LEAST = 1e-12;
/** The same of a share that it has rounded to 1. */
const LEAST_REST = 1e-7;

function logOddsAmong(odds: Float64Array, isOwned: Uint8Array, product: number): number {
  let rest = 0;
  for (let other = 0; other < odds.length; other++) if (isOwned[other] === 0 && other !== product) rest += odds[other];
  return Math.log(Math.max(LEAST, odds[product])) - Math.log(Math.max(LEAST_REST, rest));
}
