import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Bank, FederationProcesses } from '../support/federation-processes.js';
import { temporaryFolder } from '../support/server-process.js';

/**
 * A node written from docs/protocol.md alone: fetch, node:crypto and JSON, and nothing of Concord's own protocol code. What an attacker's
 * client would try is tried with it.
 */
jest.setTimeout(240_000);

// biome-ignore lint/suspicious/noExplicitAny: answers are read as another program would read them
type Json = any;
const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

/** Canonical JSON (section 2). */
function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`;
}

/** RFC 7638 thumbprint (section 1). */
const idOf = (x: string) =>
  createHash('sha256')
    .update(canonical({ crv: 'Ed25519', kty: 'OKP', x }))
    .digest('base64url');

interface Key {
  readonly id: string;
  readonly privateKey: KeyObject;
}

function keyOf(privateKey: KeyObject): Key {
  return { id: idOf(createPublicKey(privateKey).export({ format: 'jwk' }).x as string), privateKey };
}

/** Detached JWS over the canonical bytes (section 5). */
function signed(statement: Json, { id, privateKey }: Key) {
  const text = canonical(statement);
  const header = Buffer.from(JSON.stringify({ alg: 'EdDSA', kid: id, b64: false, crit: ['b64'] })).toString(
    'base64url',
  );
  const signature = sign(null, Buffer.from(`${header}.${text}`), privateKey).toString('base64url');
  return { statement: text, jws: `${header}..${signature}` };
}

/** An update file (section 6). */
function fileOf(values: readonly number[]): Buffer {
  const json = JSON.stringify({
    update: { dtype: 'F32', shape: [values.length], data_offsets: [0, 4 * values.length] },
  });
  const header = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const file = Buffer.alloc(8 + header.length + 4 * values.length);
  file.writeBigUInt64LE(BigInt(header.length));
  header.copy(file, 8);
  values.forEach((value, index) => {
    file.writeFloatLE(value, 8 + header.length + 4 * index);
  });
  return file;
}

/** The flat parameters of a weights file of one network: its data as they lie there (section 6). */
function parametersOf(file: Buffer): number[] {
  const start = 8 + Number(file.readBigUInt64LE());
  return Array.from({ length: (file.length - start) / 4 }, (_, index) => file.readFloatLE(start + 4 * index));
}

const page = readFileSync(join(import.meta.dirname, '../../docs/protocol.md'), 'utf8');
/** An operation of the document, by its name. */
function operation(name: string): string {
  const [, found] = new RegExp(`\`\`\`graphql\n((?:query|mutation) ${name}\\b.*?)\`\`\``, 's').exec(page) ?? [];
  if (!found) throw new Error(`docs/protocol.md has no operation ${name}.`);
  return found;
}
const OPEN = operation('OpenRound');
const JOIN = operation('JoinRound');
const BEGIN = operation('BeginContribution');
const COMMIT = operation('CommitContribution');

/** One bank's node: it says what it is told to, true or not. */
class Node {
  readonly key: Key;

  constructor(
    readonly url: string,
    readonly bank: Bank,
  ) {
    this.key = keyOf(createPrivateKey(readFileSync(bank.key, 'utf8')));
  }

  get id(): string {
    return this.bank.node.nodeId;
  }

