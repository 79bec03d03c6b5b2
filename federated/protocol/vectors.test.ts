import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { initialState, serverStep } from '../aggregation/server-optimiser.js';
import { weightedMean } from '../aggregation/weighted-mean.js';
import { canonicalJson } from '../canonical-json.js';
import { checkPlan } from '../node/check-plan.js';
import { epsilon } from '../privacy/accountant/epsilon.js';
import { gridSigma, mechanismsOf } from '../privacy/dp-sgd.js';
import { entryHash, entryLeaf } from '../privacy/ledger/chain.js';
import { verifyCheckpoint } from '../privacy/ledger/checkpoint.js';
import { inclusionProof, merkleRoot, verifyInclusion } from '../privacy/ledger/merkle.js';
import { verifyExport } from '../privacy/ledger/verify.js';
import { keyId, publicKeyObject, readNodeKey, writeNodeKey } from './keys.js';
import { planDigest } from './plan.js';
import { Refusal } from './refusal.js';
import { keyIdOf, parseStatement, signStatement, verifyStatement } from './statement.js';
import { digestOf, UpdateFileReader, updateFileChunks } from './update-file.js';
import { isWeight, mostWeight, weightOf } from './weight.js';

// biome-ignore lint/suspicious/noExplicitAny: the files are read as another program would read them
type Vector = any;
const read = (name: string): Vector =>
  JSON.parse(readFileSync(join(import.meta.dirname, `../../test/vectors/${name}.json`), 'utf8'));
const named = <T extends { name: string }>(items: readonly T[]) => items.map((item) => [item.name, item] as const);
const labelled = (items: readonly Vector[], label: (item: Vector) => string) =>
  items.map((item) => [label(item), item] as const);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

async function codeOf(work: () => unknown): Promise<string | undefined> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return undefined;
}

/** Numbers within a share of them, everything else to the letter. */
function expectClose(actual: unknown, expected: unknown, tolerance: number): void {
  if (typeof expected === 'number')
    expect(Math.abs(Number(actual) - expected)).toBeLessThanOrEqual(tolerance * Math.abs(expected));
  else if (typeof expected !== 'object' || expected === null) expect(actual).toEqual(expected);
  else {
    expect(Object.keys(actual as object).sort()).toEqual(Object.keys(expected).sort());
    for (const [key, value] of Object.entries(expected))
      expectClose((actual as Record<string, unknown>)[key], value, tolerance);
  }
}

describe('keys', () => {
  const { notPublicKeys, node, other, coordinator } = read('keys');
  test.each([
    ['node', node],
    ['other', other],
    ['coordinator', coordinator],
  ])('%s', (_, { seed, pem, publicKey, id, thumbprintInput }) => {
    const key = readNodeKey(pem);
    expect(key).toMatchObject({ id, publicKey });
    expect(writeNodeKey(key)).toBe(pem);
    expect(hex(key.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32))).toBe(seed);
    expect(createHash('sha256').update(thumbprintInput).digest('base64url')).toBe(keyId(publicKey));
  });

  test.each(named<{ name: string; publicKey: string }>(notPublicKeys))('%s is no public key', (_, { publicKey }) => {
    expect(() => publicKeyObject(publicKey)).toThrow(TypeError);
  });
});

describe('canonical JSON', () => {
  const { numbers, texts, refused } = read('canonical-json');
  test('numbers, by the bits of a double', () => {
    for (const { bits, text } of numbers) expect(canonicalJson(Buffer.from(bits, 'hex').readDoubleBE())).toBe(text);
  });

  test.each(
    named<{ name: string; json: string; canonical: string; utf8: string; sha256: string }>(texts),
  )('%s', (_, vector) => {
    const text = canonicalJson(JSON.parse(vector.json));
    expect(text).toBe(vector.canonical);
    expect(hex(Buffer.from(text))).toBe(vector.utf8);
    expect(sha256(text)).toBe(vector.sha256);
    expect(canonicalJson(JSON.parse(text))).toBe(text);
  });

  test.each(named<{ name: string; json: string }>(refused))('%s is refused', (_, { json }) => {
    expect(() => canonicalJson(JSON.parse(json))).toThrow(TypeError);
  });
});

