import { Command, Option } from 'commander';
import { badInput, ConcordError } from '../../errors.js';
import type { CoordinatorAddress } from '../node/coordinator-http.js';
import { aboveZero, addressOf, askOnce, type Credentials, withCoordinator } from '../node/coordinator-options.js';
import { INSTITUTIONS, NODES, REVOKE_NODE, ROTATE_KEY, SET_BUDGET } from '../node/operations.js';
import { createOutput, table } from '../output.js';

const OF = 'an operator';
const DAY_MS = 86_400_000;
const json = () => new Option('--json', 'one JSON object on stdout');

interface NodeRow {
  readonly id: string;
  readonly nodeId: string;
  readonly name: string;
  readonly institutionId: string;
  readonly revokedAt: string | null;
}

/** @throws {ConcordError} BAD_INPUT where there is none */
export async function activeNodes(address: CoordinatorAddress): Promise<string[]> {
  const nodes = (await askOnce(address, NODES, {})) as NodeRow[];
  const active = nodes.filter(({ revokedAt }) => !revokedAt);
  if (active.length === 0) throw badInput('No node is enrolled: concord node enroll.');
  return active.map(({ id }) => id);
}

/** @returns the codes of all institutions by their ids */
async function institutionCodes(address: CoordinatorAddress): Promise<Map<string, string>> {
  interface Page {
    readonly edges: readonly { readonly node: { readonly id: string; readonly code: string } }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
  }
  const codes = new Map<string, string>();
  for (let after: string | null = null; ; ) {
    const { edges, pageInfo } = (await askOnce(address, INSTITUTIONS, { after })) as Page;
    for (const { node } of edges) codes.set(node.id, node.code);
    if (!pageInfo.hasNextPage) return codes;
    after = pageInfo.endCursor;
  }
}

/** @throws {ConcordError} NOT_FOUND */
export async function institutionId(address: CoordinatorAddress, code: string): Promise<string> {
  for (const [id, known] of await institutionCodes(address)) if (known === code) return id;
  throw new ConcordError('NOT_FOUND', `There is no institution with the code ${code}.`);
}

interface BudgetOptions extends Credentials {
  institution: string;
  population: string;
  epsilon: number;
  delta: number;
  days: number;
  json?: boolean;
}

export function budgetCommand(): Command {
  const command = new Command('budget')
    .description(
      "Set the cap of an institution's privacy budget. Within a period it replaces the cap; charges go on counting.",
    )
    .requiredOption('--institution <code>', 'whose')
    .option('--population <name>', 'which of its data', 'all')
    .requiredOption('--epsilon <number>', 'ε that is never passed', aboveZero)
    .option('--delta <number>', 'its δ', aboveZero, 1e-5)
    .option('--days <number>', 'how long the period is, from now', aboveZero, 365);
  return withCoordinator(command, OF)
    .addOption(json())
    .action(async (options: BudgetOptions) => {
      const { institution, population, epsilon, delta, days } = options;
      const address = await addressOf(options);
      const until = new Date(Date.now() + days * DAY_MS).toISOString();
      const id = await institutionId(address, institution);
      const input = { institutionId: id, population, epsilon, delta, until };
      const { spent, remaining } = (await askOnce(address, SET_BUDGET, { input })) as {
        readonly spent: { readonly pld: number };
        readonly remaining: number;
      };
      const budget = { institution, population, epsilon, delta, until, spent: spent.pld, remaining };
      createOutput(options).result(budget, () => table([budget]));
    });
}

export function nodesCommand(): Command {
  return withCoordinator(new Command('nodes').description('Nodes that are enrolled.'), OF)
    .addOption(json())
    .action(async (options: Credentials & { json?: boolean }) => {
      const address = await addressOf(options);
      const [nodes, codes] = [(await askOnce(address, NODES, {})) as NodeRow[], await institutionCodes(address)];
      const rows = nodes.map(({ id, nodeId, name, institutionId: of, revokedAt }) => ({
        ...{ institution: codes.get(of) ?? of, name, nodeId, revoked: revokedAt, id },
      }));
      createOutput(options).result({ nodes: rows }, () => (rows.length > 0 ? table(rows) : 'No node is enrolled.'));
    });
}

export function rotateCommand(): Command {
  const command = new Command('rotate-key')
    .description('Give a node a new key, in place of those before, which count no more.')
    .argument('<node>', 'the id that nodes shows last')
    .requiredOption('--public-key <key>', 'what keygen printed');
  return withCoordinator(command, OF)
    .addOption(json())
    .action(async (id: string, options: Credentials & { publicKey: string; json?: boolean }) => {
      const { publicKey } = options;
      const node = (await askOnce(await addressOf(options), ROTATE_KEY, { id, publicKey })) as NodeRow;
      createOutput(options).result(node, () => `${node.name} has a new key.`);
    });
}

export function revokeCommand(): Command {
  const command = new Command('revoke')
    .description('End a node and all of its keys, for good.')
    .argument('<node>', 'the id that nodes shows last');
  return withCoordinator(command, OF)
    .addOption(json())
    .action(async (id: string, options: Credentials & { json?: boolean }) => {
      const node = (await askOnce(await addressOf(options), REVOKE_NODE, { id })) as NodeRow;
      createOutput(options).result(node, () => `${node.name} is revoked.`);
    });
}
