-- tables
concord.behaviour_events, row level security forced
concord.feedback, row level security forced
concord.holdings, row level security forced
concord.imports, row level security forced
concord.institutions, row level security forced
concord.ledger_checkpoints, row level security forced
concord.ledger_entries, row level security forced
concord.model_versions, row level security forced
concord.model_weights, row level security forced
concord.products, row level security forced
concord.profiles, row level security forced
concord.questionnaires, row level security forced
concord.recommendations, row level security forced
concord.risk_assessments, row level security forced
concord.users, row level security forced

-- columns
concord.behaviour_events.amount numeric(18,2)
concord.behaviour_events.duration_seconds double precision
concord.behaviour_events.event_id text not null
concord.behaviour_events.institution_id uuid not null
concord.behaviour_events.occurred_at timestamp with time zone not null
concord.behaviour_events.product_id uuid
concord.behaviour_events.recorded_at timestamp with time zone not null default now()
concord.behaviour_events.text text
concord.behaviour_events.type text not null
concord.behaviour_events.user_id uuid not null
concord.feedback.id uuid not null default gen_random_uuid()
concord.feedback.institution_id uuid not null
concord.feedback.kind text not null
concord.feedback.product_id uuid not null
concord.feedback.rating smallint
concord.feedback.recommendation_id uuid not null
concord.feedback.recorded_at timestamp with time zone not null default now()
concord.feedback.user_id uuid not null
concord.holdings.acquired_at timestamp with time zone
concord.holdings.amount numeric(18,2)
concord.holdings.institution_id uuid not null
concord.holdings.product_id uuid not null
concord.holdings.user_id uuid not null
concord.imports.descriptor text not null
concord.imports.finished_at timestamp with time zone not null
concord.imports.id uuid not null default gen_random_uuid()
concord.imports.institution_id uuid not null
concord.imports.report jsonb not null
concord.imports.started_at timestamp with time zone not null
concord.institutions.code text not null
concord.institutions.country character(2) not null
concord.institutions.created_at timestamp with time zone not null default now()
concord.institutions.currency character(3) not null
concord.institutions.id uuid not null default gen_random_uuid()
concord.institutions.kind text not null
concord.institutions.name text not null
concord.ledger_checkpoints.at text not null
concord.ledger_checkpoints.head text not null
concord.ledger_checkpoints.institution_id uuid not null
concord.ledger_checkpoints.key text not null
concord.ledger_checkpoints.public_key text not null
concord.ledger_checkpoints.root text not null
concord.ledger_checkpoints.signature text not null
concord.ledger_checkpoints.size integer not null
concord.ledger_entries.hash text not null
concord.ledger_entries.institution_id uuid not null
concord.ledger_entries.previous text not null
concord.ledger_entries.record jsonb not null
concord.ledger_entries.sequence integer not null
concord.ledger_entries.spent jsonb not null
concord.model_versions.activated_at timestamp with time zone
concord.model_versions.contract jsonb not null
concord.model_versions.created_at timestamp with time zone not null default now()
concord.model_versions.id uuid not null default gen_random_uuid()
concord.model_versions.institution_id uuid
concord.model_versions.metrics jsonb not null
concord.model_versions.model text not null
concord.model_versions.number integer not null
concord.model_versions.rolled_back_at timestamp with time zone
concord.model_versions.status text not null
concord.model_versions.task text not null
concord.model_versions.training jsonb not null
concord.model_weights.institution_id uuid
concord.model_weights.model_version_id uuid not null
concord.model_weights.weights bytea not null
concord.products.active boolean not null default true
concord.products.attributes jsonb not null default '{}'::jsonb
concord.products.code text not null
concord.products.created_at timestamp with time zone not null default now()
concord.products.currency character(3) not null
concord.products.expected_yield double precision
concord.products.id uuid not null default gen_random_uuid()
concord.products.institution_id uuid not null
concord.products.minimum_amount numeric(18,2) not null default 0
concord.products.minimum_horizon_months integer not null default 0
concord.products.name text not null
concord.products.required_knowledge smallint not null default 0
concord.products.risk_class smallint not null
concord.products.term_months integer
concord.products.type text not null
concord.products.updated_at timestamp with time zone not null default now()
concord.products.volatility double precision
concord.profiles.features jsonb not null
concord.profiles.institution_id uuid not null
concord.profiles.state jsonb not null
concord.profiles.tags jsonb not null default '[]'::jsonb
concord.profiles.updated_at timestamp with time zone not null default now()
concord.profiles.user_id uuid not null
concord.questionnaires.completed_at timestamp with time zone not null
concord.questionnaires.expires_at timestamp with time zone not null
concord.questionnaires.horizon_months integer not null
concord.questionnaires.institution_id uuid not null
concord.questionnaires.investable_amount numeric(18,2)
concord.questionnaires.knowledge smallint not null
concord.questionnaires.risk_tolerance smallint not null
concord.questionnaires.user_id uuid not null
concord.recommendations.created_at timestamp with time zone not null default now()
concord.recommendations.id uuid not null default gen_random_uuid()
concord.recommendations.inputs jsonb not null
concord.recommendations.institution_id uuid not null
concord.recommendations.items jsonb not null
concord.recommendations.model_version_id uuid
concord.recommendations.shown integer not null
concord.recommendations.strategy text not null
concord.recommendations.user_id uuid not null
concord.risk_assessments.assessed_at timestamp with time zone not null default now()
concord.risk_assessments.base double precision not null
concord.risk_assessments.class text not null
concord.risk_assessments.id uuid not null default gen_random_uuid()
concord.risk_assessments.institution_id uuid not null
concord.risk_assessments.method text not null
concord.risk_assessments.model_version_id uuid
concord.risk_assessments.probability double precision not null
concord.risk_assessments.product_id uuid
concord.risk_assessments.reasons jsonb not null
concord.risk_assessments.subject text not null
concord.risk_assessments.user_id uuid
concord.users.attributes jsonb not null default '{}'::jsonb
concord.users.created_at timestamp with time zone not null default now()
concord.users.external_id text not null
concord.users.fold text
concord.users.id uuid not null default gen_random_uuid()
concord.users.institution_id uuid not null
concord.users.protected_attributes jsonb not null default '{}'::jsonb
concord.users.risk_label smallint
concord.users.updated_at timestamp with time zone not null default now()

