import fc from 'fast-check';
import { generateNodeKey, keyId, publicKeyObject, readNodeKey, writeNodeKey } from './keys.js';
import { planDigest, type RoundPlan } from './plan.js';
import { Refusal, type RefusalCode } from './refusal.js';
import { type ContributionStatement, keyIdOf, parseStatement, signStatement, verifyStatement } from './statement.js';
import { digestOf, UpdateFileReader, updateFileBytes, updateFileChunks } from './update-file.js';

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const statement: ContributionStatement = {
  statement: 'contribution',
  run: id(1),
  round: id(2),
  node: id(3),
  plan: 'a'.repeat(64),
  nonce: 'n'.repeat(43),
  digest: 'b'.repeat(64),
  bytes: 1000,
  mechanisms: [{ mechanism: 'subsampled-gaussian', samplingRate: 0.1, noiseMultiplier: 1, steps: 10 }],
  weight: 500,
  at: '2026-01-01T00:00:00.000Z',
};

async function refusalOf(work: () => unknown): Promise<RefusalCode | undefined> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return undefined;
}

describe('keys', () => {
  test('the id of the key of RFC 8037, appendix A.3', () => {
    expect(keyId('11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo')).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });

  test('a key is written and read back', () => {
    const key = generateNodeKey();
    expect(readNodeKey(writeNodeKey(key))).toMatchObject({ id: key.id, publicKey: key.publicKey });
  });

  // The last is another spelling of the key of RFC 8037: under another thumbprint it would be another key.
  test.each([
    [''],
    ['AAAA'],
    ['!'.repeat(43)],
    ['11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp'],
  ])('%p is no public key', (text) => {
    expect(() => publicKeyObject(text)).toThrow(TypeError);
  });
});

describe('statements', () => {
  const key = generateNodeKey();

  test('a signed statement verifies with the key that it names', async () => {
    const jws = await signStatement(statement, key);
    expect(jws).toMatch(/^[\w-]+\.\.[\w-]{86}$/);
    expect(keyIdOf(jws)).toBe(key.id);
    await expect(verifyStatement(statement, jws, key.publicKey)).resolves.toBeUndefined();
  });

  test('the order of fields does not matter: the bytes are canonical', async () => {
    const jws = await signStatement(statement, key);
    const reordered = Object.fromEntries(Object.entries(statement).reverse()) as unknown as ContributionStatement;
    await expect(verifyStatement(reordered, jws, key.publicKey)).resolves.toBeUndefined();
  });

  test.each([
    ['round', { round: id(9) }],
    ['nonce', { nonce: 'm'.repeat(43) }],
    ['digest', { digest: 'c'.repeat(64) }],
    ['weight', { weight: 501 }],
    ['mechanisms', { mechanisms: [] }],
  ])('another %s: the signature does not verify', async (_, change) => {
    const jws = await signStatement(statement, key);
    expect(await refusalOf(() => verifyStatement({ ...statement, ...change }, jws, key.publicKey))).toBe(
      'BAD_SIGNATURE',
    );
  });

  test('a signature has one spelling: another one of the same bytes is none', async () => {
    const jws = await signStatement(statement, key);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const respelled = jws.slice(0, -1) + alphabet[alphabet.indexOf(jws.slice(-1)) + 1];
    const bytesOf = (text: string) => Buffer.from(text.split('..')[1], 'base64url');
    expect(bytesOf(respelled)).toEqual(bytesOf(jws));
    expect(await refusalOf(() => verifyStatement(statement, respelled, key.publicKey))).toBe('BAD_SIGNATURE');
  });

  test('the key of another does not verify', async () => {
    const jws = await signStatement(statement, generateNodeKey());
    expect(await refusalOf(() => verifyStatement(statement, jws, key.publicKey))).toBe('BAD_SIGNATURE');
  });

  test.each([
    ['alg none', { alg: 'none', kid: 'k', b64: false, crit: ['b64'] }],
    ['alg HS256', { alg: 'HS256', kid: 'k', b64: false, crit: ['b64'] }],
    ['payload in base64', { alg: 'EdDSA', kid: 'k' }],
    ['no kid', { alg: 'EdDSA', b64: false, crit: ['b64'] }],
  ])('%s is refused', async (_, header) => {
    const jws = `${Buffer.from(JSON.stringify(header)).toString('base64url')}..${'A'.repeat(86)}`;
    expect(await refusalOf(() => keyIdOf(jws))).toBe('BAD_SIGNATURE');
  });

  test('garbage is refused, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.jsonValue().map(String)), async (text) => {
        expect(await refusalOf(() => keyIdOf(text))).toBe('BAD_SIGNATURE');
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        expect(await refusalOf(() => parseStatement('contribution', value))).toBe('BAD_STATEMENT');
      }),
    );
  });

  test.each([
    ['nonce', { nonce: 'short' }],
    ['weight', { weight: Number.NaN }],
    ['bytes', { bytes: -1 }],
    ['at', { at: 'yesterday' }],
    ['samplingRate', { mechanisms: [{ ...statement.mechanisms[0], samplingRate: 2 }] }],
    ['extra', { extra: 1 }],
    ['statement', { statement: 'join' }],
  ])('a bad %s is named', (field, change) => {
    expect(() => parseStatement('contribution', { ...statement, ...change })).toThrow(field);
  });
});