describe('what is charged', () => {
  const { settings, grid, refused, delta, tolerance } = read('mechanisms');
  test.each(named<Vector>(settings))('%s', (_, { training, mechanisms, epsilon: spent }) => {
    const charged = mechanismsOf(training);
    expectClose(charged, mechanisms, tolerance.mechanisms);
    expect(Math.abs(epsilon(charged, delta) - spent.pld)).toBeLessThan(tolerance.epsilon);
    expect(Math.abs(epsilon(charged, delta, 'rdp') - spent.rdp)).toBeLessThan(tolerance.epsilon);
  });

  test('the grid of the noise', () => {
    for (const { noiseMultiplier, values, sigma } of grid) expect(gridSigma(noiseMultiplier, values)).toBe(sigma);
  });

  test('settings out of range are refused, by name', () => {
    for (const { training, names } of refused) expect(() => mechanismsOf(training)).toThrow(`training.${names}`);
  });
});

describe('plans', () => {
  const { plans, declined, now } = read('plans');
  test.each(named<Vector>(plans))('%s', (_, { plan, canonical, digest, weights }) => {
    expect(canonicalJson(plan)).toBe(canonical);
    expect(sha256(canonical)).toBe(digest);
    expect(planDigest(plan)).toBe(digest);
    expect(() => checkPlan(plan, Date.parse(now))).not.toThrow();
    for (const { users, weight } of weights.declared) {
      expect(weightOf(plan, users ?? undefined)).toBe(weight);
      expect(isWeight(plan, weight)).toBe(true);
    }
    expect(mostWeight(plan)).toBe(weights.most);
    for (const weight of weights.refused) expect(isWeight(plan, weight)).toBe(false);
  });

  test.each(named<Vector>(declined))('a plan that %s is declined', (_, { plan, code }) => {
    expect(() => checkPlan(plan, Date.parse(now))).toThrow(expect.objectContaining({ name: 'PlanDeclined', code }));
  });
});

describe('update files', () => {
  const { files, tolerance } = read('update-file');
  const { files: bad } = read('refusals');
  test.each(named<Vector>(files))('%s', (_, { values, header, hex: bytes, bytes: length, digest, norm }) => {
    const chunks = [...updateFileChunks(Float32Array.from(values))];
    const file = Buffer.concat(chunks);
    expect(hex(file)).toBe(bytes);
    expect(file).toHaveLength(length);
    expect(file.toString('utf8', 8, 8 + Number(file.readBigUInt64LE()))).toBe(header);
    expect(digestOf(chunks)).toBe(digest);
    const reader = new UpdateFileReader(values.length);
    expect(reader.read(file)).toEqual(Float32Array.from(values));
    expectClose(reader.end(), { bytes: length, digest, norm }, tolerance.norm);
  });

  test.each(named<Vector>(bad.refused))('%s is refused', async (_, { hex: bytes, digest, code }) => {
    const check = () => {
      const reader = new UpdateFileReader(bad.parameters);
      reader.read(Buffer.from(bytes, 'hex'));
      const facts = reader.end();
      if (facts.digest !== digest) throw new Refusal('DIGEST_MISMATCH', '');
      if (facts.norm > bad.normBound) throw new Refusal('NORM_EXCEEDED', '');
    };
    expect(await codeOf(check)).toBe(code);
  });
});

describe('statements', () => {
  const { statements, alsoValid } = read('statements');
  const { statement: contribution, ...refused } = read('refusals');
  const { node } = read('keys');
  const key = readNodeKey(node.pem);

  test.each(labelled(statements, (vector) => vector.statement.statement))('%s', async (_, vector) => {
    const { statement, canonical, header, signingInput, signature, jws } = vector;
    expect(parseStatement(statement.statement, JSON.parse(canonical))).toEqual(statement);
    expect(canonicalJson(statement)).toBe(canonical);
    expect(signingInput).toBe(`${Buffer.from(header).toString('base64url')}.${canonical}`);
    expect(await signStatement(statement, key)).toBe(jws);
    expect(hex(Buffer.from(jws.split('..')[1], 'base64url'))).toBe(signature);
    expect(keyIdOf(jws)).toBe(node.id);
    await expect(verifyStatement(statement, jws, node.publicKey)).resolves.toBeUndefined();
  });

  test.each(named<{ name: string; jws: string }>(alsoValid))('valid %s', async (_, { jws }) => {
    await expect(verifyStatement(contribution, jws, node.publicKey)).resolves.toBeUndefined();
  });

  test.each(named<{ name: string; changes: object }>(refused.statements))('%s is refused', async (_, { changes }) => {
    const bad = { ...contribution, ...changes };
    expect(await codeOf(() => parseStatement('contribution', bad))).toBe('BAD_STATEMENT');
  });

  test.each(
    named<{ name: string; jws: string; changes?: object }>(refused.signatures),
  )('a signature that is refused: %s', async (_, { jws, changes }) => {
    const statement = { ...contribution, ...changes };
    expect(await codeOf(() => verifyStatement(statement, jws, node.publicKey))).toBe('BAD_SIGNATURE');
  });
});

