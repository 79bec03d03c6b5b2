import { readSafetensors, type TensorFile, writeSafetensors } from '../../safetensors/safetensors.js';
import type { CoCounts } from '../matrix/co-counts.js';
import { isCounted } from '../members.js';
import type { MemberPlan, RecommenderModel, WeightedMember } from '../model.js';
import { RECOMMENDERS, type RecommenderName } from '../recommender.js';
import { checkedPlan } from '../settings.js';
import { readMember, writeMember } from './members.js';
import { createTensorReader, createTensorWriter, parseJson, refuse, type TensorReader } from './tensors.js';

/** A recommender as safetensors: what it has learnt as tensors, members with their settings and weights as JSON in the metadata. */
export function packRecommender(model: RecommenderModel): Uint8Array<ArrayBuffer> {
  const { name, products, users, owners, counts } = model;
  const writer = createTensorWriter();
  writer.whole('owners', owners);
  if (counts) {
    writer.sparse('counts', { ...counts, rows: products, columns: products });
    writer.whole('counts.values', counts.counts);
  }
  const members = model.members.map(({ member, weight, bend }, place) => {
    const encoder = writeMember(member, `member.${place}`, writer);
    return { name: member.name, settings: member.settings, weight, bend, ...(encoder && { encoder }) };
  });
  return writeSafetensors({
    tensors: writer.tensors,
    metadata: { format: 'concord', kind: 'recommender', name, users: String(users), members: JSON.stringify(members) },
  });
}

/**
 * @param products of the contract that comes with the file
 * @throws {ConcordError} BAD_INPUT where the file is malformed or does not fit
 */
export function unpackRecommender(bytes: Uint8Array, products: number): RecommenderModel {
  const { tensors, metadata } = readSafetensors(bytes);
  const name = nameOf(metadata);
  const users = /^\d{1,8}$/.test(metadata.users ?? '') ? Number(metadata.users) : 0;
  if (users < 1) throw refuse('the number of users is malformed');
  const headers = headersOf(metadata.members, products);
  if (name !== 'hybrid' && (headers.length !== 1 || headers[0].plan.name !== name)) throw refuse(`it is no ${name}`);
  const reader = createTensorReader(tensors);
  const owners = Float64Array.from(reader.whole('owners', products, users));
  const counts = headers.some(({ plan }) => isCounted(plan.name)) ? readCounts(reader, products, users) : undefined;
  const members = headers.map(({ plan, encoder, weight, bend }, place): WeightedMember => {
    return { member: readMember(plan, encoder, `member.${place}`, { products, users, owners }, reader), weight, bend };
  });
  reader.end();
  return { name, products, users, owners, ...(counts && { counts }), members };
}

function nameOf({ kind, name }: TensorFile['metadata']): RecommenderName {
  const known = RECOMMENDERS.find((each) => each === name);
  if (kind !== 'recommender' || !known) throw refuse('their kind is unknown');
  return known;
}

interface Header {
  readonly plan: MemberPlan;
  readonly weight: number;
  readonly bend: number;
  readonly encoder: unknown;
}

function headersOf(text: string | undefined, products: number): Header[] {
  const members = parseJson(text, 'the members');
  if (!Array.isArray(members) || members.length < 1 || members.length > RECOMMENDERS.length)
    throw refuse('the members are malformed');
  return members.map((member: Record<string, unknown> | null) => {
    const { name, settings, weight, bend, encoder } = member ?? {};
    const known = RECOMMENDERS.find((each) => each === name);
    if (!known || known === 'hybrid' || typeof settings !== 'object' || settings === null)
      throw refuse('a member is malformed');
    if (!Number.isFinite(weight) || !Number.isFinite(bend) || Number(bend) < 0) throw refuse('a weight is no number');
    return { plan: checkedPlan(known, settings, products), weight: Number(weight), bend: Number(bend), encoder };
  });
}

function readCounts(reader: TensorReader, products: number, users: number): CoCounts {
  const { offsets, items } = reader.sparse('counts', products, products);
  const counts = reader.whole('counts.values', items.length, users);
  for (let product = 0; product < products; product++) {
    const first = offsets[product];
    if (first < offsets[product + 1] && items[first] < product) throw refuse('the counts are no triangle');
  }
  if (counts.includes(0)) throw refuse('a count is 0');
  return { products, users, offsets, items, counts };
}
