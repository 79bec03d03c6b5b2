import 'reflect-metadata';
import { availableParallelism, cpus } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { createOutput, reportFailure, table } from '../src/app/output.js';
import type { Benchmark, Result } from './benchmark.js';
import { engine } from './engine.js';
import { events } from './events.js';
import { importing } from './import.js';
import { scoring } from './scoring.js';
import { serving } from './serving.js';

const BENCHMARKS: Readonly<Record<string, Benchmark>> = { serving, scoring, engine, import: importing, events };

const list = Object.entries(BENCHMARKS).map(([name, { description }]) => `  ${name}: ${description}`);

const seconds = (text: string): number => {
  const value = Number(text);
  if (value >= 0.5 && value <= 600) return value;
  throw new InvalidArgumentError('From 0.5 to 600.');
};

async function run(names: readonly string[], options: { json?: boolean; seconds: number }): Promise<void> {
  const output = createOutput(options);
  const results: (Result & { benchmark: string })[] = [];
  for (const benchmark of names.length > 0 ? names : Object.keys(BENCHMARKS)) {
    const progress = (text: string) => output.note(`${benchmark}: ${text}`);
    const figures = await BENCHMARKS[benchmark].run({ seconds: options.seconds, progress });
    results.push(...figures.map((result) => ({ benchmark, ...result })));
  }
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), node: process.version };
  output.result({ machine, results }, () => table(results.map((result) => ({ ...result }))));
}

const command = new Command('bench')
  .description('Measures Concord on this machine: a running server, the engine, the importer. Loopback only.')
  .argument('[names...]', 'which benchmarks; default: all', (name: string, names: string[] = []) => {
    if (!(name in BENCHMARKS)) throw new InvalidArgumentError(`There are ${Object.keys(BENCHMARKS).join(', ')}.`);
    return [...names, name];
  })
  .option('--json', 'one JSON object on stdout: {machine, results: [{benchmark, name, value, unit}]}')
  .option('--seconds <n>', 'how long each part is measured', seconds, 5)
  .addHelpText('after', `\n${list.join('\n')}\n\nserving and events run what npm run build has built.`)
  .action(run);

command.parseAsync().catch((error: unknown) => reportFailure(error, process.argv.includes('--json')));
