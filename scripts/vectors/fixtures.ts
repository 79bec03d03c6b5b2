import { createHash, createPrivateKey, sign } from 'node:crypto';
import { canonicalJson, type Json } from '../../federated/canonical-json.js';
import { mechanismsOf } from '../../federated/privacy/dp-sgd.js';
import { type NodeKey, readNodeKey } from '../../federated/protocol/keys.js';
import { planDigest, type RoundPlan, type TrainingSettings } from '../../federated/protocol/plan.js';
import type { ContributionStatement, Statement } from '../../federated/protocol/statement.js';
import { digestOf, updateFileChunks } from '../../federated/protocol/update-file.js';
import { WEIGHTS_FILE } from './training.js';

export const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
export const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
export const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
/** As many digits as a tolerance of 10⁻⁶ asks for, and none of the noise behind them. */
export const rounded = (value: number) => Number(value.toPrecision(9));

/** The secret keys of RFC 8032, section 7.1: test 1 is the node's, test 2 another node's, test 3 the coordinator's. */
export const SEEDS = {
  node: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
  other: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
  coordinator: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
};
/** PKCS#8 of an Ed25519 key (RFC 8410) up to its 32 bytes. */
export const PKCS8 = '302e020100300506032b657004220420';
export const keyOf = (seed: string): NodeKey => {
  const key = createPrivateKey({ key: Buffer.from(PKCS8 + seed, 'hex'), format: 'der', type: 'pkcs8' });
  return readNodeKey(key.export({ type: 'pkcs8', format: 'pem' }) as string);
};
export const KEYS = { node: keyOf(SEEDS.node), other: keyOf(SEEDS.other), coordinator: keyOf(SEEDS.coordinator) };

export const TRAINING: TrainingSettings = {
  clipping: { kind: 'flat', norm: 1 },
  samplingRate: 0.1,
  expectedUsers: 1000,
  noiseMultiplier: 1.5,
  steps: 20,
  learningRate: 0.5,
  momentum: 0.9,
  proximal: 0,
};
export const ADAPTIVE: TrainingSettings['clipping'] = {
  kind: 'adaptive',
  initialNorm: 0.5,
  quantile: 0.5,
  learningRate: 0.2,
  countNoiseMultiplier: 10,
};
export const PLAN: RoundPlan = {
  run: uuid(1),
  round: uuid(2),
  number: 1,
  strategy: 'fedavg',
  task: 'risk',
  population: 'all',
  model: {
    name: 'logistic',
    contract: WEIGHTS_FILE.contract as unknown as Json,
    parameters: WEIGHTS_FILE.parameters.length,
  },
  base: { version: uuid(4), digest: sha256(WEIGHTS_FILE.bytes) },
  training: TRAINING,
  mechanisms: mechanismsOf(TRAINING),
  normBound: 50,
  weightStep: 100,
  deadline: '2026-01-02T04:00:00.000Z',
};
export const NOW = '2026-01-02T03:00:00.000Z';

export const UPDATE = Float32Array.of(0.5, -1.25, 3);
export const fileOf = (update: Float32Array) => Buffer.concat([...updateFileChunks(update)]);

export const ABOUT = { run: PLAN.run, round: PLAN.round, node: uuid(3), plan: planDigest(PLAN) };
export const FILE = {
  nonce: Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString('base64url'),
  digest: digestOf(updateFileChunks(UPDATE)),
  bytes: fileOf(UPDATE).length,
};
export const STATEMENTS: readonly Statement[] = [
  { statement: 'join', ...ABOUT, at: '2026-01-02T03:00:01.000Z' },
  { statement: 'begin', ...ABOUT, ...FILE, at: '2026-01-02T03:10:00.000Z' },
  {
    statement: 'contribution',
    ...ABOUT,
    ...FILE,
    mechanisms: PLAN.mechanisms,
    weight: 1000,
    at: '2026-01-02T03:10:02.500Z',
  },
];
export const CONTRIBUTION = STATEMENTS[2] as ContributionStatement;

/** The contribution, properly signed under any header. */
export function signWith(header: string, key: NodeKey = KEYS.node): string {
  const encoded = Buffer.from(header).toString('base64url');
  const signature = sign(null, Buffer.from(`${encoded}.${canonicalJson(CONTRIBUTION)}`), key.privateKey);
  return `${encoded}..${signature.toString('base64url')}`;
}