-- constraints
concord.behaviour_events behaviour_events_duration_seconds_check CHECK ((duration_seconds >= (0)::double precision))
concord.behaviour_events behaviour_events_institution_id_product_id_fkey FOREIGN KEY (institution_id, product_id) REFERENCES concord.products(institution_id, id)
concord.behaviour_events behaviour_events_institution_id_user_id_fkey FOREIGN KEY (institution_id, user_id) REFERENCES concord.users(institution_id, id) ON DELETE CASCADE
concord.behaviour_events behaviour_events_pkey PRIMARY KEY (institution_id, event_id)
concord.behaviour_events behaviour_events_type_check CHECK ((type = ANY (ARRAY['transaction'::text, 'view'::text, 'search'::text, 'click'::text, 'purchase'::text, 'sale'::text, 'deposit'::text, 'withdrawal'::text, 'login'::text])))
concord.feedback feedback_institution_id_product_id_fkey FOREIGN KEY (institution_id, product_id) REFERENCES concord.products(institution_id, id)
concord.feedback feedback_institution_id_user_id_recommendation_id_fkey FOREIGN KEY (institution_id, user_id, recommendation_id) REFERENCES concord.recommendations(institution_id, user_id, id) ON DELETE CASCADE
concord.feedback feedback_kind_check CHECK ((kind = ANY (ARRAY['viewed'::text, 'clicked'::text, 'purchased'::text, 'dismissed'::text, 'rated'::text])))
concord.feedback feedback_pkey PRIMARY KEY (id)
concord.feedback feedback_rating_check CHECK (((rating >= 1) AND (rating <= 5)))
concord.feedback feedback_recommendation_id_product_id_kind_key UNIQUE (recommendation_id, product_id, kind)
concord.holdings holdings_institution_id_product_id_fkey FOREIGN KEY (institution_id, product_id) REFERENCES concord.products(institution_id, id)
concord.holdings holdings_institution_id_user_id_fkey FOREIGN KEY (institution_id, user_id) REFERENCES concord.users(institution_id, id) ON DELETE CASCADE
concord.holdings holdings_pkey PRIMARY KEY (user_id, product_id)
concord.imports imports_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES concord.institutions(id)
concord.imports imports_pkey PRIMARY KEY (id)
concord.institutions institutions_code_check CHECK ((code ~ '^[a-z0-9][a-z0-9-]{1,62}$'::text))
concord.institutions institutions_code_key UNIQUE (code)
concord.institutions institutions_kind_check CHECK ((kind = ANY (ARRAY['bank'::text, 'insurer'::text, 'broker'::text])))
concord.institutions institutions_pkey PRIMARY KEY (id)
concord.ledger_checkpoints ledger_checkpoints_head_check CHECK ((head ~ '^[0-9a-f]{64}$'::text))
concord.ledger_checkpoints ledger_checkpoints_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES concord.institutions(id)
concord.ledger_checkpoints ledger_checkpoints_institution_id_size_fkey FOREIGN KEY (institution_id, size) REFERENCES concord.ledger_entries(institution_id, sequence)
concord.ledger_checkpoints ledger_checkpoints_pkey PRIMARY KEY (institution_id, size)
concord.ledger_checkpoints ledger_checkpoints_root_check CHECK ((root ~ '^[0-9a-f]{64}$'::text))
concord.ledger_entries ledger_entries_hash_check CHECK ((hash ~ '^[0-9a-f]{64}$'::text))
concord.ledger_entries ledger_entries_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES concord.institutions(id)
concord.ledger_entries ledger_entries_pkey PRIMARY KEY (institution_id, sequence)
concord.ledger_entries ledger_entries_previous_check CHECK ((previous ~ '^[0-9a-f]{64}$'::text))
concord.ledger_entries ledger_entries_sequence_check CHECK ((sequence > 0))
concord.model_versions model_versions_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES concord.institutions(id)
concord.model_versions model_versions_institution_id_task_number_key UNIQUE NULLS NOT DISTINCT (institution_id, task, number)
concord.model_versions model_versions_pkey PRIMARY KEY (id)
concord.model_versions model_versions_status_check CHECK ((status = ANY (ARRAY['candidate'::text, 'active'::text, 'retired'::text])))
concord.model_versions model_versions_task_check CHECK ((task = ANY (ARRAY['interest'::text, 'risk'::text])))
concord.model_weights model_weights_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES concord.institutions(id)
concord.model_weights model_weights_model_version_id_fkey FOREIGN KEY (model_version_id) REFERENCES concord.model_versions(id) ON DELETE CASCADE
concord.model_weights model_weights_pkey PRIMARY KEY (model_version_id)
concord.products products_attributes_check CHECK ((jsonb_typeof(attributes) = 'object'::text))
concord.products products_institution_id_code_key UNIQUE (institution_id, code)
concord.products products_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES concord.institutions(id)
concord.products products_institution_id_id_key UNIQUE (institution_id, id)
concord.products products_minimum_amount_check CHECK ((minimum_amount >= (0)::numeric))
concord.products products_minimum_horizon_months_check CHECK ((minimum_horizon_months >= 0))
concord.products products_pkey PRIMARY KEY (id)
concord.products products_required_knowledge_check CHECK (((required_knowledge >= 0) AND (required_knowledge <= 3)))
concord.products products_risk_class_check CHECK (((risk_class >= 1) AND (risk_class <= 5)))
concord.products products_term_months_check CHECK ((term_months >= 0))
concord.products products_type_check CHECK ((type = ANY (ARRAY['deposit'::text, 'fund'::text, 'bond'::text, 'stock'::text, 'insurance'::text, 'loan'::text, 'portfolio'::text, 'card'::text, 'account'::text, 'other'::text])))
concord.products products_volatility_check CHECK ((volatility >= (0)::double precision))
concord.profiles profiles_institution_id_user_id_fkey FOREIGN KEY (institution_id, user_id) REFERENCES concord.users(institution_id, id) ON DELETE CASCADE
concord.profiles profiles_pkey PRIMARY KEY (user_id)
concord.questionnaires questionnaires_check CHECK ((expires_at > completed_at))
concord.questionnaires questionnaires_horizon_months_check CHECK (((horizon_months >= 0) AND (horizon_months <= 1200)))
concord.questionnaires questionnaires_institution_id_user_id_fkey FOREIGN KEY (institution_id, user_id) REFERENCES concord.users(institution_id, id) ON DELETE CASCADE
concord.questionnaires questionnaires_investable_amount_check CHECK ((investable_amount >= (0)::numeric))
concord.questionnaires questionnaires_knowledge_check CHECK (((knowledge >= 0) AND (knowledge <= 3)))
concord.questionnaires questionnaires_pkey PRIMARY KEY (user_id)
concord.questionnaires questionnaires_risk_tolerance_check CHECK (((risk_tolerance >= 1) AND (risk_tolerance <= 5)))
concord.recommendations recommendations_institution_id_user_id_fkey FOREIGN KEY (institution_id, user_id) REFERENCES concord.users(institution_id, id) ON DELETE CASCADE
concord.recommendations recommendations_institution_id_user_id_id_key UNIQUE (institution_id, user_id, id)
concord.recommendations recommendations_model_version_id_fkey FOREIGN KEY (model_version_id) REFERENCES concord.model_versions(id)
concord.recommendations recommendations_pkey PRIMARY KEY (id)
concord.recommendations recommendations_shown_check CHECK ((shown >= 0))
concord.risk_assessments risk_assessments_class_check CHECK ((class = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text])))
concord.risk_assessments risk_assessments_institution_id_product_id_fkey FOREIGN KEY (institution_id, product_id) REFERENCES concord.products(institution_id, id)
concord.risk_assessments risk_assessments_institution_id_user_id_fkey FOREIGN KEY (institution_id, user_id) REFERENCES concord.users(institution_id, id) ON DELETE CASCADE
concord.risk_assessments risk_assessments_model_version_id_fkey FOREIGN KEY (model_version_id) REFERENCES concord.model_versions(id)
concord.risk_assessments risk_assessments_pkey PRIMARY KEY (id)
concord.risk_assessments risk_assessments_probability_check CHECK (((probability >= (0)::double precision) AND (probability <= (1)::double precision)))
concord.risk_assessments risk_assessments_subject_check CHECK ((subject = ANY (ARRAY['user'::text, 'product'::text, 'user_product'::text])))
concord.risk_assessments risk_assessments_subject_ids CHECK ((((user_id IS NULL) = (subject = 'product'::text)) AND ((product_id IS NULL) = (subject = 'user'::text))))
concord.users users_attributes_check CHECK ((jsonb_typeof(attributes) = 'object'::text))
concord.users users_fold_check CHECK ((fold = ANY (ARRAY['train'::text, 'validation'::text, 'test'::text])))
concord.users users_institution_id_external_id_key UNIQUE (institution_id, external_id)
concord.users users_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES concord.institutions(id)
concord.users users_institution_id_id_key UNIQUE (institution_id, id)
concord.users users_pkey PRIMARY KEY (id)
concord.users users_protected_attributes_check CHECK ((jsonb_typeof(protected_attributes) = 'object'::text))
concord.users users_risk_label_check CHECK ((risk_label = ANY (ARRAY[0, 1])))

