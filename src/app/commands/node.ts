import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Command, Option } from 'commander';
import { systemClock } from '../../../federated/node/backoff.js';
import { FolderInUse, NodeFolder } from '../../../federated/node/folder.js';
import { LedgerDamaged, LocalLedger } from '../../../federated/node/ledger.js';
import { RoundLoop } from '../../../federated/node/round-loop.js';
import type { Outcome } from '../../../federated/node/state.js';
import { generateNodeKey, type NodeKey, readNodeKey, writeNodeKey } from '../../../federated/protocol/keys.js';
import { badInput, ConcordError } from '../../errors.js';
import { createCoordinatorClient } from '../node/coordinator-http.js';
import {
  aboveZero,
  addressOf,
  askOnce,
  type Credentials,
  expectedOf,
  readText,
  withCoordinator,
} from '../node/coordinator-options.js';
import { createEngineTrainer } from '../node/engine-trainer.js';
import { dataOfFiles, dataOfInstitution, type LocalData } from '../node/local-data.js';
import { ENROL_NODE } from '../node/operations.js';
import { createOutput, EXIT, type Output, table } from '../output.js';

/** `concord node`: a bank's part in federated training. */
export function nodeCommand(): Command {
  return new Command('node')
    .description("A bank's part in federated training (docs/node.md).")
    .addCommand(keygenCommand())
    .addCommand(enrollCommand())
    .addCommand(runCommand())
    .addCommand(statusCommand());
}

const json = () => new Option('--json', 'one JSON object on stdout');
const keyOption = () => new Option('--key <file>', "the node's private key").makeOptionMandatory();
const folderOption = () =>
  new Option('--folder <folder>', 'what the node must not forget (default: the name of the key file and .node)');
function keygenCommand(): Command {
  return new Command('keygen')
    .description("Make a node's Ed25519 key. It never leaves the bank; the operator gets the public key.")
    .requiredOption('--out <file>', 'where the private key goes; it must not exist')
    .addOption(json())
    .action(async (options: { out: string; json?: boolean }) => {
      const key = generateNodeKey();
      await mkdir(dirname(options.out), { recursive: true });
      try {
        await writeFile(options.out, writeNodeKey(key), { mode: 0o600, flag: 'wx' });
      } catch (error) {
        throw badInput(`The key cannot be written to ${options.out}: ${(error as NodeJS.ErrnoException).code}.`);
      }
      const { id, publicKey } = key;
      createOutput(options).result(
        { id, publicKey, file: options.out },
        () => `id         ${id}\npublic key ${publicKey}`,
      );
    });
}

interface EnrollOptions extends Credentials {
  institution: string;
  name: string;
  key?: string;
  publicKey?: string;
  json?: boolean;
}

function enrollCommand(): Command {
  const command = new Command('enroll')
    .description("Make a bank's node known to the coordinator: for the operator. Prints the node's id.")
    .requiredOption('--institution <code>', 'whose node it is')
    .requiredOption('--name <name>', 'what people call it')
    .option('--key <file>', "the node's private key, where the operator has it (a demo)")
    .option('--public-key <key>', 'what keygen printed, which the bank sent');
  return withCoordinator(command, 'an operator')
    .addOption(json())
    .action(async (options: EnrollOptions) => {
      const { institution, name } = options;
      const publicKey = options.publicKey ?? (options.key && (await readKey(options.key)).publicKey);
      if (!publicKey) return command.error('error: give --public-key or --key');
      const address = await addressOf(options);
      const answer = await askOnce(address, ENROL_NODE, { input: { institution, name, publicKey } });
      const { nodeId: id } = answer as { nodeId: string };
      createOutput(options).result({ id, institution, name }, () => id);
    });
}

interface RunOptions extends Credentials {
  key: string;
  node: string;
  folder?: string;
  institution?: string;
  descriptor?: string;
  data?: string;
  population: string;
  epsilonCap?: number;
  delta?: number;
  period: number;
  weight?: number;
  rounds?: number;
  poll: number;
  patience: number;
  keep?: number;
  attached?: boolean;
  json?: boolean;
}

function runCommand(): Command {
  const command = new Command('run')
    .description('Take part in training: each round that the coordinator opens and the own budget allows.')
    .addOption(keyOption())
    .requiredOption('--node <id>', 'the id that enroll printed');
  return withCoordinator(command, 'this node')
    .addOption(folderOption())
    .addOption(new Option('--institution <code>', 'whose users of the own database').conflicts(['descriptor']))
    .option('--descriptor <file>', 'what the files mean, instead of a database (docs/import.md)')
    .option('--data <folder>', "where the descriptor's files lie (default: the descriptor's folder)")
    .option('--population <name>', 'which budget the cap is for', 'all')
    .option('--epsilon-cap <epsilon>', 'ε that the node never lets itself be charged beyond', aboveZero)
    .option('--delta <delta>', 'δ of the cap', aboveZero)
    .option('--period <days>', 'days after which the cap is a new one', aboveZero, 365)
    .option(
      '--weight <users>',
      'public number of users that the update counts for (default: what the plan expects)',
      aboveZero,
    )
    .option('--rounds <n>', 'end after so many rounds (default: never)', aboveZero)
    .option('--poll <seconds>', 'between two questions for a round', aboveZero, 5)
    .option('--patience <seconds>', 'how long the coordinator may be away before the node ends', aboveZero, 3600)
    .option('--keep <seconds>', 'let users that were read serve so long (default: read anew for each round)', aboveZero)
    .option('--attached', 'end when standard input ends: together with the process that started this one')
    .addOption(json())
    .action((options: RunOptions) => {
      if ((options.institution === undefined) === (options.descriptor === undefined))
        return command.error('error: give --institution or --descriptor');
      if ((options.epsilonCap === undefined) !== (options.delta === undefined))
        return command.error('error: --epsilon-cap and --delta belong together');
      return runNode(options);
    });
}

