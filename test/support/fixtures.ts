import { randomUUID } from 'node:crypto';

/** Ids of an institution's rows, filled as its fixtures are made. */
export interface Tenant {
  institution_id: string;
  user_id?: string;
  product_id?: string;
  model_version_id?: string;
  recommendation_id?: string;
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
  };
  return owned(tenant, { id: tenant.model_version_id, ...values });
}

function recommendation(tenant: Tenant): Row {
  tenant.recommendation_id = randomUUID();
  const { user_id, model_version_id } = tenant;
  const values = { strategy: 'model', items: '[]', shown: 0, inputs: {} };
  return owned(tenant, { id: tenant.recommendation_id, user_id, model_version_id, ...values });
}

/** A row of each table, in the order in which they refer to each other. */
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
  model_weights: (tenant) => owned(tenant, { model_version_id: tenant.model_version_id, weights: Buffer.from([1]) }),
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
  imports: (tenant) => owned(tenant, { descriptor: 'test', report: {}, started_at: now(), finished_at: now() }),
};
