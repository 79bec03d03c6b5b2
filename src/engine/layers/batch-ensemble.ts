import type { Ops, Tensor } from '../ops/ops.js';
import { ACTIVATIONS, type Activation } from './activation.js';
import type { GradientTerm, Initialiser, Layer } from './layer.js';
import { productTerm } from './product-term.js';
import { rowTerm } from './terms.js';

export interface SharedDenseOptions {
  readonly name: string;
  readonly inputs: number;
  readonly units: number;
  /** Networks in one. */
  readonly networks: number;
  /** The first layer of its kind: it reads one row for all networks, the others one for each. */
  readonly first?: boolean;
  readonly activation?: Activation;
  /** Of the weights that all networks share. */
  readonly initialiser?: Initialiser;
  /** Share of the outputs dropped in training. */
  readonly rate?: number;
}

/**
 * A dense layer that several networks share but for scales of their own (BatchEnsemble, Wen et al. 2020; TabM, Gorishniy et al. 2025,
 * eq. 3): network i computes activation(((input ∘ in_i) · weight) ∘ out_i + bias_i).
 * (rows or rows · networks, inputs) → (rows · networks, units), the networks of a row one after the other.
 */
export function sharedDense(options: SharedDenseOptions): Layer {
  const { name, inputs: width, units, networks, first = false, activation = 'relu', rate = 0 } = options;
  const rule = ACTIVATIONS[activation];
  const weight = { name: `${name}.weight`, shape: [width, units], initialiser: options.initialiser ?? 'he' };
  // Networks that read the same must begin apart: the first scales are drawn, all others are 1.
  const scaleIn = {
    name: `${name}.in`,
    shape: [networks * width],
    initialiser: first ? { normal: 1 } : ('ones' as const),
  };
  const scaleOut = { name: `${name}.out`, shape: [networks * units], initialiser: 'ones' as const };
  const bias = { name: `${name}.bias`, shape: [networks * units], initialiser: 'zeros' as const };
  const mask = { name: `${name}.dropout`, width: networks * units, rate };
  return {
    parameters: [weight, scaleIn, scaleOut, bias],
    masks: rate > 0 ? [mask] : [],
    forward(ops, parameters, [input], context) {
      const rows = first ? input.shape[0] : input.shape[0] / networks;
      const each = (tensor: Tensor, size: number) => ops.reshape(tensor, [rows, networks, size]);
      const flat = (tensor: Tensor) => ops.reshape(tensor, [rows * networks, -1]);
      const ofNetworks = (parameter: string, size: number) =>
        ops.reshape(parameters.get(parameter), [1, networks, size]);
      const read = ops.reshape(input, [rows, first ? 1 : networks, width]);
      const [byIn, byOut] = [ofNetworks(scaleIn.name, width), ofNetworks(scaleOut.name, units)];
      const scaled = flat(ops.mul(read, byIn));
      const kernel = parameters.get(weight.name);
      const product = each(ops.matMul(scaled, kernel), units);
      const activated = rule.apply(ops, ops.add(ops.mul(product, byOut), ofNetworks(bias.name, units)));
      const drawn = rate > 0 && context.training ? each(context.mask(mask.name), units) : undefined;
      return {
        output: flat(drawn ? ops.mul(activated, drawn) : activated),
        backward(delta) {
          const given = each(delta, units);
          const inner = rule.derive(ops, activated, drawn ? ops.mul(given, drawn) : given);
          const ofProduct = flat(ops.mul(inner, byOut));
          const ofScaled = each(ops.matMul(ofProduct, kernel, { transposeB: true }), width);
          const ofRow = (tensor: Tensor) => ops.reshape(tensor, [rows, -1]);
          return {
            input: () => {
              const back = ops.mul(ofScaled, byIn);
              return first ? ops.sum(back, [1]) : flat(back);
            },
            gradients: [
              productTerm(ops, {
                products: [{ weight: weight.name, input: scaled, delta: ofProduct }],
                positions: networks,
              }),
              rowTerm(ops, [
                { name: scaleIn.name, value: ofRow(ops.mul(ofScaled, read)) },
                { name: scaleOut.name, value: ofRow(ops.mul(inner, product)) },
                { name: bias.name, value: ofRow(inner) },
              ]),
            ],
          };
        },
      };
    },
  };
}

export interface SeparateDenseOptions {
  readonly name: string;
  readonly inputs: number;
  readonly units: number;
  readonly networks: number;
}

/** A dense layer for each network by itself: (rows · networks, inputs) → (rows · networks, units). */
export function separateDense({ name, inputs: width, units, networks }: SeparateDenseOptions): Layer {
  const weight = { name: `${name}.weight`, shape: [networks, width, units], initialiser: 'glorot' as const };
  const bias = { name: `${name}.bias`, shape: [networks * units], initialiser: 'zeros' as const };
  return {
    parameters: [weight, bias],
    masks: [],
    forward(ops, parameters, [input]) {
      const rows = input.shape[0] / networks;
      /** (rows · networks, size) ⇄ (networks, rows, size) */
      const byNetwork = (tensor: Tensor) =>
        ops.transpose(ops.reshape(tensor, [rows, networks, tensor.shape[1]]), [1, 0, 2]);
      const byRow = (tensor: Tensor) => ops.reshape(ops.transpose(tensor, [1, 0, 2]), [rows * networks, -1]);
      const read = byNetwork(input);
      const kernel = parameters.get(weight.name);
      const offset = ops.reshape(parameters.get(bias.name), [networks, 1, units]);
      return {
        output: byRow(ops.add(ops.matMul(read, kernel), offset)),
        backward(delta) {
          const inner = byNetwork(delta);
          return {
            input: () => byRow(ops.matMul(inner, kernel, { transposeB: true })),
            gradients: [separateTerm(ops, { weight: weight.name, bias: bias.name, read, inner })],
          };
        },
      };
    },
  };
}

/** Of a whole batch one product a network; of single rows the gradients themselves. */
function separateTerm(
  ops: Ops,
  { weight, bias, read, inner }: { weight: string; bias: string; read: Tensor; inner: Tensor },
): GradientTerm {
  const [networks, rows, width] = read.shape;
  const [, , units] = inner.shape;
  return {
    parameters: [weight, bias],
    sum: () => [
      { name: weight, value: ops.matMul(read, inner, { transposeA: true }) },
      { name: bias, value: ops.reshape(ops.sum(inner, [1]), [networks * units]) },
    ],
    units(rowsOfUnit) {
      const outer = ops.mul(
        ops.reshape(ops.transpose(read, [1, 0, 2]), [rows, networks, width, 1]),
        ops.reshape(ops.transpose(inner, [1, 0, 2]), [rows, networks, 1, units]),
      );
      return rowTerm(ops, [
        { name: weight, value: ops.reshape(outer, [rows, networks * width * units]) },
        { name: bias, value: ops.reshape(ops.transpose(inner, [1, 0, 2]), [rows, networks * units]) },
      ]).units(rowsOfUnit);
    },
  };
}