  http(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...init.headers, authorization: `Bearer ${this.bank.token}` };
    return fetch(new URL(path, this.url), { ...init, headers });
  }

  /** @returns the only field of the answer, or the code of its error */
  async ask(query: string, variables: object): Promise<Json> {
    const body = JSON.stringify({ query, variables });
    const response = await this.http('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const { data, errors } = (await response.json()) as Json;
    if (errors) return errors[0].extensions.code;
    const answer = Object.values(data)[0] as Json;
    if (answer) delete answer.__typename;
    return answer;
  }

  async openRound(): Promise<Json> {
    const open = await this.ask(OPEN, { nodeId: this.id });
    return (
      open && { ...JSON.parse(open.plan), digest: sha256(open.plan), weightsUrl: open.weightsUrl, text: open.plan }
    );
  }

  about({ run, round, digest }: Json): Json {
    return { run, round, node: this.id, plan: digest, at: new Date().toISOString() };
  }

  /** @param id of the round, or of the contribution */
  send(query: string, id: string, message: ReturnType<typeof signed>): Promise<Json> {
    return this.ask(query, { ...(query === COMMIT ? { contributionId: id } : { roundId: id }), ...message });
  }

  say(query: string, id: string, statement: Json, key = this.key): Promise<Json> {
    return this.send(query, id, signed(statement, key));
  }

  join(plan: Json, over: object = {}, key = this.key): Promise<Json> {
    return this.say(JOIN, plan.round, { statement: 'join', ...this.about(plan), ...over }, key);
  }

  begin(plan: Json, nonce: string, file: Buffer, over: object = {}, key = this.key): Promise<Json> {
    const about = { nonce, digest: sha256(file), bytes: file.length };
    return this.say(BEGIN, plan.round, { statement: 'begin', ...this.about(plan), ...about, ...over }, key);
  }

  contribution(plan: Json, nonce: string, file: Buffer, over: object = {}): Json {
    const about = { nonce, digest: sha256(file), bytes: file.length, mechanisms: plan.mechanisms, weight: 500 };
    return { statement: 'contribution', ...this.about(plan), ...about, ...over };
  }

  put(url: string, file: Buffer, from: number, to: number): Promise<Response> {
    const range = `bytes ${from}-${to - 1}/${file.length}`;
    const headers = { 'content-type': 'application/octet-stream', 'content-range': range };
    return this.http(url, { method: 'PUT', headers, body: new Uint8Array(file.subarray(from, to)) });
  }

  /** Joined, declared, and every byte there. */
  async uploaded(plan: Json, file: Buffer): Promise<{ nonce: string; contributionId: string }> {
    const { nonce } = await this.join(plan);
    const { contributionId, uploadUrl } = await this.begin(plan, nonce, file);
    await this.put(uploadUrl, file, 0, file.length);
    return { nonce, contributionId };
  }
}

const folder = temporaryFolder();
const federation = new FederationProcesses(folder);
let nodes: Node[];
let reference: string;
/** A statement that was good once. */
let spent: { plan: Json; message: { statement: string; jws: string } };

beforeAll(async () => {
  await federation.start();
  const banks = await Promise.all(['north', 'south'].map((code) => federation.addBank(code, 1)));
  nodes = banks.map((bank) => new Node(federation.server.url, bank));
  reference = await federation.addReference('reference', 40);
});
afterAll(async () => {
  await federation.close();
  rmSync(folder, { recursive: true, force: true });
});

const start = (over: object = {}) =>
  federation.startRun(
    nodes.map(({ bank }) => bank),
    reference,
    { rounds: 1, tolerance: 1, ...over },
  );
const over = ({ status }: Json) => status !== 'RUNNING';

test('two nodes join, upload in pieces and commit; what is published is the base and the mean', async () => {
  const run = await start();
  const [north, south] = nodes;
  const plan = await north.openRound();
  expect(canonical(JSON.parse(plan.text))).toBe(plan.text);
  const margins = 1 + 2 ** -10 + 2 ** -5;
  const { samplingRate, noiseMultiplier, steps } = plan.training;
  expect(plan.mechanisms).toEqual([
    { mechanism: 'subsampled-gaussian', samplingRate, noiseMultiplier: noiseMultiplier / margins, steps },
  ]);

  const weights = await north.http(plan.weightsUrl);
  expect(weights.headers.get('etag')).toBe(`"${plan.base.digest}"`);
  const base = Buffer.from(await weights.arrayBuffer());
  expect(sha256(base)).toBe(plan.base.digest);
  const before = parametersOf(base);
  expect(before).toHaveLength(plan.model.parameters);

  const join = signed({ statement: 'join', ...north.about(plan) }, north.key);
  const joined = await north.send(JOIN, plan.round, join);
  expect(joined).toEqual({ nonce: expect.stringMatching(/^[\w-]{43}$/), reservation: expect.any(String) });
  expect(await north.send(JOIN, plan.round, join)).toEqual(joined);
  spent = { plan, message: join };

  const update = before.map((_, index) => (index % 8) / 8 - 0.25);
  const file = fileOf(update);
  const { contributionId, uploadUrl, offset } = await north.begin(plan, joined.nonce, file);
  expect(offset).toBe(0);
  const stands = (response: Response) => [response.status, Number(response.headers.get('upload-offset'))];
  expect(stands(await north.put(uploadUrl, file, 0, 30))).toEqual([200, 30]);
  const contribution = signed(north.contribution(plan, joined.nonce, file), north.key);
  expect(await north.send(COMMIT, contributionId, contribution)).toBe('CONFLICT');
  expect(stands(await north.put(uploadUrl, file, 50, file.length))).toEqual([409, 30]);
  expect(await north.begin(plan, joined.nonce, file)).toEqual({ contributionId, uploadUrl, offset: 30 });
  expect(stands(await north.http(uploadUrl, { method: 'HEAD' }))).toEqual([200, 30]);
  expect(stands(await north.put(uploadUrl, file, 20, file.length))).toEqual([200, file.length]);
  expect(stands(await north.put(uploadUrl, file, 0, 30))).toEqual([200, file.length]);

  const receipt = { contributionId, digest: sha256(file), weight: 500 };
  expect(await north.send(COMMIT, contributionId, contribution)).toEqual(receipt);
  expect(await north.send(COMMIT, contributionId, contribution)).toEqual(receipt);

  const other = fileOf(update.map((value) => 2 * value));
  const part = await south.uploaded(plan, other);
  const weighed = south.contribution(plan, part.nonce, other, { weight: 1500 });
  expect(await south.say(COMMIT, part.contributionId, weighed)).toMatchObject({ weight: 1500 });

  const { status, rounds } = await federation.until(run, over);
  expect({ status, round: rounds[0].status }).toEqual({ status: 'COMPLETED', round: 'PUBLISHED' });
  const [, version] = Buffer.from(rounds[0].versionId, 'base64url').toString().split(':');
  const after = Buffer.from(await (await north.http(`/models/${version}/weights`)).arrayBuffer());
  const mean = update.map((value) => 0.25 * value + 0.75 * 2 * value);
  parametersOf(after).forEach((value, index) => {
    expect(value).toBeCloseTo(before[index] + mean[index], 6);
  });
  // The round is over, and still answers as it did.
  expect(await north.send(JOIN, plan.round, join)).toEqual(joined);
  expect(await north.send(COMMIT, contributionId, contribution)).toEqual(receipt);
  expect(await north.openRound()).toBeNull();
  expect(await north.join(plan)).toMatchObject({ code: 'REPLAYED' });
});

