import { buffer } from 'node:stream/consumers';
import { inputsOf, parseContract } from '../../src/engine/encoders/contract.js';
import { unpackNetwork } from '../../src/engine/models/network-file.js';
import type { ModelsService } from '../../src/models/models.service.js';
import { CONTRACT } from './federation.js';
import { operator } from './viewers.js';

/** The flat parameters of a shared version of a model of risk, as a node would read them. */
export async function parametersOf(
  models: ModelsService,
  versionId: string,
  contract = CONTRACT,
): Promise<Float32Array> {
  const { chunks } = await models.weightsOf(operator(), versionId);
  const shape = { inputs: inputsOf(parseContract(contract)), outputs: 1 };
  return unpackNetwork(await buffer(chunks), shape).members[0];
}
