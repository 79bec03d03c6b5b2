import { copyRows } from '../../copy.js';
import type { Accounting } from '../report.js';
import type { Prices } from '../tables/prices.js';
import { type Changes, countedInsert, countOf, type MergeContext, rejectLines } from './merge.js';

interface Point {
  readonly day: string;
  readonly price: number;
}

/** What the feature of products knows of price histories; the database does not. */
export interface PriceRules {
  /** What is stored with a product of its history; undefined: nothing. */
  figuresOf(points: readonly Point[]): object | undefined;
  /** @returns two days whose prices look like a split. @param isNew days whose prices come with this import */
  suspectedSplit(points: readonly Point[], isNew: (day: string) => boolean): { from: Point; to: Point } | undefined;
}

/** Streams prices into a temporary table. */
export async function stagePrices({ manager }: MergeContext, prices: Prices, accounting: Accounting): Promise<void> {
  await manager.query(
    `create temporary table import_prices (line integer not null, code text not null, day date not null, price double precision not null)
       on commit drop`,
  );
  async function* rows() {
    for await (const batch of prices.read(accounting))
      for (const { row, product, day, price } of batch) yield [row.line, product, day, price];
  }
  await copyRows(manager, 'import_prices', ['line', 'code', 'day', 'price'], rows());
  await manager.query('analyze import_prices');
}

/** Products whose histories are looked at together: some ten thousand prices in memory. */
const BATCH = 50;

/**
 * Merges the staged prices; of several of one product and day the last in the file counts. What follows from the histories is computed in the same
 * transaction. Prices of a product whose history looks as if it were not adjusted for a split are rejected, all of that product.
 */
export async function mergePrices(
  { manager, institutionId }: MergeContext,
  prices: Prices,
  accounting: Accounting,
  rules: PriceRules,
  acceptJumps: boolean,
): Promise<Changes> {
  await manager.query(
    `create temporary table import_known_prices on commit drop as
       select s.line, s.code, s.day, s.price, p.id as product_id,
              row_number() over (partition by p.id, s.day order by s.line desc) = 1 as stands, false as refused
         from import_prices s left join concord.products p on p.institution_id = '${institutionId}' and p.code = s.code`,
  );
  await manager.query('drop table import_prices');
  await manager.query('create index on import_known_prices (product_id)');
  await manager.query('analyze import_known_prices');
  const products: { id: string }[] = await manager.query(
    `select id from concord.products where institution_id = $1
        and id in (select product_id from import_known_prices where product_id is not null)
      order by id for no key update`,
    [institutionId],
  );
  for (let from = 0; from < products.length; from += BATCH) {
    const ids = products.slice(from, from + BATCH).map(({ id }) => id);
    await judge({ manager, institutionId }, ids, rules, acceptJumps);
  }
  await rejectLines(
    manager,
    prices.table.csv,
    `select line, case when product_id is null then 'unknown product' else 'looks like a split that prices are not adjusted for' end as reason,
       code as particulars
     from import_known_prices where product_id is null or (refused and stands)`,
    accounting,
  );
  const known = await countOf(manager, 'select from import_known_prices where product_id is not null');
  const standing = await countOf(manager, 'select from import_known_prices where product_id is not null and stands');
  const offered = await countOf(
    manager,
    'select from import_known_prices where product_id is not null and stands and not refused',
  );
  accounting.imported += offered;
  accounting.merged += known - standing;
  return countedInsert(
    manager,
    `insert into concord.product_prices as p (institution_id, product_id, day, price)
     select $1::uuid, product_id, day, price from import_known_prices
      where product_id is not null and stands and not refused order by product_id, day
     on conflict (product_id, day) do update set price = excluded.price where p.price <> excluded.price`,
    [institutionId],
    offered,
  );
}

interface History {
  readonly id: string;
  readonly days: readonly string[];
  readonly prices: readonly number[];
  readonly news: readonly boolean[];
}

/** Looks at the histories of some products as they will be: refuses those that look wrong, and stores what follows from the others. */
async function judge(
  { manager, institutionId }: Pick<MergeContext, 'manager' | 'institutionId'>,
  ids: readonly string[],
  rules: PriceRules,
  acceptJumps: boolean,
): Promise<void> {
  const histories: History[] = await manager.query(
    `select product_id as id, array_agg(day::text order by day) as days, array_agg(price order by day) as prices,
            array_agg(is_new order by day) as news
       from (
         select product_id, day, coalesce(s.price, p.price) as price, s.price is distinct from p.price and s.price is not null as is_new
           from (select * from import_known_prices where stands and product_id = any($2::uuid[])) s
           full join (select * from concord.product_prices where institution_id = $1 and product_id = any($2::uuid[])) p
             using (product_id, day)) as history
      group by product_id`,
    [institutionId, ids],
  );
  const refused: string[] = [];
  const figures: [id: string, json: string][] = [];
  for (const { id, days, prices, news } of histories) {
    const points = days.map((day, index) => ({ day, price: prices[index]! }));
    const isNew = new Set(days.filter((_, index) => news[index]));
    if (!acceptJumps && rules.suspectedSplit(points, (day) => isNew.has(day))) refused.push(id);
    else figures.push([id, JSON.stringify(rules.figuresOf(points) ?? null)]);
  }
  if (refused.length > 0)
    await manager.query('update import_known_prices set refused = true where product_id = any($1::uuid[])', [refused]);
  await manager.query(
    `update concord.products p set price_figures = nullif(i.figures, 'null')
       from unnest($2::uuid[], $3::jsonb[]) as i (id, figures)
      where p.institution_id = $1 and p.id = i.id and p.price_figures is distinct from nullif(i.figures, 'null')`,
    [institutionId, figures.map(([id]) => id), figures.map(([, json]) => json)],
  );
}