test('an attacker’s messages are refused, each by its name, and kept as evidence', async () => {
  const run = await start({ quorum: 1 });
  const [north, south] = nodes;
  const plan = await north.openRound();
  const { code, message } = await north.send(JOIN, plan.round, spent.message);
  expect({ code, message }).toEqual({ code: 'REPLAYED', message: expect.any(String) });

  const stranger = keyOf(generateKeyPairSync('ed25519').privateKey);
  const refused = async (answer: Promise<Json>) => (await answer).code;
  expect(await refused(north.join(plan, {}, stranger))).toBe('UNKNOWN_KEY');
  expect(await refused(north.join(plan, {}, { ...stranger, id: north.key.id }))).toBe('BAD_SIGNATURE');
  expect(await refused(north.join(plan, { node: south.id }, south.key))).toBe('UNKNOWN_KEY');
  expect(await refused(north.join(plan, { node: south.id }))).toBe('WRONG_ROUND');
  expect(await refused(north.join(plan, { plan: spent.plan.digest }))).toBe('WRONG_ROUND');
  expect(await refused(north.join(plan, { at: 'now' }))).toBe('BAD_STATEMENT');

  const values = new Array<number>(plan.model.parameters).fill(0.125);
  const file = fileOf(values);
  expect(await refused(north.begin(plan, 'A'.repeat(43), file))).toBe('NOT_JOINED');
  const theirs = await south.uploaded(plan, file);
  const { nonce } = await north.join(plan);
  expect(await refused(north.begin(plan, theirs.nonce, file))).toBe('NOT_JOINED');
  expect(await refused(north.begin(plan, nonce, file, { bytes: 4 * values.length + 5000 }))).toBe('WRONG_SHAPE');
  expect(await north.say(COMMIT, theirs.contributionId, north.contribution(plan, nonce, file))).toBe('NOT_FOUND');
  expect((await north.put(`/contributions/${theirs.contributionId}`, file, 0, 8)).status).toBe(404);

  const poison = fileOf([Number.NaN, ...values.slice(1)]);
  const { contributionId, uploadUrl } = await north.begin(plan, nonce, poison);
  expect(await refused(north.begin(plan, nonce, file))).toBe('EQUIVOCATION');
  expect((await north.put(uploadUrl, poison, 0, poison.length)).status).toBe(200);
  expect((await north.put(uploadUrl, Buffer.concat([poison, poison]), poison.length, 2 * poison.length)).status).toBe(
    413,
  );
  const contribution = north.contribution(plan, nonce, poison);
  const bad = await north.say(COMMIT, contributionId, contribution);
  expect(bad).toEqual({ code: 'NOT_FINITE', message: expect.any(String) });
  expect(await north.say(COMMIT, contributionId, contribution)).toEqual(bad);
  const again = north.contribution(plan, nonce, poison, { weight: 600 });
  expect(await refused(north.say(COMMIT, contributionId, again))).toBe('EQUIVOCATION');

  // The other node is not disturbed.
  const good = south.contribution(plan, theirs.nonce, file);
  expect(await south.say(COMMIT, theirs.contributionId, good)).toMatchObject({ weight: 500 });
  const { rounds } = await federation.until(run, over);
  expect(rounds[0]).toMatchObject({
    status: 'PUBLISHED',
    participants: [
      { institution: 'north', status: 'REFUSED' },
      { institution: 'south', status: 'ACCEPTED' },
    ],
  });
  expect(await federation.audit(north.bank)).toMatchObject({ problems: [] });

  const { refusals } = await federation.ask(
    '{ refusals(first: 100) { edges { node { code statement signature } } } }',
    {},
    north.bank.token,
  );
  const codes = refusals.edges.map(({ node }: Json) => node.code);
  for (const each of [
    'REPLAYED',
    'UNKNOWN_KEY',
    'BAD_SIGNATURE',
    'WRONG_ROUND',
    'NOT_JOINED',
    'NOT_FINITE',
    'EQUIVOCATION',
  ])
    expect(codes).toContain(each);
  const kept = refusals.edges.find(({ node }: Json) => node.code === 'REPLAYED').node;
  expect(kept).toMatchObject({ statement: spent.message.statement, signature: spent.message.jws });
});

