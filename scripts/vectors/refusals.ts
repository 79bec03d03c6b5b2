import { canonicalJson } from '../../federated/canonical-json.js';
import { signStatement } from '../../federated/protocol/statement.js';
import { CONTRIBUTION, FILE, fileOf, hex, KEYS, PLAN, sha256, signWith, UPDATE } from './fixtures.js';

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

/** The same signature with its S a group order larger: RFC 8032, 5.1.7 refuses it. */
function malleated(jws: string): string {
  const [header, signature] = jws.split('..');
  const bytes = Buffer.from(signature, 'base64url');
  let s = BigInt(`0x${hex(bytes.subarray(32).reverse())}`) + ORDER;
  for (let i = 32; i < 64; i++, s >>= 8n) bytes[i] = Number(s & 255n);
  return `${header}..${bytes.toString('base64url')}`;
}

const statements = [
  { name: 'a nonce that is too short', changes: { nonce: FILE.nonce.slice(1) } },
  { name: 'a digest in upper case', changes: { digest: FILE.digest.toUpperCase() } },
  { name: 'no bytes', changes: { bytes: 0 } },
  { name: 'a time without milliseconds', changes: { at: '2026-01-02T03:10:02Z' } },
  { name: 'a weight of nothing', changes: { weight: 0 } },
  { name: 'a mechanism with a field too many', changes: { mechanisms: [{ ...PLAN.mechanisms[0], extra: 1 }] } },
  { name: 'a field too many', changes: { extra: 1 } },
  { name: 'an id in upper case', changes: { node: 'AAAAAAAA-0000-4000-8000-000000000003' } },
];

async function signatures() {
  const jws = await signStatement(CONTRIBUTION, KEYS.node);
  const [header, signature] = jws.split('..');
  const payload = Buffer.from(canonicalJson(CONTRIBUTION)).toString('base64url');
  const next = (char: string) => String.fromCharCode(char.charCodeAt(0) + 1);
  const kid = KEYS.node.id;
  const under = (fields: object) => signWith(JSON.stringify(fields));
  return [
    { name: 'another weight than was signed', jws, changes: { weight: 1100 } },
    {
      name: 'by the key of another node',
      jws: signWith(JSON.stringify({ alg: 'EdDSA', kid, b64: false, crit: ['b64'] }), KEYS.other),
    },
    { name: 'alg none', jws: under({ alg: 'none', kid, b64: false, crit: ['b64'] }) },
    { name: 'b64 that is not marked as critical', jws: under({ alg: 'EdDSA', kid, b64: false }) },
    { name: 'b64 true', jws: under({ alg: 'EdDSA', kid, b64: true, crit: ['b64'] }) },
    { name: 'no kid', jws: under({ alg: 'EdDSA', b64: false, crit: ['b64'] }) },
    { name: 'a payload that is not detached', jws: `${header}.${payload}.${signature}` },
    { name: 'another spelling of the same bytes', jws: `${jws.slice(0, -1)}${next(jws.slice(-1))}` },
    { name: 'an S beyond the order of the group', jws: malleated(jws) },
  ];
}

function files() {
  const file = (name: string, code: string, bytes: Uint8Array, digest = sha256(bytes)) => ({
    ...{ name, code, digest, hex: hex(bytes) },
  });
  const whole = fileOf(UPDATE);
  const edited = (from: string, to: string) => Buffer.from(whole.toString('latin1').replace(from, to), 'latin1');
  return [
    file('a value too few', 'WRONG_SHAPE', fileOf(UPDATE.slice(1))),
    file('a byte too few', 'WRONG_SHAPE', whole.subarray(0, -1)),
    file('a byte too many', 'WRONG_SHAPE', Buffer.concat([whole, Buffer.of(0)])),
    file('another tensor', 'WRONG_SHAPE', edited('update', 'values')),
    file('another type', 'WRONG_SHAPE', edited('F32', 'F64')),
    file('a header of 2^64 - 1 bytes', 'WRONG_SHAPE', Buffer.concat([Buffer.alloc(8, 0xff), whole.subarray(8)])),
    file('NaN', 'NOT_FINITE', fileOf(Float32Array.of(0.5, Number.NaN, 3))),
    file('infinity', 'NOT_FINITE', fileOf(Float32Array.of(0.5, -Infinity, 3))),
    file('other bytes than were declared', 'DIGEST_MISMATCH', fileOf(Float32Array.of(0.5, -1.25, 2)), FILE.digest),
    file('ten times the norm', 'NORM_EXCEEDED', fileOf(Float32Array.of(300, 400, 0))),
  ];
}

export async function refusals() {
  return {
    about:
      'What is refused. statement: the contribution of statements.json. statements: it with these changes is BAD_STATEMENT, whoever signs it. signatures: over it (with changes, where there are any), to be verified by the key "node" of keys.json: BAD_SIGNATURE. files: updates of so many parameters, with their codes.',
    tolerance: 0,
    statement: CONTRIBUTION,
    statements,
    signatures: await signatures(),
    files: { parameters: UPDATE.length, normBound: PLAN.normBound, refused: files() },
  };
}
