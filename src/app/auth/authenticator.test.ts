import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { DEFAULT_SCOPES } from '../../graphql/viewer.js';
import { readConfig } from '../config.js';
import { createAuthenticator } from './authenticator.js';
import { BUILT_IN_ISSUER, type BuiltInIssuer, openBuiltInIssuer } from './issuer.js';

const folder = mkdtempSync(join(tmpdir(), 'concord-auth-'));
const URL_OF_API = 'http://localhost:4000/graphql';
const BANK = 'f3a1c9de-0000-4000-8000-000000000001';
const findInstitution = async (code: string) => (code === 'bank' || code === BANK ? BANK : undefined);
let issuer: BuiltInIssuer;

beforeAll(async () => {
  issuer = await openBuiltInIssuer(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const authenticatorFor = (env: Record<string, string> = {}) =>
  createAuthenticator(readConfig(env).tokens, {
    issuer: env.CONCORD_OIDC_ISSUER ? undefined : issuer,
    findInstitution,
  });

const show = (
  authenticator: ReturnType<typeof authenticatorFor>,
  authorization: string | undefined,
  proof?: string,
  method = 'POST',
) => authenticator.authenticate({ authorization, proof, method, url: URL_OF_API });

const refused = (message: string) =>
  expect.objectContaining({ code: 'UNAUTHENTICATED', message: expect.stringContaining(message) });

const issue = (request: Partial<Parameters<BuiltInIssuer['issue']>[0]> = {}) =>
  issuer.issue({ client: 'partner', institution: 'bank', audience: 'concord', expiresInSeconds: 60, ...request });

describe('the built-in issuer', () => {
  it('keeps its key where only its owner can read it, and every process finds the same', async () => {
    expect(statSync(join(folder, 'issuer-key.json')).mode & 0o777).toBe(0o600);
    const fresh = join(folder, 'fresh');
    const opened = await Promise.all(Array.from({ length: 8 }, () => openBuiltInIssuer(fresh)));
    expect(new Set(opened.map(({ jwks }) => jwks.keys[0].x)).size).toBe(1);
    expect(opened[0].jwks.keys[0]).not.toHaveProperty('d');
  });

  it('says so where the file is no key', async () => {
    const broken = mkdtempSync(join(folder, 'broken-'));
    writeFileSync(join(broken, 'issuer-key.json'), '{}');
    await expect(openBuiltInIssuer(broken)).rejects.toMatchObject({ code: 'CONFIGURATION' });
  });
});

describe('a token of the built-in issuer', () => {
  it('becomes a viewer, with the scopes of its kind of client or those that it names', async () => {
    const authenticator = authenticatorFor();
    expect(await show(authenticator, undefined)).toBeUndefined();
    expect(await show(authenticator, `Bearer ${await issue()}`)).toEqual({
      subject: 'partner:bank',
      client: 'partner',
      scopes: new Set(DEFAULT_SCOPES.partner),
      institutionId: BANK,
    });
    const narrow = await show(
      authenticator,
      `bearer ${await issue({ client: 'operator', institution: undefined, scopes: ['models:read'] })}`,
    );
    expect(narrow).toEqual({ subject: 'operator', client: 'operator', scopes: new Set(['models:read']) });
  });

  it('cannot have more than its kind of client may', async () => {
    const viewer = await show(
      authenticatorFor(),
      `Bearer ${await issue({ scopes: ['users:write', 'institutions:admin'] })}`,
    );
    expect([...viewer!.scopes]).toEqual(['users:write']);
  });

  it('does not hold for an institution that there is not', async () => {
    await expect(show(authenticatorFor(), `Bearer ${await issue({ institution: 'no-bank' })}`)).rejects.toEqual(
      refused('institution'),
    );
  });

  it('does not hold for another audience, nor after its time', async () => {
    await expect(show(authenticatorFor(), `Bearer ${await issue({ audience: 'other' })}`)).rejects.toEqual(
      refused('"aud"'),
    );
    await expect(show(authenticatorFor(), `Bearer ${await issue({ expiresInSeconds: -60 })}`)).rejects.toEqual(
      refused('expired'),
    );
  });

  it.each([
    '',
    'Bearer',
    'Bearer a b',
    'Basic YTpi',
    'Bearer ü',
    `Bearer ${'a'.repeat(9000)}`,
  ])('is not %p', async (authorization) => {
    await expect(show(authenticatorFor(), authorization)).rejects.toEqual(refused('Authorization header'));
  });
});

describe('forged tokens', () => {
  const claims = { client: 'operator', sub: 'mallory', iss: BUILT_IN_ISSUER, aud: 'concord', exp: 4_000_000_000 };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

  it('without a signature', async () => {
    for (const alg of ['none', 'None', 'NONE']) {
      await expect(show(authenticatorFor(), `Bearer ${part({ alg })}.${part(claims)}.`)).rejects.toEqual(
        refused('does not verify'),
      );
    }
  });

  it('signed by another key, under the same name', async () => {
    const { privateKey } = await generateKeyPair('Ed25519');
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'EdDSA', kid: issuer.jwks.keys[0].kid })
      .sign(privateKey);
    await expect(show(authenticatorFor(), `Bearer ${token}`)).rejects.toEqual(refused('does not verify'));
  });

  it('signed with the public key as a shared secret', async () => {
    const secret = Buffer.from(issuer.jwks.keys[0].x!, 'base64url');
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid: issuer.jwks.keys[0].kid })
      .sign(secret);
    await expect(show(authenticatorFor(), `Bearer ${token}`)).rejects.toEqual(refused('does not verify'));
  });

  it('that bring their own key', async () => {
    const { privateKey, publicKey } = await generateKeyPair('Ed25519');
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'EdDSA', jwk: await exportJWK(publicKey) })
      .sign(privateKey);
    await expect(show(authenticatorFor(), `Bearer ${token}`)).rejects.toEqual(refused('does not verify'));
  });

  it('with other claims under a good signature', async () => {
    const [header, , signature] = (await issue()).split('.');
    await expect(show(authenticatorFor(), `Bearer ${header}.${part(claims)}.${signature}`)).rejects.toEqual(
      refused('does not verify'),
    );
  });
});

