import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { calibrateNoise } from '../../../federated/privacy/accountant/calibrate.js';
import { nominalNoise } from '../../../federated/privacy/dp-sgd.js';
import { histogramMechanism, nominalHistogramNoise } from '../../../federated/privacy/histogram.js';
import { STRATEGIES, type Strategy } from '../../../federated/protocol/plan.js';
import { loadDataset } from '../../database/import/load-dataset.js';
import { readDescriptor } from '../../database/import/read-descriptor.js';
import { MODELS, NETWORK_MODELS, type NetworkModel, type Task } from '../../engine/engine.js';
import { requireFederated } from '../../engine/models/federated.js';
import { enumName } from '../../graphql/enum.js';
import { aboveZero, addressOf, askOnce, type Credentials, withCoordinator } from '../node/coordinator-options.js';
import { CREATE_BASE_MODEL, START_RUN, STOP_RUN, TRAINING_RUN, TRAINING_RUNS } from '../node/operations.js';
import { createOutput, type Output, table } from '../output.js';
import { declarationOf } from '../simulation/declaration.js';
import {
  activeNodes,
  budgetCommand,
  institutionId,
  nodesCommand,
  revokeCommand,
  rotateCommand,
} from './federation-members.js';

/** `concord federation`: the operator's side of federated training, over the coordinator's API. */
export function federationCommand(): Command {
  return new Command('federation')
    .description("The operator's side of federated training: base models and runs (docs/federation.md).")
    .addCommand(baseCommand())
    .addCommand(startCommand())
    .addCommand(statusCommand())
    .addCommand(stopCommand())
    .addCommand(budgetCommand())
    .addCommand(nodesCommand())
    .addCommand(rotateCommand())
    .addCommand(revokeCommand());
}

const json = () => new Option('--json', 'one JSON object on stdout');
const OF = 'an operator';

interface BaseOptions extends Credentials {
  descriptor: string;
  data?: string;
  task?: Task;
  model: NetworkModel;
  bins: number;
  json?: boolean;
}

function baseCommand(): Command {
  const command = new Command('base')
    .description('Make an untrained version to start runs from, by what a descriptor declares. Prints its id.')
    .requiredOption('--descriptor <file>', 'what columns there are, with their ranges and categories (docs/import.md)')
    .option(
      '--data <folder>',
      "public or made-up users in the descriptor's files, for names that it does not declare (default: its folder)",
    )
    .addOption(
      new Option('--task <name>', "what to learn (default: the descriptor's task)").choices(['interest', 'risk']),
    )
    .addOption(
      new Option('--model <name>', 'which model').choices(NETWORK_MODELS).argParser(networkModel).makeOptionMandatory(),
    )
    .option('--bins <number>', 'bins of a numeric column, at most', wholeNumber(2, 128), 16);
  return withCoordinator(command, OF)
    .addOption(json())
    .action(async (options: BaseOptions) => {
      const output = createOutput(options);
      const address = await addressOf(options);
      const descriptor = await readDescriptor(options.descriptor);
      const task = options.task ?? descriptor.task;
      const { dataset } = await loadDataset(descriptor, options.data ?? dirname(options.descriptor));
      const { declaration, assumedCodeLists } = declarationOf(descriptor, dataset, task);
      if (assumedCodeLists.length > 0)
        output.note(`the categories that occur are taken for a public code list: ${assumedCodeLists.join(', ')}`);
      const columns = declaration.columns.map((column) => ({ ...column, kind: enumName(column.kind) }));
      const input = {
        task: enumName(task),
        model: enumName(options.model),
        bins: options.bins,
        columns,
        series: declaration.series,
        products: declaration.products,
      };
      const { id } = (await askOnce(address, CREATE_BASE_MODEL, { input })) as { id: string };
      output.result({ id, task, model: options.model, assumedCodeLists }, () => id);
    });
}

interface StartOptions extends Credentials {
  base: string;
  nodes: string[];
  reference: string;
  rounds: number;
  strategy: Strategy;
  population: string;
  epsilon: number;
  delta: number;
  samplingRate: number;
  expectedUsers: number;
  steps: number;
  clipNorm: number;
  learningRate: number;
  proximal: number;
  serverLearningRate: number;
  serverMomentum: number;
  histogram: boolean;
  bins: number;
  quorum?: number;
  collect: number;
  tolerance: number;
  json?: boolean;
}

