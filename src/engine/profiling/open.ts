import type { UserRow } from '../data/dataset.js';
import { type EncodedUsers, encodeRows } from '../encoders/encode.js';
import { profileInputs } from './inputs.js';
import type { Oddity, ProfileDescription, ProfileModel } from './model.js';
import { autoencoder } from './network.js';
import { nearestCentre } from './segments.js';

const { tanh, exp, log, log1p, abs } = Math;

/** A profile model made ready. Synchronous, in plain loops: some 50 µs a user. Not re-entrant. */
export interface OpenProfiles {
  describe(row: UserRow): ProfileDescription;
  /** Of a user that is encoded already, without oddities. */
  describeEncoded(users: EncodedUsers, user: number): Omit<ProfileDescription, 'oddities'>;
  /** Parts of the error of the user that was described last: one a column, then that of the products. The array is used again. */
  readonly parts: Float64Array;
  /** Divergence of the user that was described last from the prior, in nats. */
  divergence(): number;
}

const MOST_ODDITIES = 3;

export function openProfiles(model: ProfileModel): OpenProfiles {
  const { contract, shape, parameters: flat, centres, errors, usual } = model;
  const { features, products, hidden, latent } = shape;
  const width = features + products;
  const inputs = profileInputs(contract);
  const { entries } = autoencoder(shape).manifest;
  const part = (name: string) => {
    const { offset, shape: size } = entries.find((entry) => entry.name === name) ?? noEntry(name);
    return flat.subarray(offset, offset + size.reduce((a, b) => a * b, 1));
  };
  const [first, firstBias] = [part('encoder.hidden.weight'), part('encoder.hidden.bias')];
  const [second, secondBias] = [part('encoder.latent.weight'), part('encoder.latent.bias')];
  const [third, thirdBias] = [part('decoder.hidden.weight'), part('decoder.hidden.bias')];
  const [output, outputBias] = [part('decoder.output.weight'), part('decoder.output.bias')];
  const shown = new Float32Array(width);
  const target = new Float32Array(width);
  const sums = new Float64Array(hidden);
  const place = new Float64Array(2 * latent);
  const logits = new Float64Array(width);
  const parts = new Float64Array(inputs.columns.length + (products > 0 ? 1 : 0));

  function encode(): void {
    sums.set(firstBias);
    for (let input = 0; input < width; input++) {
      const value = shown[input];
      if (value === 0) continue;
      for (let unit = 0, at = input * hidden; unit < hidden; unit++, at++) sums[unit] += value * first[at];
    }
    place.set(secondBias);
    for (let unit = 0; unit < hidden; unit++) {
      const value = tanh(sums[unit]);
      for (let k = 0, at = unit * 2 * latent; k < 2 * latent; k++, at++) place[k] += value * second[at];
    }
  }

  function decode(): void {
    sums.set(thirdBias);
    for (let k = 0; k < latent; k++)
      for (let unit = 0, at = k * hidden; unit < hidden; unit++, at++) sums[unit] += place[k] * third[at];
    logits.set(outputBias);
    for (let unit = 0; unit < hidden; unit++) {
      const value = tanh(sums[unit]);
      for (let input = 0, at = unit * width; input < width; input++, at++) logits[input] += value * output[at];
    }
  }

  /** −log p of the target: a Bernoulli term an input of a column, a multinomial one of the products. */
  function measure(): number {
    parts.fill(0);
    for (let input = 0; input < features; input++) {
      const logit = logits[input];
      const softplus = (logit > 0 ? logit : 0) + log1p(exp(-abs(logit)));
      parts[inputs.columnOf[input]] += softplus - logit * target[input];
    }
    if (products > 0) {
      let highest = Number.NEGATIVE_INFINITY;
      for (let input = features; input < width; input++) if (logits[input] > highest) highest = logits[input];
      let total = 0;
      let own = 0;
      let count = 0;
      for (let input = features; input < width; input++) {
        total += exp(logits[input] - highest);
        own += target[input] * logits[input];
        count += target[input];
      }
      parts[parts.length - 1] = count * (highest + log(total)) - own;
    }
    return parts.reduce((sum, value) => sum + value, 0);
  }

  function describeEncoded(users: EncodedUsers, user: number): Omit<ProfileDescription, 'oddities'> {
    inputs.write(users, user, shown, target, 0);
    encode();
    decode();
    const error = measure();
    const embedding = Float32Array.from(place.subarray(0, latent));
    return { embedding, segment: nearestCentre(centres, embedding), error, percentile: percentileOf(errors, error) };
  }

  return {
    parts,
    describeEncoded,
    describe(row) {
      const described = describeEncoded(encodeRows(contract, [row]), 0);
      const oddities = Array.from(parts, (value, index): Oddity => {
        return { feature: inputs.columns[index] ?? 'owned', excess: value - usual[index] };
      });
      return {
        ...described,
        oddities: oddities
          .filter(({ excess }) => excess > 0)
          .sort((a, b) => b.excess - a.excess)
          .slice(0, MOST_ODDITIES),
      };
    },
    divergence() {
      let sum = 0;
      for (let k = 0; k < latent; k++) {
        const logVariance = place[latent + k];
        sum += place[k] ** 2 + exp(logVariance) - logVariance - 1;
      }
      return sum / 2;
    },
  };
}

/** Share of the errors below one, by their quantiles; between two of them in proportion. */
function percentileOf(quantiles: Float32Array, error: number): number {
  const last = quantiles.length - 1;
  if (error <= quantiles[0]) return 0;
  if (error >= quantiles[last]) return 1;
  let low = 0;
  while (quantiles[low + 1] <= error) low++;
  const step = quantiles[low + 1] - quantiles[low];
  return (low + (error - quantiles[low]) / step) / last;
}

function noEntry(name: string): never {
  throw new Error(`The autoencoder has no ${name}.`);
}
