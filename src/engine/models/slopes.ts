import type { GraphFunction, InputSpec } from '../backends/backend.js';
import type { Task } from '../engine.js';
import type { LayerContext } from '../layers/layer.js';
import { manifestOf, sliceParameters } from '../layers/parameters.js';
import type { Ops, Tensor } from '../ops/ops.js';
import { candidateSpecs, network, repeated } from './network.js';
import type { NetworkWeights } from './weights.js';

const NEVER = -1e9;
/** A probability's distance from 0 and from 1, at least: beyond it float32 has no slopes. */
const LEAST = 1e-7;

/**
 * The slopes of the log-odds of one output by the inputs, through the layers' backward passes. Inputs: [rows, candidates (interest), targets: (rows,
 * outputs), 1 for the output]. Output: (rows, inputs).
 */
export function slopesGraph(
  task: Task,
  { architecture, members }: NetworkWeights,
  rows: number,
  context: LayerContext,
): { readonly graph: GraphFunction; readonly inputs: readonly InputSpec[] } {
  const { inputs: width, outputs } = architecture;
  const model = network(architecture);
  const manifest = manifestOf(model);
  // Of several networks in one, each row of the batch has as many rows of logits, one after the other.
  const times = architecture.networks ?? 1;
  const slopesOf = (ops: Ops, x: Tensor, partsOf: (logits: Tensor) => Parts): Tensor => {
    const passes = members.map((flat) =>
      model.forward(ops, sliceParameters(ops, ops.constant(flat, [flat.length]), manifest), [x], context),
    );
    const parts = passes.map(({ output }) => partsOf(output));
    const share = ops.constant([1 / (members.length * times)], []);
    const sum = parts.map(({ probability }) => probability).reduce((total, one) => ops.add(total, one));
    const probability = ops.mul(ops.sum(ops.reshape(sum, [rows, times]), [1], true), share);
    const left = ops.sub(ops.constant([1], []), probability);
    const least = ops.constant([LEAST], []);
    const bend = repeated(ops, ops.mul(ops.maximum(probability, least), ops.maximum(left, least)), times);
    const slopes = passes.map(({ backward }, member) => {
      const slope = backward(ops.div(ops.mul(parts[member].slope, share), bend)).input(0);
      if (!slope) throw new Error('The network has no slopes by its inputs.');
      return slope;
    });
    return slopes.reduce((total, one) => ops.add(total, one));
  };
  const features: InputSpec[] = [{ shape: [rows, width], dtype: 'float32' }, ...candidateSpecs(task, rows, outputs)];
  const targets: InputSpec = { shape: [rows, outputs], dtype: 'float32' };
  return {
    inputs: [...features, targets],
    graph: (ops, given) => {
      const [x] = given;
      const wanted = repeated(ops, given[given.length - 1], times);
      if (task === 'risk') {
        // The one output is wanted by every row that is no filling.
        return [slopesOf(ops, x, (logits) => ofRisk(ops, logits, wanted))];
      }
      const candidates = repeated(ops, given[1], times);
      return [slopesOf(ops, x, (logits) => ofInterest(ops, logits, candidates, wanted))];
    },
  };
}

/** Of one member: the output's probability by each of its networks, one column, and its slope by the logits. */
interface Parts {
  readonly probability: Tensor;
  readonly slope: Tensor;
}

function ofRisk(ops: Ops, logits: Tensor, wanted: Tensor): Parts {
  const probability = ops.sigmoid(logits);
  const slope = ops.mul(probability, ops.sub(ops.constant([1], []), probability));
  return { probability, slope: ops.mul(slope, wanted) };
}

/** Of a candidate p · (1 of itself − softmax); of a product owned, which is one more candidate, p · (1 − p) times the same. */
function ofInterest(ops: Ops, logits: Tensor, candidates: Tensor, wanted: Tensor): Parts {
  const open = ops.where(candidates, logits, ops.constant([NEVER], []));
  const highest = ops.max(open, [1], true);
  const powers = ops.exp(ops.sub(open, highest));
  const sum = ops.sum(powers, [1], true);
  const softmax = ops.div(powers, sum);
  const relative = ops.sub(logits, ops.add(highest, ops.log(sum)));
  const all = ops.where(candidates, softmax, ops.sigmoid(relative));
  const probability = ops.sum(ops.mul(all, wanted), [1], true);
  const one = ops.constant([1], []);
  const isOwned = ops.sub(one, ops.sum(ops.mul(candidates, wanted), [1], true));
  const factor = ops.mul(probability, ops.sub(one, ops.mul(isOwned, probability)));
  return { probability, slope: ops.mul(factor, ops.sub(wanted, softmax)) };
}
