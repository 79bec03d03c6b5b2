import type { JWTPayload } from 'jose';
import { ConcordError } from '../../errors.js';
import { CLIENTS, type ClientKind, DEFAULT_SCOPES, type Scope } from '../../graphql/viewer.js';

/** What a token says, once it has been verified. */
export interface Claims {
  readonly subject: string;
  readonly client: ClientKind;
  readonly scopes: readonly Scope[];
  /** Code or id, as the issuer has it. */
  readonly institution?: string;
  /** Thumbprint of the key that the token is bound to. */
  readonly keyThumbprint?: string;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

export interface ClaimNames {
  readonly client: string;
  readonly institution: string;
}

export const unauthenticated = (message: string, options?: ErrorOptions) =>
  new ConcordError('UNAUTHENTICATED', message, {}, options);

/**
 * Reads the claims of a verified token. Scopes beyond those of its kind of client, and unknown ones, are left out; a token
 * without scopes has those of its kind.
 * @throws {ConcordError} UNAUTHENTICATED where something is missing, or where the token is bound in a way that we cannot check.
 */
export function readClaims(payload: JWTPayload, names: ClaimNames): Claims {
  const client = CLIENTS.find((kind) => kind === payload[names.client]);
  if (!client) throw unauthenticated(`The token does not say in "${names.client}" which kind of client it is for.`);
  const institution = payload[names.institution];
  if (institution !== undefined && (typeof institution !== 'string' || institution.length > 128)) {
    throw unauthenticated(`The token's "${names.institution}" is not the code or id of an institution.`);
  }
  return {
    subject: payload.sub!,
    client,
    scopes: scopesOf(payload, client),
    institution,
    keyThumbprint: thumbprintOf(payload),
    expiresAt: payload.exp!,
  };
}

function scopesOf(payload: JWTPayload, client: ClientKind): readonly Scope[] {
  const stated = payload.scope ?? payload.scp;
  if (stated === undefined) return DEFAULT_SCOPES[client];
  const names = typeof stated === 'string' ? stated.split(' ') : Array.isArray(stated) ? stated : [];
  return DEFAULT_SCOPES[client].filter((scope) => names.includes(scope));
}

/** A binding that is not understood must not be ignored: the token would be worth more than its issuer meant. */
function thumbprintOf(payload: JWTPayload): string | undefined {
  const confirmation = payload.cnf;
  if (confirmation === undefined) return undefined;
  const methods = typeof confirmation === 'object' && confirmation !== null ? Object.keys(confirmation) : [];
  const thumbprint = (confirmation as { jkt?: unknown } | null)?.jkt;
  if (methods.length === 1 && typeof thumbprint === 'string') return thumbprint;
  throw unauthenticated(
    'The token is bound to a key in another way than DPoP (cnf.jkt), which this server cannot check.',
  );
}
