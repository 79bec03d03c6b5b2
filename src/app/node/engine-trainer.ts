import type { Json } from '../../../federated/canonical-json.js';
import type { LocalTrainer } from '../../../federated/node/ports.js';
import { conform } from '../../engine/data/conform.js';
import type { Column, Dataset } from '../../engine/data/dataset.js';
import { parseContract } from '../../engine/encoders/contract.js';
import { parseDeclaration } from '../../engine/encoders/declaration.js';
import { type Engine, MODELS, type ModelName, type Progress, type Task } from '../../engine/engine.js';
import { networkShape, unpackNetwork } from '../../engine/models/network-file.js';
import { badInput } from '../../errors.js';

export interface TrainerOptions {
  readonly engine: Pick<Engine, 'privateUpdate' | 'noisyHistogram'>;
  /** The bank's users, of which the engine trains on those stored for training. */
  readonly dataset: (task: Task, signal: AbortSignal) => Promise<Dataset>;
  readonly onProgress?: (progress: Progress) => void;
}

/** The engine's private training and counting, on the bank's own data. */
export function createEngineTrainer({ engine, dataset, onProgress }: TrainerOptions): LocalTrainer {
  return {
    async train({ task, model, strategy, training }, weights, signal) {
      if (strategy === 'histogram') {
        const { noiseMultiplier, expectedUsers } = training;
        const { declaration } = contractOf(model.contract);
        const declared = parseDeclaration(declaration);
        const kinds = new Map(declared.columns.map(({ name, kind }) => [name, kind]));
        const request = { task, declaration: declared, noiseMultiplier, expectedUsers };
        return engine.noisyHistogram(conform(await dataset(task, signal), kinds), request, { signal, onProgress });
      }
      const name = MODELS.find((known) => known === model.name);
      if (!name) throw badInput(`There is no model ${model.name}.`);
      const contract = contractOf(model.contract);
      const parameters = parametersOf(task, contract, weights);
      const request = { task, model: name satisfies ModelName, contract, parameters, strategy, training };
      const data = conform(await dataset(task, signal), kindsOf(contract));
      const { update } = await engine.privateUpdate(data, request, { signal, onProgress });
      return update;
    },
  };
}

/** The kinds of columns that a contract reads. */
function kindsOf(contract: Readonly<Record<string, unknown>>): Map<string, Column['kind']> {
  const { features, sequence } = parseContract(contract);
  const steps = (sequence?.features ?? []).flatMap((feature) =>
    (sequence?.from?.[feature.column] ?? []).map((column) => ({ ...feature, column })),
  );
  return new Map(
    [...steps, ...features].map((feature) => [
      feature.column,
      feature.kind === 'numeric' && feature.part ? 'date' : feature.kind,
    ]),
  );
}

function contractOf(contract: Json): Readonly<Record<string, unknown>> {
  if (typeof contract !== 'object' || contract === null || Array.isArray(contract))
    throw badInput("The plan's feature contract is no object.");
  return contract as Readonly<Record<string, unknown>>;
}

/** The flat parameters that a weights file holds. */
function parametersOf(task: Task, json: Readonly<Record<string, unknown>>, weights: Uint8Array): Float32Array {
  const contract = parseContract(json);
  const { members } = unpackNetwork(weights, networkShape(task, contract));
  if (members.length !== 1) throw badInput('A federated model is one network with parameters.');
  return members[0];
}