-- indexes
CREATE INDEX behaviour_events_user ON concord.behaviour_events USING btree (user_id, occurred_at DESC)
CREATE INDEX feedback_user ON concord.feedback USING btree (institution_id, user_id)
CREATE INDEX holdings_product ON concord.holdings USING btree (institution_id, product_id)
CREATE INDEX imports_institution ON concord.imports USING btree (institution_id, finished_at DESC)
CREATE INDEX risk_assessments_user ON concord.risk_assessments USING btree (institution_id, user_id, assessed_at DESC)
CREATE UNIQUE INDEX behaviour_events_pkey ON concord.behaviour_events USING btree (institution_id, event_id)
CREATE UNIQUE INDEX feedback_pkey ON concord.feedback USING btree (id)
CREATE UNIQUE INDEX feedback_recommendation_id_product_id_kind_key ON concord.feedback USING btree (recommendation_id, product_id, kind)
CREATE UNIQUE INDEX holdings_pkey ON concord.holdings USING btree (user_id, product_id)
CREATE UNIQUE INDEX imports_pkey ON concord.imports USING btree (id)
CREATE UNIQUE INDEX institutions_code_key ON concord.institutions USING btree (code)
CREATE UNIQUE INDEX institutions_pkey ON concord.institutions USING btree (id)
CREATE UNIQUE INDEX ledger_checkpoints_pkey ON concord.ledger_checkpoints USING btree (institution_id, size)
CREATE UNIQUE INDEX ledger_entries_pkey ON concord.ledger_entries USING btree (institution_id, sequence)
CREATE UNIQUE INDEX model_versions_active ON concord.model_versions USING btree (institution_id, task) NULLS NOT DISTINCT WHERE (status = 'active'::text)
CREATE UNIQUE INDEX model_versions_institution_id_task_number_key ON concord.model_versions USING btree (institution_id, task, number) NULLS NOT DISTINCT
CREATE UNIQUE INDEX model_versions_pkey ON concord.model_versions USING btree (id)
CREATE UNIQUE INDEX model_weights_pkey ON concord.model_weights USING btree (model_version_id)
CREATE UNIQUE INDEX products_institution_id_code_key ON concord.products USING btree (institution_id, code)
CREATE UNIQUE INDEX products_institution_id_id_key ON concord.products USING btree (institution_id, id)
CREATE UNIQUE INDEX products_pkey ON concord.products USING btree (id)
CREATE UNIQUE INDEX profiles_pkey ON concord.profiles USING btree (user_id)
CREATE UNIQUE INDEX questionnaires_pkey ON concord.questionnaires USING btree (user_id)
CREATE UNIQUE INDEX recommendations_institution_id_user_id_id_key ON concord.recommendations USING btree (institution_id, user_id, id)
CREATE UNIQUE INDEX recommendations_pkey ON concord.recommendations USING btree (id)
CREATE UNIQUE INDEX risk_assessments_pkey ON concord.risk_assessments USING btree (id)
CREATE UNIQUE INDEX users_institution_id_external_id_key ON concord.users USING btree (institution_id, external_id)
CREATE UNIQUE INDEX users_institution_id_id_key ON concord.users USING btree (institution_id, id)
CREATE UNIQUE INDEX users_pkey ON concord.users USING btree (id)

