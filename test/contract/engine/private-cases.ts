import type { GraphFunction } from '../../../src/engine/backends/backend.js';
import { addUp, sequential } from '../../../src/engine/layers/compose.js';
import { dense } from '../../../src/engine/layers/dense.js';
import type { LayerContext } from '../../../src/engine/layers/layer.js';
import { softmaxCrossEntropy } from '../../../src/engine/layers/losses.js';
import { flattenGradients, manifestOf, sliceParameters } from '../../../src/engine/layers/parameters.js';
import { type PrivateStep, privateStep } from '../../../src/engine/layers/private-step.js';
import { createRandom } from '../../../src/engine/layers/random.js';
import { unitsOf } from '../../../src/engine/layers/terms.js';
import type { Ops, Tensor } from '../../../src/engine/ops/ops.js';
import { LAYERS, type LayerCase, mask, model, products, x } from './layer-cases.js';
import { answers, open, rowWeights } from './loss-cases.js';
import { type Case, floats } from './op-cases.js';
import { type Data, differentiate, runReference } from './reference-ops.js';
import { SEQUENCE_LAYERS } from './sequence-cases.js';

const generator = createRandom(11);
const squareOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value * value, 0);

/** Norms and weighted sums of a layer by unit, against the gradient of each unit by itself, from central differences in float64. */
function unitCase(
  { name, layer, inputs, training = false, masks = [] }: LayerCase,
  unitRows: number,
  blocks = 1,
  made = false,
): Case {
  const manifest = manifestOf(layer);
  const own = generator.fork(`${name} ${unitRows}`);
  const flat = floats([manifest.size], () => 0.5 * own.normal());
  const contextOf = (tensors: readonly Tensor[]): LayerContext => ({
    training,
    mask: (wanted) => tensors[layer.masks.findIndex((each) => each.name === wanted)],
  });
  const forward = (ops: Ops, [parameters, ...rest]: readonly Tensor[]) =>
    layer.forward(
      ops,
      sliceParameters(ops, parameters, manifest),
      rest.slice(0, inputs.length),
      contextOf(rest.slice(inputs.length)),
    );
  const all = [flat, ...inputs, ...masks];
  const output: GraphFunction = (ops, tensors) => [forward(ops, tensors).output];
  const length = runReference(output, all)[0].length;
  const direction = floats([length], () => own.normal());
  const units = inputs[0].shape[0] / unitRows;
  const factors = floats([units, 1], () => own.uniform());
  return {
    name: `${name}: norms and clipped sums of units of ${unitRows}, in ${blocks} blocks${made ? ', made' : ''}`,
    inputs: [factors, direction, ...all],
    graph(ops, [scale, delta, ...tensors]) {
      const pass = forward(ops, tensors);
      const terms = pass.backward(ops.reshape(delta, pass.output.shape)).gradients;
      const parts = unitsOf(ops, terms, unitRows, made);
      const norms = parts.flatMap((part) => part.squaredNorms()).reduce((sum, part) => ops.add(sum, part));
      const sums = parts.flatMap((part) => part.weightedSum(scale, blocks));
      return [norms, flattenGradients(ops, sums, manifest)];
    },
    expected() {
      const each = Array.from({ length: units }, (_, unit) =>
        differentiate(output, all, 0, ([values]) =>
          values.reduce((sum, value, at) => {
            const mine = Math.floor((at * units) / length) === unit;
            return mine ? sum + value * direction.values[at] : sum;
          }, 0),
        ),
      );
      return [each.map(squareOf), weighted(each, factors.values)];
    },
  };
}

const weighted = (each: readonly (readonly number[])[], factors: readonly number[]): number[] =>
  each[0].map((_, index) => each.reduce((sum, gradient, unit) => sum + factors[unit] * gradient[index], 0));

