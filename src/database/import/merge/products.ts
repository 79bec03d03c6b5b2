import { copyRows } from '../../copy.js';
import type { ProductRecord } from '../tables/products.js';
import { type Changes, countedInsert, type MergeContext } from './merge.js';

const COLUMNS = [
  'code',
  'name',
  'type',
  'risk_class',
  'expected_yield',
  'volatility',
  'term_months',
  'minimum_amount',
  'minimum_horizon_months',
  'required_knowledge',
  'currency',
  'attributes',
] as const;

/**
 * Merges products into the catalogue.
 * @param isBare only their codes are known: those that are there already are left as they are.
 */
export async function mergeProducts(
  { manager, institutionId }: MergeContext,
  products: readonly ProductRecord[],
  isBare: boolean,
): Promise<Changes> {
  await manager.query('drop table if exists pg_temp.import_products');
  await manager.query(
    `create temporary table import_products on commit drop as select ${COLUMNS.join(', ')} from concord.products with no data`,
  );
  await copyRows(manager, 'import_products', COLUMNS, products.map(rowOf));
  const changed = COLUMNS.filter((column) => column !== 'code');
  const list = (prefix: string) => changed.map((column) => `${prefix}.${column}`).join(', ');
  const onConflict = isBare
    ? 'do nothing'
    : `do update set ${changed.map((column) => `${column} = excluded.${column}`).join(', ')}, updated_at = now()
       where (${list('p')}) is distinct from (${list('excluded')})`;
  return countedInsert(
    manager,
    `insert into concord.products as p (institution_id, ${COLUMNS.join(', ')})
     select $1::uuid, ${COLUMNS.join(', ')} from import_products order by code
     on conflict (institution_id, code) ${onConflict}`,
    [institutionId],
    products.length,
  );
}

const rowOf = (product: ProductRecord) => [
  product.code,
  product.name,
  product.type,
  product.riskClass,
  product.expectedYield,
  product.volatility,
  product.termMonths,
  product.minimumAmount,
  product.minimumHorizonMonths,
  product.requiredKnowledge,
  product.currency,
  product.attributes,
];
