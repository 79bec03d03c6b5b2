import type { Database } from '../database/database.js';
import type { Product, ProductType } from './product.js';
import { PRODUCT_COLUMNS } from './products.store.js';

export interface Range {
  readonly min?: number | null;
  readonly max?: number | null;
}

/** All that is given must hold. A range leaves out products without that value. */
export interface ProductFilter {
  readonly types?: readonly ProductType[] | null;
  readonly currencies?: readonly string[] | null;
  readonly active?: boolean | null;
  readonly riskClass?: Range | null;
  readonly expectedYield?: Range | null;
  readonly volatility?: Range | null;
  readonly termMonths?: Range | null;
  readonly minimumAmount?: Range | null;
}

export const PRODUCT_ORDERS = [
  'code',
  'name',
  'riskClass',
  'expectedYield',
  'volatility',
  'termMonths',
  'minimumAmount',
] as const;
export type ProductOrder = (typeof PRODUCT_ORDERS)[number];

export interface ProductSort {
  readonly by: ProductOrder;
  readonly descending: boolean;
}

/** What a cursor holds: the value sorted by, as text, and the id that breaks ties. */
export interface ProductKey {
  readonly value: string;
  readonly id: string;
}

const RANGES = {
  riskClass: 'p.risk_class',
  expectedYield: 'p.expected_yield',
  volatility: 'p.volatility',
  termMonths: 'p.term_months',
  minimumAmount: 'p.minimum_amount',
} as const;

/** Sort expressions that are never null: products without the value come last in either direction. */
const SORTS: Readonly<Record<ProductOrder, { column: string; type: 'text' | 'double precision' }>> = {
  code: { column: 'p.code', type: 'text' },
  name: { column: 'p.name', type: 'text' },
  riskClass: { column: 'p.risk_class', type: 'double precision' },
  expectedYield: { column: 'p.expected_yield', type: 'double precision' },
  volatility: { column: 'p.volatility', type: 'double precision' },
  termMonths: { column: 'p.term_months', type: 'double precision' },
  minimumAmount: { column: 'p.minimum_amount', type: 'double precision' },
};

export class ProductListStore {
  constructor(private readonly database: Database) {}

  /** @returns at most `limit` products after `after`, each with the key of its cursor. */
  async list(
    institutionId: string,
    filter: ProductFilter,
    { by, descending }: ProductSort,
    limit: number,
    after: ProductKey | undefined,
  ): Promise<{ product: Product; key: ProductKey }[]> {
    const parameters: unknown[] = [institutionId];
    const conditions = ['p.institution_id = $1'];
    const add = (condition: (parameter: string) => string, value: unknown) => {
      if (value === undefined || value === null) return;
      parameters.push(value);
      conditions.push(condition(`$${parameters.length}`));
    };
    add((p) => `p.type = any(${p}::text[])`, filter.types);
    add((p) => `p.currency = any(${p}::text[])`, filter.currencies);
    add((p) => `p.active = ${p}`, filter.active);
    for (const [name, column] of Object.entries(RANGES)) {
      const range = filter[name as keyof typeof RANGES];
      add((p) => `${column} >= ${p}::double precision`, range?.min);
      add((p) => `${column} <= ${p}::double precision`, range?.max);
    }
    const { column, type } = SORTS[by];
    const missing = descending ? '-Infinity' : 'Infinity';
    const key = type === 'text' ? column : `coalesce(${column}::double precision, '${missing}')`;
    if (after) {
      parameters.push(after.value, after.id);
      const [value, id] = [`$${parameters.length - 1}::${type}`, `$${parameters.length}::uuid`];
      conditions.push(`(${key}, p.id) ${descending ? '<' : '>'} (${value}, ${id})`);
    }
    const direction = descending ? 'desc' : 'asc';
    parameters.push(limit);
    const [rows] = await this.database.read<[(Product & { sortKey: string })[]]>(institutionId, {
      text: `select ${PRODUCT_COLUMNS}, (${key})::text as "sortKey" from concord.products p
              where ${conditions.join(' and ')} order by ${key} ${direction}, p.id ${direction} limit $${parameters.length}`,
      values: parameters,
    });
    return rows.map(({ sortKey, ...product }) => ({ product, key: { value: sortKey, id: product.id } }));
  }
}
