import { badInput } from '../../../errors.js';
import type { Field, Products, Scalar } from '../descriptor.js';
import type { ReadContext, Row } from '../files/csv-file.js';
import { Accounting } from '../report.js';
import { dateParser } from '../values/date.js';
import { numberParser } from '../values/number.js';
import { detached, LONGEST_KEY } from '../values/text.js';
import { Winners } from './duplicates.js';
import { numberField, textField } from './field.js';
import { newestBy, openTable, type Table } from './table.js';

export const PRODUCT_TYPES = [
  'deposit',
  'fund',
  'bond',
  'stock',
  'insurance',
  'loan',
  'portfolio',
  'card',
  'account',
  'other',
] as const;
export type ProductType = (typeof PRODUCT_TYPES)[number];

/** A product as it is imported; null = not known. */
export interface ProductRecord {
  readonly code: string;
  readonly name: string;
  readonly type: ProductType;
  readonly riskClass: number;
  readonly expectedYield: number | null;
  readonly volatility: number | null;
  readonly termMonths: number | null;
  readonly minimumAmount: number;
  readonly minimumHorizonMonths: number;
  readonly requiredKnowledge: number;
  readonly currency: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What a product is of which nothing more is known. */
const DEFAULTS = { type: 'other', riskClass: 3 } as const;
const YEAR = 365.25 * 86_400_000;

/**
 * Reads the table of products, whole: catalogues are small.
 * @param currency of products that say nothing else
 * @throws {ConcordError} BAD_INPUT: see openTable; a column that is not there.
 */
export async function readProducts(
  spec: Products,
  currency: string,
  context: ReadContext,
  accounting: (file: string) => Accounting,
): Promise<ProductRecord[]> {
  const { file, code } = spec;
  if (!file || code === undefined) throw badInput('products: a table of products needs "file" and "code".');
  const table = await openTable({ file, where: spec.where, join: spec.join }, context);
  const codeOf = textField(code, table);
  const toProduct = productReader(spec, table, currency);
  const rule = spec.duplicates ?? 'reject';
  const winners = new Winners(rule, newestBy(rule, table.index));
  if (winners.needsSurvey) {
    for await (const batch of table.rows(new Accounting(table.name, 'survey'))) {
      for (const row of batch) winners.observe(codeOf(row.fields), row);
    }
  }
  const counts = accounting(table.name);
  const products: ProductRecord[] = [];
  for await (const batch of table.rows(counts)) {
    for (const row of batch) {
      const key = detached(codeOf(row.fields));
      const standing = winners.standing(key, row);
      if (key === '') counts.reject(row, 'no product code');
      else if (key.length > LONGEST_KEY) counts.reject(row, 'product code too long');
      else if (standing === 'merged') counts.merged++;
      else if (standing !== 'wins') counts.reject(row, 'duplicate product', `as on line ${standing.line}`);
      else {
        const product = toProduct(key, row);
        if (typeof product === 'string') counts.reject(row, product);
        else {
          winners.accept(key, row);
          products.push(product);
          counts.imported++;
        }
      }
    }
  }
  return products;
}

/** @returns a product that no table describes: what the descriptor says of it, or else of all. */
export function bareProduct(code: string, currency: string, spec: Products = {}): ProductRecord {
  return {
    code,
    name: code,
    type: (constantOf(spec.type) ?? DEFAULTS.type) as ProductType,
    riskClass: Number(constantOf(spec.riskClass) ?? DEFAULTS.riskClass),
    expectedYield: numberOrNull(spec.expectedYield),
    volatility: numberOrNull(spec.volatility),
    termMonths: numberOrNull(spec.termMonths),
    minimumAmount: numberOrNull(spec.minimumAmount) ?? 0,
    minimumHorizonMonths: numberOrNull(spec.minimumHorizonMonths) ?? 0,
    requiredKnowledge: numberOrNull(spec.requiredKnowledge) ?? 0,
    currency: String(constantOf(spec.currency) ?? currency),
    attributes: {},
    ...(spec.items?.[code] as Partial<ProductRecord> | undefined),
  };
}

/** @returns the value of a field that is the same for all products. */
export function constantOf(field: Products['expectedYield']): Scalar | undefined {
  if (typeof field === 'number') return field;
  return typeof field === 'object' && 'value' in field ? field.value : undefined;
}

function numberOrNull(field: Products['expectedYield']): number | null {
  const value = constantOf(field);
  return value === undefined ? null : Number(value);
}

/** @returns a function from a row to the product, or to why the row is none. */
function productReader(
  spec: Products,
  table: Table,
  usual: string,
): (code: string, row: Row) => ProductRecord | string {
  const text = (field: Field | undefined, otherwise: string) => {
    if (field === undefined) return () => otherwise;
    const read = textField(field, table);
    return (fields: readonly string[]) => read(fields) || otherwise;
  };
  const name = text(spec.name, '');
  const type = text(spec.type, DEFAULTS.type);
  const currency = text(spec.currency, usual);
  const riskClass = numberField(spec.riskClass ?? DEFAULTS.riskClass, table);
  const expectedYield = yieldReader(spec.expectedYield, table);
  const numbers = {
    volatility: numberField(spec.volatility, table),
    termMonths: numberField(spec.termMonths, table),
    minimumAmount: numberField(spec.minimumAmount, table),
    minimumHorizonMonths: numberField(spec.minimumHorizonMonths, table),
    requiredKnowledge: numberField(spec.requiredKnowledge, table),
  };
  const attributes = (spec.attributes ?? []).map((column) => ({ column, index: table.index(column) }));
  return (code, { fields }) => {
    const kind = type(fields);
    const risk = riskClass(fields);
    const money = currency(fields).toUpperCase();
    const volatility = numbers.volatility(fields);
    const knowledge = orZero(numbers.requiredKnowledge(fields));
    if (!(PRODUCT_TYPES as readonly string[]).includes(kind)) return `type: not one of ${PRODUCT_TYPES.join(', ')}`;
    if (!(Number.isInteger(risk) && risk >= 1 && risk <= 5)) return 'riskClass: not 1 to 5';
    if (!/^[A-Z]{3}$/.test(money)) return 'currency: not three letters';
    if (volatility < 0) return 'volatility: negative';
    if (!(Number.isInteger(knowledge) && knowledge >= 0 && knowledge <= 3)) return 'requiredKnowledge: not 0 to 3';
    return {
      code,
      name: name(fields) || code,
      type: kind as ProductType,
      riskClass: risk,
      expectedYield: orNull(expectedYield(fields)),
      volatility: orNull(volatility),
      termMonths: orNull(Math.round(Math.max(0, numbers.termMonths(fields)))),
      minimumAmount: Math.max(0, orZero(numbers.minimumAmount(fields))),
      minimumHorizonMonths: Math.round(Math.max(0, orZero(numbers.minimumHorizonMonths(fields)))),
      requiredKnowledge: knowledge,
      currency: money,
      attributes: Object.fromEntries(
        attributes
          .map(({ column, index }) => [column, fields[index]!.trim()])
          .filter(([, value]) => !table.csv.nulls.has(value!)),
      ),
    };
  };
}

const orNull = (value: number) => (Number.isNaN(value) ? null : value);
const orZero = (value: number) => (Number.isNaN(value) ? 0 : value);

/** A yield given as it is, or as the growth between two prices a year. NaN = not known. */
function yieldReader(spec: Products['expectedYield'], table: Table): (fields: readonly string[]) => number {
  if (typeof spec !== 'object' || !('growth' in spec)) return numberField(spec, table);
  const { from, to, fromDate, toDate, format } = spec.growth;
  const number = numberParser(table.csv.decimal);
  const date = dateParser(format);
  const [first, last, start, end] = [from, to, fromDate, toDate].map((column) => table.index(column));
  const at = (fields: readonly string[], index: number | undefined) => fields[index!]!.trim();
  return (fields) => {
    const growth = number(at(fields, last)) / number(at(fields, first));
    const years = (date(at(fields, end)) - date(at(fields, start))) / YEAR;
    return growth > 0 && Number.isFinite(growth) && years > 0 ? growth ** (1 / years) - 1 : Number.NaN;
  };
}
