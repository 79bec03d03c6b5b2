import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerOptimiser } from '../federated/aggregation/server-optimiser.js';
import { generateNodeKey, type NodeKey } from '../federated/protocol/keys.js';
import { planDigest } from '../federated/protocol/plan.js';
import { Refusal } from '../federated/protocol/refusal.js';
import { type Statement, signStatement } from '../federated/protocol/statement.js';
import { openDatabase } from '../src/app/composition.js';
import { readConfig } from '../src/app/config.js';
import { createResources } from '../src/app/resources.js';
import type { Database } from '../src/database/database.js';
import { parseContract } from '../src/engine/encoders/contract.js';
import { manifestOf } from '../src/engine/layers/parameters.js';
import { federatedArchitecture } from '../src/engine/models/federated.js';
import { network } from '../src/engine/models/network.js';
import { writeHeader } from '../src/engine/safetensors/safetensors.js';
import { NodesService } from '../src/federation/nodes.service.js';
import { RoundSteps } from '../src/federation/round-steps.js';
import { RoundWork } from '../src/federation/round-work.js';
import { RoundsService } from '../src/federation/rounds.service.js';
import { RunsService } from '../src/federation/runs.service.js';
import { DEFAULT_SCOPES, SCOPES, type Viewer } from '../src/graphql/viewer.js';
import { InstitutionsService } from '../src/institutions/institutions.service.js';
import { ModelRegistry } from '../src/models/model-registry.js';
import { ModelsService } from '../src/models/models.service.js';
import { createPrivacy } from '../src/privacy/create-privacy.js';
import { round as rounded } from './benchmark.js';
import { collectGarbage, memory } from './memory.js';

const operator: Viewer = { subject: 'bench', client: 'operator', scopes: new Set(SCOPES) };
const OPTIMISER: ServerOptimiser = { kind: 'fedadam', learningRate: 0.01, beta1: 0.9, beta2: 0.99, adaptivity: 1e-3 };
const ROUNDS = 2;
/** Parameters of the run that comes first, so that code and connections are there before anything is measured. */
const WARM_UP = 3e5;

/** Everything that a coordinator needs, but a scorer: versions are as good as the ones before. */
function createCoordinator(database: Database) {
  const institutions = new InstitutionsService({ database });
  const models = new ModelsService({
    database,
    registry: new ModelRegistry({ database, scoring: undefined as never }),
  });
  const privacy = createPrivacy({ database, institutions, key: generateNodeKey() });
  const nodes = new NodesService({ database, institutions });
  const steps = new RoundSteps({ models, budgets: privacy.budgets });
  const { ledger, budgets } = privacy;
  const runs = new RunsService({ database, institutions, models, nodes, ledger, steps });
  const rounds = new RoundsService({ database, nodes, budgets, ledger, steps });
  const work = new RoundWork({ database, models, steps, measure: async () => 0.7 });
  return { database, institutions, models, privacy, nodes, runs, rounds, work };
}
type Coordinator = ReturnType<typeof createCoordinator>;

interface BenchNode {
  readonly id: string;
  readonly viewer: Viewer;
  readonly key: NodeKey;
  /** An update is this, repeated. */
  readonly block: Buffer;
}

/** Of a contract as JSON, up to 10⁸ parameters. */
const CONTRACT_BYTES = 5_500_000;

/**
 * The factored linear model over so many products that it has about this many parameters. Contracts grow with their products too, and are
 * held: here the codes are so long that all contracts are as long as that of 10⁸ parameters, so that what grows is the update alone.
 */
function contractOf(size: number) {
  const count = Math.round(size / 257);
  const products = Array.from({ length: count }, (_, i) => `P${i}`.padEnd(CONTRACT_BYTES / count - 7, '-'));
  return { version: 1, features: [], products, holdings: { mean: products.map(() => 0.5) }, scale: 1 } as const;
}

/** A file as it comes from the network: a header, and a block again and again. */
async function* repeated(header: Uint8Array, block: Buffer, bytes: number): AsyncGenerator<Uint8Array> {
  yield header;
  for (let left = bytes; left > 0; left -= block.length) yield block.subarray(0, left);
}

/** A version with all of its weights zero, made without holding them. */
async function addBase(
  { database, models }: Coordinator,
  size: number,
): Promise<{ version: string; parameters: number }> {
  const contract = contractOf(size);
  const architecture = federatedArchitecture('interest', 'linear', parseContract(contract));
  const { entries, size: parameters } = manifestOf(network(architecture));
  const tensors = entries.map(({ name, shape }) => ({ name: `member.0.${name}`, shape }));
  const { hidden, rank } = architecture;
  const metadata = {
    format: 'concord',
    kind: 'network',
    hidden: JSON.stringify(hidden),
    rank: String(rank),
    members: '1',
  };
  const file = repeated(writeHeader(tensors, metadata), Buffer.alloc(1 << 16), 4 * parameters);
  const about = { task: 'interest', model: 'linear', contract, metrics: {}, training: {} } as const;
  const { id } = await database.consortium(
    async (manager) => models.addWritten(manager, about, await models.writeShared(manager, file)),
    { long: true },
  );
  return { version: id, parameters };
}

