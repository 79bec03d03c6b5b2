import { manifestOf } from '../../layers/parameters.js';
import type { Scorer } from '../recommender.js';
import { createTopK } from '../retrieval/top-k.js';
import { type VaeShape, vaeNetwork } from './network.js';

const { tanh, sqrt } = Math;

/**
 * Scores by a trained autoencoder, without noise: the logits that it decodes from the mean of a user's place. Plain loops in doubles: a
 * user is scored at once, whatever computed the training.
 * @param flat parameters by the network's manifest
 */
export function openVae(flat: Float32Array, shape: VaeShape): Scorer {
  const { products, hidden, latent } = shape;
  const { entries } = manifestOf(vaeNetwork(shape));
  const part = (name: string) => {
    const entry = entries.find((each) => each.name === name);
    if (!entry) throw new Error(`The network has no ${name}.`);
    return flat.subarray(entry.offset, entry.offset + entry.shape.reduce((a, b) => a * b, 1));
  };
  const [first, firstBias] = [part('encoder.hidden.weight'), part('encoder.hidden.bias')];
  const [second, secondBias] = [part('encoder.latent.weight'), part('encoder.latent.bias')];
  const [third, thirdBias] = [part('decoder.hidden.weight'), part('decoder.hidden.bias')];
  const [output, outputBias] = [part('decoder.output.weight'), part('decoder.output.bias')];
  /** Sum of the weights of what is owned. */
  const sums = new Float64Array(hidden);
  const place = new Float64Array(latent);
  const decoded = new Float64Array(hidden);

  /** Mean of the place of a user with these sums over so many products, one of which may be left out. */
  function encode(count: number, leftOut = -1): void {
    for (let k = 0; k < latent; k++) place[k] = secondBias[k];
    const scale = count > 0 ? 1 / sqrt(count) : 0;
    for (let i = 0; i < hidden; i++) {
      const without = leftOut < 0 ? 0 : first[leftOut * hidden + i];
      const activation = tanh(firstBias[i] + scale * (sums[i] - without));
      const row = i * 2 * latent;
      for (let k = 0; k < latent; k++) place[k] += activation * second[row + k];
    }
  }

  function decode(): void {
    for (let i = 0; i < hidden; i++) decoded[i] = thirdBias[i];
    for (let k = 0; k < latent; k++) {
      const row = k * hidden;
      for (let i = 0; i < hidden; i++) decoded[i] += place[k] * third[row + i];
    }
    for (let i = 0; i < hidden; i++) decoded[i] = tanh(decoded[i]);
  }

  function addUp(owned: Int32Array): void {
    sums.fill(0);
    for (const product of owned) {
      const row = product * hidden;
      for (let i = 0; i < hidden; i++) sums[i] += first[row + i];
    }
  }

  /** The weights that decode a product. */
  const column = (product: number) => Float64Array.from({ length: hidden }, (_, i) => output[i * products + product]);
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);

  return {
    products,
    score(owned, target, offset = 0) {
      addUp(owned);
      encode(owned.length);
      decode();
      for (let product = 0; product < products; product++) target[offset + product] = outputBias[product];
      for (let i = 0; i < hidden; i++) {
        const [value, row] = [decoded[i], i * products];
        for (let product = 0; product < products; product++) target[offset + product] += value * output[row + product];
      }
      for (const product of owned) {
        encode(owned.length - 1, product);
        decode();
        let sum = 0;
        for (let i = 0, at = product; i < hidden; i++, at += products) sum += decoded[i] * output[at];
        target[offset + product] = outputBias[product] + sum;
      }
    },
    similarProducts(product, count) {
      const own = column(product);
      const best = createTopK(Math.min(count, products));
      for (let other = 0; other < products; other++) {
        const each = column(other);
        const lengths = sqrt(dot(own, own) * dot(each, each));
        if (other !== product && lengths > 0) best.offer(other, dot(own, each) / lengths);
      }
      return best.take();
    },
    embed(owned) {
      addUp(owned);
      encode(owned.length);
      return Float32Array.from(place);
    },
  };
}
