import { rowOf, type SparseRows, selectRows, transpose } from '../matrix/sparse.js';
import type { Scorer } from '../recommender.js';
import { createTopK, thresholdAt } from '../retrieval/top-k.js';
import { measureOf, type NeighbourSettings } from './similarity.js';

/**
 * User-based collaborative filtering (Resnick et al. 1994) on sets. The training users' rows are the model: it cannot be handed
 * to anyone who may not see them. A product's score is the share of the neighbours, by similarity, who own it.
 *
 * Neighbours are the users with a similarity above 0, the k highest; those who own nothing else have nothing to say and are left out. Where
 * many are equally similar (rows of two or three products), all of those tied for the last places share them: the order of the users
 * means nothing.
 * @param users their products, one row for each
 */
export function openUserKnn(users: SparseRows, settings: NeighbourSettings): Scorer {
  const { columns: products } = users;
  const groups = grouped(users);
  const { distinct: rows, members } = groups;
  const neighbourhood = createNeighbourhood(groups, settings);
  const { expected, similarity } = neighbourhood.measure;
  const sizeOf = (group: number) => rows.offsets[group + 1] - rows.offsets[group];
  const isOwned = new Uint8Array(products);
  /** For each product owned: what the denominator would be more, were it not owned. */
  const correction = new Float64Array(products);

  return {
    products,
    score(owned, target, offset = 0) {
      target.fill(0, offset, offset + products);
      for (const product of owned) isOwned[product] = 1;
      let total = 0;
      let totalWithout = 0;
      neighbourhood.visit(owned, (group, both, count) => {
        const size = sizeOf(group);
        const weight = count * similarity(both, owned.length, size);
        // The same neighbour of the user without one product: one that they have in common, or another.
        const less = count * Math.max(0, similarity(both - 1, owned.length - 1, size));
        const other = count * Math.max(0, similarity(both, owned.length - 1, size));
        total += weight;
        totalWithout += other;
        for (let entry = rows.offsets[group]; entry < rows.offsets[group + 1]; entry++) {
          const product = rows.items[entry];
          target[offset + product] += isOwned[product] ? less : weight;
          if (isOwned[product]) correction[product] += less - other;
        }
      });
      for (let product = 0; product < products; product++) {
        const all = isOwned[product] ? totalWithout + correction[product] : total;
        target[offset + product] = all > 0 ? target[offset + product] / all : 0;
      }
      for (const product of owned) {
        isOwned[product] = 0;
        correction[product] = 0;
      }
    },
    explain(owned, product) {
      const parts = new Float64Array(owned.length);
      let total = 0;
      neighbourhood.visit(owned, (group, both, count) => {
        const row = rowOf(rows, group);
        const weight = count * similarity(both, owned.length, row.length);
        total += weight;
        if (!row.includes(product)) return;
        // A similarity is a sum over the products owned: 1 for each in common, less what would be in common by chance.
        const chance = (expected(owned.length) * expected(row.length)) / owned.length;
        const unit = weight / (both - chance * owned.length);
        owned.forEach((item, index) => {
          parts[index] += unit * ((row.includes(item) ? 1 : 0) - chance);
        });
      });
      return total > 0 ? parts.map((part) => part / total) : parts;
    },
    similarUsers(owned, count) {
      const best = createTopK(Math.min(count, users.rows));
      neighbourhood.overlap(owned, (group, both) => {
        const value = similarity(both, owned.length, sizeOf(group));
        for (const user of rowOf(members, group)) best.offer(user, value);
      });
      return best.take();
    },
  };
}

function createNeighbourhood({ distinct: rows, members }: GroupedRows, settings: NeighbourSettings) {
  const { columns: products, rows: groups, offsets } = rows;
  const owners = transpose(rows);
  const measure = measureOf(settings, products);
  const common = new Int32Array(groups);
  const touched = new Int32Array(groups);
  const found = {
    groups: new Int32Array(groups),
    both: new Int32Array(groups),
    similarities: new Float64Array(groups),
  };
  const ordered = { values: new Float64Array(groups), weights: new Float64Array(groups) };
  const usersOf = (group: number) => members.offsets[group + 1] - members.offsets[group];

  /** Calls back for each group with a product in common. */
  function overlap(owned: Int32Array, onGroup: (group: number, both: number) => void): void {
    let count = 0;
    for (const product of owned) {
      for (let entry = owners.offsets[product]; entry < owners.offsets[product + 1]; entry++) {
        const group = owners.items[entry];
        if (common[group]++ === 0) touched[count++] = group;
      }
    }
    for (let place = 0; place < count; place++) {
      const group = touched[place];
      const both = common[group];
      common[group] = 0;
      onGroup(group, both);
    }
  }

  /** Calls back for each group of neighbours; users: how many they count as, fewer where they share the last places. */
  function visit(owned: Int32Array, onNeighbours: (group: number, both: number, users: number) => void): void {
    let count = 0;
    let all = 0;
    overlap(owned, (group, both) => {
      const size = offsets[group + 1] - offsets[group];
      const similarity = measure.similarity(both, owned.length, size);
      if (both === size || similarity <= 0) return;
      found.groups[count] = group;
      found.both[count] = both;
      found.similarities[count] = similarity;
      ordered.values[count] = similarity;
      ordered.weights[count++] = usersOf(group);
      all += usersOf(group);
    });
    const { least, share } = all <= settings.neighbours ? { least: 0, share: 1 } : lastPlaces(count);
    for (let place = 0; place < count; place++) {
      const similarity = found.similarities[place];
      if (similarity < least) continue;
      const users = usersOf(found.groups[place]);
      onNeighbours(found.groups[place], found.both[place], similarity > least ? users : share * users);
    }
  }

  function lastPlaces(count: number): { least: number; share: number } {
    const least = thresholdAt(
      ordered.values.subarray(0, count),
      ordered.weights.subarray(0, count),
      settings.neighbours,
    );
    let above = 0;
    let tied = 0;
    for (let place = 0; place < count; place++) {
      if (found.similarities[place] > least) above += usersOf(found.groups[place]);
      else if (found.similarities[place] === least) tied += usersOf(found.groups[place]);
    }
    return { least, share: (settings.neighbours - above) / tied };
  }

  return { measure, overlap, visit };
}

/** Users who own the same are one row. */
interface GroupedRows {
  readonly distinct: SparseRows;
  /** The users of each distinct row. */
  readonly members: SparseRows;
}

function grouped(rows: SparseRows): GroupedRows {
  const groups = new Map<string, number>();
  const group = new Int32Array(rows.rows);
  const first: number[] = [];
  for (let user = 0; user < rows.rows; user++) {
    const key = rowOf(rows, user).join();
    const known = groups.get(key);
    group[user] = known ?? groups.size;
    if (known === undefined) {
      groups.set(key, groups.size);
      first.push(user);
    }
  }
  const each = {
    rows: rows.rows,
    columns: groups.size,
    offsets: Int32Array.from({ length: rows.rows + 1 }, (_, at) => at),
    items: group,
  };
  return { distinct: selectRows(rows, Int32Array.from(first)), members: transpose(each) };
}
