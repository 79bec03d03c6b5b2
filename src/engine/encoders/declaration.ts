import { badInput } from '../../errors.js';
import type { ColumnDeclaration, PublicDeclaration } from './public-grid.js';

const KINDS = new Set(['numeric', 'categorical', 'date']);
const MOST = { columns: 1000, names: 10_000 } as const;

type Fields = Readonly<Record<string, unknown>>;

const isNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length <= MOST.names && value.every((name) => typeof name === 'string');
const isNumber = (value: unknown) => value === undefined || Number.isFinite(value);

/**
 * Checks a declaration that comes from outside.
 * @throws {ConcordError} BAD_INPUT
 */
export function parseDeclaration(value: unknown): PublicDeclaration {
  const { columns, products, holdings } = (value ?? {}) as Fields;
  if (!Array.isArray(columns) || columns.length > MOST.columns || !isNames(products) || typeof holdings !== 'boolean')
    throw badInput('A declaration has columns, products and holdings.');
  return { columns: columns.map(parseColumn), products, holdings };
}

function parseColumn(value: unknown): ColumnDeclaration {
  const { name, kind, min, max, codes, categories } = (value ?? {}) as Fields;
  const good =
    typeof name === 'string' &&
    KINDS.has(String(kind)) &&
    isNumber(min) &&
    isNumber(max) &&
    (codes === undefined || (Array.isArray(codes) && codes.length <= MOST.names && codes.every(Number.isFinite))) &&
    (categories === undefined || isNames(categories));
  if (!good) throw badInput('A column of a declaration is malformed.');
  return { name, kind, min, max, codes, categories } as ColumnDeclaration;
}