describe('aggregation', () => {
  const { start, weights, rounds, optimisers, tolerance } = read('aggregation');

  test('the weighted mean', async () => {
    for (const { updates, mean } of rounds) {
      const only = async function* (values: number[]) {
        yield Float32Array.from(values);
      };
      for await (const found of weightedMean(updates.map(only), weights)) expectClose([...found], mean, tolerance);
    }
  });

  test.each(labelled(optimisers, (vector) => vector.optimiser.kind))('%s', (_, { optimiser, after }) => {
    const parameters = Float32Array.from(start);
    const state = initialState(optimiser, start.length);
    rounds.forEach(({ mean }: Vector, round: number) => {
      serverStep(optimiser, parameters, Float32Array.from(mean), state);
      const now = { parameters: [...parameters], first: [...state.first], second: [...state.second] };
      expectClose(now, after[round], tolerance);
    });
  });
});

describe('ledger', () => {
  const { entries, roots, proofs, checkpoint, export: lines } = read('ledger');
  const { coordinator } = read('keys');
  const leaves = entries.map(({ entry }: Vector) => entryLeaf(entry));

  test('entries, hashes, leaves', () => {
    entries.forEach(({ entry, hashed, leaf }: { entry: never; hashed: string; leaf: string }, index: number) => {
      const { hash, ...body } = entry as { hash: string };
      expect(canonicalJson(body)).toBe(hashed);
      expect(sha256(hashed)).toBe(hash);
      expect(entryHash(entry)).toBe(hash);
      expect(hex(leaves[index])).toBe(leaf);
    });
  });

  test('roots and proofs', () => {
    for (const { size, root } of roots) expect(hex(merkleRoot(leaves.slice(0, size)))).toBe(root);
    const root = merkleRoot(leaves);
    for (const { sequence, path } of proofs) {
      expect(inclusionProof(leaves, sequence - 1).map(hex)).toEqual(path);
      const proof = path.map((hash: string) => Buffer.from(hash, 'hex'));
      expect(verifyInclusion(leaves[sequence - 1], sequence - 1, leaves.length, proof, root)).toBe(true);
    }
  });

  test('the checkpoint, and the whole export', () => {
    const { signature: _, ...body } = checkpoint.checkpoint;
    expect(canonicalJson(body)).toBe(checkpoint.signed);
    expect(verifyCheckpoint(checkpoint.checkpoint, publicKeyObject(coordinator.publicKey))).toBe(true);
    const found = verifyExport(lines, new Map([[coordinator.id, coordinator.publicKey]]));
    expect(found).toMatchObject({ entries: entries.length, covered: entries.length, problems: [] });
  });
});

describe('docs/protocol.md', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/protocol.md'), 'utf8');
  const marked = [...page.matchAll(/<!-- vector: (\S+)\.json (\S+) -->\n```\w*\n(.*?)\n```/gs)];

  test.each(
    marked.map(([, file, place, text]) => [`${file} ${place}`, file, place, text]),
  )('shows %s as it is', (_, file, place, text) => {
    const value = place.split('/').reduce((inner, key) => inner[key], read(file));
    if (typeof value === 'string') expect(text).toBe(value);
    else expect(JSON.parse(text)).toEqual(value);
  });

  test('marks each of its examples', () => {
    expect(marked.length).toBeGreaterThan(10);
    expect(page.match(/<!-- vector/g)).toHaveLength(marked.length);
  });
});
