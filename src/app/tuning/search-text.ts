import type { ModelName, Task } from '../../engine/engine.js';
import { CHIEF_FIGURES, nameOf } from '../comparison/figures.js';
import { type Cell, table } from '../output.js';
import { differing } from './ranking.js';
import type { SearchResult } from './search.js';
import type { TrialRecord } from './trials-file.js';

/** A search and what it found. */
export interface Found extends SearchResult {
  readonly dataset: string;
  readonly task: Task;
  readonly model: ModelName;
  readonly seed: number;
  readonly file: string;
  /** Whether there are test users that no trial has seen. */
  readonly isSplit: boolean;
  readonly peers: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** The search as a terminal shows it: all trials, the best on test users, and what follows. */
export function searchText(found: Found): string {
  const { dataset, task, model, seed, trials, file } = found;
  return [
    `${dataset}, ${task}, ${model}, seed ${seed}: ${trials.length} trials, best first (${file})`,
    '',
    trialTable(trials),
    '',
    ...outcome(found),
  ].join('\n');
}

function trialTable(trials: readonly TrialRecord[]): string {
  const names = differing(trials);
  const isHalved = trials.some(({ full }) => !full);
  return table(
    trials.map(
      ({ trial, full, validationLoss, seconds, settings }): Record<string, Cell> => ({
        trial: trial === 1 ? '1 (usual)' : String(trial),
        'validation loss': validationLoss === null ? 'refused' : validationLoss.toFixed(4),
        ...(isHalved && { effort: full ? 'full' : 'a third' }),
        seconds,
        ...Object.fromEntries(names.map((name) => [name, cellOf((settings as Record<string, unknown>)[name])])),
      }),
    ),
  );
}

const cellOf = (value: unknown): Cell =>
  Array.isArray(value)
    ? value.join('-') || 'none'
    : typeof value === 'object'
      ? JSON.stringify(value)
      : (value as Cell);

function outcome(found: Found): string[] {
  const { best, trials, ended, file, model } = found;
  const usual = trials.find(({ trial }) => trial === 1);
  const lines: string[] = [];
  if (ended === 'time')
    lines.push('The time was over before all trials were done: the same command goes on from here.');
  if (ended === 'interrupted') lines.push('Ended before its end: the same command goes on from here.');
  if (!best) return [...lines, 'No trial is done.'];
  lines.push(
    best.trial === 1
      ? 'Nothing that was tried is better than the usual settings.'
      : `Trial ${best.trial} is best: validation log loss ${best.validationLoss?.toFixed(4)}${usual?.validationLoss == null ? '' : `, of the usual settings ${usual.validationLoss.toFixed(4)}`}.`,
  );
  lines.push(...tested(found));
  lines.push(`To use it: --model ${model} --settings ${file} with concord evaluate or concord train.`);
  return lines;
}

function tested({ test, task, best, model, peers, isSplit, looks }: Found): string[] {
  if (!test) return ['The test users were not looked at.'];
  const names = Object.keys(test.metrics).filter((name) => CHIEF_FIGURES[task].includes(name));
  const rounded = (value: number | undefined) => (value === undefined ? null : Number(value.toFixed(4)));
  const rows = names.map((name) => ({
    figure: nameOf(name),
    [`${model}, trial ${best?.trial}`]: rounded(test.metrics[name]),
    ...Object.fromEntries(Object.entries(peers).map(([peer, figures]) => [peer, rounded(figures[name])])),
  }));
  return [
    isSplit
      ? looks > 1
        ? `On the test users, who have been looked at by ${looks} trials by now, because the search went on after its end:`
        : 'On the test users, who have been looked at by this trial alone:'
      : 'By cross-validation of the users by whom the settings were chosen, as there are no others (so they flatter a little):',
    '',
    table(rows),
    '',
  ];
}
