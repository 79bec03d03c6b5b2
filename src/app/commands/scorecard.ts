import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { loadDataset } from '../../database/import/load-dataset.js';
import { readDescriptor } from '../../database/import/read-descriptor.js';
import { createEngine } from '../../engine/create-engine.js';
import { SHAPES, type Shape } from '../../engine/scorecard/classes.js';
import { USUAL_SCALE } from '../../engine/scorecard/points.js';
import { scorecardTable } from '../../engine/scorecard/table.js';
import { readConfig } from '../config.js';
import { createOutput, table } from '../output.js';
import { scaleText, scorecardCsv, scorecardMarkdown, scorecardRows } from '../scorecard/render.js';

interface Options {
  descriptor: string;
  data?: string;
  seed: number;
  shape: Record<string, Shape>;
  pdo: number;
  points: number;
  odds: number;
  format: 'csv' | 'markdown';
  output?: string;
  json?: boolean;
}

/** Reading files is this part of the work, as progress shows it. */
const READING = 0.3;

/** `concord scorecard`: learns a scorecard from files, and shows its table of points, with no database. */
export function scorecardCommand(): Command {
  return new Command('scorecard')
    .description('Learn a points scorecard from a data set, test it, and show or write its table of points.')
    .requiredOption('--descriptor <file>', 'what the files mean (docs/import.md)')
    .option('--data <folder>', "where the descriptor's files lie (default: the descriptor's folder)")
    .option('--seed <number>', 'decides everything that is random', wholeNumber, 1)
    .option(
      '--shape <column=shape>',
      `how the event rate may run along a column's values (${SHAPES.join(', ')}); may be given again`,
      addShape,
      {},
    )
    .option('--pdo <points>', 'points that double the odds', positive, USUAL_SCALE.pdo)
    .option('--points <points>', 'points at the odds', positive, USUAL_SCALE.points)
    .option('--odds <number>', 'odds of no event to event', positive, USUAL_SCALE.odds)
    .option('--output <file>', 'write the table to this file')
    .addOption(new Option('--format <name>', 'of the file').choices(['csv', 'markdown']).default('csv'))
    .option('--json', 'one JSON object on stdout')
    .action(runScorecard);
}

async function runScorecard(options: Options): Promise<void> {
  const output = createOutput(options);
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  const engine = createEngine({ backend: readConfig().backend });
  try {
    const descriptor = await readDescriptor(options.descriptor);
    const { dataset, report } = await loadDataset(descriptor, options.data ?? dirname(options.descriptor), {
      signal: stop.signal,
      onProgress: (stage, fraction) => output.progress(stage, fraction * READING),
    });
    for (const note of report.notes) output.note(note);
    const { shape: shapes, pdo, points, odds } = options;
    const { metrics, settings, seconds } = await engine.evaluate(dataset, 'risk', {
      model: 'scorecard',
      seed: options.seed,
      settings: { pdo, points, odds, ...(Object.keys(shapes).length > 0 && { shapes }) },
      signal: stop.signal,
      onProgress: ({ stage, fraction, figures }) => output.progress(stage, READING + (1 - READING) * fraction, figures),
    });
    const learnt = scorecardTable(settings);
    if (!learnt) throw new Error('The scorecard has no table.');
    output.progress('done', 1);
    if (options.output)
      await writeFile(options.output, options.format === 'csv' ? scorecardCsv(learnt) : scorecardMarkdown(learnt));
    output.result({ dataset: dataset.name, metrics, scorecard: learnt, seconds }, () => {
      const figures = Object.entries(metrics).filter(([name]) =>
        ['auc', 'ks', 'brier', 'logloss', 'cv5_auc'].includes(name),
      );
      return [
        table(scorecardRows(learnt)),
        '',
        scaleText(learnt),
        `${dataset.name}: ${figures.map(([name, value]) => `${name} ${value.toFixed(4)}`).join(', ')}; ${seconds} s`,
      ].join('\n');
    });
  } finally {
    process.off('SIGINT', interrupt);
    await engine.close();
  }
}

function addShape(text: string, shapes: Record<string, Shape>): Record<string, Shape> {
  const at = text.lastIndexOf('=');
  const shape = SHAPES.find((known) => known === text.slice(at + 1));
  if (at < 1 || !shape) throw new InvalidArgumentError(`COLUMN=SHAPE is expected, with one of ${SHAPES.join(', ')}.`);
  return { ...shapes, [text.slice(0, at)]: shape };
}

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('A number above 0 is expected.');
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 2 ** 31) return value;
  throw new InvalidArgumentError('A whole number is expected.');
}