-- triggers
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON concord.ledger_checkpoints FOR EACH STATEMENT EXECUTE FUNCTION concord.refuse_change()
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON concord.ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION concord.refuse_change()
CREATE TRIGGER follow_ledger BEFORE INSERT ON concord.ledger_entries FOR EACH ROW EXECUTE FUNCTION concord.follow_ledger()
CREATE TRIGGER model_weights_version AFTER INSERT OR UPDATE ON concord.model_weights FOR EACH ROW EXECUTE FUNCTION concord.check_model_version()
CREATE TRIGGER recommendations_model_version AFTER INSERT OR UPDATE ON concord.recommendations FOR EACH ROW WHEN ((new.model_version_id IS NOT NULL)) EXECUTE FUNCTION concord.check_model_version('or shared')
CREATE TRIGGER risk_assessments_model_version AFTER INSERT OR UPDATE ON concord.risk_assessments FOR EACH ROW WHEN ((new.model_version_id IS NOT NULL)) EXECUTE FUNCTION concord.check_model_version('or shared')

-- policies
behaviour_events own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
feedback own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
holdings own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
imports own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
institutions consortium permissive for all to public using (( SELECT concord.is_consortium() AS is_consortium))
institutions own_row_is_read permissive for select to public using ((id = ( SELECT concord.current_institution() AS current_institution)))
ledger_checkpoints own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
ledger_entries own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
model_versions own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
model_versions shared_rows permissive for all to public using (((institution_id IS NULL) AND ( SELECT concord.is_consortium() AS is_consortium)))
model_versions shared_rows_are_read permissive for select to public using (((institution_id IS NULL) AND (( SELECT concord.current_institution() AS current_institution) IS NOT NULL)))
model_weights own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
model_weights shared_rows permissive for all to public using (((institution_id IS NULL) AND ( SELECT concord.is_consortium() AS is_consortium)))
model_weights shared_rows_are_read permissive for select to public using (((institution_id IS NULL) AND (( SELECT concord.current_institution() AS current_institution) IS NOT NULL)))
products own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
profiles own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
questionnaires own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
recommendations own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
risk_assessments own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
users own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))

