import { randomUUID } from 'node:crypto';

/** Ids of an institution's rows, filled as its fixtures are made. */
export interface Tenant {
  institution_id: string;
  user_id?: string;
  product_id?: string;
  model_version_id?: string;
  recommendation_id?: string;
  node_id?: string;
  contribution_id?: string;
  experiment_id?: string;
  profile_model_id?: string;
  erasure_id?: string;
}

type Row = Record<string, unknown>;

const owned = ({ institution_id }: Tenant, row: Row): Row => ({ institution_id, ...row });
const later = () => new Date(Date.UTC(2040, 0, 1));
const now = () => new Date(Date.UTC(2026, 0, 1));

function user(tenant: Tenant): Row {
  tenant.user_id = randomUUID();
  return owned(tenant, { id: tenant.user_id, external_id: randomUUID() });
}

function product(tenant: Tenant): Row {
  tenant.product_id = randomUUID();
  const values = { name: 'A fund', type: 'fund', risk_class: 3, currency: 'EUR' };
  return owned(tenant, { id: tenant.product_id, code: randomUUID(), ...values });
}

/** Together with its weights, in the same transaction: PostgreSQL refuses the one without the other. */
function modelVersion(tenant: Tenant): Row {
  tenant.model_version_id = randomUUID();
  const number = Number.parseInt(tenant.model_version_id.slice(0, 6), 16);
  const values = {
    task: 'risk',
    model: 'logistic',
    number,
    status: 'candidate',
    contract: {},
    metrics: {},
    training: {},
    digest: 'a'.repeat(64),
    bytes: 1,
  };
  return owned(tenant, { id: tenant.model_version_id, ...values });
}

function recommendation(tenant: Tenant): Row {
  tenant.recommendation_id = randomUUID();
  const { user_id, model_version_id } = tenant;
  const values = { strategy: 'model', items: '[]', shown: 0, inputs: {} };
  return owned(tenant, { id: tenant.recommendation_id, user_id, model_version_id, ...values });
}

function node(tenant: Tenant): Row {
  tenant.node_id = randomUUID();
  return owned(tenant, { id: tenant.node_id, name: tenant.node_id });
}

/** The round that every institution's fixtures take part in: runs and rounds are the consortium's, written before them. */
export const ROUND_ID = randomUUID();

function contribution(tenant: Tenant): Row {
  // One for each node and round.
  tenant.contribution_id = randomUUID();
  return owned(tenant, {
    id: tenant.contribution_id,
    round_id: ROUND_ID,
    node_id: tenant.node_id,
    nonce: 'nonce',
    reservation: 'reservation',
    join_statement: {},
    join_signature: randomUUID(),
  });
}

/** Tables of the whole consortium, whose rows every member reads and none writes; a row of each, in order. */
export const CONSORTIUM_FIXTURES: Readonly<Record<string, (modelVersionId: string) => Row>> = {
  training_runs: () => ({ id: ROUND_ID, status: 'running', settings: {} }),
  rounds: (modelVersionId) => ({
    id: ROUND_ID,
    run_id: ROUND_ID,
    number: 1,
    status: 'collecting',
    state: {},
    plan: {},
    plan_digest: 'digest',
    members: {},
    deadline: later(),
    base_version_id: modelVersionId,
    opened_at: now(),
  }),
  optimiser_states: () => ({ round_id: ROUND_ID, sequence: 0, first: Buffer.from([1]), second: Buffer.from([1]) }),
};

