import { ConcordError } from '../../errors.js';
import { MODELS, type ModelName } from '../engine.js';
import type { Storage, StoredContext } from '../models/kind.js';
import type { StackWeights } from '../models/weights.js';
import { type NamedTensor, readSafetensors, type TensorFile, writeSafetensors } from '../safetensors/safetensors.js';
import { contractOf, type Part, partsOf } from './contract.js';

const MOST_MEMBERS = 16;
const refuse = (reason: string) => new ConcordError('BAD_INPUT', `These are not the weights of a stack: ${reason}.`);

/** What the metadata say of a member; its tensors are called member.0.NAME. */
interface StoredMember extends Part {
  readonly model: ModelName;
  readonly weight: number;
  readonly metadata: TensorFile['metadata'];
}

const prefixOf = (member: number): string => `member.${member}.`;

/** The members' files as one. */
export function packStack({ members, intercept }: StackWeights, storage: Storage): Uint8Array<ArrayBuffer> {
  const files = members.map(({ weights }) => readSafetensors(storage.pack(weights)));
  const parts = partsOf(members.map(({ contract }) => contract));
  const stored = members.map(
    ({ model, weight }, member): StoredMember => ({
      model,
      weight,
      ...parts[member],
      metadata: files[member].metadata,
    }),
  );
  return writeSafetensors({
    tensors: files.flatMap(({ tensors }, member) =>
      tensors.map((tensor) => ({ ...tensor, name: prefixOf(member) + tensor.name })),
    ),
    metadata: { format: 'concord', kind: 'stack', intercept: String(intercept), members: JSON.stringify(stored) },
  });
}

/** @throws {ConcordError} BAD_INPUT where the file is malformed or does not fit the contract */
export function unpackStack(bytes: Uint8Array, { task, contract }: StoredContext, storage: Storage): StackWeights {
  const { tensors, metadata } = readSafetensors(bytes);
  const intercept = Number(metadata.intercept);
  if (metadata.kind !== 'stack' || !Number.isFinite(intercept)) throw refuse('they are malformed');
  const stored = parseMembers(metadata.members, contract.features.length);
  const own = stored.map<NamedTensor[]>(() => []);
  for (const tensor of tensors) {
    const [, member, name] = /^member\.(\d{1,2})\.(.+)$/s.exec(tensor.name) ?? [];
    const place = own[Number(member ?? -1)];
    if (!place) throw refuse(`there is no member for tensor ${tensor.name}`);
    place.push({ ...tensor, name });
  }
  return {
    kind: 'stack',
    intercept,
    members: stored.map((member, place) => {
      const part = contractOf(contract, member);
      const file = writeSafetensors({ tensors: own[place], metadata: member.metadata });
      return {
        model: member.model,
        contract: part,
        weights: storage.unpack(file, { task, contract: part }),
        weight: member.weight,
      };
    }),
  };
}

function parseMembers(text: string | undefined, features: number): StoredMember[] {
  let members: unknown;
  try {
    members = JSON.parse(text ?? '');
  } catch (cause) {
    throw new ConcordError(
      'BAD_INPUT',
      'These are not the weights of a stack: its members are no JSON.',
      {},
      { cause },
    );
  }
  if (!Array.isArray(members) || members.length < 1 || members.length > MOST_MEMBERS)
    throw refuse(`it must have 1 to ${MOST_MEMBERS} members`);
  let from = 0;
  for (const member of members as Partial<StoredMember>[]) {
    if (!isMember(member, from)) throw refuse('a member is malformed');
    from = member.to;
  }
  if (from !== features) throw refuse('its members do not read the features of the contract');
  return members;
}

function isMember(member: Partial<StoredMember> | null, expected: number): member is StoredMember {
  if (typeof member !== 'object' || member === null) return false;
  const { model, weight, from, to, scale, holdings, sequence, metadata } = member;
  return (
    MODELS.some((known) => known === model) &&
    typeof weight === 'number' &&
    weight >= 0 &&
    from === expected &&
    Number.isSafeInteger(to) &&
    Number(to) >= expected &&
    typeof scale === 'number' &&
    typeof holdings === 'boolean' &&
    typeof sequence === 'boolean' &&
    typeof metadata === 'object' &&
    metadata !== null &&
    Object.values(metadata).every((value) => typeof value === 'string') &&
    // One within the other would never end.
    metadata.kind !== 'stack'
  );
}
