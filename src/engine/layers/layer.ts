import type { Ops, Tensor } from '../ops/ops.js';

/**
 * A layer is written once over Ops: a forward pass, and in what that returns a hand-written backward pass.
 * Rows are always the first axis; the batch size comes from the input tensors, which have fixed shapes.
 * Layers hold no weights: these come as tensors, looked up by name, so one layer object serves any number of models.
 */
export interface Layer {
  readonly parameters: readonly ParameterSpec[];
  /** Dropout masks that the layer asks of its context in training, in a fixed order. */
  readonly masks: readonly MaskSpec[];
  /** Present where a row's output depends on other rows, and why: then no row has a gradient of its own, and private training refuses. */
  readonly mixesRows?: string;
  /** Of a sequence: values that the largest tensor of its passes has for a row. */
  readonly rowValues?: number;
  /** Most layers read inputs[0] alone. */
  forward(ops: Ops, parameters: ParameterTensors, inputs: readonly Tensor[], context: LayerContext): ForwardPass;
}

/** How a parameter starts. Dense kernels are (inputs, units): `glorot` and `he` read fan-in and fan-out from the last two axes. */
export type Initialiser = 'zeros' | 'ones' | 'glorot' | 'he' | { readonly normal: number };

export interface ParameterSpec {
  /** Unique in a model: "deep.0.weight". */
  readonly name: string;
  readonly shape: readonly number[];
  readonly initialiser: Initialiser;
}

export interface MaskSpec {
  /** Unique in a model: "deep.0.dropout". */
  readonly name: string;
  /** The mask is (rows, width). */
  readonly width: number;
  /** Share of values dropped, from 0 (included) to 1 (excluded). */
  readonly rate: number;
}

/** Parameters by name, in their shape. Throws where there is no such parameter. */
export interface ParameterTensors {
  get(name: string): Tensor;
}

export interface LayerContext {
  readonly training: boolean;
  /** The mask of that name, (rows, width): 0 where dropped, else 1 / (1 − rate). Called in training only. */
  mask(name: string): Tensor;
}

export interface ForwardPass {
  readonly output: Tensor;
  /** delta: gradient of the loss (summed over rows) by the output, in the output's shape. */
  backward(delta: Tensor): BackwardPass;
}

export interface BackwardPass {
  /**
   * Gradient by inputs[index], computed when asked, so that the first layer of a network costs nothing here.
   * Undefined where the input is not differentiable (ids) or not used. Ask at most once for each index.
   */
  input(index: number): Tensor | undefined;
  /** One term for each use of a parameterised layer, with what its gradients are made of. */
  readonly gradients: readonly GradientTerm[];
}

/**
 * Factors of parameter gradients, kept apart until the end of the backward pass. Plain training sums them over rows;
 * what private training needs (norms of each unit's gradient, sums of rescaled ones) is computed from the same factors.
 */
export interface GradientTerm {
  /** Names of the parameters that this term has gradients of. */
  readonly parameters: readonly string[];
  /** Gradients of this term's parameters, summed over the rows of the batch, in the parameters' shapes. */
  sum(): readonly ParameterGradient[];
  /**
   * Gradients by privacy unit (a user). Units stand one after the other, each with the same number of consecutive rows, whose
   * gradients add up before anything is clipped.
   * @param made has each unit's gradient made, where a layer reads several positions of a row
   */
  units(rows: number, made?: boolean): UnitGradients;
}

/** Gradients of one term by unit; none is computed before it is asked for. */
export interface UnitGradients {
  /** What adds up to the squared L2 norm of each unit's gradient, (units, 1) each; all are at least 0, but for rounding. */
  squaredNorms(): readonly Tensor[];
  /**
   * How exact the squared norms are: of a unit, within so many 2⁻²⁴ of the square of the sum of the norms of its rows' gradients, to first
   * order. (Where a layer reads several positions of a row: of its positions' gradients.)
   */
  readonly roundings: number;
  /**
   * Gradients summed over units, each times its factor, (units, 1); in the parameters' shapes. The units are summed in so many blocks of equal
   * length, and then the blocks: a float32 sum is off by a share of its terms that grows with their number.
   */
  weightedSum(factors: Tensor, blocks: number): readonly ParameterGradient[];
  /** Each unit's own gradient, (units, size of the parameter): large, for parameters that several terms share. */
  each(): readonly ParameterGradient[];
}

export interface ParameterGradient {
  readonly name: string;
  readonly value: Tensor;
}
