import { createHash } from 'node:crypto';
import type { Viewer } from '../../graphql/viewer.js';
import type { Config } from '../config.js';
import { type ClaimNames, type Claims, readClaims, unauthenticated } from './claims.js';
import { createProofChecker } from './dpop.js';
import { ExpiringMap } from './expiring-map.js';
import type { BuiltInIssuer } from './issuer.js';
import { type Verify, verifyBuiltIn, verifyOidc } from './verifier.js';

export interface Credentials {
  readonly authorization: string | undefined;
  /** The DPoP header. */
  readonly proof: string | undefined;
  readonly method: string;
  /** Where the client sent the request, without query. */
  readonly url: string;
}

export interface Authenticator {
  /**
   * @returns who calls, or undefined without a token
   * @throws {ConcordError} UNAUTHENTICATED where a token was sent that does not hold, UNAVAILABLE where that cannot be checked now.
   */
  authenticate(credentials: Credentials): Promise<Viewer | undefined>;
}

/** @returns the id of the institution of that code or id. */
export type FindInstitution = (codeOrId: string) => Promise<string | undefined>;

export interface AuthenticatorModules {
  /** Undefined where an OIDC issuer is configured. */
  readonly issuer: BuiltInIssuer | undefined;
  readonly findInstitution: FindInstitution;
}

const MAX_TOKEN = 8192;
const REMEMBER_MS = 60_000;

export function createAuthenticator(config: Config['tokens'], modules: AuthenticatorModules): Authenticator {
  const verify = chooseVerifier(config, modules.issuer);
  const names: ClaimNames = { client: config.clientClaim, institution: config.institutionClaim };
  const checkProof = createProofChecker(config.clockToleranceSeconds);
  const verified = new ExpiringMap<string, Claims>(10_000);
  const institutions = new ExpiringMap<string, string>(10_000);

  /** Verifying a signature costs more than many a request: its outcome is kept for a minute, and never beyond the expiry. */
  async function claimsOf(token: string): Promise<Claims> {
    const key = createHash('sha256').update(token).digest('base64');
    const found = verified.get(key);
    if (found) return found;
    const claims = readClaims(await verify(token), names);
    const left = claims.expiresAt * 1000 - Date.now();
    if (left > 0) verified.set(key, claims, Math.min(REMEMBER_MS, left));
    return claims;
  }

  async function institutionOf(codeOrId: string): Promise<string> {
    const found = institutions.get(codeOrId) ?? (await modules.findInstitution(codeOrId));
    if (!found) throw unauthenticated('The token names an institution that is not known here.');
    institutions.set(codeOrId, found, REMEMBER_MS);
    return found;
  }

  return {
    async authenticate({ authorization, proof, method, url }) {
      if (authorization === undefined) return undefined;
      const [, scheme, token] = /^(Bearer|DPoP) +([\w.~+/=-]+)$/i.exec(authorization) ?? [];
      if (!scheme || !token || token.length > MAX_TOKEN) {
        throw unauthenticated('The Authorization header must be "Bearer <token>" or "DPoP <token>".');
      }
      const claims = await claimsOf(token);
      if (claims.keyThumbprint) {
        const shown = scheme.toLowerCase() === 'dpop' ? proof : undefined;
        await checkProof({ proof: shown, token, thumbprint: claims.keyThumbprint, method, url });
      } else if (config.requireBound || scheme.toLowerCase() === 'dpop') {
        throw unauthenticated('The token is not bound to a key of the client (DPoP).');
      }
      return {
        subject: claims.subject,
        client: claims.client,
        scopes: new Set(claims.scopes),
        ...(claims.institution && { institutionId: await institutionOf(claims.institution) }),
      };
    },
  };
}

function chooseVerifier(config: Config['tokens'], issuer: BuiltInIssuer | undefined): Verify {
  if (config.issuer) return verifyOidc({ ...config, issuer: config.issuer });
  if (issuer) return verifyBuiltIn(issuer, config);
  throw new TypeError('There is neither an OIDC issuer nor the built-in one.');
}
