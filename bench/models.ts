import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CHIEF_FIGURES, MAIN_FIGURE } from '../src/app/comparison/figures.js';
import { firstNameOf } from '../src/app/comparison/second-names.js';
import { VERSION } from '../src/app/version.js';
import type { Descriptor } from '../src/database/import/descriptor.js';
import { loadDataset } from '../src/database/import/load-dataset.js';
import { readDescriptor } from '../src/database/import/read-descriptor.js';
import { createEngine } from '../src/engine/create-engine.js';
import type { Dataset } from '../src/engine/data/dataset.js';
import { type Engine, MODELS, type ModelName, type Task } from '../src/engine/engine.js';
import { ConcordError } from '../src/errors.js';
import type { Benchmark, BenchmarkOptions, Result } from './benchmark.js';
import { type ModelFigures, meanOf, type Trial, tablesOf } from './model-tables.js';

const ROOT = join(import.meta.dirname, '..');
const DESCRIPTORS = join(ROOT, 'examples/descriptors');
/** Every figure, as it was measured: what the tables are made from, and what need not be measured again. */
const FIGURES = join(ROOT, 'bench/figures/models.json');
const PAGE = join(ROOT, 'docs/models.md');
const MARKS = ['<!-- figures of every model: npm run bench -- models -->', '<!-- end of figures -->'] as const;

/** Models on the example data sets, with seeds: each combination is kept as it ends, so that a run which is broken off goes on where it was. */
export const models: Benchmark = {
  description:
    'figures of every model on the data sets of --data, kept in bench/figures/models.json and shown in docs/models.md',
  needs: 'data',
  async run(options) {
    const { data = '', seeds, fresh, progress } = options;
    const kept = readFigures();
    const engine = createEngine({ backend: options.backend });
    const results: Result[] = [];
    try {
      for (const set of setsOf(options)) {
        progress(`reading ${set}`);
        const descriptor = await readDescriptor(join(DESCRIPTORS, `${set}.json`));
        const dataset = await datasetOf(descriptor, join(data, set), (why) => {
          // A set that was named has to be there; of all that lie there some may be of no use to models.
          if (options.sets.length > 0) throw why;
          progress(`${set} is left out: ${why.message}`);
        });
        if (!dataset) continue;
        const known = kept[set] ?? { title: descriptor.title ?? set, task: descriptor.task, peers: {}, trials: {} };
        const figures: ModelFigures = { ...known, peers: descriptor.peers ?? {} };
        kept[set] = figures;
        for (const model of modelsOf(options, descriptor.task)) {
          for (const seed of seeds) {
            const trials = figures.trials[model] ?? {};
            figures.trials[model] = trials;
            if (trials[seed] && !fresh) continue;
            progress(`${set}, ${model}, seed ${seed}`);
            trials[seed] = await measured(() =>
              engine.evaluate(dataset, descriptor.task, { model, seed, headProducts: descriptor.head }),
            );
            writeFigures(kept);
          }
          const mean = meanOf(Object.values(figures.trials[model] ?? {}));
          if (mean) results.push({ name: `${set}, ${model}`, ...resultOf(descriptor.task, mean) });
        }
      }
    } finally {
      await engine.close();
    }
    writePage(kept);
    return results;
  },
};

async function datasetOf(
  descriptor: Descriptor,
  folder: string,
  leaveOut: (why: ConcordError) => void,
): Promise<Dataset | undefined> {
  try {
    return (await loadDataset(descriptor, folder)).dataset;
  } catch (error) {
    if (!(error instanceof ConcordError)) throw error;
    leaveOut(error);
    return undefined;
  }
}

/** What a terminal has room for. */
function resultOf(task: Task, mean: Readonly<Record<string, number>>): Omit<Result, 'name'> {
  const main = MAIN_FIGURE[task];
  return {
    figure: main,
    value: mean[main],
    between_seeds: mean[`${main}_between_seeds`] ?? '',
    logloss: mean.logloss,
    seeds: mean.seeds,
    seconds: mean.seconds,
  };
}

async function measured(evaluate: () => ReturnType<Engine['evaluate']>): Promise<Trial> {
  try {
    const { task, metrics, seconds, backend } = await evaluate();
    return { metrics: shownOf(task, metrics), seconds, backend, version: VERSION };
  } catch (error) {
    if (error instanceof ConcordError && error.code === 'BAD_INPUT')
      return { refused: error.message, version: VERSION };
    throw error;
  }
}

/** What the tables show, to six digits: more would be noise in a file that is kept. */
function shownOf(task: Task, metrics: Readonly<Record<string, number>>): Record<string, number> {
  const chief = [...CHIEF_FIGURES[task], MAIN_FIGURE[task], 'logloss'];
  const isShown = (name: string) => chief.includes(name.replace(/^cv\d+_/, '').replace(/_sd$/, ''));
  return Object.fromEntries(
    Object.entries(metrics)
      .filter(([name]) => isShown(name))
      .map(([name, value]) => [name, Number(value.toFixed(6))]),
  );
}

function setsOf({ sets, data = '' }: BenchmarkOptions): string[] {
  const known = readdirSync(DESCRIPTORS).map((file) => basename(file, '.json'));
  const unknown = sets.find((set) => !known.includes(set));
  if (unknown) throw new ConcordError('BAD_INPUT', `There is no descriptor ${unknown}: ${known.join(', ')}.`);
  return sets.length > 0 ? [...sets] : known.filter((set) => existsSync(join(data, set)));
}

function modelsOf({ models: named }: BenchmarkOptions, task: Task): ModelName[] {
  const unknown = named.find((name) => !MODELS.some((model) => model === name));
  if (unknown) throw new ConcordError('BAD_INPUT', `There is no model ${unknown}: ${MODELS.join(', ')}.`);
  return MODELS.filter((model) => (named.length === 0 ? !firstNameOf(task, model) : named.includes(model)));
}

function readFigures(): Record<string, ModelFigures> {
  return existsSync(FIGURES) ? (JSON.parse(readFileSync(FIGURES, 'utf8')) as Record<string, ModelFigures>) : {};
}

function writeFigures(figures: Readonly<Record<string, ModelFigures>>): void {
  writeFileSync(`${FIGURES}.new`, `${JSON.stringify(figures, null, 2)}\n`);
  renameSync(`${FIGURES}.new`, FIGURES);
}

function writePage(figures: Readonly<Record<string, ModelFigures>>): void {
  const page = readFileSync(PAGE, 'utf8');
  const [start, end] = MARKS.map((mark) => page.indexOf(mark));
  if (start < 0 || end < start) throw new Error(`${PAGE} has no place between ${MARKS.join(' and ')}.`);
  const head = page.slice(0, start + MARKS[0].length);
  writeFileSync(PAGE, `${head}\n\n${tablesOf(figures, MODELS)}\n\n${page.slice(end)}`);
}
