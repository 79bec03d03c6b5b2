import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, type JWTPayload, jwtVerify } from 'jose';
import { unauthenticated } from './claims.js';
import { ExpiringMap } from './expiring-map.js';
import { PUBLIC_KEY_ALGORITHMS } from './verifier.js';

const MAX_AGE_SECONDS = 60;

export interface ProofRequest {
  readonly proof: string | undefined;
  readonly token: string;
  readonly thumbprint: string;
  readonly method: string;
  /** Where the client sent the request, without query. */
  readonly url: string;
}

/** Checks DPoP proofs (RFC 9449): who shows a bound token must prove, for this very request, to hold the key. */
export function createProofChecker(clockToleranceSeconds: number): (request: ProofRequest) => Promise<void> {
  const used = new ExpiringMap<string, true>(100_000);
  return async ({ proof, token, thumbprint, method, url }) => {
    if (!proof)
      throw unauthenticated('The token is bound to a key: send "Authorization: DPoP <token>" and a DPoP proof.');
    const { payload, signer } = await verifyProof(proof, clockToleranceSeconds);
    const hash = createHash('sha256').update(token, 'ascii').digest('base64url');
    if (signer !== thumbprint || payload.ath !== hash) throw unauthenticated('The DPoP proof is not for this token.');
    if (payload.htm !== method || !sameUrl(payload.htu, url)) {
      throw unauthenticated('The DPoP proof is for another method or address.');
    }
    const key = `${signer}:${payload.jti}`;
    if (used.get(key)) throw unauthenticated('The DPoP proof was used before.');
    used.set(key, true, (MAX_AGE_SECONDS + 2 * clockToleranceSeconds) * 1000);
  };
}

async function verifyProof(proof: string, clockTolerance: number): Promise<{ payload: JWTPayload; signer: string }> {
  try {
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: PUBLIC_KEY_ALGORITHMS,
      maxTokenAge: MAX_AGE_SECONDS,
      clockTolerance,
      requiredClaims: ['jti', 'iat', 'htm', 'htu', 'ath'],
    });
    return { payload, signer: await calculateJwkThumbprint(protectedHeader.jwk!) };
  } catch (cause) {
    throw unauthenticated('The DPoP proof does not verify, or is too old.', { cause });
  }
}

function sameUrl(claimed: unknown, actual: string): boolean {
  if (typeof claimed !== 'string' || !URL.canParse(claimed)) return false;
  const { origin, pathname } = new URL(claimed);
  return `${origin}${pathname}` === actual;
}
