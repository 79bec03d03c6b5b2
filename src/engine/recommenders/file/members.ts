import { type AttributeEncoding, type ContentEncoder, columnsOf } from '../content/encoder.js';
import { BUCKETS } from '../content/ngrams.js';
import type { WeightedRows } from '../matrix/sparse.js';
import type { Member, MemberPlan, RecommenderModel } from '../model.js';
import { vaeNetwork } from '../vae/network.js';
import { refuse, type TensorReader, type TensorWriter } from './tensors.js';

/** What of a content encoder stands in the header. */
export type EncoderHeader = Pick<ContentEncoder, 'products' | 'attributes' | 'vectorWidth'>;

/** @returns what stands in the header beside the settings */
export function writeMember(member: Member, prefix: string, writer: TensorWriter): EncoderHeader | undefined {
  switch (member.name) {
    case 'popularity':
      return undefined; // the owners are in every file
    case 'item-knn':
      writeWeighted(`${prefix}.neighbours`, member.data, writer);
      return undefined;
    case 'user-knn':
      writer.sparse(`${prefix}.rows`, member.data.rows);
      writer.texts(`${prefix}.ids`, member.data.ids);
      return undefined;
    case 'ease': {
      const products = Math.sqrt(member.data.length);
      writer.floats(`${prefix}.weights`, member.data, [products, products]);
      return undefined;
    }
    case 'naive-bayes': {
      const products = member.data.base.length;
      writer.floats(`${prefix}.base`, member.data.base);
      writer.floats(`${prefix}.weights`, member.data.weights, [products, products]);
      return undefined;
    }
    case 'als': {
      const { factors } = member.settings;
      writer.floats(`${prefix}.factors`, member.data, [member.data.length / factors, factors]);
      return undefined;
    }
    case 'vae':
      writer.floats(`${prefix}.parameters`, member.data.parameters);
      return undefined;
    case 'content': {
      const { buckets, frequencies, ...header } = member.data.encoder;
      writer.whole(`${prefix}.buckets`, buckets);
      writer.whole(`${prefix}.frequencies`, frequencies);
      writeWeighted(`${prefix}.vectors`, member.data.vectors, writer);
      return header;
    }
  }
}

function writeWeighted(name: string, rows: WeightedRows, writer: TensorWriter): void {
  writer.sparse(name, rows);
  writer.floats(`${name}.values`, rows.values);
}

/** @throws {ConcordError} BAD_INPUT where the file does not fit */
export function readMember(
  plan: MemberPlan,
  encoder: unknown,
  prefix: string,
  { products, users, owners }: Pick<RecommenderModel, 'products' | 'users' | 'owners'>,
  reader: TensorReader,
): Member {
  switch (plan.name) {
    case 'popularity':
      return { ...plan, data: owners };
    case 'item-knn':
      return { ...plan, data: readWeighted(`${prefix}.neighbours`, products, products, reader) };
    case 'user-knn':
      return {
        ...plan,
        data: { rows: reader.sparse(`${prefix}.rows`, users, products), ids: reader.texts(`${prefix}.ids`, users) },
      };
    case 'ease':
      return { ...plan, data: reader.floats(`${prefix}.weights`, [products, products]) };
    case 'naive-bayes':
      return {
        ...plan,
        data: {
          base: reader.floats(`${prefix}.base`, [products]),
          weights: reader.floats(`${prefix}.weights`, [products, products]),
        },
      };
    case 'als':
      return { ...plan, data: reader.floats(`${prefix}.factors`, [products, plan.settings.factors]) };
    case 'vae': {
      const { size } = vaeNetwork({ ...plan.settings, products }).manifest;
      return { ...plan, data: { products, parameters: reader.floats(`${prefix}.parameters`, [size]) } };
    }
    case 'content': {
      const header = checkedHeader(encoder, products);
      const buckets = reader.whole(`${prefix}.buckets`, -1, BUCKETS - 1);
      const frequencies = reader.whole(`${prefix}.frequencies`, buckets.length, products);
      if (buckets.some((bucket, place) => place > 0 && bucket <= buckets[place - 1]))
        throw refuse('buckets do not ascend');
      const whole: ContentEncoder = { ...header, buckets, frequencies };
      return {
        ...plan,
        data: { encoder: whole, vectors: readWeighted(`${prefix}.vectors`, products, columnsOf(whole), reader) },
      };
    }
  }
}

function readWeighted(name: string, rows: number, columns: number, reader: TensorReader): WeightedRows {
  const sparse = reader.sparse(name, rows, columns);
  return { ...sparse, values: reader.floats(`${name}.values`, [sparse.items.length]) };
}

function checkedHeader(value: unknown, products: number): EncoderHeader {
  const header = value as EncoderHeader | null;
  const valid =
    typeof header === 'object' &&
    header !== null &&
    header.products === products &&
    Number.isInteger(header.vectorWidth) &&
    header.vectorWidth >= 0 &&
    header.vectorWidth <= 65_536 &&
    Array.isArray(header.attributes) &&
    header.attributes.every(isEncoding);
  if (!valid) throw refuse('the description of the content is malformed');
  return { products, attributes: header.attributes, vectorWidth: header.vectorWidth };
}

function isEncoding(encoding: AttributeEncoding): boolean {
  if (typeof encoding?.name !== 'string') return false;
  if (encoding.kind === 'category')
    return Array.isArray(encoding.values) && encoding.values.every((value) => typeof value === 'string');
  const { kind, knots } = encoding;
  return (
    kind === 'number' &&
    Array.isArray(knots) &&
    knots.every((knot, place) => Number.isFinite(knot) && (place === 0 || knot > knots[place - 1]))
  );
}
