import { randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, importJWK, type JWK, SignJWT } from 'jose';
import type { ClientKind, Scope } from '../../graphql/viewer.js';
import { openKeyFile } from '../key-file.js';

/** The iss of tokens from the built-in issuer. */
export const BUILT_IN_ISSUER = 'urn:concord:built-in-issuer';
export const BUILT_IN_ALGORITHM = 'EdDSA';
const KEY_FILE = 'issuer-key.json';

export interface TokenRequest {
  readonly client: ClientKind;
  /** Default: those of the client kind. */
  readonly scopes?: readonly Scope[];
  /** Code or id. */
  readonly institution?: string;
  readonly subject?: string;
  readonly audience: string;
  readonly expiresInSeconds: number;
  /** RFC 7638 thumbprint of the client's own key: the token is then worth nothing without it (RFC 9449). */
  readonly keyThumbprint?: string;
}

/** Issues tokens on this machine, signed by an Ed25519 key that stays in the data folder. */
export interface BuiltInIssuer {
  readonly jwks: { readonly keys: readonly JWK[] };
  issue(request: TokenRequest): Promise<string>;
}

/**
 * Opens the key of the data folder, or makes one (mode 0600). Any number of processes may do so at once: all get the same.
 * @throws {ConcordError} CONFIGURATION where the folder cannot be written or the file is not such a key.
 */
export async function openBuiltInIssuer(dataDir: string): Promise<BuiltInIssuer> {
  const jwk = await openKeyFile(dataDir, KEY_FILE, 'the key of the built-in issuer');
  const { d: _private, ...open } = jwk;
  const publicKey = { ...open, alg: BUILT_IN_ALGORITHM, use: 'sig', kid: await calculateJwkThumbprint(open) };
  const key = await importJWK(jwk, BUILT_IN_ALGORITHM);
  return {
    jwks: { keys: [publicKey] },
    async issue({ client, scopes, institution, subject, audience, expiresInSeconds, keyThumbprint }) {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({
        client,
        ...(scopes && { scope: scopes.join(' ') }),
        ...(institution && { institution }),
        ...(keyThumbprint && { cnf: { jkt: keyThumbprint } }),
      })
        .setProtectedHeader({ alg: BUILT_IN_ALGORITHM, kid: publicKey.kid, typ: 'at+jwt' })
        .setIssuer(BUILT_IN_ISSUER)
        .setAudience(audience)
        .setSubject(subject ?? (institution ? `${client}:${institution}` : client))
        .setJti(randomUUID())
        .setIssuedAt(now)
        .setExpirationTime(now + expiresInSeconds)
        .sign(key);
    },
  };
}
