import { binsOf, type FeatureContract, inputsOf, widthOf } from './contract.js';
import type { EncodedUsers } from './encode.js';
import { addNumeric } from './numeric.js';

/** Writes encoded users out as model inputs: (input − mean) · scale, one row of float32 a user. */
export interface Expander {
  /** Inputs of a row. */
  readonly width: number;
  /** Where each feature's inputs begin, and after the last the holdings'. */
  readonly starts: readonly number[];
  /**
   * @param hidden the product that this row must not show; −1 = none.
   * @param target rows × width, written at row `row`.
   */
  write(users: EncodedUsers, user: number, hidden: number, target: Float32Array, row: number): void;
}

export function createExpander(contract: FeatureContract): Expander {
  const width = inputsOf(contract);
  const { features, holdings, scale } = contract;
  const starts: number[] = [0];
  for (const feature of features) starts.push(starts[starts.length - 1] + widthOf(feature));
  const products = starts[features.length];
  const template = new Float32Array(width);
  features.forEach((feature, place) => {
    feature.mean.forEach((mean, input) => {
      template[starts[place] + input] = -mean * scale;
    });
  });
  holdings?.mean.forEach((mean, product) => {
    template[products + product] = -mean * scale;
  });

  return {
    width,
    starts,
    write(users, user, hidden, target, row) {
      const base = row * width;
      target.set(template, base);
      for (let place = 0; place < features.length; place++) {
        const feature = features[place];
        const position = users.positions[place][user];
        const start = base + starts[place];
        if (Number.isNaN(position)) target.fill(0, start, base + starts[place + 1]);
        else if (feature.kind === 'categorical') target[start + position] += scale;
        else if (position < 0 || binsOf(feature) > 0) addNumeric(feature, position, scale, target, start);
      }
      if (!holdings) return;
      for (let item = users.offsets[user]; item < users.offsets[user + 1]; item++) {
        const product = users.items[item];
        if (product !== hidden) target[base + products + product] += scale;
      }
    },
  };
}