function startCommand(): Command {
  const command = new Command('start')
    .description(
      'Start a run, with noise calibrated so that all of its rounds together cost a node ε at most. Prints its id.',
    )
    .requiredOption('--base <id>', 'the version from which it starts: see base')
    .requiredOption('--reference <code>', 'the institution on whose users versions are measured, without noise')
    .requiredOption('--rounds <n>', 'how many rounds of training', wholeNumber(1, 10_000))
    .requiredOption('--expected-users <n>', 'public number of users of a node, about the average', aboveZero)
    .option('--nodes <ids>', 'nodes that are invited, with commas (default: all that are not revoked)', names, [])
    .addOption(new Option('--strategy <name>', 'what nodes compute').choices(STRATEGIES).default('fedavg'))
    .option('--population <name>', 'the population that is charged', 'all')
    .option('--epsilon <number>', 'ε that the run costs a node, at most', aboveZero, 3)
    .option('--delta <number>', 'its δ', aboveZero, 1e-5)
    .option('--sampling-rate <number>', 'share of users in a step', aboveZero, 0.2)
    .option('--steps <n>', 'steps of a node in a round (fedsgd: 1)', wholeNumber(1, 1_000_000), 5)
    .option('--clip-norm <number>', "norm at which a user's gradient is cut", aboveZero, 1)
    .option('--learning-rate <number>', "of a node's steps", aboveZero, 1)
    .option('--proximal <number>', 'μ of fedprox', aboveZero, 0.01)
    .option('--server-learning-rate <number>', "of the coordinator's step", aboveZero, 1)
    .option('--server-momentum <number>', "of the coordinator's step, less than 1", share, 0)
    .option('--no-histogram', 'without the first round, in which nodes count how users are spread: inputs as declared')
    .option('--bins <number>', 'of a numeric column, at most', wholeNumber(2, 128), 20)
    .option('--quorum <n>', 'contributions without which a round fails (default: all)', wholeNumber(1, 1000))
    .option('--collect <seconds>', 'how long a round waits for its nodes', aboveZero, 3600)
    .option('--tolerance <number>', 'by how much the metric may fall and the version still serve', share, 0.01);
  return withCoordinator(command, OF).addOption(json()).action(startRun);
}

async function startRun(options: StartOptions): Promise<void> {
  const { strategy, rounds, epsilon, delta, samplingRate, expectedUsers, population, quorum } = options;
  const address = await addressOf(options);
  const steps = strategy === 'fedsgd' ? 1 : options.steps;
  const { histogram, noiseMultiplier } = noiseFor(options, rounds * steps);
  const nodeIds = options.nodes.length > 0 ? options.nodes : await activeNodes(address);
  const referenceInstitutionId = await institutionId(address, options.reference);
  const run = (await askOnce(address, START_RUN, {
    input: {
      ...{ baseVersionId: options.base, nodeIds, referenceInstitutionId, population, quorum },
      rounds: histogram ? rounds + 1 : rounds,
      histogram: histogram && { noiseMultiplier: histogram, bins: options.bins },
      strategy: enumName(strategy),
      collectSeconds: options.collect,
      tolerance: options.tolerance,
      optimiser: { learningRate: options.serverLearningRate, momentum: options.serverMomentum },
      training: {
        ...{ samplingRate, expectedUsers, noiseMultiplier, steps, clipNorm: options.clipNorm },
        learningRate: options.learningRate,
        proximal: strategy === 'fedprox' ? options.proximal : 0,
      },
    },
  })) as { id: string };
  createOutput(options).result({ ...run, nodeIds, histogram, noiseMultiplier, epsilon, delta }, () => run.id);
}

/** Of ε, what the histogram may cost by itself; training gets what is left beside it. */
const HISTOGRAM_SHARE = 0.15;

/** A hair more noise than calibrated: taking the margins off again cannot fall short. */
const HAIR = 1 + 1e-9;

