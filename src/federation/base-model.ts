import { createHash } from 'node:crypto';
import type { EntityManager } from '../database/database.js';
import { inputsOf, parseContract } from '../engine/encoders/contract.js';
import type { ModelName, Task } from '../engine/engine.js';
import { unpackWeights } from '../engine/models/artifact.js';
import { badInput, notFound } from '../errors.js';
import { toGlobalId } from '../graphql/relay.js';
import type { ModelsService } from '../models/models.service.js';

export interface BaseModel {
  readonly task: Task;
  readonly model: ModelName;
  readonly contract: Readonly<Record<string, unknown>>;
  /** Flat. */
  readonly parameters: Float32Array;
  /** SHA-256 of the weights file, in hexadecimal. */
  readonly digest: string;
}

/**
 * The shared version from which a round starts.
 * @throws {ConcordError} NOT_FOUND, BAD_INPUT where it is no single network
 */
export async function baseOf(models: ModelsService, manager: EntityManager, versionId: string): Promise<BaseModel> {
  const version = await models.sharedIn(manager, versionId);
  if (!version) throw notFound('model version', toGlobalId('ModelVersion', versionId));
  const { task, model, contract, weights } = version;
  const parsed = parseContract(contract);
  const outputs = task === 'interest' ? parsed.products.length : 1;
  const unpacked = unpackWeights(weights, { inputs: inputsOf(parsed), outputs });
  if (unpacked.kind !== 'network' || unpacked.members.length !== 1)
    throw badInput('A run starts from a version that is one network: not from popularity, and not from an ensemble.');
  const digest = createHash('sha256').update(weights).digest('hex');
  return { task, model, contract, parameters: unpacked.members[0], digest };
}
