import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { ConcordError } from '../../errors.js';
import { unauthenticated } from './claims.js';
import { BUILT_IN_ALGORITHM, BUILT_IN_ISSUER, type BuiltInIssuer } from './issuer.js';

/** Signature algorithms with a public key. No "none", and nothing with a shared secret. */
export const PUBLIC_KEY_ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
const FETCH_TIMEOUT_MS = 5000;

/** Verifies the signature and the standing of a token. */
export type Verify = (token: string) => Promise<JWTPayload>;

interface VerifyOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: string[];
  readonly clockToleranceSeconds: number;
}

export function verifyBuiltIn(
  issuer: BuiltInIssuer,
  options: Pick<VerifyOptions, 'audience' | 'clockToleranceSeconds'>,
): Verify {
  const keys = createLocalJWKSet({ keys: [...issuer.jwks.keys] });
  const all = { ...options, issuer: BUILT_IN_ISSUER, algorithms: [BUILT_IN_ALGORITHM] };
  return (token) => verify(token, keys, all);
}

/** @param jwksUrl where the keys are; default: found by OpenID Connect discovery, at the first token */
export function verifyOidc(
  options: Pick<VerifyOptions, 'issuer' | 'audience' | 'clockToleranceSeconds'> & { readonly jwksUrl?: string },
): Verify {
  let keys: JWTVerifyGetKey | undefined;
  return async (token) => {
    keys ??= createRemoteJWKSet(new URL(options.jwksUrl ?? (await discoverKeys(options.issuer))), {
      timeoutDuration: FETCH_TIMEOUT_MS,
    });
    return verify(token, keys, { ...options, algorithms: PUBLIC_KEY_ALGORITHMS });
  };
}

async function verify(token: string, keys: JWTVerifyGetKey, options: VerifyOptions): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer: options.issuer,
      audience: options.audience,
      algorithms: options.algorithms,
      clockTolerance: options.clockToleranceSeconds,
      requiredClaims: ['exp', 'sub'],
    });
    return payload;
  } catch (error) {
    throw refusal(error);
  }
}

/** Says what is wrong with a token, as far as that helps whoever holds it. */
function refusal(error: unknown): ConcordError {
  if (error instanceof errors.JWTExpired) return unauthenticated('The token has expired.', { cause: error });
  if (error instanceof errors.JWTClaimValidationFailed) {
    return unauthenticated(`The token's "${error.claim}" is missing or not accepted here.`, { cause: error });
  }
  if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) return keysUnavailable(error);
  return unauthenticated(
    'The token does not verify: it is malformed, or not signed by the issuer that is accepted here.',
    {
      cause: error,
    },
  );
}

const keysUnavailable = (cause: unknown) =>
  new ConcordError('UNAVAILABLE', 'The keys of the token issuer cannot be reached.', {}, { cause });

/** @throws {ConcordError} UNAVAILABLE where the issuer does not answer as OpenID Connect Discovery 1.0 says. */
async function discoverKeys(issuer: string): Promise<string> {
  try {
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS), redirect: 'error' });
    const document = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown };
    if (document.issuer === issuer && typeof document.jwks_uri === 'string') return document.jwks_uri;
    throw new Error('The discovery document names another issuer, or no jwks_uri.');
  } catch (error) {
    throw keysUnavailable(error);
  }
}
