-- tables
concord.attribute_descriptions, row level security forced
concord.behaviour_events, row level security forced
concord.contributions, row level security forced
concord.erasure_models, row level security forced
concord.erasures, row level security forced
concord.experiment_variants, row level security forced
concord.experiments, row level security forced
concord.feedback, row level security forced
concord.holdings, row level security forced
concord.imports, row level security forced
concord.institutions, row level security forced
concord.ledger_checkpoints, row level security forced
concord.ledger_entries, row level security forced
concord.model_participants, row level security forced
concord.model_versions, row level security forced
concord.model_weights, row level security forced
concord.node_keys, row level security forced
concord.nodes, row level security forced
concord.optimiser_states, row level security forced
concord.oversight_reports, row level security forced
concord.product_prices, row level security forced
concord.products, row level security forced
concord.profile_embeddings, row level security forced
concord.profile_models, row level security forced
concord.profiles, row level security forced
concord.questionnaires, row level security forced
concord.recommendations, row level security forced
concord.refusals, row level security forced
concord.risk_assessments, row level security forced
concord.rounds, row level security forced
concord.training_runs, row level security forced
concord.update_chunks, row level security forced
concord.users, row level security forced

-- columns
concord.attribute_descriptions.actionable text
concord.attribute_descriptions.institution_id uuid not null
concord.attribute_descriptions.label text
concord.attribute_descriptions.label_zh text
concord.attribute_descriptions.name text not null
concord.attribute_descriptions.updated_at timestamp with time zone not null default now()
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
concord.contributions.begin_signature text
concord.contributions.begin_statement jsonb
concord.contributions.bytes bigint
concord.contributions.chunks integer not null default 0
concord.contributions.decided_at timestamp with time zone
concord.contributions.digest text
concord.contributions.dropped_at timestamp with time zone
concord.contributions.id uuid not null default gen_random_uuid()
concord.contributions.institution_id uuid not null
concord.contributions.join_signature text not null
concord.contributions.join_statement jsonb not null
concord.contributions.joined_at timestamp with time zone not null default now()
concord.contributions.node_id uuid not null
concord.contributions.nonce text not null
concord.contributions.norm double precision
concord.contributions.received bigint not null default 0
concord.contributions.refusal text
concord.contributions.refusal_message text
concord.contributions.reservation text not null
concord.contributions.round_id uuid not null
concord.contributions.signature text
concord.contributions.statement jsonb
concord.contributions.weight double precision
concord.erasure_models.done_at timestamp with time zone
concord.erasure_models.erasure_id uuid not null
concord.erasure_models.institution_id uuid not null
concord.erasure_models.method text
concord.erasure_models.model_version_id uuid
concord.erasure_models.owned text[]
concord.erasure_models.position smallint not null
concord.erasure_models.reason text
concord.erasure_models.replacement_id uuid
concord.erasure_models.user_key text
concord.erasures.erased_at timestamp with time zone not null default now()
concord.erasures.id uuid not null default gen_random_uuid()
concord.erasures.institution_id uuid not null
concord.experiment_variants.experiment_id uuid not null
concord.experiment_variants.institution_id uuid not null
concord.experiment_variants.model_version_id uuid
concord.experiment_variants.name text not null
concord.experiment_variants.position smallint not null
concord.experiment_variants.share double precision not null
concord.experiments.ended_at timestamp with time zone
concord.experiments.id uuid not null default gen_random_uuid()
concord.experiments.institution_id uuid not null
concord.experiments.name text not null
concord.experiments.promoted text
concord.experiments.started_at timestamp with time zone not null default now()
concord.experiments.status text not null
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
concord.model_participants.institution_id uuid not null
concord.model_participants.owned text[] not null
concord.model_participants.participation uuid not null
concord.model_participants.trained boolean not null
concord.model_participants.user_id uuid not null
concord.model_versions.activated_at timestamp with time zone
concord.model_versions.bytes bigint not null
concord.model_versions.contract jsonb not null
concord.model_versions.created_at timestamp with time zone not null default now()
concord.model_versions.digest text not null
concord.model_versions.id uuid not null default gen_random_uuid()
concord.model_versions.institution_id uuid
concord.model_versions.metrics jsonb not null
concord.model_versions.model text not null
concord.model_versions.number integer not null
concord.model_versions.rolled_back_at timestamp with time zone
concord.model_versions.status text not null
concord.model_versions.task text not null
concord.model_versions.training jsonb not null
concord.model_versions.withdrawn_at timestamp with time zone
concord.model_weights.bytes bytea not null
concord.model_weights.institution_id uuid
concord.model_weights.model_version_id uuid not null
concord.model_weights.sequence integer not null
concord.node_keys.id text not null
concord.node_keys.institution_id uuid not null
concord.node_keys.node_id uuid not null
concord.node_keys.public_key text not null
concord.node_keys.revoked_at timestamp with time zone
concord.node_keys.valid_from timestamp with time zone not null
concord.node_keys.valid_to timestamp with time zone
concord.nodes.created_at timestamp with time zone not null default now()
concord.nodes.id uuid not null default gen_random_uuid()
concord.nodes.institution_id uuid not null
concord.nodes.name text not null
concord.nodes.revoked_at timestamp with time zone
concord.optimiser_states.first bytea not null
concord.optimiser_states.round_id uuid not null
concord.optimiser_states.second bytea not null
concord.optimiser_states.sequence integer not null
concord.oversight_reports.created_at timestamp with time zone not null default now()
concord.oversight_reports.id uuid not null default gen_random_uuid()
concord.oversight_reports.institution_id uuid not null
concord.oversight_reports.kind text not null
concord.oversight_reports.level text not null
concord.oversight_reports.model_version_id uuid not null
concord.oversight_reports.report jsonb not null
concord.product_prices.day date not null
concord.product_prices.institution_id uuid not null
concord.product_prices.price double precision not null
concord.product_prices.product_id uuid not null
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
concord.products.price_figures jsonb
concord.products.required_knowledge smallint not null default 0
concord.products.risk_class smallint not null
concord.products.term_months integer
concord.products.type text not null
concord.products.updated_at timestamp with time zone not null default now()
concord.products.volatility double precision
concord.profile_embeddings.computed_at timestamp with time zone not null
concord.profile_embeddings.embedding real[] not null
concord.profile_embeddings.institution_id uuid not null
concord.profile_embeddings.percentile real not null
concord.profile_embeddings.profile_model_id uuid not null
concord.profile_embeddings.segment smallint not null
concord.profile_embeddings.user_id uuid not null
concord.profile_models.active boolean not null
concord.profile_models.contract jsonb not null
concord.profile_models.created_at timestamp with time zone not null default now()
concord.profile_models.id uuid not null default gen_random_uuid()
concord.profile_models.institution_id uuid not null
concord.profile_models.metrics jsonb not null
concord.profile_models.segments jsonb not null
concord.profile_models.training jsonb not null
concord.profile_models.weights bytea not null
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
concord.recommendations.experiment_id uuid
concord.recommendations.id uuid not null default gen_random_uuid()
concord.recommendations.inputs jsonb not null
concord.recommendations.institution_id uuid not null
concord.recommendations.items jsonb not null
concord.recommendations.model_version_id uuid
concord.recommendations.shown integer not null
concord.recommendations.strategy text not null
concord.recommendations.user_id uuid not null
concord.recommendations.variant text
concord.refusals.at timestamp with time zone not null default now()
concord.refusals.code text not null
concord.refusals.id uuid not null default gen_random_uuid()
concord.refusals.institution_id uuid not null
concord.refusals.message text not null
concord.refusals.round_id uuid
concord.refusals.signature text
concord.refusals.statement text
concord.risk_assessments.assessed_at timestamp with time zone not null default now()
concord.risk_assessments.base double precision not null
concord.risk_assessments.class text not null
concord.risk_assessments.id uuid not null default gen_random_uuid()
concord.risk_assessments.institution_id uuid not null
concord.risk_assessments.method text not null
concord.risk_assessments.model_version_id uuid
concord.risk_assessments.principal_reasons jsonb
concord.risk_assessments.probability double precision not null
concord.risk_assessments.product_id uuid
concord.risk_assessments.reasons jsonb not null
concord.risk_assessments.subject text not null
concord.risk_assessments.user_id uuid
concord.rounds.base_version_id uuid not null
concord.rounds.deadline timestamp with time zone
concord.rounds.ended_at timestamp with time zone
concord.rounds.id uuid not null
concord.rounds.members jsonb not null
concord.rounds.metrics jsonb not null default '{}'::jsonb
concord.rounds.number integer not null
concord.rounds.opened_at timestamp with time zone not null
concord.rounds.plan jsonb not null
concord.rounds.plan_digest text not null
concord.rounds.run_id uuid not null
concord.rounds.state jsonb not null
concord.rounds.status text not null
concord.rounds.tidied_at timestamp with time zone
concord.rounds.version_id uuid
concord.training_runs.created_at timestamp with time zone not null default now()
concord.training_runs.ended_at timestamp with time zone
concord.training_runs.id uuid not null
concord.training_runs.settings jsonb not null
concord.training_runs.status text not null
concord.update_chunks.bytes bytea not null
concord.update_chunks.contribution_id uuid not null
concord.update_chunks.institution_id uuid not null
concord.update_chunks.sequence integer not null
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
concord.attribute_descriptions attribute_descriptions_actionable_check CHECK ((actionable = ANY (ARRAY['increase'::text, 'decrease'::text, 'any'::text, 'no'::text])))
concord.attribute_descriptions attribute_descriptions_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES concord.institutions(id)
concord.attribute_descriptions attribute_descriptions_pkey PRIMARY KEY (institution_id, name)
concord.behaviour_events behaviour_events_duration_seconds_check CHECK ((duration_seconds >= (0)::double precision))
concord.behaviour_events behaviour_events_institution_id_product_id_fkey FOREIGN KEY (institution_id, product_id) REFERENCES concord.products(institution_id, id)
concord.behaviour_events behaviour_events_institution_id_user_id_fkey FOREIGN KEY (institution_id, user_id) REFERENCES concord.users(institution_id, id) ON DELETE CASCADE
concord.behaviour_events behaviour_events_pkey PRIMARY KEY (institution_id, event_id)
concord.behaviour_events behaviour_events_type_check CHECK ((type = ANY (ARRAY['transaction'::text, 'view'::text, 'search'::text, 'click'::text, 'purchase'::text, 'sale'::text, 'deposit'::text, 'withdrawal'::text, 'login'::text])))
concord.contributions contributions_bytes_check CHECK ((bytes > 0))
concord.contributions contributions_check CHECK ((received <= COALESCE(bytes, (0)::bigint)))
concord.contributions contributions_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES concord.institutions(id)
concord.contributions contributions_institution_id_id_key UNIQUE (institution_id, id)
concord.contributions contributions_institution_id_node_id_fkey FOREIGN KEY (institution_id, node_id) REFERENCES concord.nodes(institution_id, id)
concord.contributions contributions_join_signature_key UNIQUE (join_signature)
concord.contributions contributions_pkey PRIMARY KEY (id)
concord.contributions contributions_round_id_fkey FOREIGN KEY (round_id) REFERENCES concord.rounds(id)
concord.contributions contributions_round_id_node_id_key UNIQUE (round_id, node_id)
concord.contributions contributions_signature_key UNIQUE (signature)
concord.erasure_models erasure_models_done CHECK (((method IS NULL) = (done_at IS NULL)))
concord.erasure_models erasure_models_forgotten CHECK (((done_at IS NULL) OR ((user_key IS NULL) AND (owned IS NULL))))
concord.erasure_models erasure_models_institution_id_erasure_id_fkey FOREIGN KEY (institution_id, erasure_id) REFERENCES concord.erasures(institution_id, id)
concord.erasure_models erasure_models_method_check CHECK ((method = ANY (ARRAY['exact'::text, 'retrained'::text, 'withdrawn'::text, 'bounded'::text])))
concord.erasure_models erasure_models_model_version_id_fkey FOREIGN KEY (model_version_id) REFERENCES concord.model_versions(id)
concord.erasure_models erasure_models_pkey PRIMARY KEY (erasure_id, "position")
concord.erasure_models erasure_models_position_check CHECK (("position" >= 0))
concord.erasures erasures_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES concord.institutions(id)
concord.erasures erasures_institution_id_id_key UNIQUE (institution_id, id)
concord.erasures erasures_pkey PRIMARY KEY (id)
concord.experiment_variants experiment_variants_champion CHECK ((("position" = 0) = (model_version_id IS NULL)))
concord.experiment_variants experiment_variants_experiment_id_position_key UNIQUE (experiment_id, "position")
concord.experiment_variants experiment_variants_institution_id_experiment_id_fkey FOREIGN KEY (institution_id, experiment_id) REFERENCES concord.experiments(institution_id, id)
concord.experiment_variants experiment_variants_institution_id_experiment_id_name_key UNIQUE (institution_id, experiment_id, name)
concord.experiment_variants experiment_variants_model_version_id_fkey FOREIGN KEY (model_version_id) REFERENCES concord.model_versions(id)
concord.experiment_variants experiment_variants_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
concord.experiment_variants experiment_variants_pkey PRIMARY KEY (experiment_id, name)
concord.experiment_variants experiment_variants_position_check CHECK (("position" >= 0))
concord.experiment_variants experiment_variants_share_check CHECK (((share > (0)::double precision) AND (share < (1)::double precision)))
concord.experiments experiments_end CHECK (((status = 'running'::text) = (ended_at IS NULL)))
concord.experiments experiments_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES concord.institutions(id)
concord.experiments experiments_institution_id_id_key UNIQUE (institution_id, id)
concord.experiments experiments_institution_id_name_key UNIQUE (institution_id, name)
concord.experiments experiments_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
concord.experiments experiments_pkey PRIMARY KEY (id)
concord.experiments experiments_promoted CHECK (((status = 'promoted'::text) = (promoted IS NOT NULL)))
concord.experiments experiments_status_check CHECK ((status = ANY (ARRAY['running'::text, 'stopped'::text, 'promoted'::text])))
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
concord.model_participants model_participants_institution_id_user_id_fkey FOREIGN KEY (institution_id, user_id) REFERENCES concord.users(institution_id, id) ON DELETE CASCADE
concord.model_participants model_participants_pkey PRIMARY KEY (participation, user_id)
concord.model_versions model_versions_bytes_check CHECK ((bytes > 0))
concord.model_versions model_versions_digest_check CHECK ((digest ~ '^[0-9a-f]{64}$'::text))
concord.model_versions model_versions_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES concord.institutions(id)
concord.model_versions model_versions_institution_id_task_number_key UNIQUE NULLS NOT DISTINCT (institution_id, task, number)
concord.model_versions model_versions_pkey PRIMARY KEY (id)
concord.model_versions model_versions_status_check CHECK ((status = ANY (ARRAY['candidate'::text, 'active'::text, 'retired'::text])))
concord.model_versions model_versions_task_check CHECK ((task = ANY (ARRAY['interest'::text, 'risk'::text])))
concord.model_versions model_versions_weights TRIGGER DEFERRABLE INITIALLY DEFERRED
concord.model_versions model_versions_withdrawn CHECK (((withdrawn_at IS NULL) OR (status <> 'active'::text)))
concord.model_weights model_weights_bytes_check CHECK (((length(bytes) >= 1) AND (length(bytes) <= 1048576)))
concord.model_weights model_weights_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES concord.institutions(id)
concord.model_weights model_weights_model_version_id_fkey FOREIGN KEY (model_version_id) REFERENCES concord.model_versions(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
concord.model_weights model_weights_pkey PRIMARY KEY (model_version_id, sequence)
concord.model_weights model_weights_sequence_check CHECK ((sequence >= 0))
concord.model_weights model_weights_version TRIGGER DEFERRABLE INITIALLY DEFERRED
concord.node_keys node_keys_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES concord.institutions(id)
concord.node_keys node_keys_institution_id_node_id_fkey FOREIGN KEY (institution_id, node_id) REFERENCES concord.nodes(institution_id, id)
concord.node_keys node_keys_pkey PRIMARY KEY (id)
concord.nodes nodes_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES concord.institutions(id)
concord.nodes nodes_institution_id_id_key UNIQUE (institution_id, id)
concord.nodes nodes_institution_id_name_key UNIQUE (institution_id, name)
concord.nodes nodes_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
concord.nodes nodes_pkey PRIMARY KEY (id)
concord.optimiser_states optimiser_states_check CHECK (((length(second) = 0) OR (length(second) = length(first))))
concord.optimiser_states optimiser_states_first_check CHECK (((length(first) >= 1) AND (length(first) <= 1048576)))
concord.optimiser_states optimiser_states_pkey PRIMARY KEY (round_id, sequence)
concord.optimiser_states optimiser_states_round_id_fkey FOREIGN KEY (round_id) REFERENCES concord.rounds(id) DEFERRABLE INITIALLY DEFERRED
concord.optimiser_states optimiser_states_sequence_check CHECK ((sequence >= 0))
concord.oversight_reports oversight_reports_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES concord.institutions(id)
concord.oversight_reports oversight_reports_kind_check CHECK ((kind = ANY (ARRAY['fairness'::text, 'drift'::text])))
concord.oversight_reports oversight_reports_level_check CHECK ((level = ANY (ARRAY['none'::text, 'watch'::text, 'alert'::text])))
concord.oversight_reports oversight_reports_model_version_id_fkey FOREIGN KEY (model_version_id) REFERENCES concord.model_versions(id)
concord.oversight_reports oversight_reports_pkey PRIMARY KEY (id)
concord.oversight_reports oversight_reports_report_check CHECK ((jsonb_typeof(report) = 'object'::text))
concord.product_prices product_prices_institution_id_product_id_fkey FOREIGN KEY (institution_id, product_id) REFERENCES concord.products(institution_id, id) ON DELETE CASCADE
concord.product_prices product_prices_pkey PRIMARY KEY (product_id, day)
concord.product_prices product_prices_price_check CHECK (((price > (0)::double precision) AND (price < 'Infinity'::double precision)))
concord.products products_attributes_check CHECK ((jsonb_typeof(attributes) = 'object'::text))
concord.products products_institution_id_code_key UNIQUE (institution_id, code)
concord.products products_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES concord.institutions(id)
concord.products products_institution_id_id_key UNIQUE (institution_id, id)
concord.products products_minimum_amount_check CHECK ((minimum_amount >= (0)::numeric))
concord.products products_minimum_horizon_months_check CHECK ((minimum_horizon_months >= 0))
concord.products products_pkey PRIMARY KEY (id)
concord.products products_price_figures_check CHECK ((jsonb_typeof(price_figures) = 'object'::text))
concord.products products_required_knowledge_check CHECK (((required_knowledge >= 0) AND (required_knowledge <= 3)))
concord.products products_risk_class_check CHECK (((risk_class >= 1) AND (risk_class <= 5)))
concord.products products_term_months_check CHECK ((term_months >= 0))
concord.products products_type_check CHECK ((type = ANY (ARRAY['deposit'::text, 'fund'::text, 'bond'::text, 'stock'::text, 'insurance'::text, 'loan'::text, 'portfolio'::text, 'card'::text, 'account'::text, 'other'::text])))
concord.products products_volatility_check CHECK ((volatility >= (0)::double precision))
concord.profile_embeddings profile_embeddings_institution_id_profile_model_id_fkey FOREIGN KEY (institution_id, profile_model_id) REFERENCES concord.profile_models(institution_id, id) ON DELETE CASCADE
concord.profile_embeddings profile_embeddings_institution_id_user_id_fkey FOREIGN KEY (institution_id, user_id) REFERENCES concord.users(institution_id, id) ON DELETE CASCADE
concord.profile_embeddings profile_embeddings_percentile_check CHECK (((percentile >= (0)::double precision) AND (percentile <= (1)::double precision)))
concord.profile_embeddings profile_embeddings_pkey PRIMARY KEY (user_id)
concord.profile_embeddings profile_embeddings_segment_check CHECK ((segment >= 0))
concord.profile_models profile_models_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES concord.institutions(id)
concord.profile_models profile_models_institution_id_id_key UNIQUE (institution_id, id)
concord.profile_models profile_models_pkey PRIMARY KEY (id)
concord.profile_models profile_models_segments_check CHECK ((jsonb_typeof(segments) = 'array'::text))
concord.profiles profiles_institution_id_user_id_fkey FOREIGN KEY (institution_id, user_id) REFERENCES concord.users(institution_id, id) ON DELETE CASCADE
concord.profiles profiles_pkey PRIMARY KEY (user_id)
concord.questionnaires questionnaires_check CHECK ((expires_at > completed_at))
concord.questionnaires questionnaires_horizon_months_check CHECK (((horizon_months >= 0) AND (horizon_months <= 1200)))
concord.questionnaires questionnaires_institution_id_user_id_fkey FOREIGN KEY (institution_id, user_id) REFERENCES concord.users(institution_id, id) ON DELETE CASCADE
concord.questionnaires questionnaires_investable_amount_check CHECK ((investable_amount >= (0)::numeric))
concord.questionnaires questionnaires_knowledge_check CHECK (((knowledge >= 0) AND (knowledge <= 3)))
concord.questionnaires questionnaires_pkey PRIMARY KEY (user_id)
concord.questionnaires questionnaires_risk_tolerance_check CHECK (((risk_tolerance >= 1) AND (risk_tolerance <= 5)))
concord.recommendations recommendations_institution_id_experiment_id_variant_fkey FOREIGN KEY (institution_id, experiment_id, variant) REFERENCES concord.experiment_variants(institution_id, experiment_id, name)
concord.recommendations recommendations_institution_id_user_id_fkey FOREIGN KEY (institution_id, user_id) REFERENCES concord.users(institution_id, id) ON DELETE CASCADE
concord.recommendations recommendations_institution_id_user_id_id_key UNIQUE (institution_id, user_id, id)
concord.recommendations recommendations_model_version_id_fkey FOREIGN KEY (model_version_id) REFERENCES concord.model_versions(id)
concord.recommendations recommendations_pkey PRIMARY KEY (id)
concord.recommendations recommendations_shown_check CHECK ((shown >= 0))
concord.recommendations recommendations_variant CHECK (((experiment_id IS NULL) = (variant IS NULL)))
concord.refusals refusals_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES concord.institutions(id)
concord.refusals refusals_pkey PRIMARY KEY (id)
concord.refusals refusals_round_id_fkey FOREIGN KEY (round_id) REFERENCES concord.rounds(id)
concord.risk_assessments risk_assessments_class_check CHECK ((class = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text])))
concord.risk_assessments risk_assessments_institution_id_product_id_fkey FOREIGN KEY (institution_id, product_id) REFERENCES concord.products(institution_id, id)
concord.risk_assessments risk_assessments_institution_id_user_id_fkey FOREIGN KEY (institution_id, user_id) REFERENCES concord.users(institution_id, id) ON DELETE CASCADE
concord.risk_assessments risk_assessments_model_version_id_fkey FOREIGN KEY (model_version_id) REFERENCES concord.model_versions(id)
concord.risk_assessments risk_assessments_pkey PRIMARY KEY (id)
concord.risk_assessments risk_assessments_principal_reasons_check CHECK ((jsonb_typeof(principal_reasons) = 'array'::text))
concord.risk_assessments risk_assessments_probability_check CHECK (((probability >= (0)::double precision) AND (probability <= (1)::double precision)))
concord.risk_assessments risk_assessments_subject_check CHECK ((subject = ANY (ARRAY['user'::text, 'product'::text, 'user_product'::text])))
concord.risk_assessments risk_assessments_subject_ids CHECK ((((user_id IS NULL) = (subject = 'product'::text)) AND ((product_id IS NULL) = (subject = 'user'::text))))
concord.rounds rounds_base_version_id_fkey FOREIGN KEY (base_version_id) REFERENCES concord.model_versions(id)
concord.rounds rounds_check CHECK (((deadline IS NULL) = (status = ANY (ARRAY['published'::text, 'rejected'::text, 'failed'::text]))))
concord.rounds rounds_number_check CHECK ((number > 0))
concord.rounds rounds_pkey PRIMARY KEY (id)
concord.rounds rounds_run_id_fkey FOREIGN KEY (run_id) REFERENCES concord.training_runs(id)
concord.rounds rounds_run_id_number_key UNIQUE (run_id, number)
concord.rounds rounds_status_check CHECK ((status = ANY (ARRAY['collecting'::text, 'aggregating'::text, 'evaluating'::text, 'published'::text, 'rejected'::text, 'failed'::text])))
concord.rounds rounds_version_id_fkey FOREIGN KEY (version_id) REFERENCES concord.model_versions(id)
concord.training_runs training_runs_pkey PRIMARY KEY (id)
concord.training_runs training_runs_status_check CHECK ((status = ANY (ARRAY['running'::text, 'completed'::text, 'stopped'::text])))
concord.update_chunks update_chunks_bytes_check CHECK (((length(bytes) >= 1) AND (length(bytes) <= 1048576)))
concord.update_chunks update_chunks_institution_id_contribution_id_fkey FOREIGN KEY (institution_id, contribution_id) REFERENCES concord.contributions(institution_id, id) ON DELETE CASCADE
concord.update_chunks update_chunks_institution_id_fkey FOREIGN KEY (institution_id) REFERENCES concord.institutions(id)
concord.update_chunks update_chunks_pkey PRIMARY KEY (contribution_id, sequence)
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
CREATE INDEX contributions_node ON concord.contributions USING btree (institution_id, node_id)
CREATE INDEX erasure_models_model_version ON concord.erasure_models USING btree (model_version_id)
CREATE INDEX erasure_models_pending ON concord.erasure_models USING btree (institution_id) WHERE (done_at IS NULL)
CREATE INDEX feedback_user ON concord.feedback USING btree (institution_id, user_id)
CREATE INDEX holdings_product ON concord.holdings USING btree (institution_id, product_id)
CREATE INDEX imports_institution ON concord.imports USING btree (institution_id, finished_at DESC)
CREATE INDEX model_participants_user ON concord.model_participants USING btree (institution_id, user_id)
CREATE INDEX node_keys_node ON concord.node_keys USING btree (institution_id, node_id)
CREATE INDEX oversight_reports_latest ON concord.oversight_reports USING btree (institution_id, model_version_id, kind, created_at DESC, id DESC)
CREATE INDEX oversight_reports_time ON concord.oversight_reports USING btree (institution_id, created_at DESC, id DESC)
CREATE INDEX profile_embeddings_model ON concord.profile_embeddings USING btree (institution_id, profile_model_id, computed_at)
CREATE INDEX recommendations_experiment ON concord.recommendations USING btree (institution_id, experiment_id) WHERE (experiment_id IS NOT NULL)
CREATE INDEX refusals_round ON concord.refusals USING btree (institution_id, round_id)
CREATE INDEX risk_assessments_user ON concord.risk_assessments USING btree (institution_id, user_id, assessed_at DESC)
CREATE INDEX rounds_open ON concord.rounds USING btree (deadline) WHERE (deadline IS NOT NULL)
CREATE INDEX rounds_untidy ON concord.rounds USING btree (ended_at) WHERE ((ended_at IS NOT NULL) AND (tidied_at IS NULL))
CREATE INDEX rounds_version ON concord.rounds USING btree (version_id)
CREATE UNIQUE INDEX attribute_descriptions_pkey ON concord.attribute_descriptions USING btree (institution_id, name)
CREATE UNIQUE INDEX behaviour_events_pkey ON concord.behaviour_events USING btree (institution_id, event_id)
CREATE UNIQUE INDEX contributions_institution_id_id_key ON concord.contributions USING btree (institution_id, id)
CREATE UNIQUE INDEX contributions_join_signature_key ON concord.contributions USING btree (join_signature)
CREATE UNIQUE INDEX contributions_pkey ON concord.contributions USING btree (id)
CREATE UNIQUE INDEX contributions_round_id_node_id_key ON concord.contributions USING btree (round_id, node_id)
CREATE UNIQUE INDEX contributions_signature_key ON concord.contributions USING btree (signature)
CREATE UNIQUE INDEX erasure_models_pkey ON concord.erasure_models USING btree (erasure_id, "position")
CREATE UNIQUE INDEX erasures_institution_id_id_key ON concord.erasures USING btree (institution_id, id)
CREATE UNIQUE INDEX erasures_pkey ON concord.erasures USING btree (id)
CREATE UNIQUE INDEX experiment_variants_experiment_id_position_key ON concord.experiment_variants USING btree (experiment_id, "position")
CREATE UNIQUE INDEX experiment_variants_institution_id_experiment_id_name_key ON concord.experiment_variants USING btree (institution_id, experiment_id, name)
CREATE UNIQUE INDEX experiment_variants_pkey ON concord.experiment_variants USING btree (experiment_id, name)
CREATE UNIQUE INDEX experiments_institution_id_id_key ON concord.experiments USING btree (institution_id, id)
CREATE UNIQUE INDEX experiments_institution_id_name_key ON concord.experiments USING btree (institution_id, name)
CREATE UNIQUE INDEX experiments_one_runs ON concord.experiments USING btree (institution_id) WHERE (status = 'running'::text)
CREATE UNIQUE INDEX experiments_pkey ON concord.experiments USING btree (id)
CREATE UNIQUE INDEX feedback_pkey ON concord.feedback USING btree (id)
CREATE UNIQUE INDEX feedback_recommendation_id_product_id_kind_key ON concord.feedback USING btree (recommendation_id, product_id, kind)
CREATE UNIQUE INDEX holdings_pkey ON concord.holdings USING btree (user_id, product_id)
CREATE UNIQUE INDEX imports_pkey ON concord.imports USING btree (id)
CREATE UNIQUE INDEX institutions_code_key ON concord.institutions USING btree (code)
CREATE UNIQUE INDEX institutions_pkey ON concord.institutions USING btree (id)
CREATE UNIQUE INDEX ledger_checkpoints_pkey ON concord.ledger_checkpoints USING btree (institution_id, size)
CREATE UNIQUE INDEX ledger_entries_pkey ON concord.ledger_entries USING btree (institution_id, sequence)
CREATE UNIQUE INDEX model_participants_pkey ON concord.model_participants USING btree (participation, user_id)
CREATE UNIQUE INDEX model_versions_active ON concord.model_versions USING btree (institution_id, task) NULLS NOT DISTINCT WHERE (status = 'active'::text)
CREATE UNIQUE INDEX model_versions_institution_id_task_number_key ON concord.model_versions USING btree (institution_id, task, number) NULLS NOT DISTINCT
CREATE UNIQUE INDEX model_versions_pkey ON concord.model_versions USING btree (id)
CREATE UNIQUE INDEX model_weights_pkey ON concord.model_weights USING btree (model_version_id, sequence)
CREATE UNIQUE INDEX node_keys_pkey ON concord.node_keys USING btree (id)
CREATE UNIQUE INDEX nodes_institution_id_id_key ON concord.nodes USING btree (institution_id, id)
CREATE UNIQUE INDEX nodes_institution_id_name_key ON concord.nodes USING btree (institution_id, name)
CREATE UNIQUE INDEX nodes_pkey ON concord.nodes USING btree (id)
CREATE UNIQUE INDEX optimiser_states_pkey ON concord.optimiser_states USING btree (round_id, sequence)
CREATE UNIQUE INDEX oversight_reports_pkey ON concord.oversight_reports USING btree (id)
CREATE UNIQUE INDEX product_prices_pkey ON concord.product_prices USING btree (product_id, day)
CREATE UNIQUE INDEX products_institution_id_code_key ON concord.products USING btree (institution_id, code)
CREATE UNIQUE INDEX products_institution_id_id_key ON concord.products USING btree (institution_id, id)
CREATE UNIQUE INDEX products_pkey ON concord.products USING btree (id)
CREATE UNIQUE INDEX profile_embeddings_pkey ON concord.profile_embeddings USING btree (user_id)
CREATE UNIQUE INDEX profile_models_active ON concord.profile_models USING btree (institution_id) WHERE active
CREATE UNIQUE INDEX profile_models_institution_id_id_key ON concord.profile_models USING btree (institution_id, id)
CREATE UNIQUE INDEX profile_models_pkey ON concord.profile_models USING btree (id)
CREATE UNIQUE INDEX profiles_pkey ON concord.profiles USING btree (user_id)
CREATE UNIQUE INDEX questionnaires_pkey ON concord.questionnaires USING btree (user_id)
CREATE UNIQUE INDEX recommendations_institution_id_user_id_id_key ON concord.recommendations USING btree (institution_id, user_id, id)
CREATE UNIQUE INDEX recommendations_pkey ON concord.recommendations USING btree (id)
CREATE UNIQUE INDEX refusals_pkey ON concord.refusals USING btree (id)
CREATE UNIQUE INDEX risk_assessments_pkey ON concord.risk_assessments USING btree (id)
CREATE UNIQUE INDEX rounds_pkey ON concord.rounds USING btree (id)
CREATE UNIQUE INDEX rounds_run_id_number_key ON concord.rounds USING btree (run_id, number)
CREATE UNIQUE INDEX training_runs_pkey ON concord.training_runs USING btree (id)
CREATE UNIQUE INDEX update_chunks_pkey ON concord.update_chunks USING btree (contribution_id, sequence)
CREATE UNIQUE INDEX users_institution_id_external_id_key ON concord.users USING btree (institution_id, external_id)
CREATE UNIQUE INDEX users_institution_id_id_key ON concord.users USING btree (institution_id, id)
CREATE UNIQUE INDEX users_pkey ON concord.users USING btree (id)

