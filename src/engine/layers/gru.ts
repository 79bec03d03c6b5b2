import type { Ops, Tensor } from '../ops/ops.js';
import type { GradientTerm, Layer } from './layer.js';
import { positionAt, positionsOf, stack } from './sequence.js';
import { productTerm } from './terms.js';

export interface GruOptions {
  readonly name: string;
  /** Positions of the sequence. */
  readonly length: number;
  /** Width of a position. */
  readonly inputs: number;
  /** Width of the state. */
  readonly units: number;
}

/**
 * Gated recurrent unit (Cho et al. 2014), in the form whose reset gate stands after the product (Chung et al. 2014, as cuDNN has it):
 * (rows, length · inputs) → (rows, units), the state after the last position, from a state of zeros.
 *   update z = σ(x·W_z + h·U_z + b_z), reset r = σ(x·W_r + h·U_r + b_r)
 *   candidate n = tanh(x·W_n + b_n + r ∘ (h·U_n + c)), h ← z ∘ h + (1 − z) ∘ n
 * Weights of the gates stand side by side: z, r, n.
 */
export function gru({ name, length, inputs, units }: GruOptions): Layer {
  const weight = { name: `${name}.weight`, shape: [inputs, 3 * units], initialiser: 'glorot' as const };
  const bias = { name: `${name}.bias`, shape: [3 * units], initialiser: 'zeros' as const };
  const recurrent = { name: `${name}.recurrent`, shape: [units, 3 * units], initialiser: 'glorot' as const };
  const inner = { name: `${name}.recurrent_bias`, shape: [3 * units], initialiser: 'zeros' as const };
  return {
    parameters: [weight, bias, recurrent, inner],
    masks: [],
    forward(ops, parameters, [input]) {
      const [rows] = input.shape;
      const flat = ops.reshape(input, [rows * length, inputs]);
      const kernel = parameters.get(weight.name);
      const inward = ops.add(ops.matMul(flat, kernel), parameters.get(bias.name));
      const driven = positionsOf(ops, ops.reshape(inward, [rows, length * 3 * units]), length);
      const across = parameters.get(recurrent.name);
      const offset = parameters.get(inner.name);
      const steps: Step[] = [];
      let state = ops.fill([rows, units], 0);
      for (let place = 0; place < length; place++) {
        const step = stepFrom(ops, positionAt(ops, driven, place), state, across, offset);
        steps.push(step);
        state = step.next;
      }
      return {
        output: state,
        backward(delta) {
          const { ofInput, ofState } = backThroughTime(ops, steps, delta, across);
          const byInput = ops.reshape(stack(ops, ofInput), [rows * length, 3 * units]);
          const byState = ops.reshape(stack(ops, ofState), [rows * length, 3 * units]);
          const states = ops.reshape(
            stack(
              ops,
              steps.map((step) => step.state),
            ),
            [rows * length, units],
          );
          const gradients: GradientTerm[] = [
            productTerm(ops, { weight: weight.name, bias: bias.name, input: flat, delta: byInput, positions: length }),
            productTerm(ops, {
              weight: recurrent.name,
              bias: inner.name,
              input: states,
              delta: byState,
              positions: length,
            }),
          ];
          return {
            input: () => ops.reshape(ops.matMul(byInput, kernel, { transposeB: true }), [rows, length * inputs]),
            gradients,
          };
        },
      };
    },
  };
}

/** What the way back needs of one position. */
interface Step {
  readonly state: Tensor;
  readonly gates: Tensor;
  readonly candidate: Tensor;
  /** h·U_n + c. */
  readonly recalled: Tensor;
  readonly next: Tensor;
}

function stepFrom(ops: Ops, driven: Tensor, state: Tensor, across: Tensor, offset: Tensor): Step {
  const [rows, units] = state.shape;
  const recalledAll = ops.add(ops.matMul(state, across), offset);
  const cut = (a: Tensor, from: number, size: number) => ops.slice(a, [0, from * units], [rows, size * units]);
  const gates = ops.sigmoid(ops.add(cut(driven, 0, 2), cut(recalledAll, 0, 2)));
  const update = cut(gates, 0, 1);
  const recalled = cut(recalledAll, 2, 1);
  const candidate = ops.tanh(ops.add(cut(driven, 2, 1), ops.mul(cut(gates, 1, 1), recalled)));
  const next = ops.add(candidate, ops.mul(update, ops.sub(state, candidate)));
  return { state, gates, candidate, recalled, next };
}

/** Gradients by what enters the gates from the input and from the state, (rows, 3 · units) a position, in order. */
function backThroughTime(ops: Ops, steps: readonly Step[], last: Tensor, across: Tensor) {
  const [rows, units] = last.shape;
  const one = ops.constant([1], []);
  const ofInput: Tensor[] = [];
  const ofState: Tensor[] = [];
  let delta = last;
  for (const { state, gates, candidate, recalled } of [...steps].reverse()) {
    const update = ops.slice(gates, [0, 0], [rows, units]);
    const reset = ops.slice(gates, [0, units], [rows, units]);
    const kept = ops.mul(delta, update);
    const ofCandidate = ops.mul(ops.sub(delta, kept), ops.sub(one, ops.square(candidate)));
    const slopes = ops.mul(gates, ops.sub(one, gates));
    const ofGates = ops.mul(
      ops.concat([ops.mul(delta, ops.sub(state, candidate)), ops.mul(ofCandidate, recalled)], 1),
      slopes,
    );
    const byState = ops.concat([ofGates, ops.mul(ofCandidate, reset)], 1);
    ofInput.push(ops.concat([ofGates, ofCandidate], 1));
    ofState.push(byState);
    delta = ops.add(kept, ops.matMul(byState, across, { transposeB: true }));
  }
  return { ofInput: ofInput.reverse(), ofState: ofState.reverse() };
}
