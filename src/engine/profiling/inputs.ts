import { type FeatureContract, inputsOf } from '../encoders/contract.js';
import type { EncodedUsers } from '../encoders/encode.js';
import { createExpander } from '../encoders/expand.js';

/** What the autoencoder reads of a user and is to give back. */
export interface ProfileInputs {
  readonly features: number;
  readonly products: number;
  /** The column of each input that comes from one: an index into columns. */
  readonly columnOf: Int32Array;
  /** Names, in the order of the contract. */
  readonly columns: readonly string[];
  /**
   * Writes a user's row as the encoder sees it (0 = the mean of the training users), and what the decoder is to give back: each input of a
   * column as it is, 0 to 1, and 1 for each product owned.
   * @param target features + products, from `offset` on
   */
  write(users: EncodedUsers, user: number, shown: Float32Array, target: Float32Array, offset: number): void;
}

/** @param contract with holdings: all that a user owns */
export function profileInputs(contract: FeatureContract): ProfileInputs {
  const expander = createExpander(contract);
  const { width, starts } = expander;
  const products = contract.holdings ? contract.products.length : 0;
  const features = inputsOf(contract) - products;
  const columns = [...new Set(contract.features.map(({ column }) => column))];
  const columnOf = new Int32Array(features);
  const means = new Float32Array(width);
  contract.features.forEach(({ column, mean }, place) => {
    columnOf.fill(columns.indexOf(column), starts[place], starts[place + 1]);
    means.set(mean, starts[place]);
  });
  if (contract.holdings) means.set(contract.holdings.mean, features);
  const row = new Float32Array(width);
  return {
    features,
    products,
    columnOf,
    columns,
    write(users, user, shown, target, offset) {
      expander.write(users, user, -1, row, 0);
      shown.set(row, offset);
      for (let input = 0; input < width; input++)
        target[offset + input] = Math.min(1, Math.max(0, row[input] / contract.scale + means[input]));
    },
  };
}

/**
 * How many of some users have each input (of a number: the sum of how far they come through each bin), and own each product; half a user
 * is added, so that nothing is impossible.
 */
export function inputSums(inputs: ProfileInputs, encoded: EncodedUsers, users: Int32Array): Float64Array {
  const width = inputs.features + inputs.products;
  const sums = new Float64Array(width).fill(0.5);
  const [shown, target] = [new Float32Array(width), new Float32Array(width)];
  for (const user of users) {
    inputs.write(encoded, user, shown, target, 0);
    for (let input = 0; input < width; input++) sums[input] += target[input];
  }
  return sums;
}