-- triggers
CREATE CONSTRAINT TRIGGER model_versions_weights AFTER INSERT ON concord.model_versions DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION concord.check_version()
CREATE CONSTRAINT TRIGGER model_weights_version AFTER INSERT ON concord.model_weights DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION concord.check_weights()
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON concord.ledger_checkpoints FOR EACH STATEMENT EXECUTE FUNCTION concord.refuse_change()
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON concord.ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION concord.refuse_change()
CREATE TRIGGER erasure_models_model_version AFTER INSERT OR UPDATE ON concord.erasure_models FOR EACH ROW WHEN ((new.model_version_id IS NOT NULL)) EXECUTE FUNCTION concord.check_model_version('or shared')
CREATE TRIGGER experiment_variants_model_version AFTER INSERT OR UPDATE ON concord.experiment_variants FOR EACH ROW WHEN ((new.model_version_id IS NOT NULL)) EXECUTE FUNCTION concord.check_model_version('or shared')
CREATE TRIGGER follow_ledger BEFORE INSERT ON concord.ledger_entries FOR EACH ROW EXECUTE FUNCTION concord.follow_ledger()
CREATE TRIGGER model_versions_kept BEFORE UPDATE OF id, institution_id, task, model, number, contract, training, created_at, digest, bytes ON concord.model_versions FOR EACH ROW EXECUTE FUNCTION concord.refuse_model_change()
CREATE TRIGGER model_weights_kept BEFORE UPDATE OR TRUNCATE ON concord.model_weights FOR EACH STATEMENT EXECUTE FUNCTION concord.refuse_model_change()
CREATE TRIGGER model_weights_not_deleted BEFORE DELETE ON concord.model_weights FOR EACH ROW EXECUTE FUNCTION concord.keep_weights()
CREATE TRIGGER oversight_reports_kept BEFORE DELETE OR UPDATE OR TRUNCATE ON concord.oversight_reports FOR EACH STATEMENT EXECUTE FUNCTION concord.refuse_report_change()
CREATE TRIGGER oversight_reports_model_version AFTER INSERT OR UPDATE ON concord.oversight_reports FOR EACH ROW EXECUTE FUNCTION concord.check_model_version('or shared')
CREATE TRIGGER recommendations_model_version AFTER INSERT OR UPDATE ON concord.recommendations FOR EACH ROW WHEN ((new.model_version_id IS NOT NULL)) EXECUTE FUNCTION concord.check_model_version('or shared')
CREATE TRIGGER risk_assessments_model_version AFTER INSERT OR UPDATE ON concord.risk_assessments FOR EACH ROW WHEN ((new.model_version_id IS NOT NULL)) EXECUTE FUNCTION concord.check_model_version('or shared')

