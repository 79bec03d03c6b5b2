import { badInput } from '../../errors.js';
import type { Series } from '../data/dataset.js';
import type { ColumnDeclaration, PublicDeclaration } from './public-grid.js';
import { checkSeries } from './sequence.js';

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
  const { columns, series, products, holdings } = (value ?? {}) as Fields;
  if (!Array.isArray(columns) || columns.length > MOST.columns || !isNames(products) || typeof holdings !== 'boolean')
    throw badInput('A declaration has columns, products and holdings.');
  const parsed = columns.map(parseColumn);
  const named = series === undefined ? undefined : parseSeries(series);
  if (named) checkDeclaredSeries(named, parsed);
  return { columns: parsed, ...(named && { series: named }), products, holdings };
}

function parseSeries(value: unknown): Series[] {
  if (!Array.isArray(value) || value.length > MOST.columns) throw badInput('The series of a declaration are a list.');
  return value.map((item) => {
    const { name, columns } = (item ?? {}) as Fields;
    if (typeof name !== 'string' || !isNames(columns)) throw badInput('A series of a declaration is malformed.');
    return { name, columns };
  });
}

/**
 * What is counted of the columns of a series is added up, so that they must be counted in the same cells.
 * @throws {ConcordError} BAD_INPUT
 */
export function checkDeclaredSeries(series: readonly Series[], columns: readonly ColumnDeclaration[]): void {
  if (series.length === 0) return;
  checkSeries('The declaration', series);
  const cellsOf = new Map(columns.map(({ name, ...cells }) => [name, cells]));
  for (const { name, columns: steps } of series) {
    const cells = steps.map((step) => {
      const own = cellsOf.get(step);
      if (!own || own.kind === 'date')
        throw badInput(`The series ${name} reads ${step}, which is no declared column of numbers or categories.`);
      return JSON.stringify([own.kind, own.min ?? null, own.max ?? null, own.codes ?? [], own.categories ?? []]);
    });
    if (new Set(cells).size > 1)
      throw badInput(`The columns of the series ${name} must be declared alike: kind, range, codes and categories.`);
  }
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
