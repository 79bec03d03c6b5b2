import type { Ops, Tensor } from '../ops/ops.js';
import type { Layer, ParameterTensors } from './layer.js';
import { productTerm } from './product-term.js';
import { stack } from './sequence.js';

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
 *   update z = σ(x·W_z + h·U_z + b_z + c_z), reset r = σ(x·W_r + h·U_r + b_r + c_r)
 *   candidate n = tanh(x·W_n + b_n + r ∘ (h·U_n + c_n)), h ← z ∘ h + (1 − z) ∘ n
 * Weights of the gates stand side by side: z, r, n.
 */
export function gru({ name, length, inputs, units }: GruOptions): Layer {
  const weight = { name: `${name}.weight`, shape: [inputs, 3 * units], initialiser: 'glorot' as const };
  const bias = { name: `${name}.bias`, shape: [3 * units], initialiser: 'zeros' as const };
  const recurrent = { name: `${name}.recurrent`, shape: [units, 3 * units], initialiser: 'glorot' as const };
  const inner = { name: `${name}.recurrent_bias`, shape: [3 * units], initialiser: 'zeros' as const };

  function gatesOf(ops: Ops, parameters: ParameterTensors): Gates {
    const [of, across, start, offset] = [weight, recurrent, bias, inner].map((each) => parameters.get(each.name));
    const gate = (at: number): Gate => ({
      weight: ops.slice(of, [0, at * units], [inputs, units]),
      across: ops.slice(across, [0, at * units], [units, units]),
      bias: ops.slice(start, [at * units], [units]),
      offset: ops.slice(offset, [at * units], [units]),
    });
    const joined = ({ bias: own, ...rest }: Gate): Gate => ({ ...rest, bias: ops.add(own, rest.offset) });
    return { update: joined(gate(0)), reset: joined(gate(1)), candidate: gate(2) };
  }

  return {
    parameters: [weight, bias, recurrent, inner],
    masks: [],
    rowValues: length * Math.max(inputs, 2 * units),
    forward(ops, parameters, [input]) {
      const [rows] = input.shape;
      const gates = gatesOf(ops, parameters);
      const steps: Step[] = [];
      let state = ops.fill([rows, units], 0);
      for (let place = 0; place < length; place++) {
        const step = stepFrom(ops, ops.slice(input, [0, place * inputs], [rows, inputs]), state, gates);
        steps.push(step);
        state = step.next;
      }
      return {
        output: state,
        backward(delta) {
          const back = backThroughTime(ops, steps, delta, gates);
          const flat = ops.reshape(input, [rows * length, inputs]);
          const stacked = (pieces: readonly Tensor[]) =>
            ops.reshape(stack(ops, pieces), [rows * length, (pieces.length / length) * units]);
          const ofGates = stacked(back.flatMap(({ update, reset }) => [update, reset]));
          const ofCandidate = stacked(back.map(({ candidate }) => candidate));
          const term = productTerm(ops, {
            products: [
              { weight: weight.name, bias: bias.name, input: flat, delta: [ofGates, ofCandidate] },
              {
                weight: recurrent.name,
                bias: inner.name,
                input: stacked(steps.map((step) => step.state)),
                delta: [ofGates, stacked(back.map(({ recalled }) => recalled))],
              },
            ],
            positions: length,
          });
          return {
            input() {
              const byInput = ops.concat([ofGates, ofCandidate], 1);
              const all = ops.matMul(byInput, parameters.get(weight.name), { transposeB: true });
              return ops.reshape(all, [rows, length * inputs]);
            },
            gradients: [term],
          };
        },
      };
    },
  };
}

interface Gate {
  readonly weight: Tensor;
  /** From the state. */
  readonly across: Tensor;
  readonly bias: Tensor;
  readonly offset: Tensor;
}

interface Gates {
  /** The biases of these two are those of both products. */
  readonly update: Gate;
  readonly reset: Gate;
  readonly candidate: Gate;
}

/** What the way back needs of one position. */
interface Step {
  readonly state: Tensor;
  readonly update: Tensor;
  readonly reset: Tensor;
  readonly candidate: Tensor;
  /** h·U_n + c_n. */
  readonly recalled: Tensor;
  /** Of that, what the reset gate lets through. */
  readonly kept: Tensor;
  readonly next: Tensor;
}

function stepFrom(ops: Ops, input: Tensor, state: Tensor, { update, reset, candidate }: Gates): Step {
  const opened = ({ weight, across, bias }: Gate) =>
    ops.sigmoid(ops.matMul(input, weight, { plus: ops.matMul(state, across, { plus: bias }) }));
  const z = opened(update);
  const r = opened(reset);
  const recalled = ops.matMul(state, candidate.across, { plus: candidate.offset });
  const kept = ops.mul(r, recalled);
  const n = ops.tanh(ops.matMul(input, candidate.weight, { plus: ops.add(kept, candidate.bias) }));
  const next = ops.add(n, ops.mul(z, ops.sub(state, n)));
  return { state, update: z, reset: r, candidate: n, recalled, kept, next };
}

/** Gradients by what enters the gates, (rows, units) each, of a position. */
interface StepBack {
  readonly update: Tensor;
  readonly reset: Tensor;
  readonly candidate: Tensor;
  /** By h·U_n + c_n. */
  readonly recalled: Tensor;
}

/** In the order of positions. With h the state before and h' after one: z(1 − z)(h − n) = z(h − h'), and r(1 − r) recalled = r(recalled − kept). */
function backThroughTime(ops: Ops, steps: readonly Step[], last: Tensor, gates: Gates): StepBack[] {
  const backs: StepBack[] = [];
  let delta = last;
  for (const { state, update: z, reset: r, candidate: n, recalled, kept, next } of [...steps].reverse()) {
    const carried = ops.mul(delta, z);
    const update = ops.mul(carried, ops.sub(state, next));
    const ofCandidate = ops.sub(delta, carried);
    const candidate = ops.sub(ofCandidate, ops.mul(ofCandidate, ops.square(n)));
    const ofRecalled = ops.mul(candidate, r);
    const reset = ops.mul(ofRecalled, ops.sub(recalled, kept));
    backs.push({ update, reset, candidate, recalled: ofRecalled });
    const through = (by: Tensor, { across }: Gate, plus: Tensor) => ops.matMul(by, across, { transposeB: true, plus });
    delta = through(ofRecalled, gates.candidate, through(reset, gates.reset, through(update, gates.update, carried)));
  }
  return backs.reverse();
}