async function addNodes({ institutions, nodes, privacy }: Coordinator): Promise<BenchNode[]> {
  const added: BenchNode[] = [];
  for (const code of ['bank-one', 'bank-two']) {
    const values = { code, name: code, kind: 'bank', country: 'IE', currency: 'EUR' } as const;
    const { id: institutionId } = await institutions.create(operator, values);
    const key = generateNodeKey();
    const { id } = await nodes.enrol(operator, { institution: code, name: code, publicKey: key.publicKey });
    const cap = {
      institutionId,
      population: 'customers',
      epsilon: 100,
      delta: 1e-5,
      until: new Date(Date.UTC(2100, 0)),
    };
    await privacy.budgets.setCap(operator, cap);
    const block = Float32Array.from({ length: 1 << 14 }, (_, i) => Math.sin(i + added.length) / 1000);
    const viewer: Viewer = { subject: code, client: 'node', scopes: new Set(DEFAULT_SCOPES.node), institutionId };
    added.push({ id, viewer, key, block: Buffer.from(block.buffer) });
  }
  return added;
}

interface Seconds {
  upload: number;
  commit: number;
  work: number;
}

/** All rounds of a run: each node uploads, the coordinator aggregates and publishes. @param onBase called when the base is there */
async function play(
  coordinator: Coordinator,
  nodes: readonly BenchNode[],
  size: number,
  onBase: () => void,
): Promise<Seconds> {
  const { rounds, runs, work } = coordinator;
  const { version, parameters } = await addBase(coordinator, size);
  onBase();
  const seconds: Seconds = { upload: 0, commit: 0, work: 0 };
  const timed = async <T>(part: keyof Seconds, doIt: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    const result = await doIt();
    seconds[part] += (performance.now() - started) / 1000;
    return result;
  };
  const { id: run } = await runs.start(operator, {
    strategy: 'fedavg',
    population: 'customers',
    baseVersion: version,
    rounds: ROUNDS,
    nodes: nodes.map(({ id }) => id),
    quorum: nodes.length,
    training: {
      clipping: { kind: 'flat', norm: 1 },
      samplingRate: 1,
      expectedUsers: 100,
      noiseMultiplier: 10,
      steps: 1,
      learningRate: 0.1,
      momentum: 0,
      proximal: 0,
    },
    optimiser: OPTIMISER,
    normBound: 1e6,
    weightStep: 100,
    collectMs: 3_600_000,
    workMs: 3_600_000,
    reference: nodes[0].viewer.institutionId!,
    tolerance: 0,
  });
  const header = writeHeader([{ name: 'update', shape: [parameters] }], {});
  const bytes = header.length + 4 * parameters;
  for (let number = 1; number <= ROUNDS; number++) {
    for (const { id: node, viewer, key, block } of nodes) {
      const { id: round, plan } = (await rounds.open(viewer, node))!;
      const hash = createHash('sha256');
      for await (const piece of repeated(header, block, 4 * parameters)) hash.update(piece);
      const signed = async (fields: object) => {
        const statement = {
          run,
          round,
          node,
          plan: planDigest(plan),
          at: new Date().toISOString(),
          ...fields,
        } as Statement;
        return { statement: JSON.stringify(statement), signature: await signStatement(statement, key) };
      };
      const { nonce } = granted(await rounds.join(viewer, round, await signed({ statement: 'join' })));
      const file = { nonce, digest: hash.digest('hex'), bytes };
      const begun = granted(await rounds.begin(viewer, round, await signed({ statement: 'begin', ...file })));
      const body = repeated(header, block, 4 * parameters);
      await timed('upload', () => rounds.receive(viewer, begun.contributionId, 0, body));
      const { mechanisms } = plan;
      const commit = await signed({ statement: 'contribution', ...file, mechanisms, weight: 100 });
      granted(await timed('commit', () => rounds.commit(viewer, begun.contributionId, commit)));
    }
    await timed('work', async () => {
      for (let pass = 0; pass < 2; pass++)
        await work.runDue((error) => {
          throw error;
        });
    });
  }
  const states = (await runs.roundsOf(operator, run)).map(({ state }) => state.status);
  if (states.some((status) => status !== 'published')) throw new Error(`The rounds are ${states}.`);
  return seconds;
}

function granted<T>(answer: T | Refusal): T {
  if (answer instanceof Refusal) throw answer;
  return answer;
}

async function main(size: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'concord-bench-'));
  const resources = createResources();
  try {
    const { database } = await openDatabase(readConfig({ CONCORD_DATA_DIR: folder }), resources);
    const coordinator = createCoordinator(database);
    resources.add(coordinator.privacy, (privacy) => privacy.close());
    const nodes = await addNodes(coordinator);
    await play(coordinator, nodes, WARM_UP, () => undefined);
    let before = memory().now;
    const seconds = await play(coordinator, nodes, size, () => {
      collectGarbage();
      before = memory().now;
    });
    const { peak } = memory();
    const figures = {
      updateMiB: rounded((4 * size) / 2 ** 20),
      beforeMiB: rounded(before),
      peakMiB: rounded(peak),
      growthMiB: rounded(peak - before),
      uploadSeconds: rounded(seconds.upload),
      commitSeconds: rounded(seconds.commit),
      workSeconds: rounded(seconds.work),
    };
    process.stdout.write(JSON.stringify(figures));
  } finally {
    await resources.close();
    await rm(folder, { recursive: true, force: true });
  }
}

void main(Number(process.argv[2]));
