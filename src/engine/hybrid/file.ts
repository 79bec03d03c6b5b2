import { ConcordError } from '../../errors.js';
import { type FeatureContract, parseContract } from '../encoders/contract.js';
import { MODELS } from '../engine.js';
import type { Storage, StoredContext } from '../models/kind.js';
import type { HybridMember, HybridWeights } from '../models/weights.js';
import { packRecommender, unpackRecommender } from '../recommenders/file/file.js';
import { nestFiles, unnestFiles } from '../safetensors/nested.js';
import { contractOf, type Part, partsOf } from '../stacking/contract.js';

const refuse = (reason: string, cause?: unknown) =>
  new ConcordError('BAD_INPUT', `These are not the weights of a hybrid: ${reason}.`, {}, { cause });

/** What the metadata say of a member; its file is called member-0, member-1, … */
type StoredMember = Part & Pick<HybridMember, 'model' | 'weight' | 'coldWeight'>;

/** The files of the recommenders and of the members as one. */
export function packHybrid(
  { recommender, members, popularity }: HybridWeights,
  storage: Storage,
): Uint8Array<ArrayBuffer> {
  const parts = partsOf(members.map(({ contract }) => contract));
  const stored = members.map(
    ({ model, weight, coldWeight }, place): StoredMember => ({ model, weight, coldWeight, ...parts[place] }),
  );
  return nestFiles({
    metadata: {
      format: 'concord',
      kind: 'hybrid',
      popularity: String(popularity),
      members: JSON.stringify(stored),
    },
    files: new Map([
      ['recommender', packRecommender(recommender)],
      ...members.map(({ weights }, place) => [`member-${place}`, storage.pack(weights)] as const),
    ]),
  });
}

/** @throws {ConcordError} BAD_INPUT where the file is malformed or does not fit the contract */
export function unpackHybrid(bytes: Uint8Array, { task, contract }: StoredContext, storage: Storage): HybridWeights {
  const { metadata, files } = unnestFiles(bytes);
  const popularity = Number(metadata.popularity);
  const own = files.get('recommender');
  if (metadata.kind !== 'hybrid' || task !== 'interest' || !own || !Number.isFinite(popularity))
    throw refuse('they are malformed');
  const stored = membersIn(metadata.members, contract);
  if (files.size !== stored.length + 1) throw refuse('a member is missing or too many');
  const recommender = unpackRecommender(own, contract.products.length);
  if (recommender.name !== 'hybrid') throw refuse('its recommenders are one alone');
  return {
    kind: 'hybrid',
    recommender,
    popularity,
    members: stored.map(({ model, weight, coldWeight, ...part }, place) => {
      const file = files.get(`member-${place}`);
      if (!file) throw refuse(`member ${place} is missing`);
      const of = parseContract(contractOf(contract, part));
      return { model, weight, coldWeight, contract: of, weights: storage.unpack(file, { task, contract: of }) };
    }),
  };
}

function membersIn(text: string | undefined, { features, holdings, sequence }: FeatureContract): StoredMember[] {
  let members: unknown;
  try {
    members = JSON.parse(text ?? '');
  } catch (cause) {
    throw refuse('its members are no JSON', cause);
  }
  let from = 0;
  const isMember = (member: Partial<StoredMember> | null): member is StoredMember => {
    const valid =
      typeof member === 'object' &&
      member !== null &&
      MODELS.some((model) => model === member.model && model !== 'hybrid') &&
      [member.weight, member.coldWeight, member.scale].every((value) => Number.isFinite(value)) &&
      member.from === from &&
      Number.isInteger(member.to) &&
      Number(member.to) >= from &&
      typeof member.holdings === 'boolean' &&
      typeof member.sequence === 'boolean' &&
      (!member.holdings || holdings !== undefined) &&
      (!member.sequence || sequence !== undefined);
    if (valid) from = Number(member.to);
    return valid;
  };
  if (!Array.isArray(members) || !members.every(isMember) || from !== features.length)
    throw refuse('its members are malformed, or do not read the features of the contract');
  return members;
}
