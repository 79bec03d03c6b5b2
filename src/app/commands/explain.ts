import { dirname } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { loadDataset } from '../../database/import/load-dataset.js';
import { readDescriptor } from '../../database/import/read-descriptor.js';
import { BACKENDS, type BackendName } from '../../engine/backends/backend.js';
import type { CalibrationChoice } from '../../engine/calibration/calibration.js';
import { createEngine } from '../../engine/create-engine.js';
import type { UserRow } from '../../engine/data/dataset.js';
import { userRow } from '../../engine/data/user-row.js';
import {
  type Engine,
  type Explanation,
  MODELS,
  type ModelName,
  type Task,
  type TrainedModel,
} from '../../engine/engine.js';
import { EXPLANATION_METHODS, type ExplanationMethod } from '../../engine/explanations/methods.js';
import { badInput } from '../../errors.js';
import { readConfig } from '../config.js';
import { createOutput, table } from '../output.js';
import { calibrationOption } from './options.js';

interface Options {
  descriptor: string;
  data?: string;
  model: ModelName;
  task?: Task;
  user: string;
  product?: string[];
  method?: ExplanationMethod;
  top: number;
  calibration?: CalibrationChoice;
  seed: number;
  backend?: BackendName;
  json?: boolean;
}

/** Reading files and training are these parts of the work, as progress shows it. */
const READING = 0.05;
const TRAINED = 0.98;
/** Products that are explained where none is named. */
const PRODUCTS = 3;

/** `concord explain`: trains a model on files and says why a user has the score that they have, with no database. */
export function explainCommand(): Command {
  return new Command('explain')
    .description('Train a model on a data set, and say why one of its users has the score that they have.')
    .requiredOption('--descriptor <file>', 'what the files mean (docs/import.md)')
    .option('--data <folder>', "where the descriptor's files lie (default: the descriptor's folder)")
    .addOption(new Option('--model <name>', 'which model').choices(MODELS).makeOptionMandatory())
    .addOption(
      new Option('--task <name>', "what to learn (default: the descriptor's task)").choices(['interest', 'risk']),
    )
    .requiredOption('--user <id>', 'whose score')
    .option('--product <code...>', `interest: of which products (default: the ${PRODUCTS} ranked first)`)
    .addOption(
      new Option('--method <name>', 'how it is taken apart (default: the best for the model)').choices(
        EXPLANATION_METHODS,
      ),
    )
    .option('--top <number>', 'contributions shown', wholeNumber(1, 10_000), 15)
    .addOption(calibrationOption())
    .option('--seed <number>', 'decides everything that is random', wholeNumber(0, 2 ** 31), 1)
    .addOption(new Option('--backend <name>', 'what computes (default: the best that works)').choices(BACKENDS))
    .option('--json', 'one JSON object on stdout, with all contributions')
    .action(runExplain);
}

async function runExplain(options: Options): Promise<void> {
  const output = createOutput(options);
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  const engine = createEngine({ backend: options.backend ?? readConfig().backend });
  try {
    const descriptor = await readDescriptor(options.descriptor);
    const { dataset, report } = await loadDataset(descriptor, options.data ?? dirname(options.descriptor), {
      signal: stop.signal,
      onProgress: (stage, fraction) => output.progress(stage, fraction * READING),
    });
    for (const note of report.notes) output.note(note);
    const user = dataset.userIds.indexOf(options.user);
    if (user < 0) throw badInput(`${dataset.name} has no user ${options.user}.`, { user: options.user });
    const task = options.task ?? descriptor.task;
    const model = await engine.train(dataset, task, options.model, {
      seed: options.seed,
      signal: stop.signal,
      ...(options.calibration && { settings: { calibration: options.calibration } }),
      onProgress: ({ stage, fraction, figures }) =>
        output.progress(stage, READING + (TRAINED - READING) * fraction, figures),
    });
    const explained = await explain(engine, model, userRow(dataset, user), options);
    output.progress('done', 1);
    const { user: id, method = 'the best for the model' } = options;
    output.result(
      { dataset: dataset.name, task, model: options.model, user: id, method, explanations: explained },
      () => explained.map((each) => textOf(each, options.top)).join('\n\n'),
    );
  } finally {
    process.off('SIGINT', interrupt);
    await engine.close();
  }
}

interface Explained extends Explanation {
  /** Of interest. */
  readonly product?: string;
  readonly probability: number;
}

async function explain(engine: Engine, model: TrainedModel, row: UserRow, options: Options): Promise<Explained[]> {
  const { scoring } = engine;
  const version = 'offline';
  await scoring.load(version, model);
  const probabilityOf = (score: number) => 1 / (1 + Math.exp(-score));
  if (model.task === 'risk') {
    const why = await scoring.explainRisk(version, row, options.method);
    return [{ probability: probabilityOf(why.score), ...why }];
  }
  const products = options.product ?? (await bestOf(engine, version, model, row));
  const reasons = await scoring.explainInterest(version, row, products, options.method);
  return reasons.map((why, place) => ({ product: products[place], probability: probabilityOf(why.score), ...why }));
}

async function bestOf(engine: Engine, version: string, { contract }: TrainedModel, row: UserRow): Promise<string[]> {
  const [scores] = await engine.scoring.scoreInterest(version, [row]);
  const owned = new Set(row.owned);
  return (contract.products as readonly string[])
    .map((code, product) => ({ code, score: scores[product] }))
    .filter(({ code }) => !owned.has(code))
    .sort((a, b) => b.score - a.score)
    .slice(0, PRODUCTS)
    .map(({ code }) => code);
}

function textOf({ product, probability, base, score, contributions }: Explained, top: number): string {
  const shown = contributions.slice(0, top);
  const rest = contributions.slice(top);
  const rows = [
    { feature: 'base', value: '', contribution: base },
    ...shown.map(({ feature, value, contribution }) => ({ feature, value: value ?? 'missing', contribution })),
    ...(rest.length > 0
      ? [
          {
            feature: `${rest.length} others`,
            value: '',
            contribution: rest.reduce((sum, { contribution }) => sum + contribution, 0),
          },
        ]
      : []),
    { feature: 'score', value: '', contribution: score },
  ];
  const head = `${product === undefined ? 'risk' : `interest in ${product}`}: probability ${probability.toFixed(4)}`;
  return `${head}, in log-odds:\n\n${table(rows)}`;
}

const wholeNumber = (least: number, most: number) => (text: string) => {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new InvalidArgumentError(`A whole number from ${least} to ${most} is expected.`);
};
