import type { Ops, Tensor } from '../ops/ops.js';
import type { GradientTerm, ParameterGradient } from './layer.js';
import { productOfRows, scaleUnits, sumRows, sumSquares } from './unit-sums.js';

export interface Product {
  readonly weight: string;
  readonly bias?: string;
  /** (rows · positions, inputs). */
  readonly input: Tensor;
  /** (rows · positions, units): one tensor, or several whose columns stand side by side. */
  readonly delta: Tensor | readonly Tensor[];
}

export interface ProductFactors {
  /** What they have in common (an input, a part of a delta) must be the same tensor: then it is looked at once. */
  readonly products: readonly Product[];
  /** Positions of a row's sequence at which the products were taken; default 1. */
  readonly positions?: number;
}

/**
 * Gradients of products, each input · weight + bias: a row's is Σ over its positions of input ⊗ delta. Squared norms need no gradient:
 * (|input|² + 1)|delta|² for one position, Σ over pairs (input·input + 1)(delta·delta) for more; where a unit has so many positions that
 * pairs are dearer than the gradient itself, that is made.
 */
export function productTerm(ops: Ops, { products, positions = 1 }: ProductFactors): GradientTerm {
  const parts = products.map((product) => ({ ...product, deltas: [product.delta].flat() as readonly Tensor[] }));
  const inputs = [...new Set(parts.map(({ input }) => input))];
  const deltas = [...new Set(parts.flatMap((part) => part.deltas))];
  const [count] = inputs[0].shape;
  const beside = (values: readonly Tensor[], axis: number) =>
    values.length === 1 ? values[0] : ops.concat(values, axis);
  const widthOf = (tensors: readonly Tensor[]) => tensors.reduce((sum, { shape }) => sum + shape[1], 0);
  /** Of each part the product of its input with each of its deltas, and the sum of these, where it has a bias. */
  const gradients = (
    product: (input: Tensor, delta: Tensor) => Tensor,
    sum: (delta: Tensor) => Tensor,
  ): ParameterGradient[] => {
    const sumOf = remembered(sum);
    return parts.flatMap(({ weight, bias, input, deltas: own }) => {
      const values = own.map((delta) => product(input, delta));
      const ofWeight = { name: weight, value: beside(values, values[0].shape.length - 1) };
      if (bias === undefined) return [ofWeight];
      const ofBias = own.map((delta) => sumOf(delta));
      return [ofWeight, { name: bias, value: beside(ofBias, ofBias[0].shape.length - 1) }];
    });
  };
  return {
    parameters: parts.flatMap(({ weight, bias }) => (bias === undefined ? [weight] : [weight, bias])),
    sum: () =>
      gradients(
        (input, delta) => productOfRows(ops, input, delta, 1),
        (delta) => sumRows(ops, delta, 1),
      ),
    units(rows, made = false) {
      const length = rows * positions;
      const units = count / length;
      const grouped = (a: Tensor) => ops.reshape(a, [units, length, a.shape[1]]);
      const sizes = parts.map(({ input, deltas: own }) => [input.shape[1], widthOf(own)]);
      const productOf = (input: Tensor, delta: Tensor) =>
        ops.matMul(grouped(input), grouped(delta), { transposeA: true });
      const sumOf = (delta: Tensor) => ops.sum(grouped(delta), [1]);
      const each = (): ParameterGradient[] =>
        gradients(productOf, sumOf).map(({ name, value }) => ({ name, value: ops.reshape(value, [units, -1]) }));
      const size = sizes.reduce((sum, [wide, high]) => sum + wide * high, 0);
      if (length > 1 && ((made && positions > 1) || 2 * length * length * parts.length > size)) {
        // Parts stay apart until they are summed: putting each unit's side by side would copy all.
        const product = remembered((input, delta) => ops.reshape(productOf(input, delta), [units, -1]));
        const sum = remembered(sumOf);
        return {
          each,
          roundings: 2 * length + size + sizes.reduce((sum, [, high]) => sum + high, 0) + 4,
          squaredNorms: () =>
            parts.flatMap(({ input, bias, deltas: own }) =>
              own.flatMap((delta) => [
                sumSquares(ops, product(input, delta)),
                ...(bias === undefined ? [] : [sumSquares(ops, sum(delta))]),
              ]),
            ),
          weightedSum: (factors, blocks) =>
            gradients(
              (input, delta) =>
                ops.reshape(sumRows(ops, product(input, delta), blocks, factors), [input.shape[1], delta.shape[1]]),
              (delta) => sumRows(ops, sum(delta), blocks, factors),
            ),
        };
      }
      return {
        roundings: Math.max(...sizes.map(([wide, high]) => wide + high)) + length * length + 2 * parts.length + 2,
        squaredNorms() {
          const of = (a: Tensor) =>
            length === 1 ? sumSquares(ops, a) : ops.matMul(grouped(a), grouped(a), { transposeB: true });
          const ofInputs = new Map(inputs.map((input) => [input, of(input)]));
          return deltas.flatMap((delta) => {
            const reading = parts.filter((part) => part.deltas.includes(delta));
            const biases = reading.filter(({ bias }) => bias !== undefined).length;
            const pairs = reading
              .map(({ input }) => ofInputs.get(input) as Tensor)
              .reduce((sum, part) => ops.add(sum, part));
            const own = of(delta);
            if (length === 1) return [ops.mul(pairs, own), ...new Array<Tensor>(biases).fill(own)];
            const all = biases === 0 ? pairs : ops.add(pairs, ops.constant([biases], []));
            return [ops.reshape(ops.sum(ops.mul(all, own), [1, 2]), [units, 1])];
          });
        },
        weightedSum(factors, blocks) {
          // Scaling the narrower side is cheaper; biases are then products with the factors.
          if (widthOf(deltas) <= widthOf(inputs)) {
            const scaled = new Map(deltas.map((delta) => [delta, scaleUnits(ops, delta, factors)]));
            return gradients(
              (input, delta) => productOfRows(ops, input, scaled.get(delta) as Tensor, blocks),
              (delta) => sumRows(ops, scaled.get(delta) as Tensor, blocks),
            );
          }
          const scaled = new Map(inputs.map((input) => [input, scaleUnits(ops, input, factors)]));
          const ofRows =
            length === 1
              ? factors
              : ops.reshape(ops.broadcastTo(ops.reshape(factors, [units, 1, 1]), [units, length, 1]), [count, 1]);
          return gradients(
            (input, delta) => productOfRows(ops, scaled.get(input) as Tensor, delta, blocks),
            (delta) => sumRows(ops, delta, blocks, ofRows),
          );
        },
        each,
      };
    },
  };
}

/** The function, which computes nothing twice. */
function remembered(compute: (...of: Tensor[]) => Tensor): (...of: Tensor[]) => Tensor {
  const known: { readonly of: readonly Tensor[]; readonly result: Tensor }[] = [];
  return (...of) => {
    const found = known.find((each) => each.of.every((tensor, at) => tensor === of[at]));
    if (found) return found.result;
    const result = compute(...of);
    known.push({ of, result });
    return result;
  };
}
