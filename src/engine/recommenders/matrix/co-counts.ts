import { badInput, ConcordError } from '../../../errors.js';
import { rowOf, type SparseRows, transpose } from './sparse.js';

/**
 * How many users own two products together: XᵀX of the users × products matrix, exact whole numbers. Sparse rows of the upper triangle
 * with its diagonal, on which stand the owners of each product. Item-kNN and EASE are functions of this alone, so that a user can be
 * taken out of them: subtract, and compute again.
 */
export interface CoCounts {
  readonly products: number;
  /** Users that were counted. */
  readonly users: number;
  /** products + 1 offsets. */
  readonly offsets: Int32Array;
  /** For the row of product a: products b ≥ a that somebody owns with it, ascending. */
  readonly items: Int32Array;
  readonly counts: Int32Array;
}

/** Pairs beyond this are not counted: 400 MB. */
const MOST_PAIRS = 2 ** 25;

/**
 * One product after the other, so that the counts of a row stay in the cache.
 * @param checkpoint called between products with the share that is done
 * @throws {ConcordError} BAD_INPUT where too many different pairs are owned together
 */
export function countTogether(owned: SparseRows, checkpoint: (done: number) => void = () => undefined): CoCounts {
  const { columns: products, rows: users } = owned;
  const owners = transpose(owned);
  const row = new Int32Array(products);
  const touched = new Int32Array(products);
  /** Where in each user's row the product stands that is counted: products are taken in their order. */
  const place = owned.offsets.slice(0, users);
  const { offsets: ends, items: all } = owned;
  const pairs = growing();
  const offsets = new Int32Array(products + 1);
  for (let product = 0; product < products; product++) {
    let count = 0;
    for (let entry = owners.offsets[product]; entry < owners.offsets[product + 1]; entry++) {
      const user = owners.items[entry];
      const end = ends[user + 1];
      for (let item = place[user]++; item < end; item++) {
        if (row[all[item]]++ === 0) touched[count++] = all[item];
      }
    }
    const others = touched.subarray(0, count).sort();
    pairs.add(others, row);
    for (let other = 0; other < count; other++) row[others[other]] = 0;
    offsets[product + 1] = pairs.length();
    if (product % 64 === 0) checkpoint(product / products);
  }
  return { products, users, offsets, ...pairs.take() };
}

function growing() {
  let items = new Int32Array(1024);
  let counts = new Int32Array(1024);
  let length = 0;
  return {
    length: () => length,
    add(columns: Int32Array, row: Int32Array) {
      const needed = length + columns.length;
      if (needed > MOST_PAIRS)
        throw badInput(`More than ${MOST_PAIRS} pairs of products are owned together: take fewer products, or als.`);
      if (needed > items.length) {
        const size = Math.min(MOST_PAIRS, Math.max(needed, 2 * items.length));
        items = copied(items, size);
        counts = copied(counts, size);
      }
      items.set(columns, length);
      for (let entry = 0; entry < columns.length; entry++) counts[length + entry] = row[columns[entry]];
      length = needed;
    },
    take: () => ({ items: items.slice(0, length), counts: counts.slice(0, length) }),
  };
}

function copied(values: Int32Array, size: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(size);
  larger.set(values);
  return larger;
}

/** Owners of each product. */
export function ownersIn({ products, offsets, counts, items }: CoCounts): Float64Array {
  const owners = new Float64Array(products);
  for (let product = 0; product < products; product++) {
    const first = offsets[product];
    if (first < offsets[product + 1] && items[first] === product) owners[product] = counts[first];
  }
  return owners;
}

/**
 * The counts without some users, equal to counting the others alone.
 * @param erased the products of each of these users as they were counted
 * @throws {ConcordError} CONFLICT where they were not: a pair would be owned by fewer than nobody
 */
export function subtractUsers(counted: CoCounts, erased: SparseRows): CoCounts {
  const { products, offsets, items } = counted;
  if (erased.rows > counted.users) throw neverCounted();
  const counts = counted.counts.slice();
  for (let user = 0; user < erased.rows; user++) {
    const owned = rowOf(erased, user);
    for (let first = 0; first < owned.length; first++) {
      let entry = offsets[owned[first]];
      const end = offsets[owned[first] + 1];
      for (let second = first; second < owned.length; second++) {
        while (entry < end && items[entry] < owned[second]) entry++;
        if (entry === end || items[entry] !== owned[second] || counts[entry] === 0) throw neverCounted();
        counts[entry]--;
      }
    }
  }
  return withoutZeros({ products, users: counted.users - erased.rows, offsets, items, counts });
}

const neverCounted = () =>
  new ConcordError('CONFLICT', 'The model was not trained on these users with these products.');

/** Pairs that nobody owns any longer are left out, as if they had never been counted. */
function withoutZeros({ products, users, offsets, items, counts }: CoCounts): CoCounts {
  const starts = new Int32Array(products + 1);
  let kept = 0;
  const others = new Int32Array(items.length);
  const left = new Int32Array(items.length);
  for (let product = 0; product < products; product++) {
    for (let entry = offsets[product]; entry < offsets[product + 1]; entry++) {
      if (counts[entry] === 0) continue;
      others[kept] = items[entry];
      left[kept++] = counts[entry];
    }
    starts[product + 1] = kept;
  }
  return { products, users, offsets: starts, items: others.slice(0, kept), counts: left.slice(0, kept) };
}
