import type { UserRow } from '../data/dataset.js';
import type { FeatureContract } from '../encoders/contract.js';
import type { Expander } from '../encoders/expand.js';

/** A source of a score: the inputs that come from one column, from one product owned, or from all products not owned. */
export interface Player {
  readonly feature: string;
  readonly value: number | string | null;
  readonly inputs: readonly number[];
}

/** The products that a user does not own, taken together: there may be thousands, and each says little. */
export const OTHER_PRODUCTS = 'owned:other products';

/** @param owned places of the user's products in the contract. */
export function playersOf(contract: FeatureContract, expander: Expander, row: UserRow, owned: Int32Array): Player[] {
  const columns = new Map<string, number[]>();
  contract.features.forEach(({ column }, place) => {
    const inputs = columns.get(column) ?? [];
    for (let input = expander.starts[place]; input < expander.starts[place + 1]; input++) inputs.push(input);
    columns.set(column, inputs);
  });
  const players: Player[] = [...columns].map(([column, inputs]) => ({
    feature: column,
    value: row.values[column] ?? null,
    inputs,
  }));
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