/** A row of each table of an institution, in the order in which they refer to each other. */
export const FIXTURES: Readonly<Record<string, (tenant: Tenant) => Row>> = {
  institutions: () => ({
    code: `bank-${randomUUID().slice(0, 8)}`,
    name: 'A bank',
    kind: 'bank',
    country: 'DE',
    currency: 'EUR',
  }),
  users: user,
  questionnaires: (tenant) =>
    owned(tenant, {
      user_id: tenant.user_id,
      risk_tolerance: 3,
      knowledge: 1,
      horizon_months: 60,
      completed_at: now(),
      expires_at: later(),
    }),
  profiles: (tenant) => owned(tenant, { user_id: tenant.user_id, features: {}, state: {} }),
  products: product,
  product_prices: (tenant) => owned(tenant, { product_id: tenant.product_id, day: now(), price: 1 }),
  attribute_descriptions: (tenant) => owned(tenant, { name: randomUUID() }),
  holdings: (tenant) => owned(tenant, { user_id: tenant.user_id, product_id: tenant.product_id }),
  behaviour_events: (tenant) =>
    owned(tenant, {
      event_id: randomUUID(),
      user_id: tenant.user_id,
      product_id: tenant.product_id,
      type: 'view',
      occurred_at: now(),
    }),
  model_versions: modelVersion,
  model_weights: (tenant) =>
    owned(tenant, { model_version_id: tenant.model_version_id, sequence: 0, bytes: Buffer.from([1]) }),
  risk_assessments: (tenant) =>
    owned(tenant, {
      subject: 'user_product',
      user_id: tenant.user_id,
      product_id: tenant.product_id,
      probability: 0.5,
      class: 'low',
      method: 'model',
      model_version_id: tenant.model_version_id,
      base: 0,
      reasons: '[]',
    }),
  profile_models(tenant) {
    tenant.profile_model_id = randomUUID();
    const values = { active: false, contract: {}, weights: Buffer.of(1), segments: '[]', metrics: {}, training: {} };
    return owned(tenant, { id: tenant.profile_model_id, ...values });
  },
  profile_embeddings: (tenant) =>
    owned(tenant, {
      user_id: tenant.user_id,
      profile_model_id: tenant.profile_model_id,
      embedding: [0.5],
      segment: 0,
      percentile: 0.5,
      computed_at: now(),
    }),
  model_participants: (tenant) =>
    owned(tenant, { participation: randomUUID(), user_id: tenant.user_id, trained: true, owned: [] }),
  erasures(tenant) {
    tenant.erasure_id = randomUUID();
    return owned(tenant, { id: tenant.erasure_id });
  },
  erasure_models: (tenant) =>
    owned(tenant, { erasure_id: tenant.erasure_id, position: 0, model_version_id: tenant.model_version_id }),
  experiments(tenant) {
    tenant.experiment_id = randomUUID();
    return owned(tenant, { id: tenant.experiment_id, name: tenant.experiment_id, status: 'stopped', ended_at: now() });
  },
  experiment_variants: (tenant) =>
    owned(tenant, {
      experiment_id: tenant.experiment_id,
      position: 1,
      name: 'a challenger',
      share: 0.1,
      model_version_id: tenant.model_version_id,
    }),
  recommendations: recommendation,
  feedback: (tenant) =>
    owned(tenant, {
      recommendation_id: tenant.recommendation_id,
      user_id: tenant.user_id,
      product_id: tenant.product_id,
      kind: 'viewed',
    }),
  ledger_entries: (tenant) =>
    owned(tenant, { sequence: 1, record: {}, spent: {}, previous: '0'.repeat(64), hash: 'a'.repeat(64) }),
  ledger_checkpoints: (tenant) =>
    owned(tenant, {
      size: 1,
      root: 'b'.repeat(64),
      head: 'a'.repeat(64),
      at: '2026-01-01T00:00:00.000Z',
      key: 'key',
      public_key: 'key',
      signature: 'signature',
    }),
  nodes: node,
  node_keys: (tenant) =>
    owned(tenant, { id: randomUUID(), node_id: tenant.node_id, public_key: 'key', valid_from: now() }),
  contributions: contribution,
  update_chunks: (tenant) =>
    owned(tenant, { contribution_id: tenant.contribution_id, sequence: 0, bytes: Buffer.from([1]) }),
  refusals: (tenant) => owned(tenant, { code: 'REPLAYED', message: 'Again.' }),
  oversight_reports: (tenant) =>
    owned(tenant, { model_version_id: tenant.model_version_id, kind: 'drift', level: 'none', report: {} }),
  imports: (tenant) => owned(tenant, { descriptor: 'test', report: {}, started_at: now(), finished_at: now() }),
};
