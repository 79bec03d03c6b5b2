-- Tables live in schema "concord"; the migrations own them as the owner role; the application connects as concord_app.
create function concord.current_institution() returns uuid stable language sql
  as $$ select nullif(current_setting('concord.institution_id', true), '')::uuid $$;
create function concord.is_consortium() returns boolean stable language sql
  as $$ select coalesce(current_setting('concord.consortium', true), '') = 'on' $$;

create table concord.institutions (
  id uuid primary key default gen_random_uuid(),
  code text not null unique check (code ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
  name text not null,
  kind text not null check (kind in ('bank', 'insurer', 'broker')),
  country char(2) not null,
  currency char(3) not null,
  created_at timestamptz not null default now()
);

create table concord.users (
  id uuid primary key default gen_random_uuid(),
  institution_id uuid not null references concord.institutions,
  external_id text not null,                       -- the bank's own id
  attributes jsonb not null default '{}',          -- {name: number | string | null}; dates as "YYYY-MM-DD"
  protected_attributes jsonb not null default '{}',
  risk_label smallint check (risk_label in (0, 1)),-- what happened, where it is known
  fold text check (fold in ('train', 'validation', 'test')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (institution_id, external_id)
);

create table concord.questionnaires (              -- the latest answer of each user (MiFID II suitability)
  user_id uuid primary key references concord.users on delete cascade,
  institution_id uuid not null references concord.institutions,
  risk_tolerance smallint not null check (risk_tolerance between 1 and 5),
  knowledge smallint not null check (knowledge between 0 and 3),   -- none, basic, informed, expert
  horizon_months integer not null check (horizon_months between 0 and 1200),
  investable_amount numeric(18, 2) check (investable_amount >= 0),
  completed_at timestamptz not null,
  expires_at timestamptz not null check (expires_at > completed_at)
);

create table concord.profiles (
  user_id uuid primary key references concord.users on delete cascade,
  institution_id uuid not null references concord.institutions,
  features jsonb not null,                         -- {name: number}: derived, what models read
  state jsonb not null,                            -- accumulators from which features are computed incrementally
  tags jsonb not null default '[]',                -- [{tag, rule}]
  updated_at timestamptz not null default now()
);

create table concord.products (
  id uuid primary key default gen_random_uuid(),
  institution_id uuid not null references concord.institutions,
  code text not null,                              -- the same code at two banks is the same product to a model
  name text not null,
  type text not null check (type in ('deposit', 'fund', 'bond', 'stock', 'insurance', 'loan', 'portfolio', 'card', 'account', 'other')),
  risk_class smallint not null check (risk_class between 1 and 5),
  expected_yield double precision,                 -- per year, .03 = 3 %
  volatility double precision check (volatility >= 0),  -- per year
  term_months integer check (term_months >= 0),
  minimum_amount numeric(18, 2) not null default 0 check (minimum_amount >= 0),
  minimum_horizon_months integer not null default 0 check (minimum_horizon_months >= 0),
  required_knowledge smallint not null default 0 check (required_knowledge between 0 and 3),
  currency char(3) not null,
  attributes jsonb not null default '{}',
  active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (institution_id, code)
);

create table concord.holdings (
  institution_id uuid not null references concord.institutions,
  user_id uuid not null references concord.users on delete cascade,
  product_id uuid not null references concord.products,
  amount numeric(18, 2),
  acquired_at timestamptz,
  primary key (user_id, product_id)
);

create table concord.behaviour_events (
  institution_id uuid not null references concord.institutions,
  event_id text not null,                          -- the client's id: recording an event twice changes nothing
  user_id uuid not null references concord.users on delete cascade,
  product_id uuid references concord.products,
  type text not null check (type in ('transaction', 'view', 'search', 'click', 'purchase', 'sale', 'deposit', 'withdrawal', 'login')),
  amount numeric(18, 2),
  duration_seconds double precision check (duration_seconds >= 0),
  text text,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  primary key (institution_id, event_id)
);
create index behaviour_events_user on concord.behaviour_events (user_id, occurred_at desc);

create table concord.model_versions (
  id uuid primary key default gen_random_uuid(),
  institution_id uuid references concord.institutions,  -- null: the consortium's shared model
  task text not null check (task in ('interest', 'risk')),
  model text not null,                             -- linear, logistic, dnn, popularity, …
  number integer not null,
  status text not null check (status in ('candidate', 'active', 'retired')),
  contract jsonb not null,                         -- the fitted feature contract
  metrics jsonb not null,
  training jsonb not null,                         -- settings, seed, rows, duration
  created_at timestamptz not null default now(),
  activated_at timestamptz,
  unique nulls not distinct (institution_id, task, number)
);
create unique index model_versions_active on concord.model_versions (institution_id, task) nulls not distinct where status = 'active';
create table concord.model_weights (
  model_version_id uuid primary key references concord.model_versions on delete cascade,
  institution_id uuid references concord.institutions,
  weights bytea not null                           -- safetensors
);

create table concord.risk_assessments (
  id uuid primary key default gen_random_uuid(),
  institution_id uuid not null references concord.institutions,
  subject text not null check (subject in ('user', 'product', 'user_product')),
  user_id uuid references concord.users on delete cascade,
  product_id uuid references concord.products,
  probability double precision not null check (probability between 0 and 1),
  class text not null check (class in ('low', 'medium', 'high')),
  method text not null,
  model_version_id uuid references concord.model_versions,
  base double precision not null,                  -- log-odds; base + the reasons' contributions = log-odds of probability
  reasons jsonb not null,                          -- [{feature, value, contribution, text}]
  assessed_at timestamptz not null default now()
);

create table concord.recommendations (
  id uuid primary key default gen_random_uuid(),
  institution_id uuid not null references concord.institutions,
  user_id uuid not null references concord.users on delete cascade,
  model_version_id uuid references concord.model_versions,
  strategy text not null,                          -- model, cold-user, …
  items jsonb not null,                            -- the whole ranked answer: [{productId, code, score, rank, terms, explanation?, suitability}]
  shown integer not null check (shown >= 0),       -- the first so many items have been delivered; feedback refers to these only
  inputs jsonb not null,                           -- the row that was scored, so that a later page is explained as the first
  created_at timestamptz not null default now()
);

create table concord.feedback (
  id uuid primary key default gen_random_uuid(),
  institution_id uuid not null references concord.institutions,
  recommendation_id uuid not null references concord.recommendations on delete cascade,
  user_id uuid not null references concord.users on delete cascade,
  product_id uuid not null references concord.products,
  kind text not null check (kind in ('viewed', 'clicked', 'purchased', 'dismissed', 'rated')),
  rating smallint check (rating between 1 and 5),
  recorded_at timestamptz not null default now(),
  unique (recommendation_id, product_id, kind)
);

create table concord.imports (
  id uuid primary key default gen_random_uuid(),
  institution_id uuid not null references concord.institutions,
  descriptor text not null,
  report jsonb not null,
  started_at timestamptz not null,
  finished_at timestamptz not null
);
-- Row level security, on and forced, on every one of these tables: institution_id = (select concord.current_institution());
-- model_versions and model_weights: also readable where institution_id is null, writable there where is_consortium();
-- institutions: readable by all members (a public directory), writable where is_consortium().
