import { addUp, sequential } from '../layers/compose.js';
import { dense } from '../layers/dense.js';
import { fixed } from '../layers/fixed.js';
import type { Layer } from '../layers/layer.js';
import type { ParameterManifest } from '../layers/parameters.js';

/** Users and products as vectors of one space, whose inner product is the logit. */
export interface Towers {
  /** Values of a vector. */
  readonly embedding: number;
  /** What is known of each product, (products × width): its vector is that of its id and a linear map of this. */
  readonly content?: { readonly width: number; readonly values: Float32Array };
}

/** From users' vectors, (rows, embedding), to logits, (rows, products): inner products with the products' vectors, and a bias of each. */
export function productTower({ embedding, content }: Towers, products: number): Layer {
  const byId = dense({ name: 'output', inputs: embedding, units: products, initialiser: 'glorot' });
  if (!content) return byId;
  const { width, values } = content;
  // u · (id + W·c) = u · id + (u · W) · c
  const map = dense({ name: 'content', inputs: embedding, units: width, bias: false, initialiser: 'glorot' });
  return addUp([byId, sequential([map, fixed({ values, inputs: width, units: products })])]);
}

/** The products' vectors, (products × embedding). @param flat parameters of the whole network, by its manifest */
export function productVectors(
  { embedding, content }: Towers,
  products: number,
  manifest: ParameterManifest,
  flat: Float32Array,
): Float32Array {
  const startOf = (name: string): number => {
    const entry = manifest.entries.find((each) => each.name === name);
    if (!entry) throw new Error(`The model has no parameter ${name}.`);
    return entry.offset;
  };
  const byId = startOf('output.weight');
  const vectors = new Float32Array(products * embedding);
  for (let product = 0; product < products; product++)
    for (let i = 0; i < embedding; i++) vectors[product * embedding + i] = flat[byId + i * products + product];
  if (!content) return vectors;
  const { width, values } = content;
  const map = startOf('content.weight');
  for (let product = 0; product < products; product++) {
    for (let i = 0; i < embedding; i++) {
      let sum = 0;
      for (let j = 0; j < width; j++) sum += flat[map + i * width + j] * values[product * width + j];
      vectors[product * embedding + i] += sum;
    }
  }
  return vectors;
}