test('the digest of a plan covers every field', () => {
  const plan: RoundPlan = {
    run: id(1),
    round: id(2),
    number: 1,
    strategy: 'fedavg',
    task: 'risk',
    population: 'all',
    model: { name: 'logistic', contract: {}, parameters: 3 },
    base: { version: id(4), digest: 'a'.repeat(64) },
    training: {
      clipping: { kind: 'flat', norm: 1 },
      samplingRate: 0.1,
      expectedUsers: 1000,
      noiseMultiplier: 1,
      steps: 10,
      learningRate: 1,
      momentum: 0,
      proximal: 0,
    },
    mechanisms: [],
    normBound: 10,
    weightStep: 100,
    deadline: '2026-01-01T00:00:00.000Z',
  };
  const digests = new Set(
    [
      plan,
      { ...plan, number: 2 },
      { ...plan, normBound: 11 },
      { ...plan, training: { ...plan.training, steps: 11 } },
    ].map(planDigest),
  );
  expect(digests.size).toBe(4);
});

describe('update files', () => {
  const update = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i));
  const file = Buffer.concat([...updateFileChunks(update)]);

  function read(bytes: Uint8Array, cut: number, values = update.length) {
    const reader = new UpdateFileReader(values);
    const seen: number[] = [];
    for (let at = 0; at < bytes.length; at += cut) seen.push(...reader.read(bytes.subarray(at, at + cut)));
    return { ...reader.end(), values: seen };
  }

  test('values, norm and digest come back, however the bytes are cut', () => {
    const norm = Math.sqrt(update.reduce((sum, x) => sum + x * x, 0));
    for (const cut of [1, 3, 7, 64, 4096]) {
      const facts = read(file, cut);
      expect(facts.values).toEqual([...update]);
      expect(facts.norm).toBeCloseTo(norm, 9);
      expect(facts).toMatchObject({ bytes: updateFileBytes(1000), digest: digestOf(updateFileChunks(update)) });
    }
  });

  test.each([
    ['too short', () => read(file.subarray(0, -1), 100), 'WRONG_SHAPE'],
    ['too long', () => read(Buffer.concat([file, Buffer.alloc(4)]), 100), 'WRONG_SHAPE'],
    ['of another length', () => read(file, 100, 999), 'WRONG_SHAPE'],
    ['empty', () => read(Buffer.alloc(0), 1), 'WRONG_SHAPE'],
    ['with a huge header', () => read(Buffer.alloc(64, 0xff), 8), 'WRONG_SHAPE'],
    ['not safetensors', () => read(Buffer.from('\x10\0\0\0\0\0\0\0{"update": 17   }'), 5), 'WRONG_SHAPE'],
  ] as const)('a file that is %s is refused', async (_, work, code) => {
    expect(await refusalOf(work)).toBe(code);
  });

  test.each([[Number.NaN], [Infinity], [-Infinity]])('%p among the values is refused', async (value) => {
    const bad = update.slice();
    bad[500] = value;
    expect(await refusalOf(() => read(Buffer.concat([...updateFileChunks(bad)]), 512))).toBe('NOT_FINITE');
  });
});