-- policies
attribute_descriptions own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
behaviour_events own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
contributions own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
erasure_models own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
erasures own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
experiment_variants own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
experiments own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
feedback own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
holdings own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
imports own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
institutions consortium permissive for all to public using (( SELECT concord.is_consortium() AS is_consortium))
institutions own_row_is_read permissive for select to public using ((id = ( SELECT concord.current_institution() AS current_institution)))
ledger_checkpoints own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
ledger_entries own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
model_participants own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
model_versions own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
model_versions shared_rows permissive for all to public using (((institution_id IS NULL) AND ( SELECT concord.is_consortium() AS is_consortium)))
model_versions shared_rows_are_read permissive for select to public using (((institution_id IS NULL) AND (( SELECT concord.current_institution() AS current_institution) IS NOT NULL)))
model_weights own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
model_weights shared_rows permissive for all to public using (((institution_id IS NULL) AND ( SELECT concord.is_consortium() AS is_consortium)))
model_weights shared_rows_are_read permissive for select to public using (((institution_id IS NULL) AND (( SELECT concord.current_institution() AS current_institution) IS NOT NULL)))
node_keys own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
nodes own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
optimiser_states consortium permissive for all to public using (( SELECT concord.is_consortium() AS is_consortium))
optimiser_states members_read permissive for select to public using ((( SELECT concord.current_institution() AS current_institution) IS NOT NULL))
oversight_reports own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
product_prices own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
products own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
profile_embeddings own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
profile_models own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
profiles own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
questionnaires own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
recommendations own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
refusals own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
risk_assessments own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
rounds consortium permissive for all to public using (( SELECT concord.is_consortium() AS is_consortium))
rounds members_read permissive for select to public using ((( SELECT concord.current_institution() AS current_institution) IS NOT NULL))
training_runs consortium permissive for all to public using (( SELECT concord.is_consortium() AS is_consortium))
training_runs members_read permissive for select to public using ((( SELECT concord.current_institution() AS current_institution) IS NOT NULL))
update_chunks own_rows permissive for all to public using ((institution_id = ( SELECT concord.current_institution() AS current_institution)))
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
CREATE OR REPLACE FUNCTION concord.check_version()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
      begin
        if (select count(*) from concord.model_weights w where w.model_version_id = new.id)
           is distinct from (new.bytes + 1048575) / 1048576 then
          raise check_violation using
            message = 'weights of the model version are missing',
            schema = tg_table_schema, table = tg_table_name, constraint = tg_name;
        end if;
        return null;
      end $function$