test('a bank cannot give itself a larger say than four times the users that are expected', async () => {
  const run = await start({ quorum: 1 });
  const [north] = nodes;
  const plan = await north.openRound();
  const file = fileOf(new Array<number>(plan.model.parameters).fill(0.125));
  const { nonce, contributionId } = await north.uploaded(plan, file);
  const heavy = north.contribution(plan, nonce, file, { weight: 1e300 });
  expect(await north.say(COMMIT, contributionId, heavy)).toMatchObject({ code: 'BAD_STATEMENT' });
  await federation.ask('mutation ($id: ID!) { stopTrainingRun(id: $id) { status } }', { id: run });
});

test('ten times the norm is refused; in a round that is over nothing more is accepted, and what was begun stays charged', async () => {
  const run = await start({ normBound: 1 });
  const [north, south] = nodes;
  const plan = await north.openRound();
  const values = new Array<number>(plan.model.parameters).fill(0);
  const large = fileOf([10, ...values.slice(1)]);
  const { nonce, contributionId } = await north.uploaded(plan, large);
  const contribution = north.contribution(plan, nonce, large);
  expect(await north.say(COMMIT, contributionId, contribution)).toMatchObject({ code: 'NORM_EXCEEDED' });
  const late = await south.uploaded(plan, fileOf(values));
  await federation.ask('mutation ($id: ID!) { stopTrainingRun(id: $id) { status } }', { id: run });
  const statement = south.contribution(plan, late.nonce, fileOf(values));
  expect(await south.say(COMMIT, late.contributionId, statement)).toMatchObject({ code: 'ROUND_CLOSED' });
  const { rounds } = await federation.until(run, over);
  const participants = [{ status: 'REFUSED' }, { status: 'LATE' }];
  expect(rounds[0]).toMatchObject({ status: 'FAILED', participants });
  const { kinds } = await federation.audit(south.bank);
  expect(kinds.slice(-2).sort()).toEqual(['COMMIT', 'RESERVE']);
});

test('a revoked key speaks for nobody', async () => {
  const run = await start();
  const [north, south] = nodes;
  const plan = await north.openRound();
  await federation.ask('mutation ($id: ID!) { revokeNode(id: $id) { revokedAt } }', { id: north.bank.node.id });
  expect(await north.join(plan)).toMatchObject({ code: 'REVOKED_KEY' });
  expect(await south.join(plan)).toMatchObject({ nonce: expect.any(String) });
  await federation.ask('mutation ($id: ID!) { stopTrainingRun(id: $id) { status } }', { id: run });
  expect(await south.join(plan)).toMatchObject({ code: 'REPLAYED' });
  expect(await south.begin(plan, 'A'.repeat(43), fileOf([0]))).toMatchObject({ code: 'NOT_JOINED' });
});
