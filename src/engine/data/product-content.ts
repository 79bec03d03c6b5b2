import type { ProductContent } from '../recommenders/content/encoder.js';

/** A product as catalogues describe it. */
export interface DescribedProduct {
  readonly code: string;
  readonly name: string;
  readonly type: string;
  readonly riskClass: number;
  readonly expectedYield: number | null;
  readonly volatility: number | null;
  readonly termMonths: number | null;
  readonly minimumAmount: number;
  readonly minimumHorizonMonths: number;
  readonly requiredKnowledge: number;
  readonly currency: string;
  /** Texts of many words (a description) are read as text, others as categories; "vector" as numbers that the bank computed from images or audio. */
  readonly attributes: Readonly<Record<string, number | string | null>>;
}

const FIELDS = [
  'type',
  'riskClass',
  'expectedYield',
  'volatility',
  'termMonths',
  'minimumAmount',
  'minimumHorizonMonths',
  'requiredKnowledge',
  'currency',
] as const satisfies (keyof DescribedProduct)[];

/** The attribute that holds a vector: numbers with spaces, commas or semicolons between them, in brackets or not. */
const VECTOR = 'vector';

/**
 * What is known of each of some products by code, for models that compare products by themselves. What is the same of all tells nothing, and is left
 * out.
 * @param codes products in the order of a data set; one that the catalogue does not have is known by nothing
 * @returns undefined where nothing tells any two products apart
 */
export function contentOf(
  codes: readonly string[],
  catalogue: ReadonlyMap<string, DescribedProduct>,
): ProductContent[] | undefined {
  const products = codes.map((code) => catalogue.get(code));
  const names = [...new Set(products.flatMap((product) => Object.keys(product?.attributes ?? {})))].filter(
    (name) => name !== VECTOR,
  );
  const texts = names.filter((name) => products.some((product) => isText(product?.attributes[name])));
  const values = new Map<string, readonly Value[]>([
    ...FIELDS.map((field) => [field, products.map((product) => product?.[field] ?? null)] as const),
    ...names
      .filter((name) => !texts.includes(name))
      .map(
        (name) => [`attribute ${name}`, numbers(products.map((product) => product?.attributes[name] ?? null))] as const,
      ),
  ]);
  const telling = [...values].filter(([, all]) => new Set(all).size > 1);
  const contents = products.map(
    (product, place): ProductContent => ({
      texts: product ? textsOf(product, texts) : [],
      attributes: Object.fromEntries(telling.map(([name, all]) => [name, all[place]])),
      ...vectorOf(product),
    }),
  );
  const tells = telling.length > 0 || contents.some((content) => content.texts.length > 0 || content.vector);
  return tells ? contents : undefined;
}

type Value = number | string | null;

/** The name, unless it is but the code again, and every attribute that is a text. */
const textsOf = ({ code, name, attributes }: DescribedProduct, texts: readonly string[]): string[] =>
  [name === code ? '' : name, ...texts.map((attribute) => String(attributes[attribute] ?? ''))].filter(
    (text) => text !== '',
  );

/** Longer than a category's name would be. */
const isText = (value: Value | undefined): boolean =>
  typeof value === 'string' && (value.length > 60 || value.trim().split(/\s+/).length > 4 || CJK_TEXT.test(value));
const CJK_TEXT = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]{9}/u;

/** Numbers that files write as texts, where all are. */
function numbers(values: readonly Value[]): readonly Value[] {
  const read = values.map((value) => (value === null || value === '' ? null : Number(value)));
  return read.every((value) => value === null || Number.isFinite(value)) ? read : values;
}

function vectorOf(product: DescribedProduct | undefined): Pick<ProductContent, 'vector'> {
  const value = product?.attributes[VECTOR];
  if (typeof value !== 'string') return {};
  const read = value
    .replace(/^\s*\[|\]\s*$/g, '')
    .split(/[\s,;]+/)
    .filter((part) => part !== '')
    .map(Number);
  return read.length > 0 && read.every(Number.isFinite) ? { vector: read } : {};
}