CREATE OR REPLACE FUNCTION concord.check_weights()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
      begin
        if not exists (
          select from concord.model_versions v
          where v.id = new.model_version_id and v.institution_id is not distinct from new.institution_id
            and length(new.bytes) = least(1048576, v.bytes - new.sequence::bigint * 1048576)
        ) then
          raise foreign_key_violation using
            message = 'the model version does not exist, or the piece is none of its weights',
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
        perform concord.grant_federation(role);
        perform concord.grant_oversight(role);
        perform concord.grant_prices(role);
        perform concord.grant_experiments(role);
        perform concord.grant_embeddings(role);
        perform concord.grant_erasures(role);
      end $function$
CREATE OR REPLACE FUNCTION concord.grant_embeddings(role name)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
      begin
        execute format('grant select, insert, update, delete on concord.profile_models, concord.profile_embeddings to %I', role);
      end $function$
CREATE OR REPLACE FUNCTION concord.grant_erasures(role name)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
      begin
        execute format('grant delete on concord.model_weights to %I', role);
        execute format('grant select, insert on concord.model_participants, concord.erasures to %I', role);
        execute format('grant select, insert, update (method, user_key, owned, replacement_id, reason, done_at) on concord.erasure_models to %I', role);
      end $function$
CREATE OR REPLACE FUNCTION concord.grant_experiments(role name)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
      begin
        execute format('grant select, insert, update on concord.experiments to %I', role);
        execute format('grant select, insert on concord.experiment_variants to %I', role);
      end $function$
