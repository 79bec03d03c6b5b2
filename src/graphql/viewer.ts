import { ConcordError, forbidden } from '../errors.js';

export const CLIENTS = ['partner', 'node', 'auditor', 'operator'] as const;
/** What kind of client is calling: a bank's application, its training process, an auditor, or the consortium's operator. */
export type ClientKind = (typeof CLIENTS)[number];

export const SCOPES = [
  'recommendations:read', // users, products, profiles, risk and recommendations of the institution
  'users:write', // create and change users, products, holdings; record events, questionnaires and feedback
  'models:read', // model versions and their metrics
  'models:write', // activate, roll back
  'updates:submit', // submit model updates to a round
  'budget:audit', // budgets and ledgers
  'rounds:admin', // open and close rounds, enrol nodes
  'institutions:admin', // create institutions; act for any of them
] as const;
export type Scope = (typeof SCOPES)[number];

export const DEFAULT_SCOPES: Readonly<Record<ClientKind, readonly Scope[]>> = {
  partner: ['recommendations:read', 'users:write', 'models:read'],
  node: ['models:read', 'updates:submit'],
  auditor: ['models:read', 'budget:audit'],
  operator: SCOPES,
};

/** Who is calling. Every service method takes it first: authorisation is the service's work, not the resolver's. */
export interface Viewer {
  readonly subject: string;
  readonly client: ClientKind;
  readonly scopes: ReadonlySet<Scope>;
  /** The institution whose rows the viewer sees. Operators and auditors of the consortium may have none. */
  readonly institutionId?: string;
}

/** @throws {ConcordError} UNAUTHENTICATED without a viewer. */
export function requireViewer(viewer: Viewer | undefined): asserts viewer is Viewer {
  if (!viewer) throw new ConcordError('UNAUTHENTICATED', 'Send a token: Authorization: Bearer <token>.');
}

/** @throws {ConcordError} UNAUTHENTICATED without a viewer, FORBIDDEN where the scope is missing. */
export function requireScope(viewer: Viewer | undefined, scope: Scope): asserts viewer is Viewer {
  requireViewer(viewer);
  if (!viewer.scopes.has(scope)) throw forbidden(`This needs the scope ${scope}.`);
}

/**
 * The institution for whose rows this call works.
 * @throws {ConcordError} as requireScope, and FORBIDDEN where the viewer belongs to no institution.
 */
export function requireInstitution(viewer: Viewer | undefined, scope: Scope): string {
  requireScope(viewer, scope);
  if (!viewer.institutionId) throw forbidden('This needs a token that names an institution.');
  return viewer.institutionId;
}
