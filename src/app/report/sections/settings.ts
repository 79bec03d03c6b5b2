import type { ComparedModel, Comparison } from '../../comparison/comparison.js';
import { decimals } from '../../comparison/summary.js';
import { dataTable, type Markup, markup, section } from '../markup.js';

/** What was chosen for each model, and what else was tried. */
export function settingsSection({ models }: Comparison): Markup {
  return section(
    'settings',
    'Settings and trials',
    markup`<p>Settings are chosen by the log loss of validation users (without a stored split: of users set aside), never by test users. Where models were cross-validated alone, these are the settings of the first fold.</p>`,
    models.map(modelSettings),
  );
}

function modelSettings({ model, settings }: ComparedModel): Markup {
  const chosen = recordOf(settings.settings);
  const trials = Array.isArray(settings.candidates) ? settings.candidates.map(recordOf) : [];
  const others = Object.entries(settings).filter(([name]) => name !== 'settings' && name !== 'candidates');
  const pairs = (entries: readonly (readonly [string, unknown])[]) =>
    entries.map(([name, value]) => markup`<li>${name}: ${valueText(value)}</li>`);
  return markup`<details><summary>${model}: ${trials.length > 1 ? `${trials.length} trials` : 'no trials'}</summary>
<ul>${pairs(Object.entries(chosen))}</ul>${trials.length > 1 && trialTable(model, trials)}
<ul class="muted">${pairs(others)}</ul></details>`;
}

function trialTable(model: string, trials: readonly Readonly<Record<string, unknown>>[]): Markup {
  const names = [...new Set(trials.flatMap((trial) => Object.keys(trial)))];
  // What is the same in all of them tells nothing.
  const telling = names.filter(
    (name) => name === 'validationLoss' || new Set(trials.map((trial) => valueText(trial[name]))).size > 1,
  );
  const losses = trials.map(({ validationLoss }) => Number(validationLoss));
  const best = losses.indexOf(Math.min(...losses));
  return dataTable(
    `Trials of ${model}; the chosen one in bold`,
    ['trial', ...telling],
    trials.map((trial, place) => [
      place === best ? markup`<strong>${place + 1}</strong>` : place + 1,
      ...telling.map((name) => (name === 'validationLoss' ? decimals(losses[place], 5) : valueText(trial[name]))),
    ]),
  );
}

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

const MOST_TEXT = 400;

function valueText(value: unknown): string {
  if (typeof value === 'number') return String(Number(value.toPrecision(6)));
  if (typeof value === 'string') return value;
  if (value === undefined) return '';
  const text =
    Array.isArray(value) && value.every((each) => typeof each !== 'object')
      ? value.map(valueText).join(', ')
      : JSON.stringify(value);
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text;
}