const tied = dense({ name: 'tied', inputs: 5, units: 5, activation: 'tanh' });
const SHARED: readonly LayerCase[] = [
  { name: 'a dense layer used twice', layer: sequential([tied, tied]), inputs: [x], formula: () => [] },
  {
    name: 'a skip connection around a shared layer',
    layer: addUp([tied, sequential([tied, dense({ name: 'after', inputs: 5, units: 5 })])]),
    inputs: [x],
    formula: () => [],
  },
  { name: 'a narrow dense layer', layer: dense({ name: 'd', inputs: 5, units: 1 }), inputs: [x], formula: () => [] },
];

const withParameters = [...LAYERS, ...SEQUENCE_LAYERS, ...SHARED].filter(({ layer }) => layer.parameters.length > 0);

const features = [x, products];
const labels: readonly Data[] = [answers, rowWeights, open];

function stepCase(rule: PrivateStep['rule'], unitRows: number, blocks = 1): Case {
  const { graph, inputs } = privateStep({
    model,
    rows: 6,
    unitRows,
    blocks,
    rule,
    countBelow: true,
    features,
    labels,
    loss: (ops, z, [targets, weights, classes]) => softmaxCrossEntropy(ops, z, targets, { weights, classes }),
  });
  const units = 6 / unitRows;
  const own = generator.fork(`step ${rule.kind} ${unitRows}`);
  const flat = floats(inputs[0].shape, () => 0.5 * own.normal());
  const bound = 1.5;
  const present = Array.from({ length: units }, (_, unit) => (unit === 1 ? 0 : 1));
  const limits: Data = { shape: [units, 1], dtype: 'float32', values: present.map((each) => each * bound ** 2) };
  const data = [flat, ...features, mask, ...labels, limits];
  const manifest = manifestOf(model);
  const losses: GraphFunction = (ops, [parameters, ...rest]) => {
    const context: LayerContext = { training: true, mask: () => rest[2] };
    const { output } = model.forward(ops, sliceParameters(ops, parameters, manifest), rest.slice(0, 2), context);
    return [softmaxCrossEntropy(ops, output, rest[3], { weights: rest[4], classes: rest[5] }).total];
  };
  return {
    name: `a private step, ${rule.kind}, units of ${unitRows}, in ${blocks} blocks`,
    graph,
    inputs: data,
    expected() {
      const ofRows = rowWeights.values.map((_, wanted) => {
        const only = { ...rowWeights, values: rowWeights.values.map((weight, row) => (row === wanted ? weight : 0)) };
        return differentiate(losses, [flat, ...features, mask, answers, only, open], 0, ([[total]]) => total);
      });
      const each = present.map((_, unit) => {
        const mine = ofRows.slice(unit * unitRows, (unit + 1) * unitRows);
        return mine[0].map((_, index) => mine.reduce((sum, gradient) => sum + gradient[index], 0));
      });
      const lengths = ofRows.map((gradient) => Math.sqrt(squareOf(gradient)));
      const norms = each.map((gradient) => Math.sqrt(squareOf(gradient)));
      const factors = norms.map((norm, unit) => {
        if (present[unit] === 0) return 0;
        const length = lengths.slice(unit * unitRows, (unit + 1) * unitRows).reduce((sum, part) => sum + part);
        const reached = rule.kind === 'cut' ? Math.min(1, bound / norm) : bound / (norm + rule.stability);
        return unitRows === 1 ? reached : Math.min(reached, (unitRows * bound) / length);
      });
      return [weighted(each, factors), [norms.filter((norm, unit) => present[unit] === 1 && norm <= bound).length]];
    },
  };
}

export const PRIVATE_CASES: readonly Case[] = [
  ...withParameters.flatMap((each) => [1, 2, 3].map((unitRows) => unitCase(each, unitRows))),
  ...withParameters.map((each) => unitCase(each, 2, 3)),
  ...SEQUENCE_LAYERS.filter(({ layer }) => layer.parameters.length > 0).map((each) => unitCase(each, 1, 3, true)),
  ...[
    [1, 1],
    [1, 3],
    [2, 1],
    [2, 3],
  ].flatMap(([unitRows, blocks]) => [
    stepCase({ kind: 'cut' }, unitRows, blocks),
    stepCase({ kind: 'scale', stability: 0.01 }, unitRows, blocks),
  ]),
];
