import type { EntityManager } from 'typeorm';
import type { Database } from '../database/database.js';
import type { UpsertOutcome } from '../graphql/upsert-outcome.js';
import type { Product } from './product.js';
import type { CoOwnership } from './similarity.js';

export const PRODUCT_COLUMNS = `p.id, p.code, p.name, p.type, p.risk_class as "riskClass", p.expected_yield as "expectedYield", p.volatility,
  p.term_months as "termMonths", p.minimum_amount::double precision as "minimumAmount",
  p.minimum_horizon_months as "minimumHorizonMonths", p.required_knowledge as "requiredKnowledge", p.currency, p.attributes, p.active,
  p.price_figures as "priceFigures", p.created_at as "createdAt", p.updated_at as "updatedAt"`;

export type ProductValues = Omit<Product, 'id' | 'priceFigures' | 'createdAt' | 'updatedAt'>;
/** What an update changes: undefined keeps, null clears. Attributes are replaced as a whole. */
export type ProductPatch = Partial<Omit<ProductValues, 'code'>>;

/** Column, SQL type and property: what an insert and an update write, besides the institution. */
const WRITTEN = [
  ['code', 'text', 'code'],
  ['name', 'text', 'name'],
  ['type', 'text', 'type'],
  ['risk_class', 'smallint', 'riskClass'],
  ['expected_yield', 'double precision', 'expectedYield'],
  ['volatility', 'double precision', 'volatility'],
  ['term_months', 'integer', 'termMonths'],
  ['minimum_amount', 'numeric', 'minimumAmount'],
  ['minimum_horizon_months', 'integer', 'minimumHorizonMonths'],
  ['required_knowledge', 'smallint', 'requiredKnowledge'],
  ['currency', 'text', 'currency'],
  ['attributes', 'jsonb', 'attributes'],
  ['active', 'boolean', 'active'],
] as const satisfies readonly (readonly [string, string, keyof ProductValues])[];

const NAMES = WRITTEN.map(([column]) => column);
const CHANGED = NAMES.filter((column) => column !== 'code');

export class ProductsStore {
  constructor(private readonly database: Database) {}

  /** All products of the institution, inactive ones too. */
  async all(institutionId: string): Promise<Product[]> {
    const [rows] = await this.database.read<[Product[]]>(institutionId, {
      text: `select ${PRODUCT_COLUMNS} from concord.products p where p.institution_id = $1`,
      values: [institutionId],
    });
    return rows;
  }

  /** @returns undefined where the code is taken. */
  async insert(manager: EntityManager, institutionId: string, values: ProductValues): Promise<Product | undefined> {
    const rows: Product[] = await manager.query(
      `insert into concord.products as p (institution_id, ${NAMES.join(', ')})
       values ($1, ${WRITTEN.map(([, type], index) => `$${index + 2}::${type}`).join(', ')})
       on conflict (institution_id, code) do nothing returning ${PRODUCT_COLUMNS}`,
      [institutionId, ...WRITTEN.map(([, , property]) => parameter(values[property]))],
    );
    return rows[0];
  }

  /** @returns undefined where there is no such product in the institution. */
  async update(
    manager: EntityManager,
    institutionId: string,
    id: string,
    patch: ProductPatch,
  ): Promise<Product | undefined> {
    const parameters: unknown[] = [institutionId, id];
    const assignments = WRITTEN.flatMap(([column, type, property]) => {
      if (property === 'code' || patch[property] === undefined) return [];
      parameters.push(parameter(patch[property]));
      return [`${column} = $${parameters.length}::${type}`];
    });
    const [rows]: [Product[]] = await manager.query(
      `update concord.products p set ${[...assignments, 'updated_at = now()'].join(', ')}
        where p.institution_id = $1 and p.id = $2 returning ${PRODUCT_COLUMNS}`,
      parameters,
    );
    return rows[0];
  }

  /** Creates the products whose code is new and replaces the others, in the order of the input. Codes must differ. */
  async upsert(
    manager: EntityManager,
    institutionId: string,
    products: readonly ProductValues[],
  ): Promise<{ product: Product; outcome: UpsertOutcome }[]> {
    const rows: (Product & { outcome: UpsertOutcome; position: string })[] = await manager.query(UPSERT, [
      institutionId,
      ...WRITTEN.map(([, , property]) => products.map((product) => parameter(product[property]))),
    ]);
    return rows.map(({ outcome, position: _, ...product }) => ({ product, outcome }));
  }

  /**
   * How many users hold the product, each other product that they hold, and both: [{id, holders, both}], the product itself among them.
   */
  async coOwnership(institutionId: string, productId: string): Promise<CoOwnership[]> {
    const [rows] = await this.database.read<[CoOwnership[]]>(institutionId, {
      text: `with shared as (
               select other.product_id, count(*) as "both"
                 from concord.holdings h join concord.holdings other on other.user_id = h.user_id
                where h.institution_id = $1 and h.product_id = $2
                group by other.product_id
             ), holders as (
               select product_id, count(*) as holders from concord.holdings
                where institution_id = $1 and product_id in (select product_id from shared) group by product_id
             )
             select product_id as id, holders, "both" from shared join holders using (product_id)`,
      values: [institutionId, productId],
    });
    return rows;
  }
}

const UPSERT = `
with input as (
  select * from unnest(${WRITTEN.map(([, type], index) => `$${index + 2}::${type}[]`).join(', ')})
    with ordinality as t (${NAMES.join(', ')}, position)
), written as (
  insert into concord.products as p (institution_id, ${NAMES.join(', ')})
  select $1, ${NAMES.join(', ')} from input order by code
  on conflict (institution_id, code) do update set
    ${CHANGED.map((column) => `${column} = excluded.${column}`).join(', ')}, updated_at = now()
  where (${CHANGED.map((column) => `p.${column}`).join(', ')})
        is distinct from (${CHANGED.map((column) => `excluded.${column}`).join(', ')})
  returning ${PRODUCT_COLUMNS}, case when xmax = 0 then 'created' else 'updated' end as outcome
)
select w.*, i.position from input i join written w on w.code = i.code
union all
select ${PRODUCT_COLUMNS}, 'unchanged', i.position
  from input i join concord.products p on p.institution_id = $1 and p.code = i.code
 where not exists (select from written w where w.code = i.code)
 order by position`;

/** jsonb goes as text: pg would turn an object into JSON by itself, but not inside an array. */
function parameter(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}
