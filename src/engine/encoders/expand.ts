import { binsOf, channelsOf, type Feature, type FeatureContract, inputsOf, widthOf } from './contract.js';
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
  const { features, holdings, scale, sequence } = contract;
  const starts = startsOf(features, 0);
  const products = starts[features.length];
  const template = new Float32Array(width);
  subtractMeans(template, features, starts, scale);
  holdings?.mean.forEach((mean, product) => {
    template[products + product] = -mean * scale;
  });
  const writeSequence = sequence && sequenceWriter(sequence, products + (holdings ? contract.products.length : 0));

  return {
    width,
    starts,
    write(users, user, hidden, target, row) {
      const base = row * width;
      target.set(template, base);
      for (let place = 0; place < features.length; place++)
        writeFeature(features[place], users.positions[place][user], scale, target, base + starts[place]);
      writeSequence?.(users, user, target, base);
      if (!holdings) return;
      for (let item = users.offsets[user]; item < users.offsets[user + 1]; item++) {
        const product = users.items[item];
        if (product !== hidden) target[base + products + product] += scale;
      }
    },
  };
}

/** Where each feature's inputs begin, from `first` on, and after the last of them. */
function startsOf(features: readonly Feature[], first: number): number[] {
  const starts = [first];
  for (const feature of features) starts.push(starts[starts.length - 1] + widthOf(feature));
  return starts;
}

function subtractMeans(target: Float32Array, features: readonly Feature[], starts: readonly number[], scale: number) {
  features.forEach(({ mean }, place) => {
    mean.forEach((value, input) => {
      target[starts[place] + input] = -value * scale;
    });
  });
}

/** Adds a value to inputs that hold the negative means; where it says nothing, they become 0. */
function writeFeature(feature: Feature, position: number, scale: number, target: Float32Array, start: number): void {
  if (Number.isNaN(position)) target.fill(0, start, start + widthOf(feature));
  else if (feature.kind === 'categorical') target[start + position] += scale;
  else if (position < 0 || binsOf(feature) > 0) addNumeric(feature, position, scale, target, start);
}

/** Writes a user's events to the last steps; the inputs of steps without one are those of an average event, but for that there is none. */
function sequenceWriter(sequence: NonNullable<FeatureContract['sequence']>, first: number) {
  const { steps, features, present, scale } = sequence;
  const channels = channelsOf(sequence);
  const starts = startsOf(features, 1);
  const template = new Float32Array(channels);
  subtractMeans(template, features, starts, scale);
  return ({ events }: EncodedUsers, user: number, target: Float32Array, base: number): void => {
    const from = events ? events.offsets[user] : 0;
    const count = events ? events.offsets[user + 1] - from : 0;
    target.fill(0, base + first, base + first + steps * channels);
    for (let step = 0; step < steps; step++) {
      const event = step - steps + count;
      const start = base + first + step * channels;
      if (event < 0 || !events) {
        target[start] = -present[step] * scale;
        continue;
      }
      target.set(template, start);
      target[start] = (1 - present[step]) * scale;
      for (let place = 0; place < features.length; place++)
        writeFeature(features[place], events.positions[place][from + event], scale, target, start + starts[place]);
    }
  };
}
