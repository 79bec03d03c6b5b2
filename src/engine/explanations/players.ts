import type { UserRow } from '../data/dataset.js';
import { channelsOf, type FeatureContract, inputsOf, widthOf } from '../encoders/contract.js';
import type { Expander } from '../encoders/expand.js';

/** A source of a score: the inputs that come from one column, from one product owned, from all products not owned, or from one thing of all events. */
export interface Player {
  readonly feature: string;
  readonly value: number | string | null;
  readonly inputs: readonly number[];
}

/** The products that a user does not own, taken together: there may be thousands, and each says little. */
export const OTHER_PRODUCTS = 'owned:other products';

/** How many events there are, and what each column says of all of them. */
export const EVENTS = 'events';

/** @param owned places of the user's products in the contract. */
export function playersOf(contract: FeatureContract, expander: Expander, row: UserRow, owned: Int32Array): Player[] {
  const columns = new Map<string, number[]>();
  contract.features.forEach(({ column }, place) => {
    const inputs = columns.get(column) ?? [];
    for (let input = expander.starts[place]; input < expander.starts[place + 1]; input++) inputs.push(input);
    columns.set(column, inputs);
  });
  const ofEvents = sequenceInputs(contract, columns);
  const players: Player[] = [...columns].map(([column, inputs]) => ({
    feature: column,
    value: row.values[column] ?? null,
    inputs,
  }));
  const events = Math.min(row.events?.length ?? 0, contract.sequence?.steps ?? 0);
  for (const [feature, inputs] of ofEvents) players.push({ feature, value: events, inputs });
  if (!contract.holdings) return players;
  const first = expander.starts[contract.features.length];
  const isOwned = new Set(owned);
  for (const product of owned) {
    players.push({ feature: `owned:${contract.products[product]}`, value: 1, inputs: [first + product] });
  }
  const others = contract.products.map((_, product) => product).filter((product) => !isOwned.has(product));
  if (others.length > 0) {
    players.push({ feature: OTHER_PRODUCTS, value: 0, inputs: others.map((product) => first + product) });
  }
  return players;
}

/**
 * Inputs of the sequence. Where its steps are columns of the user, they are added to those of the columns.
 * @returns those of events, by what is read of these
 */
function sequenceInputs(contract: FeatureContract, columns: Map<string, number[]>): Map<string, number[]> {
  const ofEvents = new Map<string, number[]>();
  const { sequence } = contract;
  if (!sequence) return ofEvents;
  const channels = channelsOf(sequence);
  const first = inputsOf(contract) - sequence.steps * channels;
  for (let step = 0; step < sequence.steps; step++) {
    let input = first + step * channels;
    // Steps that are columns are always there: this input is 0 for everyone.
    if (!sequence.from) add(ofEvents, EVENTS, [input]);
    input++;
    for (const feature of sequence.features) {
      const inputs = Array.from({ length: widthOf(feature) }, (_, place) => input + place);
      if (sequence.from) add(columns, sequence.from[feature.column][step], inputs);
      else add(ofEvents, `${EVENTS}:${feature.column}`, inputs);
      input += inputs.length;
    }
  }
  return ofEvents;
}

function add(map: Map<string, number[]>, name: string, inputs: readonly number[]): void {
  const known = map.get(name);
  if (known) known.push(...inputs);
  else map.set(name, [...inputs]);
}