CREATE OR REPLACE FUNCTION concord.grant_federation(role name)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
      begin
        execute format('grant select, insert, update on concord.nodes, concord.node_keys, concord.training_runs, concord.rounds,
          concord.optimiser_states, concord.contributions to %I', role);
        execute format('grant select, insert, delete on concord.update_chunks to %I', role);
        execute format('grant select, insert on concord.refusals to %I', role);
        execute format('revoke update on concord.model_weights from %I', role);
        execute format('revoke delete on concord.model_versions, concord.model_weights from %I', role);
        execute format('revoke update on concord.optimiser_states from %I', role);
        execute format('grant delete on concord.optimiser_states to %I', role);
      end $function$
CREATE OR REPLACE FUNCTION concord.grant_ledger(role name)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
      begin
        execute format('revoke all on concord.ledger_entries, concord.ledger_checkpoints from %I', role);
        execute format('grant select, insert on concord.ledger_entries, concord.ledger_checkpoints to %I', role);
      end $function$
CREATE OR REPLACE FUNCTION concord.grant_oversight(role name)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
      begin
        execute format('grant select, insert on concord.oversight_reports to %I', role);
      end $function$
CREATE OR REPLACE FUNCTION concord.grant_prices(role name)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
      begin
        execute format('grant select, insert, update, delete on concord.product_prices, concord.attribute_descriptions to %I', role);
      end $function$
CREATE OR REPLACE FUNCTION concord.is_consortium()
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$ select coalesce(current_setting('concord.consortium', true), '') = 'on' $function$
CREATE OR REPLACE FUNCTION concord.keep_weights()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
      begin
        if exists (select from concord.model_versions v where v.id = old.model_version_id and v.withdrawn_at is null) then
          raise exception 'what a model version is made of is never changed' using errcode = '42501';
        end if;
        return old;
      end $function$
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
CREATE OR REPLACE FUNCTION concord.refuse_model_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
      begin
        raise exception 'what a model version is made of is never changed' using errcode = '42501';
      end $function$
CREATE OR REPLACE FUNCTION concord.refuse_report_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
      begin
        raise exception 'what was reported is never changed' using errcode = '42501';
      end $function$

-- grants to the application
concord.attribute_descriptions: delete, insert, select, update
concord.behaviour_events: delete, insert, select, update
concord.contributions: insert, select, update
concord.erasure_models: insert, select
concord.erasures: insert, select
concord.experiment_variants: insert, select
concord.experiments: insert, select, update
concord.feedback: delete, insert, select, update
concord.holdings: delete, insert, select, update
concord.imports: delete, insert, select, update
concord.institutions: delete, insert, select, update
concord.ledger_checkpoints: insert, select
concord.ledger_entries: insert, select
concord.model_participants: insert, select
concord.model_versions: insert, select, update
concord.model_weights: delete, insert, select
concord.node_keys: insert, select, update
concord.nodes: insert, select, update
concord.optimiser_states: delete, insert, select
concord.oversight_reports: insert, select
concord.product_prices: delete, insert, select, update
concord.products: delete, insert, select, update
concord.profile_embeddings: delete, insert, select, update
concord.profile_models: delete, insert, select, update
concord.profiles: delete, insert, select, update
concord.questionnaires: delete, insert, select, update
concord.recommendations: delete, insert, select, update
concord.refusals: insert, select
concord.risk_assessments: delete, insert, select, update
concord.rounds: insert, select, update
concord.training_runs: insert, select, update
concord.update_chunks: delete, insert, select
concord.users: delete, insert, select, update
concord_meta.migrations: select
schema concord: usage
schema concord_meta: usage

-- comments
concord.attribute_descriptions.actionable: how the user can change it; null: not said
concord.behaviour_events.event_id: the client's id: recording an event twice changes nothing
concord.erasure_models.user_key: what must be taken out of the model, with owned; deleted when that is done
concord.erasure_models: a model that had learnt from the user; without a version: the institution's profile model
concord.experiment_variants.model_version_id: null: the champion, whatever version is active
concord.model_participants.participation: of a training: model_versions.training names it
concord.model_participants.trained: false: set aside, for figures or for the choice of settings
concord.model_versions.bytes: length of the weights file
concord.model_versions.contract: the fitted feature contract
concord.model_versions.digest: SHA-256 of the weights file
concord.model_versions.institution_id: null: the consortium's shared model
concord.model_versions.rolled_back_at: when a rollback took it out of service: no later rollback goes back to it
concord.model_versions.training: settings, seed, rows, duration
concord.model_versions.withdrawn_at: it had learnt from a user who was erased: its weights are deleted
concord.model_weights.bytes: a piece of a safetensors file, 1 MiB but for the last
concord.oversight_reports.institution_id: whose users were measured; the version may be a shared one
concord.oversight_reports.level: none, watch or alert: see docs/oversight.md for what passes which mark
concord.oversight_reports.report: figures of groups of users, none of fewer than the report says; nothing of any one user
concord.product_prices.price: in the product's currency, adjusted for splits
concord.products.code: the same code at two institutions is the same product to a model
concord.products.expected_yield: per year: .03 is 3 %
concord.products.price_figures: what follows from product_prices, written with them; null: too few prices
concord.products.volatility: per year: .15 is 15 %
concord.profile_embeddings.percentile: share of users whose data the model reconstructs better
concord.profile_models.segments: [{share, users, traits: [{feature, category, value, overall, effect}]}]
concord.profile_models.weights: safetensors
concord.profiles.features: {name: number}: derived, what models read
concord.profiles.state: accumulators from which features are computed incrementally
concord.profiles.tags: [{tag, rule}]
concord.questionnaires: the latest answers of each user (MiFID II suitability); knowledge: none, basic, informed, expert
concord.recommendations.inputs: the row that was scored, so that a later page is explained as the first
concord.recommendations.items: the whole ranked answer: [{productId, code, score, rank, terms, explanation?, suitability}]
concord.recommendations.shown: the first so many items have been delivered; feedback refers to these only
concord.recommendations.strategy: model, cold-user, …
concord.risk_assessments.base: log-odds; base + the contributions of the reasons = the log-odds of probability
concord.risk_assessments.principal_reasons: [{code, feature, value, contribution, text, textZh}], at most four; null: assessed before there were any
concord.risk_assessments.reasons: [{feature, value, contribution, text}]
concord.users.attributes: {name: number | string | null}; dates as "YYYY-MM-DD"
concord.users.external_id: the institution's own id
concord.users.risk_label: what happened, where it is known
