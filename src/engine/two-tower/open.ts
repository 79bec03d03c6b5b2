import type { Backend, Executable, InputSpec } from '../backends/backend.js';
import { createExpander } from '../encoders/expand.js';
import { manifestOf, type ParameterManifest, sliceParameters } from '../layers/parameters.js';
import type { OpenContext, OpenModel, Similarity } from '../models/kind.js';
import { candidateSpecs, entryOf, network, probabilities, userTower } from '../models/network.js';
import { productVectors } from '../models/towers.js';
import type { TwoTowerWeights } from '../models/weights.js';
import type { Ops, Tensor } from '../ops/ops.js';
import { createVectorIndex, type VectorIndex } from '../recommenders/retrieval/vector-index.js';
import { candidatesOf } from '../training/batch.js';

/** Both towers made ready: to score, to place users, and to find products that are alike. */
export function openTwoTower(
  { architecture, parameters }: TwoTowerWeights,
  { contract, backend }: OpenContext,
): OpenModel {
  const { outputs, towers } = architecture;
  if (!towers) throw new Error('The network has no towers.');
  const expander = createExpander(contract);
  const whole = network(architecture);
  const manifest = manifestOf(whole);
  const users = userTower(architecture);
  const context = {
    training: false,
    mask: () => {
      throw new Error('No masks outside training.');
    },
  };
  const rowsOf = (rows: number): InputSpec => ({ shape: [rows, expander.width], dtype: 'float32' });
  const weightsIn = (ops: Ops, of: ParameterManifest, flat: Float32Array) =>
    sliceParameters(ops, ops.constant(flat, [flat.length]), of);
  const score = compiled(backend, (rows) => [
    (ops: Ops, [inputs, candidates]: readonly Tensor[]) => {
      const { output } = whole.forward(ops, weightsIn(ops, manifest, parameters), [inputs], context);
      return [probabilities('interest', ops, output, rows, candidates)];
    },
    [rowsOf(rows), ...candidateSpecs('interest', rows, outputs)],
  ]);
  // The users' tower comes first in the parameters.
  const own = manifestOf(users);
  const ownParameters = parameters.subarray(0, own.size);
  const place = compiled(backend, (rows) => [
    (ops: Ops, [inputs]: readonly Tensor[]) => [
      users.forward(ops, weightsIn(ops, own, ownParameters), [inputs], context).output,
    ],
    [rowsOf(rows)],
  ]);
  const vectors = productVectors(towers, outputs, manifest, parameters);
  const { offset } = entryOf(manifest, 'output.bias');
  const biases = parameters.subarray(offset, offset + outputs);
  let alike: VectorIndex | undefined;
  let nearest: VectorIndex | undefined;
  const similarity: Similarity = {
    similarProducts(product, count) {
      alike ??= createVectorIndex(vectors, { width: towers.embedding, metric: 'cosine' });
      const query = vectors.subarray(product * towers.embedding, (product + 1) * towers.embedding);
      return alike.search(query, count, (other) => other !== product);
    },
    async retrieve(batch, count) {
      // A product's bias is one value more, of which a user has 1.
      nearest ??= createVectorIndex(withBias(vectors, biases, towers.embedding), {
        width: towers.embedding + 1,
        metric: 'inner',
      });
      const [values] = await (await place(batch.rows)).run([batch.inputs]);
      const query = [...values.subarray(0, towers.embedding), 1];
      return nearest.search(query, count, (product) => batch.candidates[product] === 1);
    },
    async embed(batch) {
      const [values] = await (await place(batch.rows)).run([batch.inputs]);
      return { width: towers.embedding, values };
    },
  };
  return {
    expander,
    batchSizes: [1, 16, 256],
    similarity,
    async run(batch) {
      const [output] = await (await score(batch.rows)).run([batch.inputs, ...candidatesOf(batch)]);
      return output;
    },
    async dispose() {
      await score.dispose();
      await place.dispose();
    },
  };
}

function withBias(vectors: Float32Array, biases: Float32Array, width: number): Float32Array {
  const wider = new Float32Array(biases.length * (width + 1));
  biases.forEach((bias, product) => {
    wider.set(vectors.subarray(product * width, (product + 1) * width), product * (width + 1));
    wider[product * (width + 1) + width] = bias;
  });
  return wider;
}

type Graph = Parameters<Backend['compile']>;

/** Executables by size of batch, each compiled when first needed. */
function compiled(backend: Backend, graphOf: (rows: number) => Graph) {
  const executables = new Map<number, Promise<Executable>>();
  const get = (rows: number): Promise<Executable> => {
    const known = executables.get(rows) ?? backend.compile(...graphOf(rows));
    executables.set(rows, known);
    return known;
  };
  return Object.assign(get, {
    async dispose() {
      for (const executable of executables.values()) await (await executable).dispose();
    },
  });
}