/** Noise multipliers as plans state them: with the margins that are charged. */
function noiseFor({ samplingRate, epsilon, delta, ...options }: StartOptions, steps: number) {
  const target = { epsilon, delta };
  if (!options.histogram) return { noiseMultiplier: HAIR * nominalNoise(calibrateNoise(samplingRate, steps, target)) };
  const histogram = HAIR * nominalHistogramNoise(calibrateNoise(1, 1, { epsilon: epsilon * HISTOGRAM_SHARE, delta }));
  const spent = [histogramMechanism(histogram)];
  const charged = calibrateNoise(samplingRate, steps, { ...target, spent });
  return { histogram, noiseMultiplier: HAIR * nominalNoise(charged) };
}

interface Run {
  readonly id: string;
  readonly status: string;
  readonly strategy: string;
  readonly population: string;
  readonly plannedRounds: number;
  readonly createdAt: string;
  readonly rounds: readonly Round[];
}
interface Round {
  readonly number: number;
  readonly status: string;
  readonly reason: string | null;
  readonly versionId: string | null;
  readonly metrics: readonly { readonly name: string; readonly value: number }[];
  readonly participants: readonly { readonly institution: string; readonly node: string; readonly status: string }[];
}

const FOLLOW_MS = 1000;

function statusCommand(): Command {
  const command = new Command('status')
    .description('Runs; or one run, with its rounds.')
    .argument('[run]', 'the id that start printed')
    .option('--follow', 'go on until the run is over');
  return withCoordinator(command, OF)
    .addOption(json())
    .action(async (id: string | undefined, options: Credentials & { follow?: boolean; json?: boolean }) => {
      const output = createOutput(options);
      const address = await addressOf(options);
      if (id === undefined) {
        const runs = (await askOnce(address, TRAINING_RUNS, {})) as Omit<Run, 'rounds'>[];
        output.result({ runs }, () => (runs.length > 0 ? table(runs.map((run) => ({ ...run }))) : 'No run yet.'));
        return;
      }
      let run = (await askOnce(address, TRAINING_RUN, { id })) as Run;
      while (options.follow && run.status === 'RUNNING') {
        showProgress(output, run);
        await sleep(FOLLOW_MS);
        run = (await askOnce(address, TRAINING_RUN, { id })) as Run;
      }
      output.result(run, () => runText(run));
    });
}

function showProgress(output: Output, { rounds, plannedRounds }: Run): void {
  const [latest] = rounds;
  const accepted = latest.participants.filter(({ status }) => status === 'ACCEPTED').length;
  const metric = rounds.find(({ metrics }) => metrics.length > 0)?.metrics.find(({ name }) => name === 'after')?.value;
  output.progress(`round ${latest.number}: ${latest.status.toLowerCase()}`, (latest.number - 1) / plannedRounds, {
    accepted,
    ...(metric !== undefined && { metric }),
  });
}

function runText({ id, status, strategy, population, plannedRounds, rounds }: Run): string {
  const rows = [...rounds].reverse().map(({ number, status: state, reason, metrics, participants }) => ({
    round: number,
    status: state.toLowerCase(),
    accepted: participants.filter((part) => part.status === 'ACCEPTED').length,
    ...Object.fromEntries(['before', 'after'].map((name) => [name, metrics.find((each) => each.name === name)?.value])),
    reason: reason ?? '',
  }));
  const head = `${id}: ${status.toLowerCase()}, ${strategy.toLowerCase()}, population ${population}, ${plannedRounds} rounds planned`;
  return `${head}\n\n${table(rows)}`;
}

function stopCommand(): Command {
  const command = new Command('stop')
    .description('End a run, and the round that is open.')
    .argument('<run>', 'the id that start printed');
  return withCoordinator(command, OF)
    .addOption(json())
    .action(async (id: string, options: Credentials & { json?: boolean }) => {
      const run = (await askOnce(await addressOf(options), STOP_RUN, { id })) as { status: string };
      createOutput(options).result(run, () => run.status.toLowerCase());
    });
}

/** Help names the choices; who names another model is told why it is none. */
function networkModel(name: string): NetworkModel {
  const model = MODELS.find((known) => known === name);
  if (!model) throw new InvalidArgumentError(`Allowed choices are ${NETWORK_MODELS.join(', ')}.`);
  try {
    return requireFederated(model);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

const names = (text: string): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

const wholeNumber = (least: number, most: number) => (text: string) => {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new InvalidArgumentError(`A whole number from ${least} to ${most} is expected.`);
};

function share(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value < 1) return value;
  throw new InvalidArgumentError('A number from 0 to below 1 is expected.');
}
