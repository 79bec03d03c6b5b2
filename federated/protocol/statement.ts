import { FlattenedSign, flattenedVerify } from 'jose';
import { canonicalJson } from '../canonical-json.js';
import { type Mechanism, parseMechanisms } from '../privacy/mechanism.js';
import { isBase64url, type NodeKey, publicKeyObject } from './keys.js';
import { Refusal } from './refusal.js';

/** What a node signs. The bytes are canonical JSON, so that both sides sign and verify the same. */
export type Statement = JoinStatement | BeginStatement | ContributionStatement;

interface StatementOf<Kind extends string> {
  readonly statement: Kind;
  readonly run: string;
  readonly round: string;
  readonly node: string;
  /** Digest of the round's plan: the node has seen what it takes part in, and what it is charged. */
  readonly plan: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

export type JoinStatement = StatementOf<'join'>;

/** The file that will be uploaded: signed, so that nobody else with the bank's token can commit the node to other bytes. */
export interface BeginStatement extends StatementOf<'begin'>, UpdateFile {}

interface UpdateFile {
  /** Given at the join: ties the contribution to it, and makes a replay in another round useless. */
  readonly nonce: string;
  /** SHA-256 of the update file, in hexadecimal. */
  readonly digest: string;
  readonly bytes: number;
}

export interface ContributionStatement extends StatementOf<'contribution'>, UpdateFile {
  readonly mechanisms: readonly Mechanism[];
  /** A multiple of the plan's weight step. */
  readonly weight: number;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const matches = (pattern: RegExp) => (value: unknown) => typeof value === 'string' && pattern.test(value);
const isTime = (value: unknown) => {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return !Number.isNaN(time) && new Date(time).toISOString() === value;
};

const COMMON = { run: matches(UUID), round: matches(UUID), node: matches(UUID), plan: matches(SHA256), at: isTime };
const FILE = {
  nonce: matches(/^[A-Za-z0-9_-]{43}$/),
  digest: matches(SHA256),
  bytes: (value: unknown) => Number.isSafeInteger(value) && (value as number) > 0,
};
const FIELDS: Readonly<Record<Statement['statement'], Readonly<Record<string, (value: unknown) => boolean>>>> = {
  join: COMMON,
  begin: { ...COMMON, ...FILE },
  contribution: {
    ...COMMON,
    ...FILE,
    mechanisms: Array.isArray,
    weight: (value) => typeof value === 'number' && Number.isFinite(value) && value > 0,
  },
};

/**
 * Checks a statement that comes from outside.
 * @throws {Refusal} BAD_STATEMENT naming the field
 */
export function parseStatement<Kind extends Statement['statement']>(
  kind: Kind,
  value: unknown,
): Extract<Statement, { statement: Kind }> {
  if (typeof value !== 'object' || value === null) throw new Refusal('BAD_STATEMENT', 'A statement is an object.');
  const record = value as Record<string, unknown>;
  if (record.statement !== kind) throw new Refusal('BAD_STATEMENT', `"statement" must be "${kind}".`);
  const fields = FIELDS[kind];
  for (const [field, holds] of Object.entries(fields))
    if (!holds(record[field])) throw new Refusal('BAD_STATEMENT', `"${field}" is missing or malformed.`);
  const unknown = Object.keys(record).find((key) => key !== 'statement' && !(key in fields));
  if (unknown) throw new Refusal('BAD_STATEMENT', `"${unknown}" is not a field of a ${kind} statement.`);
  if (kind === 'contribution') {
    try {
      parseMechanisms(record.mechanisms);
    } catch (error) {
      throw new Refusal('BAD_STATEMENT', (error as RangeError).message);
    }
  }
  return value as Extract<Statement, { statement: Kind }>;
}

/** A detached JWS over the canonical bytes (RFC 7515, RFC 7797 with b64 false, RFC 8037): "header..signature". */
export async function signStatement(statement: Statement, key: NodeKey): Promise<string> {
  const { protected: header, signature } = await new FlattenedSign(bytesOf(statement))
    .setProtectedHeader({ alg: 'EdDSA', kid: key.id, b64: false, crit: ['b64'] })
    .sign(key.privateKey);
  return `${header}..${signature}`;
}

/** The key that a detached JWS says it was signed with; not verified. @throws {Refusal} BAD_SIGNATURE where it is no such JWS */
export function keyIdOf(jws: string): string {
  return partsOf(jws).kid;
}

/**
 * @param publicKey of the key that keyIdOf named, 32 bytes in base64url
 * @throws {Refusal} BAD_SIGNATURE
 */
export async function verifyStatement(statement: Statement, jws: string, publicKey: string): Promise<void> {
  const { header, signature } = partsOf(jws);
  try {
    await flattenedVerify({ protected: header, payload: bytesOf(statement), signature }, publicKeyObject(publicKey), {
      algorithms: ['EdDSA'],
      crit: { b64: true },
    });
  } catch (error) {
    throw new Refusal('BAD_SIGNATURE', `The signature does not verify: ${(error as Error).message}.`);
  }
}

function partsOf(jws: string): { header: string; signature: string; kid: string } {
  const [, header, signature] = /^([A-Za-z0-9_-]{1,500})\.\.([A-Za-z0-9_-]{86})$/.exec(jws) ?? [];
  try {
    const { alg, kid, b64, crit } = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
    const detached = alg === 'EdDSA' && typeof kid === 'string' && b64 === false && String(crit) === 'b64';
    // Another spelling of the same signature would look like another signature.
    if (detached && isBase64url(signature, 64)) return { header, signature, kid };
  } catch {
    // A header that does not decode is told the same as one with other contents.
  }
  throw new Refusal('BAD_SIGNATURE', 'This is no detached JWS with alg EdDSA, a kid, and b64 false.');
}

const bytesOf = (statement: Statement): Uint8Array => new TextEncoder().encode(canonicalJson(statement));