describe('tokens of an OIDC issuer', () => {
  let server: Server;
  let env: Record<string, string>;
  let sign: (claims: JWTPayload, options?: { alg?: string; kid?: string }) => Promise<string>;
  let discovery: () => object;

  beforeAll(async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const key = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
    server = createServer((request, response) => {
      const keys = request.url === '/keys';
      response.setHeader('content-type', 'application/json').end(JSON.stringify(keys ? { keys: [key] } : discovery()));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    env = {
      CONCORD_OIDC_ISSUER: url,
      CONCORD_OIDC_CLIENT_CLAIM: 'concord_client',
      CONCORD_OIDC_INSTITUTION_CLAIM: 'bank_code',
    };
    discovery = () => ({ issuer: url, jwks_uri: `${url}/keys` });
    sign = (claims, { alg = 'ES256', kid = 'k1' } = {}) =>
      new SignJWT({ iss: url, aud: 'concord', sub: 'app-1', exp: 4_000_000_000, concord_client: 'partner', ...claims })
        .setProtectedHeader({ alg, kid })
        .sign(privateKey);
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it('are accepted by discovery, with claims under the names that are configured', async () => {
    const token = await sign({ bank_code: BANK, scope: 'openid recommendations:read rounds:admin' });
    expect(await show(authenticatorFor(env), `Bearer ${token}`)).toEqual({
      subject: 'app-1',
      client: 'partner',
      scopes: new Set(['recommendations:read']),
      institutionId: BANK,
    });
  });

  it('must say what kind of client they are for, and hold', async () => {
    const authenticator = authenticatorFor(env);
    const wrong: [JWTPayload, string][] = [
      [{ concord_client: 'root' }, 'kind of client'],
      [{ aud: 'other' }, '"aud"'],
      [{ iss: 'https://other' }, '"iss"'],
      [{ exp: 1 }, 'expired'],
      [{ exp: undefined }, '"exp"'],
      [{ sub: undefined }, '"sub"'],
      [{ nbf: 4_000_000_000 }, '"nbf"'],
      [{ bank_code: 7 }, 'institution'],
      [{ cnf: { 'x5t#S256': 'abc' } }, 'another way'],
    ];
    for (const [claims, message] of wrong) {
      await expect(show(authenticator, `Bearer ${await sign(claims)}`)).rejects.toEqual(refused(message));
    }
    await expect(show(authenticator, `Bearer ${await sign({}, { kid: 'k2' })}`)).rejects.toEqual(
      refused('does not verify'),
    );
    await expect(show(authenticator, `Bearer ${await issue()}`)).rejects.toEqual(refused('does not verify'));
  });

  it('cannot be checked while the issuer is away or is another: that is not the client’s fault', async () => {
    const token = await sign({});
    const away = authenticatorFor({ CONCORD_OIDC_ISSUER: 'http://127.0.0.1:9' });
    await expect(show(away, `Bearer ${token}`)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const original = discovery;
    discovery = () => ({ issuer: 'https://evil', jwks_uri: 'https://evil/keys' });
    const authenticator = authenticatorFor(env);
    await expect(show(authenticator, `Bearer ${token}`)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    discovery = original;
    expect(await show(authenticator, `Bearer ${token}`)).toMatchObject({ client: 'partner' });
  });
});

describe('tokens bound to a key (DPoP)', () => {
  let thumbprint: string;
  let prove: (token: string, changes?: JWTPayload, header?: object) => Promise<string>;

  beforeAll(async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const jwk = await exportJWK(publicKey);
    thumbprint = await calculateJwkThumbprint(jwk);
    prove = (token, changes = {}, header = {}) =>
      new SignJWT({
        jti: randomUUID(),
        htm: 'POST',
        htu: URL_OF_API,
        iat: Math.floor(Date.now() / 1000),
        ath: createHash('sha256').update(token).digest('base64url'),
        ...changes,
      })
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header })
        .sign(privateKey);
  });

  it('hold with a proof for this very request, once', async () => {
    const authenticator = authenticatorFor();
    const token = await issue({ keyThumbprint: thumbprint });
    const proof = await prove(token);
    expect(await show(authenticator, `DPoP ${token}`, proof)).toMatchObject({ client: 'partner' });
    await expect(show(authenticator, `DPoP ${token}`, proof)).rejects.toEqual(refused('used before'));
    expect(await show(authenticator, `DPoP ${token}`, await prove(token))).toMatchObject({ client: 'partner' });
  });

  it('do not hold otherwise', async () => {
    const authenticator = authenticatorFor();
    const token = await issue({ keyThumbprint: thumbprint });
    await expect(show(authenticator, `Bearer ${token}`)).rejects.toEqual(refused('bound to a key'));
    await expect(show(authenticator, `Bearer ${token}`, await prove(token))).rejects.toEqual(refused('bound to a key'));
    await expect(show(authenticator, `DPoP ${token}`)).rejects.toEqual(refused('bound to a key'));
    await expect(show(authenticator, `DPoP ${token}`, await prove(token), 'GET')).rejects.toEqual(
      refused('another method'),
    );
    const wrong: JWTPayload[] = [
      { htu: 'http://localhost:4000/other' },
      { htu: 'nonsense' },
      { ath: 'x' },
      { iat: 1 },
      { iat: 4_000_000_000 },
      { jti: undefined },
    ];
    for (const changes of wrong) {
      await expect(show(authenticator, `DPoP ${token}`, await prove(token, changes))).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
      });
    }
    await expect(show(authenticator, `DPoP ${token}`, await prove(token, {}, { typ: 'JWT' }))).rejects.toEqual(
      refused('does not verify'),
    );
    const other = await issue({ keyThumbprint: 'another-key' });
    await expect(show(authenticator, `DPoP ${other}`, await prove(other))).rejects.toEqual(
      refused('not for this token'),
    );
  });

  it('are the only ones accepted where that is configured', async () => {
    const authenticator = authenticatorFor({ CONCORD_REQUIRE_DPOP: 'on' });
    await expect(show(authenticator, `Bearer ${await issue()}`)).rejects.toEqual(refused('not bound'));
    const token = await issue({ keyThumbprint: thumbprint });
    expect(await show(authenticator, `DPoP ${token}`, await prove(token))).toMatchObject({ client: 'partner' });
    expect(readFileSync(join(folder, 'issuer-key.json'), 'utf8')).toContain('"crv":"Ed25519"');
  });
});
