import type { UserRow } from '../data/dataset.js';
import { encodeRows } from '../encoders/encode.js';
import type { Predictor } from '../models/kind.js';
import { explained } from './explained.js';
import { EVENTS } from './players.js';
import { logOdds } from './shapley.js';
import { typicalUser } from './typical.js';

/** What a user's score is made of: sources that say what they say of this user, or what they say of a reference that is nobody. */
export interface Game {
  readonly players: readonly { readonly feature: string; readonly value: number | string | null }[];
  /** Players that differ from the reference: the others have no part in the score. */
  readonly active: readonly number[];
  /**
   * Log-odds of the outputs that are asked for, by coalition.
   * @param coalitions 1 for each player that says what it says of the user
   */
  values(coalitions: readonly Uint8Array[]): Promise<Float64Array[]>;
}

/** What each player has in a score: base + contributions is the score. */
export interface Attribution {
  readonly base: number;
  /** One for each player. */
  readonly contributions: readonly number[];
}

/**
 * The game of a user and some outputs. Models whose inputs are 0 at the mean over the training users are asked against that mean; others against a
 * typical user.
 */
export function gameOf(predictor: Predictor, row: UserRow, outputs: readonly number[]): Game {
  return predictor.opened.centred ? gameOfInputs(predictor, row, outputs) : gameOfRows(predictor, row, outputs);
}

/** Against the mean over the training users, for models whose inputs are 0 there. */
export function gameOfInputs(predictor: Predictor, row: UserRow, outputs: readonly number[]): Game {
  const { players, inputs, candidates } = explained(predictor, row);
  return {
    players,
    active: [...players.keys()].filter((player) => players[player].inputs.some((at) => inputs[at] !== 0)),
    async values(coalitions) {
      const found: Float64Array[] = [];
      await inBatches(predictor, coalitions.length, (batch, start, count) => {
        for (let place = 0; place < count; place++) {
          const own = batch.inputs.subarray(place * inputs.length, (place + 1) * inputs.length).fill(0);
          players.forEach((player, index) => {
            if (coalitions[start + place][index] === 1) for (const at of player.inputs) own[at] = inputs[at];
          });
          if (candidates.length > 0) batch.candidates.set(candidates, place * candidates.length);
        }
        return (probabilities) => {
          for (let from = 0; from < count * predictor.outputs; from += predictor.outputs)
            found.push(Float64Array.from(outputs, (output) => logOdds(probabilities[from + output])));
        };
      });
      return found;
    },
  };
}

/** A column, a product owned, or all events, as far as a row of a user can be without it. */
interface RowPlayer {
  readonly feature: string;
  readonly value: number | string | null;
  readonly column?: string;
  readonly owned?: string;
}

function gameOfRows(predictor: Predictor, row: UserRow, outputs: readonly number[]): Game {
  const { contract, task } = predictor;
  const typical = typicalUser(contract);
  const known = new Set(contract.products);
  const owned = [...new Set(row.owned)].filter((code) => known.has(code));
  const players: RowPlayer[] = [
    ...Object.keys(typical.values).map((column) => ({
      feature: column,
      value: row.values[column] ?? null,
      column,
    })),
    // A model of interest always knows what is owned: it asks for the rest.
    ...(contract.holdings || task === 'interest' ? owned : []).map((code) => ({
      feature: `owned:${code}`,
      value: 1,
      owned: code,
    })),
    ...(contract.sequence && !contract.sequence.from && row.events?.length
      ? [{ feature: EVENTS, value: row.events.length }]
      : []),
  ];
  const rowOf = (coalition: Uint8Array): UserRow => {
    const values = { ...typical.values };
    const kept: string[] = [];
    let events: UserRow['events'];
    players.forEach(({ column, owned: code }, player) => {
      if (coalition[player] === 0) return;
      if (column !== undefined) values[column] = row.values[column] ?? null;
      else if (code !== undefined) kept.push(code);
      else events = row.events;
    });
    return { values, owned: kept, ...(events && { events }) };
  };
  const everything = encodeRows(contract, [row]);
  const open = new Uint8Array(contract.products.length).fill(1);
  for (const product of everything.items) open[product] = 0;
  const differs = ({ column }: RowPlayer): boolean => {
    if (column === undefined) return true;
    const one = encodeRows(contract, [
      { values: { ...typical.values, [column]: row.values[column] ?? null }, owned: [] },
      typical,
    ]);
    const arrays = [...one.positions, ...(one.events?.positions ?? [])];
    return arrays.some((positions) => {
      const half = positions.length / 2;
      for (let at = 0; at < half; at++) if (!Object.is(positions[at], positions[half + at])) return true;
      return false;
    });
  };
  return {
    players,
    active: [...players.keys()].filter((player) => differs(players[player])),
    async values(coalitions) {
      const encoded = encodeRows(contract, coalitions.map(rowOf));
      const found: Float64Array[] = [];
      const rows = {
        users: Int32Array.from(coalitions.keys()),
        hidden: new Int32Array(coalitions.length).fill(-1),
      };
      await predictor.predict(encoded, rows, (start, count, probabilities) => {
        for (let place = 0; place < count; place++) {
          const own = probabilities.subarray(place * predictor.outputs, (place + 1) * predictor.outputs);
          if (task === 'risk') {
            found.push(Float64Array.of(logOdds(own[0])));
            continue;
          }
          const shown = encoded.items.subarray(encoded.offsets[start + place], encoded.offsets[start + place + 1]);
          found.push(oddsAmong(own, shown, open, outputs));
        }
      });
      return found;
    },
  };
}

/** A share that float32 has rounded to 0, and what is left of one that it has rounded to 1. */
const LEAST = 1e-12;
const LEAST_REST = 1e-7;

/**
 * Log-odds of products among those that the user may be offered, whatever a coalition shows of what is owned: what may be offered stays the same
 * throughout, or a product that is not shown would take its share from all others.
 */
function oddsAmong(
  probabilities: Float32Array,
  shown: Int32Array,
  open: Uint8Array,
  outputs: readonly number[],
): Float64Array {
  const odds = Float64Array.from(probabilities);
  // One that is shown has the share of one more candidate: so much for each share of the others.
  for (const product of shown) odds[product] /= Math.max(LEAST, 1 - odds[product]);
  const total = odds.reduce((sum, value, product) => sum + (open[product] === 1 ? value : 0), 0);
  return Float64Array.from(outputs, (output) => {
    const rest = open[output] === 1 ? restOf(odds, open, output) : total;
    return Math.log(Math.max(LEAST, odds[output])) - Math.log(Math.max(LEAST_REST, rest));
  });
}

/** Added up without the one, rather than taken away from all, which would leave nothing but rounding of a share near 1. */
function restOf(odds: Float64Array, open: Uint8Array, output: number): number {
  let rest = 0;
  for (let product = 0; product < odds.length; product++)
    if (open[product] === 1 && product !== output) rest += odds[product];
  return rest;
}

type Fill = (
  batch: ReturnType<Predictor['batchFor']>,
  start: number,
  count: number,
) => (probabilities: Float32Array) => void;

async function inBatches(predictor: Predictor, rows: number, fill: Fill): Promise<void> {
  for (let start = 0; start < rows; ) {
    const batch = predictor.batchFor(rows - start);
    const count = Math.min(batch.rows, rows - start);
    const take = fill(batch, start, count);
    take(await predictor.run(batch));
    start += count;
  }
}
