import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addGrants, ownRowsOnly, removeGrants } from './steps.js';

const TABLES = ['product_prices', 'attribute_descriptions'];

/**
 * Price histories of products and what follows from them; what an institution says of its users' attributes; and the principal reasons of
 * risk assessments.
 */
export class PricesAndReasons1764000000016 implements MigrationInterface {
  readonly name = 'PricesAndReasons1764000000016';

  async up(runner: QueryRunner): Promise<void> {
    const run = (sql: string) => runner.query(sql);
    // NaN is larger than all numbers to PostgreSQL: it is refused as infinity is.
    await run(`
      create table concord.product_prices (
        institution_id uuid not null,
        product_id uuid not null,
        day date not null,
        price double precision not null check (price > 0 and price < 'Infinity'),
        primary key (product_id, day),
        foreign key (institution_id, product_id) references concord.products (institution_id, id) on delete cascade
      )`);
    await run(`comment on column concord.product_prices.price is 'in the product''s currency, adjusted for splits'`);
    await run(`alter table concord.products add price_figures jsonb check (jsonb_typeof(price_figures) = 'object')`);
    await run(
      `comment on column concord.products.price_figures is 'what follows from product_prices, written with them; null: too few prices'`,
    );
    await run(`
      create table concord.attribute_descriptions (
        institution_id uuid not null references concord.institutions,
        name text not null,
        label text,
        label_zh text,
        actionable text check (actionable in ('increase', 'decrease', 'any', 'no')),
        updated_at timestamptz not null default now(),
        primary key (institution_id, name)
      )`);
    await run(
      `comment on column concord.attribute_descriptions.actionable is 'how the user can change it; null: not said'`,
    );
    await run(`
      alter table concord.risk_assessments
        add principal_reasons jsonb check (jsonb_typeof(principal_reasons) = 'array')`);
    await run(
      `comment on column concord.risk_assessments.principal_reasons is '[{code, feature, value, contribution, text, textZh}], at most four; null: assessed before there were any'`,
    );
    await ownRowsOnly(runner, TABLES);
    await addGrants(runner, 'grant_prices', [
      'select, insert, update, delete on concord.product_prices, concord.attribute_descriptions',
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    const run = (sql: string) => runner.query(sql);
    await removeGrants(runner, 'grant_prices');
    await run('alter table concord.risk_assessments drop principal_reasons');
    await run('alter table concord.products drop price_figures');
    await run('drop table concord.attribute_descriptions, concord.product_prices');
  }
}
