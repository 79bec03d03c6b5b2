import type { EntityManager } from '../database/database.js';
import { parseContract } from '../engine/encoders/contract.js';
import type { ModelName, Task } from '../engine/engine.js';
import { federatedArchitecture } from '../engine/models/federated.js';
import { networkShape, readNetworkFile } from '../engine/models/network-file.js';
import { badInput, notFound } from '../errors.js';
import { toGlobalId } from '../graphql/relay.js';
import type { ModelsService } from '../models/models.service.js';

export interface BaseModel {
  readonly id: string;
  readonly task: Task;
  readonly model: ModelName;
  readonly contract: Readonly<Record<string, unknown>>;
  /** How many; float32 each, from dataStart on to the end of the weights file. */
  readonly parameters: number;
  readonly dataStart: number;
  /** Of the weights file. */
  readonly bytes: number;
  /** SHA-256 of the weights file, in hexadecimal. */
  readonly digest: string;
}

/**
 * The shared version from which a round starts. Of its weights only the beginning is read.
 * @throws {ConcordError} NOT_FOUND, BAD_INPUT where it is no network that nodes can train
 */
export async function baseOf(models: ModelsService, manager: EntityManager, versionId: string): Promise<BaseModel> {
  const version = await models.sharedIn(manager, versionId);
  if (!version) throw notFound('model version', toGlobalId('ModelVersion', versionId));
  const { id, task, model, contract, bytes, digest } = version;
  const parsed = parseContract(contract);
  const trained = federatedArchitecture(task, model, parsed);
  const { value: start } = await models.sharedWeights(manager, version).next();
  const { architecture, parameters, dataStart } = readNetworkFile(start as Buffer, bytes, networkShape(task, parsed));
  const layers = ({ hidden, rank, sequence }: typeof trained) =>
    JSON.stringify([hidden, rank, sequence?.reader, sequence?.units]);
  if (layers(architecture) !== layers(trained))
    throw badInput(
      'A run starts from the network that is trained privately under its name, which this version is not.',
    );
  return { id, task, model, contract, parameters, dataStart, bytes, digest };
}
