import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Products, who holds them, and what users do. */
export class Products1764000000003 implements MigrationInterface {
  readonly name = 'Products1764000000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table concord.products (
        id uuid primary key default gen_random_uuid(),
        institution_id uuid not null references concord.institutions,
        code text not null,
        name text not null,
        type text not null check (type in ('deposit', 'fund', 'bond', 'stock', 'insurance', 'loan', 'portfolio', 'card', 'account', 'other')),
        risk_class smallint not null check (risk_class between 1 and 5),
        expected_yield double precision,
        volatility double precision check (volatility >= 0),
        term_months integer check (term_months >= 0),
        minimum_amount numeric(18, 2) not null default 0 check (minimum_amount >= 0),
        minimum_horizon_months integer not null default 0 check (minimum_horizon_months >= 0),
        required_knowledge smallint not null default 0 check (required_knowledge between 0 and 3),
        currency char(3) not null,
        attributes jsonb not null default '{}' check (jsonb_typeof(attributes) = 'object'),
        active boolean not null default true,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        unique (institution_id, code),
        unique (institution_id, id)
      )`);
    await runner.query(`
      create table concord.holdings (
        institution_id uuid not null,
        user_id uuid not null,
        product_id uuid not null,
        amount numeric(18, 2),
        acquired_at timestamptz,
        primary key (user_id, product_id),
        foreign key (institution_id, user_id) references concord.users (institution_id, id) on delete cascade,
        foreign key (institution_id, product_id) references concord.products (institution_id, id)
      )`);
    await runner.query('create index holdings_product on concord.holdings (institution_id, product_id)');
    await runner.query(`
      create table concord.behaviour_events (
        institution_id uuid not null,
        event_id text not null,
        user_id uuid not null,
        product_id uuid,
        type text not null check (type in ('transaction', 'view', 'search', 'click', 'purchase', 'sale', 'deposit', 'withdrawal', 'login')),
        amount numeric(18, 2),
        duration_seconds double precision check (duration_seconds >= 0),
        text text,
        occurred_at timestamptz not null,
        recorded_at timestamptz not null default now(),
        primary key (institution_id, event_id),
        foreign key (institution_id, user_id) references concord.users (institution_id, id) on delete cascade,
        foreign key (institution_id, product_id) references concord.products (institution_id, id)
      )`);
    await runner.query('create index behaviour_events_user on concord.behaviour_events (user_id, occurred_at desc)');
    await runner.query(
      `comment on column concord.products.code is 'the same code at two institutions is the same product to a model'`,
    );
    await runner.query(`comment on column concord.products.expected_yield is 'per year: .03 is 3 %'`);
    await runner.query(`comment on column concord.products.volatility is 'per year: .15 is 15 %'`);
    await runner.query(
      `comment on column concord.behaviour_events.event_id is 'the client''s id: recording an event twice changes nothing'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table concord.behaviour_events, concord.holdings, concord.products');
  }
}
