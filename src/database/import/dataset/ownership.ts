import type { Ownership } from '../../../engine/data/dataset.js';
import { badInput } from '../../../errors.js';
import type { Split } from '../descriptor.js';
import { type Place, uniform } from '../split.js';
import type { UserRows } from './user-rows.js';

/**
 * Packs what users own, with the product that the split hides of each validation and test user. Where users are split at random, one of their
 * products is chosen, and those with fewer than two products are moved to the training fold: there is nothing to hide.
 * @throws {ConcordError} BAD_INPUT for a hidden product that its user does not own.
 */
export function packOwnership(products: readonly string[], rows: UserRows, split: Split | undefined): Ownership {
  const size = rows.ids.length;
  const offsets = new Int32Array(size + 1);
  const heldOut = new Int32Array(size).fill(-1);
  const indexOf = new Map(products.map((code, i) => [code, i]));
  for (let user = 0; user < size; user++) offsets[user + 1] = offsets[user]! + rows.owned[user]!.size;
  const items = new Int32Array(offsets[size]!);
  for (let user = 0; user < size; user++) {
    const owned = [...rows.owned[user]!.keys()].sort((a, b) => a - b);
    items.set(owned, offsets[user]!);
    const place = rows.places[user];
    if (place?.heldOut !== undefined) {
      heldOut[user] = indexOf.get(place.heldOut) ?? -1;
      if (!rows.owned[user]!.has(heldOut[user]!)) {
        throw badInput(`The split hides ${place.heldOut} of user ${rows.ids[user]}, who does not own it.`);
      }
    } else if (split && 'random' in split && place && place.fold !== 'train') {
      if (owned.length < 2) rows.places[user] = { ...place, fold: 'train' } satisfies Place;
      else heldOut[user] = hidden(owned, rows.owned[user]!, rows.ids[user]!, split.random);
    }
  }
  return { products, offsets, items, heldOut };
}

function hidden(
  owned: readonly number[],
  times: ReadonlyMap<number, number>,
  id: string,
  rule: { seed?: number; hide?: 'random' | 'latest' },
): number {
  if (rule.hide === 'latest') {
    const time = (product: number) => times.get(product) || Number.NEGATIVE_INFINITY;
    return owned.reduce((latest, product) => (time(product) > time(latest) ? product : latest));
  }
  return owned[Math.floor(uniform(rule.seed ?? 42, `hidden\n${id}`) * owned.length)]!;
}
