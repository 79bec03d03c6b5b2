import { canonicalJson } from '../../federated/canonical-json.js';
import { mechanismsOf } from '../../federated/privacy/dp-sgd.js';
import { writeNodeKey } from '../../federated/protocol/keys.js';
import { planDigest, type RoundPlan } from '../../federated/protocol/plan.js';
import { type Statement, signStatement } from '../../federated/protocol/statement.js';
import { UpdateFileReader } from '../../federated/protocol/update-file.js';
import { mostWeight, weightOf } from '../../federated/protocol/weight.js';
import {
  ADAPTIVE,
  fileOf,
  hex,
  KEYS,
  NOW,
  PLAN,
  SEEDS,
  STATEMENTS,
  sha256,
  signWith,
  TRAINING,
  UPDATE,
} from './fixtures.js';

export function keys() {
  const described = (name: keyof typeof SEEDS) => ({
    seed: SEEDS[name],
    pem: writeNodeKey(KEYS[name]),
    publicKey: KEYS[name].publicKey,
    thumbprintInput: canonicalJson({ crv: 'Ed25519', kty: 'OKP', x: KEYS[name].publicKey }),
    id: KEYS[name].id,
  });
  return {
    about:
      'Ed25519 keys with the secret keys of RFC 8032, section 7.1, tests 1 to 3. Never use them for anything else.',
    node: described('node'),
    other: described('other'),
    coordinator: described('coordinator'),
    notPublicKeys: [
      { name: 'another spelling of the same 32 bytes', publicKey: KEYS.node.publicKey.replace(/o$/, 'p') },
      { name: '31 bytes', publicKey: KEYS.node.publicKey.slice(0, 42) },
      { name: 'padded', publicKey: `${KEYS.node.publicKey}=` },
    ],
  };
}

/** Those of RFC 8785, appendix B, and a few that programs get wrong. */
const NUMBERS = [
  ...['0000000000000000', '8000000000000000', '0000000000000001', '8000000000000001', '7fefffffffffffff'],
  ...['ffefffffffffffff', '4340000000000000', 'c340000000000000', '4430000000000000', '44b52d02c7e14af5'],
  ...['44b52d02c7e14af6', '44b52d02c7e14af7', '444b1ae4d6e2ef4e', '444b1ae4d6e2ef4f', '444b1ae4d6e2ef50'],
  ...['3eb0c6f7a0b5ed8c', '3eb0c6f7a0b5ed8d', '41b3de4355555553', '41b3de4355555554', '41b3de4355555555'],
  ...['41b3de4355555556', '41b3de4355555557', 'becbf647612f3696', '43143ff3c1cb0959'],
  ...['3ff0000000000000', '3fb999999999999a', '3ee4f8b588e368f1', '412e848000000000', '7e37e43c8800759c'],
];

const TEXTS = [
  [
    'RFC 8785, 3.2.2',
    '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
  ],
  [
    'keys by UTF-16 code units (RFC 8785, 3.2.3)',
    '{"\\u20ac":"Euro Sign","\\r":"Carriage Return","\\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\\ud83d\\ude00":"Emoji: Grinning Face","\\u0080":"Control","\\u00f6":"Latin Small Letter O With Diaeresis"}',
  ],
  ['keys that are numbers are texts', '{"10":1,"9":2,"a":3,"A":4,"":5}'],
  ['controls', '"\\u0000\\u0008\\u0009\\u000a\\u000b\\u000c\\u000d\\u001f\\u007f\\u2028"'],
  ['nested', ' { "b" : [ { "d" : null , "c" : [ ] } , { } ] , "a" : { "z" : -0.0 , "y" : 1e2 } } '],
];

export function canonical() {
  return {
    about:
      'RFC 8785. numbers: the bits of a double, and how it is written. texts: JSON as it may come, and its canonical form.',
    numbers: NUMBERS.map((bits) => ({ bits, text: canonicalJson(Buffer.from(bits, 'hex').readDoubleBE()) })),
    texts: TEXTS.map(([name, json]) => {
      const text = canonicalJson(JSON.parse(json));
      return { name, json, canonical: text, utf8: hex(Buffer.from(text)), sha256: sha256(text) };
    }),
    refused: [
      { name: 'a lone surrogate', json: '"\\ud800"' },
      { name: 'a lone surrogate in a key', json: '{"\\udc00":1}' },
      { name: 'a number beyond double', json: '1e400' },
    ],
  };
}

