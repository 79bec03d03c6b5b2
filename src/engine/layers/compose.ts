import { ConcordError } from '../../errors.js';
import type { Ops, Tensor } from '../ops/ops.js';
import type { BackwardPass, ForwardPass, GradientTerm, Layer } from './layer.js';

/** One layer after the other: the first reads the inputs, each next one the output before it. */
export function sequential(layers: readonly Layer[]): Layer {
  if (layers.length === 0) throw new ConcordError('INTERNAL', 'A sequence needs a layer.');
  return {
    ...needsOf(layers),
    forward(ops, parameters, inputs, context) {
      const passes: ForwardPass[] = [];
      let current = inputs;
      for (const layer of layers) {
        const pass = layer.forward(ops, parameters, current, context);
        passes.push(pass);
        current = [pass.output];
      }
      return { output: current[0], backward: (delta) => backThrough(passes, delta) };
    },
  };
}

/** One layer object in several places shares its parameters and its masks. */
function needsOf(layers: readonly Layer[]): Pick<Layer, 'parameters' | 'masks' | 'mixesRows' | 'rowValues'> {
  return {
    mixesRows: layers.find((layer) => layer.mixesRows)?.mixesRows,
    rowValues: Math.max(...layers.map(({ rowValues }) => rowValues ?? 1)),
    parameters: [...new Set(layers.flatMap((layer) => layer.parameters))],
    masks: [...new Set(layers.flatMap((layer) => layer.masks))],
  };
}

function backThrough(passes: readonly ForwardPass[], delta: Tensor): BackwardPass {
  const gradients: GradientTerm[] = [];
  let back = (passes.at(-1) as ForwardPass).backward(delta);
  gradients.push(...back.gradients);
  for (const pass of passes.slice(0, -1).reverse()) {
    const inner = back.input(0);
    if (!inner) break;
    back = pass.backward(inner);
    gradients.push(...back.gradients);
  }
  const first = back;
  return { input: (index) => first.input(index), gradients };
}

/** The layer, reading only the inputs at these places, in this order. */
export function select(places: readonly number[], layer: Layer): Layer {
  return {
    parameters: layer.parameters,
    masks: layer.masks,
    mixesRows: layer.mixesRows,
    rowValues: layer.rowValues,
    forward(ops, parameters, inputs, context) {
      const pass = layer.forward(
        ops,
        parameters,
        places.map((place) => inputs[place]),
        context,
      );
      return {
        output: pass.output,
        backward(delta) {
          const back = pass.backward(delta);
          const input = (index: number) => {
            const place = places.indexOf(index);
            return place < 0 ? undefined : back.input(place);
          };
          return { input, gradients: back.gradients };
        },
      };
    },
  };
}

/** The layer, reading only `width` values of each row of inputs[0], from value `from` on. */
export function part(from: number, width: number, layer: Layer): Layer {
  return {
    parameters: layer.parameters,
    masks: layer.masks,
    mixesRows: layer.mixesRows,
    rowValues: layer.rowValues,
    forward(ops, parameters, [input], context) {
      const [rows, all] = input.shape;
      const pass = layer.forward(ops, parameters, [ops.slice(input, [0, from], [rows, width])], context);
      const zeros = (count: number) => (count > 0 ? [ops.fill([rows, count], 0)] : []);
      return {
        output: pass.output,
        backward(delta) {
          const { input: inner, gradients } = pass.backward(delta);
          return {
            input(index) {
              const own = index === 0 ? inner(0) : undefined;
              return own && ops.concat([...zeros(from), own, ...zeros(all - from - width)], 1);
            },
            gradients,
          };
        },
      };
    },
  };
}

/** Every branch reads the same inputs; the outputs, (rows, width), stand side by side. */
export function concatenate(branches: readonly Layer[]): Layer {
  return branched(branches, {
    join: (ops, outputs) => (outputs.length === 1 ? outputs[0] : ops.concat(outputs, 1)),
    split(ops, delta, outputs) {
      let from = 0;
      return outputs.map((output) => {
        const begin = from;
        from += output.shape[1];
        return outputs.length === 1 ? delta : ops.slice(delta, [0, begin], [...output.shape]);
      });
    },
  });
}

/** Every branch reads the same inputs; the outputs, of one shape, add up: a wide part beside a deep one, or a skip connection. */
export function addUp(branches: readonly Layer[]): Layer {
  return branched(branches, {
    join: (ops, outputs) => outputs.reduce((sum, output) => ops.add(sum, output)),
    split: (_ops, delta, outputs) => outputs.map(() => delta),
  });
}

interface Junction {
  join(ops: Ops, outputs: readonly Tensor[]): Tensor;
  /** The delta of each branch. */
  split(ops: Ops, delta: Tensor, outputs: readonly Tensor[]): Tensor[];
}

function branched(branches: readonly Layer[], { join, split }: Junction): Layer {
  return {
    ...needsOf(branches),
    forward(ops, parameters, inputs, context) {
      const passes = branches.map((branch) => branch.forward(ops, parameters, inputs, context));
      const outputs = passes.map((pass) => pass.output);
      return {
        output: join(ops, outputs),
        backward(delta) {
          const deltas = split(ops, delta, outputs);
          const backs = passes.map((pass, index) => pass.backward(deltas[index]));
          const input = (index: number) => {
            const parts = backs.map((back) => back.input(index)).filter((part) => part !== undefined);
            return parts.length === 0 ? undefined : parts.reduce((sum, part) => ops.add(sum, part));
          };
          return { input, gradients: backs.flatMap((back) => back.gradients) };
        },
      };
    },
  };
}
