import type { EncodedUsers } from '../encoders/encode.js';
import type { Random } from '../layers/random.js';

/** Rows to train or test on, each naming its user. */
export interface Examples {
  readonly users: Int32Array;
  /** The product that the row does not show; −1 = it shows all. */
  readonly hidden: Int32Array;
  /** Risk: the label, 0 or 1. Interest: the hidden product. */
  readonly targets: Float32Array;
  readonly weights: Float32Array;
}

/** Rows of one epoch after the other. */
export interface ExampleSource {
  /** Rows of every epoch, about. */
  readonly size: number;
  epoch(random: Random): Examples;
}

/** @param weights of every user; absent: 1 each */
export function riskExamples(users: Int32Array, labels: Float32Array, weights?: Float32Array): Examples {
  return {
    users,
    hidden: new Int32Array(users.length).fill(-1),
    targets: Float32Array.from(users, (user) => labels[user]),
    weights: weights ? Float32Array.from(users, (user) => weights[user]) : new Float32Array(users.length).fill(1),
  };
}

/** One row a user: the product that is hidden is to be found. Users without one are left out. */
export function interestExamples(users: Int32Array, hidden: Int32Array): Examples {
  const rows = Int32Array.from(users.keys()).filter((row) => hidden[row] >= 0);
  return {
    users: rows.map((row) => users[row]),
    hidden: rows.map((row) => hidden[row]),
    targets: Float32Array.from(rows, (row) => hidden[row]),
    weights: new Float32Array(rows.length).fill(1),
  };
}

/** All rows, shuffled, and where there are more than `limit` as many of them. */
export function shuffled(examples: Examples, limit: number): ExampleSource {
  const size = examples.users.length;
  return {
    size: Math.min(size, limit),
    epoch(random) {
      const order = random.shuffle(Int32Array.from({ length: size }, (_, row) => row)).subarray(0, limit);
      return {
        users: order.map((row) => examples.users[row]),
        hidden: order.map((row) => examples.hidden[row]),
        targets: Float32Array.from(order, (row) => examples.targets[row]),
        weights: Float32Array.from(order, (row) => examples.weights[row]),
      };
    },
  };
}

/**
 * A row for each product of each training user, hidden in turn; a user's rows weigh 1 together, and the mean weight is 1.
 * Where that is more than `limit` rows, an epoch takes some of the products of each user at random, and if need be some of the users:
 * the expected gradient stays the same, and time and memory stay bounded for any catalogue.
 */
export function hiddenInTurn(encoded: EncodedUsers, users: Int32Array, limit: number): ExampleSource {
  const owners = users.filter((user) => encoded.offsets[user + 1] > encoded.offsets[user]);
  const total = owners.reduce((sum, user) => sum + encoded.offsets[user + 1] - encoded.offsets[user], 0);
  const perUser = total <= limit ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(limit / owners.length));
  return {
    size: Math.min(total, perUser === 1 ? limit : limit + owners.length),
    epoch(random) {
      const chosen = random.shuffle(owners.slice()).subarray(0, limit);
      const rowUsers: number[] = [];
      const rowProducts: number[] = [];
      const rowWeights: number[] = [];
      for (const user of chosen) {
        const owned = encoded.items.slice(encoded.offsets[user], encoded.offsets[user + 1]);
        if (owned.length > perUser) random.shuffle(owned);
        const taken = Math.min(owned.length, perUser);
        for (let place = 0; place < taken; place++) {
          rowUsers.push(user);
          rowProducts.push(owned[place]);
          rowWeights.push(1 / taken);
        }
      }
      const order = random.shuffle(Int32Array.from(rowUsers, (_, row) => row));
      const toMeanOne = rowUsers.length / chosen.length;
      const products = order.map((row) => rowProducts[row]);
      return {
        users: order.map((row) => rowUsers[row]),
        hidden: products,
        targets: Float32Array.from(products),
        weights: Float32Array.from(order, (row) => rowWeights[row] * toMeanOne),
      };
    },
  };
}