export function plans() {
  const described = (name: string, plan: RoundPlan) => ({
    ...{ name, plan, canonical: canonicalJson(plan), digest: planDigest(plan) },
    weights: {
      declared: [undefined, 49, 149, 150, 2345, 9999].map((users) => ({
        users: users ?? null,
        weight: weightOf(plan, users),
      })),
      most: mostWeight(plan),
      refused: [0, -100, 50, 150, mostWeight(plan) + plan.weightStep, 1e300],
    },
  });
  const adaptive = { ...TRAINING, clipping: ADAPTIVE, proximal: 0.01 };
  const declined = (name: string, code: string, changes: object) => ({ name, code, plan: { ...PLAN, ...changes } });
  return {
    about:
      'Plans, the bytes whose SHA-256 is their digest, and the weight of an update for a public number of users (null: the plan’s own). declined: plans in which a node takes no part, at the time now.',
    tolerance: 0,
    now: NOW,
    plans: [
      described('FedAvg', PLAN),
      described('FedProx, adaptive clipping', {
        ...PLAN,
        ...{ number: 2, strategy: 'fedprox', training: adaptive, mechanisms: mechanismsOf(adaptive) },
      }),
    ],
    declined: [
      declined('charges less than its training discloses', 'MECHANISM_MISMATCH', {
        mechanisms: [{ mechanism: 'gaussian', noiseMultiplier: 100, count: 1 }],
      }),
      declined('charges the noise without its margins', 'MECHANISM_MISMATCH', {
        mechanisms: [{ ...PLAN.mechanisms[0], noiseMultiplier: TRAINING.noiseMultiplier }],
      }),
      declined('is past', 'BAD_PLAN', { deadline: '2026-01-02T02:59:59.999Z' }),
      declined('has no norm bound', 'BAD_PLAN', { normBound: 0 }),
      declined('has settings out of range', 'BAD_PLAN', { training: { ...TRAINING, noiseMultiplier: 0 } }),
    ],
  };
}

export function updateFile() {
  const described = (name: string, values: Float32Array) => {
    const bytes = fileOf(values);
    const reader = new UpdateFileReader(values.length);
    reader.read(bytes);
    const { digest, norm } = reader.end();
    const length = bytes.readUInt32LE();
    return {
      name,
      values: [...values],
      header: bytes.toString('utf8', 8, 8 + length),
      hex: hex(bytes),
      bytes: bytes.length,
      digest,
      norm,
    };
  };
  return {
    about: 'Updates as safetensors files. header: with its padding. norm: L2, in double precision.',
    tolerance: { norm: 1e-12 },
    files: [
      described('three values', UPDATE),
      described('one value', Float32Array.of(-1)),
      described('the smallest and the largest float32', Float32Array.of(2 ** -149, 3.4028234663852886e38, 1)),
    ],
  };
}

export async function statements() {
  const described = async (statement: Statement) => {
    const jws = await signStatement(statement, KEYS.node);
    const [header, signature] = jws.split('..');
    const text = canonicalJson(statement);
    return {
      statement,
      canonical: text,
      header: Buffer.from(header, 'base64url').toString('utf8'),
      signingInput: `${header}.${text}`,
      signature: hex(Buffer.from(signature, 'base64url')),
      jws,
    };
  };
  return {
    about:
      'Statements about the first plan of plans.json and the first file of update-file.json, signed by the key "node" of keys.json. signingInput: what Ed25519 signs, in UTF-8.',
    tolerance: 0,
    statements: await Promise.all(STATEMENTS.map(described)),
    alsoValid: [
      {
        name: 'of the contribution: its header has its members in another order, and white space',
        jws: signWith(`{ "kid": "${KEYS.node.id}", "crit": ["b64"], "b64": false, "alg": "EdDSA" }`),
      },
    ],
  };
}