-- functions
CREATE OR REPLACE FUNCTION concord.check_model_version()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
      begin
        if not exists (
          select from concord.model_versions v
          where v.id = new.model_version_id
            and (v.institution_id is not distinct from new.institution_id or (tg_argv[0] = 'or shared' and v.institution_id is null))
        ) then
          raise foreign_key_violation using
            message = 'the model version does not exist',
            schema = tg_table_schema, table = tg_table_name, constraint = tg_name;
        end if;
        return null;
      end $function$
CREATE OR REPLACE FUNCTION concord.current_institution()
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$ select nullif(current_setting('concord.institution_id', true), '')::uuid $function$
CREATE OR REPLACE FUNCTION concord.follow_ledger()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
      declare
        last concord.ledger_entries;
      begin
        select * into last from concord.ledger_entries e
          where e.institution_id = new.institution_id order by e.sequence desc limit 1;
        if new.sequence <= last.sequence then
          raise exception 'entry % is there already', new.sequence using errcode = '40001';
        end if;
        if new.sequence <> coalesce(last.sequence, 0) + 1 or new.previous <> coalesce(last.hash, repeat('0', 64)) then
          raise exception 'entry % does not follow the last one', new.sequence using errcode = '23514';
        end if;
        return new;
      end $function$
CREATE OR REPLACE FUNCTION concord.grant_application(role name)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
      begin
        execute format('grant usage on schema concord, concord_meta to %I', role);
        execute format('grant select on concord_meta.migrations to %I', role);
        execute format('grant select, insert, update, delete on
          concord.institutions, concord.users, concord.questionnaires, concord.profiles,
          concord.products, concord.holdings, concord.behaviour_events,
          concord.model_versions, concord.model_weights,
          concord.risk_assessments, concord.recommendations, concord.feedback, concord.imports to %I', role);
        execute format('grant connect, temporary on database %I to %I', current_database(), role);
        execute format('grant execute on function concord.refresh_statistics() to %I', role);
        perform concord.grant_ledger(role);
      end $function$
CREATE OR REPLACE FUNCTION concord.grant_ledger(role name)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
      begin
        execute format('revoke all on concord.ledger_entries, concord.ledger_checkpoints from %I', role);
        execute format('grant select, insert on concord.ledger_entries, concord.ledger_checkpoints to %I', role);
      end $function$
CREATE OR REPLACE FUNCTION concord.is_consortium()
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$ select coalesce(current_setting('concord.consortium', true), '') = 'on' $function$
CREATE OR REPLACE FUNCTION concord.refresh_statistics()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
      begin
        analyze (skip_locked) concord.users, concord.questionnaires, concord.profiles, concord.products, concord.holdings, concord.behaviour_events;
      end $function$
CREATE OR REPLACE FUNCTION concord.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
      begin
        raise exception 'rows of % are never changed and never deleted', tg_table_name using errcode = '42501';
      end $function$

-- grants to the application
concord.behaviour_events: delete, insert, select, update
concord.feedback: delete, insert, select, update
concord.holdings: delete, insert, select, update
concord.imports: delete, insert, select, update
concord.institutions: delete, insert, select, update
concord.ledger_checkpoints: insert, select
concord.ledger_entries: insert, select
concord.model_versions: delete, insert, select, update
concord.model_weights: delete, insert, select, update
concord.products: delete, insert, select, update
concord.profiles: delete, insert, select, update
concord.questionnaires: delete, insert, select, update
concord.recommendations: delete, insert, select, update
concord.risk_assessments: delete, insert, select, update
concord.users: delete, insert, select, update
concord_meta.migrations: select
schema concord: usage
schema concord_meta: usage

-- comments
concord.behaviour_events.event_id: the client's id: recording an event twice changes nothing
concord.model_versions.contract: the fitted feature contract
concord.model_versions.institution_id: null: the consortium's shared model
concord.model_versions.rolled_back_at: when a rollback took it out of service: no later rollback goes back to it
concord.model_versions.training: settings, seed, rows, duration
concord.model_weights.weights: safetensors
concord.products.code: the same code at two institutions is the same product to a model
concord.products.expected_yield: per year: .03 is 3 %
concord.products.volatility: per year: .15 is 15 %
concord.profiles.features: {name: number}: derived, what models read
concord.profiles.state: accumulators from which features are computed incrementally
concord.profiles.tags: [{tag, rule}]
concord.questionnaires: the latest answers of each user (MiFID II suitability); knowledge: none, basic, informed, expert
concord.recommendations.inputs: the row that was scored, so that a later page is explained as the first
concord.recommendations.items: the whole ranked answer: [{productId, code, score, rank, terms, explanation?, suitability}]
concord.recommendations.shown: the first so many items have been delivered; feedback refers to these only
concord.recommendations.strategy: model, cold-user, …
concord.risk_assessments.base: log-odds; base + the contributions of the reasons = the log-odds of probability
concord.risk_assessments.reasons: [{feature, value, contribution, text}]
concord.users.attributes: {name: number | string | null}; dates as "YYYY-MM-DD"
concord.users.external_id: the institution's own id
concord.users.risk_label: what happened, where it is known