async function runNode(options: RunOptions): Promise<void> {
  const output = createOutput(options);
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, interrupt);
  const letGo = options.attached ? endWithInput(interrupt) : undefined;
  let folder: NodeFolder | undefined;
  let data: LocalData | undefined;
  const outcomes: Outcome[] = [];
  try {
    const key = await readKey(options.key);
    const address = await addressOf(options);
    folder = NodeFolder.open(folderOf(options));
    const ledger = new LocalLedger(options.node, folder.ledger);
    const { epsilonCap: epsilon, delta, population, period: days } = options;
    if (epsilon !== undefined && delta !== undefined) ledger.setCap(population, { epsilon, delta, days }, Date.now());
    else if (ledger.populations().length === 0)
      throw badInput('The node has no budget yet: --epsilon-cap and --delta.');
    data = options.descriptor
      ? dataOfFiles(options.descriptor, options.data)
      : await dataOfInstitution(options.institution!, (step) => output.progress(step, 0), 1000 * (options.keep ?? 0));
    let stage = 'training';
    const loop = new RoundLoop({
      ...{ node: options.node, key, ledger, store: folder, clock: systemClock, weight: options.weight },
      coordinator: createCoordinatorClient(address, options.node),
      trainer: createEngineTrainer({
        ...data,
        onProgress: ({ fraction, figures }) => output.progress(stage, fraction, figures),
      }),
      pollMs: options.poll * 1000,
      patienceMs: options.patience * 1000,
      rounds: options.rounds,
      onStep(step, { number }) {
        stage = `round ${number}: ${step}`;
        output.progress(stage, 0);
      },
      onOutcome(outcome) {
        outcomes.push(outcome);
        output.note(`round ${outcome.number}: ${outcome.outcome}${outcome.message ? ` (${outcome.message})` : ''}`);
      },
    });
    output.progress('waiting for a round', 0);
    await loop.run(stop.signal);
    showRun(output, options.node, outcomes);
  } catch (error) {
    throw expected(error);
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, interrupt);
    await data?.close();
    folder?.close();
    letGo?.();
  }
}

/** What cannot end in order, because the database went too, ends all the same. */
const ORPHAN_MS = 5000;

/** Whoever started this process holds the other end of its standard input, and cannot but let go of it, even by kill -9. */
function endWithInput(interrupt: () => void): () => void {
  const ended = () => {
    interrupt();
    setTimeout(() => process.exit(EXIT.cancelled), ORPHAN_MS).unref();
  };
  process.stdin.once('end', ended).once('error', ended).resume();
  return () => process.stdin.off('end', ended).destroy();
}

function showRun(output: Output, node: string, rounds: readonly Outcome[]): void {
  output.result({ node, rounds }, () =>
    table(rounds.map(({ number, round, outcome, at }) => ({ number, round, outcome, at }))),
  );
}

function statusCommand(): Command {
  return new Command('status')
    .description('What a node has done and what its budget has left, from its folder. The node may run meanwhile.')
    .addOption(keyOption())
    .requiredOption('--node <id>', 'the id that enroll printed')
    .addOption(folderOption())
    .addOption(json())
    .action((options: { key: string; node: string; folder?: string; json?: boolean }) => {
      try {
        const { state, lines } = NodeFolder.look(folderOf(options));
        const ledger = new LocalLedger(options.node, { lines, append: refuseToWrite });
        const budgets = ledger.populations().map((population) => {
          const { cap, spent } = ledger.budget(population);
          const { epsilon = 0, delta = 0, until = '' } = cap ?? {};
          return { population, epsilon, delta, spent: spent.pld, remaining: Math.max(0, epsilon - spent.pld), until };
        });
        const { current, past } = state;
        const round = current && {
          round: current.offer.plan.round,
          number: current.offer.plan.number,
          step: current.step,
        };
        createOutput(options).result({ node: options.node, current: round ?? null, budgets, rounds: past }, () =>
          [
            round ? `In round ${round.number} (${round.round}): ${round.step}` : 'In no round.',
            table(budgets),
            table(past.slice(-10).map(({ number, round: id, outcome, at }) => ({ number, round: id, outcome, at }))),
          ].join('\n\n'),
        );
      } catch (error) {
        throw expected(error);
      }
    });
}

function refuseToWrite(): never {
  throw new Error('Whoever looks on writes nothing.');
}

const folderOf = ({ key, folder }: { key: string; folder?: string }) => folder ?? `${key}.node`;

async function readKey(path: string): Promise<NodeKey> {
  const pem = await readText(path);
  try {
    return readNodeKey(pem);
  } catch (error) {
    throw badInput(`The file ${path} holds no Ed25519 private key in PEM: \`concord node keygen\` makes one.`, {
      cause: (error as Error).message,
    });
  }
}

/** What a node may end with, as the command line says it. */
function expected(error: unknown): unknown {
  if (error instanceof FolderInUse) return new ConcordError('CONFLICT', error.message);
  if (error instanceof LedgerDamaged) return new ConcordError('CONFLICT', error.message);
  return expectedOf(error);
}
