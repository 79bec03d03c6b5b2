import type { Backend, Executable } from '../../backends/backend.js';
import { createExpander } from '../../encoders/expand.js';
import { NETWORK_MODELS, type NetworkModel, type Task } from '../../engine.js';
import { linearExplanation } from '../../explanations/linear.js';
import { explainInterestBySampling, explainRiskBySampling } from '../../explanations/sampled.js';
import { manifestOf, sliceParameters } from '../../layers/parameters.js';
import { type Batch, candidatesOf } from '../../training/batch.js';
import { fitNetworks } from '../../training/fit-networks.js';
import type { TrainingSettings } from '../../training/settings.js';
import type { ModelKind, OpenModel } from '../kind.js';
import { type Architecture, candidateSpecs, network, probabilities } from '../network.js';
import { networkShape, packNetwork, unpackNetwork } from '../network-file.js';
import { slopesGraph } from '../slopes.js';
import type { NetworkWeights } from '../weights.js';

const MANY_NETWORKS =
  'it is many networks in one: what clipping leaves of a user is shared among them, and noise drowns it (dnn does better)';

/** Linear models, deep networks over the encoded row, and such that read a sequence beside it. */
export const networks: ModelKind<'network'> = {
  kind: 'network',
  models: NETWORK_MODELS,
  notFederated: { tabm: MANY_NETWORKS },
  fit: (request, { trainMembers }) =>
    fitNetworks(
      {
        ...request,
        model: request.model as NetworkModel,
        settings: request.settings as Partial<TrainingSettings>,
      },
      trainMembers,
    ),
  pack: packNetwork,
  unpack: (bytes, { task, contract }) => unpackNetwork(bytes, networkShape(task, contract)),
  open: (weights, { task, contract, backend }) => openNetwork(task, createExpander(contract), weights, backend),
  isExact: ({ architecture }, task) => task === 'risk' && isLinear(architecture),
  /** Linear models exactly: weight · (input − mean), summed by column. Others by sampled Shapley values. */
  async explainRisk(predictor, weights, row) {
    return isLinear(weights.architecture)
      ? linearExplanation(predictor, weights, row)
      : explainRiskBySampling(predictor, row);
  },
  /** The softmax makes a product's probability depend on the others', so that not even a linear model can be taken apart exactly. */
  explainInterest: (predictor, _, row, products) => explainInterestBySampling(predictor, row, products),
};

const isLinear = ({ hidden, rank }: Architecture): boolean => hidden.length === 0 && !rank;

/** The mean of the members' probabilities, weights as constants of one graph for each size of batch. */
function openNetwork(
  task: Task,
  expander: OpenModel['expander'],
  weights: NetworkWeights,
  backend: Backend,
): OpenModel {
  const { architecture, members } = weights;
  const model = network(architecture);
  const manifest = manifestOf(model);
  const context = {
    training: false,
    mask: () => {
      throw new Error('No masks outside training.');
    },
  };
  const executables = new Map<number, Promise<Executable>>();
  const slopeExecutables = new Map<number, Promise<Executable>>();
  const compile = (rows: number) =>
    backend.compile(
      (ops, [inputs, candidates]) => {
        const each = members.map((flat) => {
          const parameters = sliceParameters(ops, ops.constant(flat, [flat.length]), manifest);
          const { output } = model.forward(ops, parameters, [inputs], context);
          return probabilities(task, ops, output, rows, candidates);
        });
        const sum = each.reduce((total, one) => ops.add(total, one));
        return [members.length === 1 ? sum : ops.mul(sum, ops.constant([1 / members.length], []))];
      },
      [{ shape: [rows, expander.width], dtype: 'float32' }, ...candidateSpecs(task, rows, architecture.outputs)],
    );
  return {
    expander,
    centred: true,
    // Compiled when first needed: one user, a handful, many.
    batchSizes: [1, 16, 256],
    async run(batch: Batch) {
      let executable = executables.get(batch.rows);
      if (!executable) {
        executable = compile(batch.rows);
        executables.set(batch.rows, executable);
      }
      const [output] = await (await executable).run([batch.inputs, ...candidatesOf(batch)]);
      return output;
    },
    async slopes(batch, targets) {
      let executable = slopeExecutables.get(batch.rows);
      if (!executable) {
        const { graph, inputs } = slopesGraph(task, weights, batch.rows, context);
        executable = backend.compile(graph, inputs);
        slopeExecutables.set(batch.rows, executable);
      }
      const [output] = await (await executable).run([batch.inputs, ...candidatesOf(batch), targets]);
      return output;
    },
    async dispose() {
      for (const executable of [...executables.values(), ...slopeExecutables.values()])
        await (await executable).dispose();
    },
  };
}
