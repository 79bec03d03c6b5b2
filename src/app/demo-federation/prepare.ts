import type { NodeKey } from '../../../federated/protocol/keys.js';
import { alone } from '../../demo/demo.store.js';
import { DEMO_BINS, DEMO_BUDGET, DEMO_DECLARATION, DEMO_RUN } from '../../demo/federation.js';
import { INSTITUTIONS } from '../../demo/institutions.js';
import { seedReference } from '../../demo/seed.js';
import type { FederationNode } from '../../federation/node.js';
import type { TrainingRun } from '../../federation/round.js';
import { localViewer, type Runtime } from '../composition.js';
import { demoMembers } from '../demo.js';
import { nodeFiles, openNodeKey } from './node-files.js';

/** An institution of the demo, and its node as the coordinator knows it. */
export interface DemoBank {
  readonly id: string;
  readonly code: string;
  readonly nodeId: string;
}

export interface DemoRun {
  readonly run: TrainingRun;
  readonly banks: readonly DemoBank[];
}

/** What people call the nodes. */
const NODE_NAME = 'demo';
const DAY = 86_400_000;

/**
 * As an operator would, and once for a database: caps of the budgets, enrolled nodes, a reference panel, an untrained model over what is
 * public, and a run over it.
 * @returns a run that is not over, and whose nodes have their keys in this data folder; undefined where there is none to be done
 * @throws {ConcordError} CONFLICT where a node was revoked, UNAVAILABLE, CANCELLED
 */
export async function prepareFederation(
  runtime: Pick<Runtime, 'services' | 'database'>,
  dataDir: string,
  signal: AbortSignal,
): Promise<DemoRun | undefined> {
  const { services, database } = runtime;
  const { federation } = services;
  const viewer = localViewer();
  const members = await demoMembers(services);
  if (members.length < INSTITUTIONS.length) return undefined; // a database of somebody's own
  const keyed = await Promise.all(
    members.map(async (member) => ({ ...member, key: await openNodeKey(nodeFiles(dataDir, member.code).key) })),
  );
  return alone(database, async () => {
    const nodes = await federation.nodes.list(viewer);
    const runs = await federation.runs.list(viewer);
    if (runs.length > 0) return underWay(runs, nodes, keyed);
    const banks: DemoBank[] = [];
    for (const { id, code, key } of keyed) {
      await agreeOnBudget(services, id);
      banks.push({ id, code, nodeId: await enrol(services, { id, code, key }, nodes) });
    }
    const reference = await seedReference({ database, signal });
    const model = { task: 'interest', model: 'linear', declaration: DEMO_DECLARATION, bins: DEMO_BINS } as const;
    const { id: baseVersion } = await federation.baseModels.create(viewer, model);
    const run = await federation.runs.start(viewer, {
      ...{ ...DEMO_RUN, baseVersion, reference },
      nodes: banks.map(({ nodeId }) => nodeId),
    });
    return { run, banks };
  });
}

type Keyed = Pick<DemoBank, 'id' | 'code'> & { readonly key: NodeKey };

function underWay(
  runs: readonly TrainingRun[],
  nodes: readonly FederationNode[],
  keyed: readonly Keyed[],
): DemoRun | undefined {
  const banks = keyed.flatMap(({ id, code, key }): DemoBank[] => {
    const node = nodes.find((each) => holds(each, key));
    return node ? [{ id, code, nodeId: node.id }] : [];
  });
  const isOurs = ({ status, settings }: TrainingRun) =>
    status === 'running' && settings.nodes.every((id) => banks.some(({ nodeId }) => nodeId === id));
  const run = runs.find(isOurs);
  return run && { run, banks };
}

const holds = ({ keys, revokedAt }: FederationNode, { id }: NodeKey): boolean =>
  !revokedAt && keys.some((key) => key.id === id && !key.revokedAt && !key.validTo);

async function agreeOnBudget({ privacy }: Runtime['services'], institutionId: string): Promise<void> {
  const { population, epsilon, delta, days } = DEMO_BUDGET;
  const { cap } = await privacy.ledger.budget(localViewer(), institutionId, population);
  if (cap) return;
  const until = new Date(Date.now() + days * DAY);
  await privacy.budgets.setCap(localViewer(), { institutionId, population, epsilon, delta, until });
}

/** Where the node is known by another key, whose file was lost, it gets this one. */
async function enrol(
  { federation }: Runtime['services'],
  { id, code, key }: Keyed,
  nodes: readonly FederationNode[],
): Promise<string> {
  const known = nodes.find(({ institutionId, name }) => institutionId === id && name === NODE_NAME);
  const { publicKey } = key;
  if (!known)
    return (await federation.nodes.enrol(localViewer(), { institution: code, name: NODE_NAME, publicKey })).id;
  if (!holds(known, key)) await federation.nodes.rotate(localViewer(), known.id, publicKey);
  return known.id;
}
