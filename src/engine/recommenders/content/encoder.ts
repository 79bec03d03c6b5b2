import { badInput } from '../../../errors.js';
import { countBuckets } from './ngrams.js';

/** What is known of a product itself. */
export interface ProductContent {
  /** Name, description, … in any language. */
  readonly texts: readonly string[];
  readonly attributes: Readonly<Record<string, number | string | null>>;
  /** What the bank computed from images or audio; as long as that of every other product that has one. */
  readonly vector?: ArrayLike<number>;
}

/** How a product becomes a vector of length 1; plain data, fitted on the catalogue. */
export interface ContentEncoder {
  /** Products that it was fitted on. */
  readonly products: number;
  /** Hash buckets of n-grams that the catalogue knows, ascending, and in how many products each occurs. */
  readonly buckets: Int32Array;
  readonly frequencies: Int32Array;
  readonly attributes: readonly AttributeEncoding[];
  /** Length of the bank's vectors; 0 = there are none. */
  readonly vectorWidth: number;
}

export type AttributeEncoding =
  | { readonly name: string; readonly kind: 'category'; readonly values: readonly string[] }
  /** Ascending; a value lies between two knots, and shares itself between them. */
  | { readonly name: string; readonly kind: 'number'; readonly knots: readonly number[] };

/** Columns ascending; the blocks of text, attributes and vector each have the same length where they are there. */
export interface ContentVector {
  readonly columns: Int32Array;
  readonly values: Float32Array;
}

const KNOTS = 6;

/** @throws {ConcordError} BAD_INPUT for vectors of several lengths, or values that are no numbers */
export function fitEncoder(catalogue: readonly ProductContent[]): ContentEncoder {
  const frequencies = new Map<number, number>();
  for (const { texts } of catalogue) {
    for (const bucket of countBuckets(texts).keys()) frequencies.set(bucket, (frequencies.get(bucket) ?? 0) + 1);
  }
  const buckets = Int32Array.from(frequencies.keys()).sort();
  const names = [...new Set(catalogue.flatMap(({ attributes }) => Object.keys(attributes)))].sort();
  const widths = new Set(catalogue.flatMap(({ vector }) => (vector ? [vector.length] : [])));
  if (widths.size > 1) throw badInput('Products have vectors of different lengths.', { lengths: [...widths] });
  const [vectorWidth = 0] = widths;
  return {
    products: catalogue.length,
    buckets,
    frequencies: buckets.map((bucket) => frequencies.get(bucket) as number),
    attributes: names.map((name) => encodingOf(name, catalogue)),
    vectorWidth,
  };
}

function encodingOf(name: string, catalogue: readonly ProductContent[]): AttributeEncoding {
  const known = catalogue.flatMap(({ attributes }) => attributes[name] ?? []);
  if (!known.every((value) => typeof value === 'number' && Number.isFinite(value)))
    return { name, kind: 'category', values: [...new Set(known.map(String))].sort() };
  const sorted = (known as number[]).toSorted((a, b) => a - b);
  const quantiles = Array.from(
    { length: KNOTS },
    (_, knot) => sorted[Math.round(((sorted.length - 1) * knot) / (KNOTS - 1))],
  );
  return { name, kind: 'number', knots: sorted.length === 0 ? [] : [...new Set(quantiles)] };
}

const widthOf = (encoding: AttributeEncoding): number =>
  encoding.kind === 'category' ? encoding.values.length : encoding.knots.length;

/** Columns of a vector. */
export const columnsOf = ({ buckets, attributes, vectorWidth }: ContentEncoder): number =>
  buckets.length + attributes.reduce((sum, encoding) => sum + widthOf(encoding), 0) + vectorWidth;

/**
 * The vector of a product, be it new: three blocks of equal weight, of which those that are empty are left out. Text: n-grams as
 * (1 + log tf) · idf; those that the catalogue doesn't know are left out. Attributes: 1 in a category, or shared between two knots, so
 * that near values are alike and distant ones are not. The bank's vector as it is.
 * @throws {ConcordError} BAD_INPUT for a vector of another length
 */
export function encodeContent(encoder: ContentEncoder, content: ProductContent): ContentVector {
  const entries = new Map<number, number>();
  const blocks = [textBlock(encoder, content), attributeBlock(encoder, content), vectorBlock(encoder, content)];
  const present = blocks.filter((block) => block.length > 0);
  for (const block of present) {
    const length = Math.sqrt(present.length * block.reduce((sum, [, value]) => sum + value * value, 0));
    for (const [column, value] of block) entries.set(column, value / length);
  }
  const columns = Int32Array.from(entries.keys()).sort();
  return { columns, values: Float32Array.from(columns, (column) => entries.get(column) as number) };
}

/** Columns with values, none of them 0. */
type Block = [number, number][];

function textBlock({ buckets, frequencies, products }: ContentEncoder, { texts }: ProductContent): Block {
  const block: Block = [];
  for (const [bucket, count] of countBuckets(texts)) {
    const column = placeOf(buckets, bucket);
    if (column < 0) continue;
    const rarity = Math.log((1 + products) / (1 + frequencies[column])) + 1;
    block.push([column, (1 + Math.log(count)) * rarity]);
  }
  return block;
}

function attributeBlock({ buckets, attributes }: ContentEncoder, content: ProductContent): Block {
  const block: Block = [];
  let start = buckets.length;
  for (const encoding of attributes) {
    const value = content.attributes[encoding.name];
    if (value !== null && value !== undefined)
      for (const [place, share] of sharesOf(encoding, value)) if (share > 0) block.push([start + place, share]);
    start += widthOf(encoding);
  }
  return block;
}

function sharesOf(encoding: AttributeEncoding, value: number | string): Block {
  if (encoding.kind === 'category') {
    const place = encoding.values.indexOf(String(value));
    return place < 0 ? [] : [[place, 1]];
  }
  const { knots } = encoding;
  const number = Number(value);
  if (Number.isNaN(number) || knots.length === 0) return [];
  const next = knots.findIndex((knot) => knot >= number);
  if (next < 0) return [[knots.length - 1, 1]];
  if (next === 0) return [[0, 1]];
  const share = (number - knots[next - 1]) / (knots[next] - knots[next - 1]);
  return [
    [next - 1, 1 - share],
    [next, share],
  ];
}

function vectorBlock(encoder: ContentEncoder, { vector }: ProductContent): Block {
  if (!vector) return [];
  const { vectorWidth } = encoder;
  if (vector.length !== vectorWidth)
    throw badInput(`A product's vector has ${vector.length} values, not ${vectorWidth}.`, { expected: vectorWidth });
  const start = columnsOf(encoder) - vectorWidth;
  const block: Block = Array.from(vector, (value, place) => [start + place, value]);
  if (!block.every(([, value]) => Number.isFinite(value)))
    throw badInput("A product's vector has a value that is no number.");
  return block.filter(([, value]) => value !== 0);
}

function placeOf(sorted: Int32Array, value: number): number {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (sorted[middle] < value) from = middle + 1;
    else to = middle;
  }
  return sorted[from] === value ? from : -1;
}
