import { DEFAULT_SCOPES, type Scope, type Viewer } from '../../src/graphql/viewer.js';

/** A bank's application, with the scopes that a partner has unless others are given. */
export function partner(institutionId: string, scopes: readonly Scope[] = DEFAULT_SCOPES.partner): Viewer {
  return { subject: 'test-partner', client: 'partner', scopes: new Set(scopes), institutionId };
}

/** The consortium's operator, of no institution unless one is given. */
export function operator(institutionId?: string): Viewer {
  return { subject: 'test-operator', client: 'operator', scopes: new Set(DEFAULT_SCOPES.operator), institutionId };
}
