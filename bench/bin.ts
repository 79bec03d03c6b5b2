import 'reflect-metadata';
import { availableParallelism, cpus } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { createOutput, reportFailure, table } from '../src/app/output.js';
import { BACKENDS, type BackendName } from '../src/engine/backends/backend.js';
import { ConcordError } from '../src/errors.js';
import { accountant } from './accountant.js';
import type { Benchmark, Result } from './benchmark.js';
import { demoFederation } from './demo-federation.js';
import { dpSgd } from './dp-sgd.js';
import { engine } from './engine.js';
import { events } from './events.js';
import { importing } from './import.js';
import { models } from './models.js';
import { recommenders } from './recommenders.js';
import { scoring } from './scoring.js';
import { serving } from './serving.js';
import { trees } from './trees.js';
import { update } from './update.js';
import { wideCatalogue } from './wide-catalogue.js';

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  serving,
  scoring,
  engine,
  recommenders,
  models,
  accountant,
  'dp-sgd': dpSgd,
  import: importing,
  events,
  update,
  trees,
  'wide-catalogue': wideCatalogue,
  'demo-federation': demoFederation,
};

const list = Object.entries(BENCHMARKS).map(([name, { description }]) => `  ${name}: ${description}`);

const backend = (text: string): BackendName | 'auto' => {
  const known = ['auto', ...BACKENDS] as const;
  const name = known.find((each) => each === text);
  if (name) return name;
  throw new InvalidArgumentError(`There are ${known.join(', ')}.`);
};

const seconds = (text: string): number => {
  const value = Number(text);
  if (value >= 0.5 && value <= 600) return value;
  throw new InvalidArgumentError('From 0.5 to 600.');
};

const parameters = (text: string): number[] =>
  text.split(',').map((each) => {
    const size = Number(each);
    if (Number.isInteger(size) && size >= 3e5 && size <= 1e9) return size;
    throw new InvalidArgumentError('From 3e5 to 1e9, separated by commas.');
  });

const names = (text: string): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

const seeds = (text: string): number[] =>
  names(text).map((each) => {
    const seed = Number(each);
    if (/^\d+$/.test(each) && seed < 2 ** 31) return seed;
    throw new InvalidArgumentError('Whole numbers, separated by commas.');
  });

interface Options {
  readonly json?: boolean;
  readonly seconds: number;
  readonly backend: BackendName | 'auto';
  readonly parameters: readonly number[];
  readonly data?: string;
  readonly sets: readonly string[];
  readonly models: readonly string[];
  readonly seeds: readonly number[];
  readonly fresh: boolean;
}

async function run(named: readonly string[], options: Options): Promise<void> {
  const output = createOutput(options);
  const results: (Result & { benchmark: string })[] = [];
  const possible = Object.keys(BENCHMARKS).filter((name) => isPossible(name, options));
  const impossible = named.find((name) => !possible.includes(name));
  if (impossible) throw new ConcordError('BAD_INPUT', `${impossible} needs --${BENCHMARKS[impossible].needs}.`);
  for (const benchmark of named.length > 0 ? named : possible) {
    const progress = (text: string) => output.note(`${benchmark}: ${text}`);
    const figures = await BENCHMARKS[benchmark].run({ ...options, progress });
    results.push(...figures.map((result) => ({ benchmark, ...result })));
  }
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), node: process.version };
  output.result({ machine, results }, () => table(results.map((result) => ({ ...result }))));
}

function isPossible(name: string, options: Options): boolean {
  const { needs } = BENCHMARKS[name];
  return needs === undefined || options[needs] !== undefined;
}

const command = new Command('bench')
  .description('Measures Concord on this machine: a running server, the engine, the importer. Loopback only.')
  .argument('[names...]', 'which benchmarks; default: all', (name: string, before: string[] = []) => {
    if (!(name in BENCHMARKS)) throw new InvalidArgumentError(`There are ${Object.keys(BENCHMARKS).join(', ')}.`);
    return [...before, name];
  })
  .option(
    '--json',
    'one JSON object on stdout: {machine, results: [{benchmark, name, value, unit}]} (dp-sgd, update: figures by name)',
  )
  .option('--backend <name>', 'for dp-sgd: what computes', backend, 'auto')
  .option('--seconds <n>', 'how long each part is measured', seconds, 5)
  .option('--parameters <list>', 'for update: sizes of the model', parameters, [1e6, 1e7])
  .option('--data <folder>', 'for models: where data sets lie, a folder each, by the names of examples/descriptors')
  .option('--sets <names>', 'for models: which of them, with commas (default: all that are there)', names, [])
  .option('--models <names>', 'for models: which, with commas (default: all)', names, [])
  .option('--seeds <numbers>', 'for models: with commas', seeds, [1, 2, 3])
  .option('--fresh', 'for models: measure again what is known already', false)
  .addHelpText('after', `\n${list.join('\n')}\n\nserving and events run what npm run build has built.`)
  .action(run);

command.parseAsync().catch((error: unknown) => reportFailure(error, process.argv.includes('--json')));
