import type { Comparison } from '../../comparison/comparison.js';
import type { ColumnSummary, DataSummary } from '../../comparison/data-summary.js';
import { count, percent } from '../../comparison/summary.js';
import { dataTable, type Markup, markup, section } from '../markup.js';

const MOST_COLUMNS = 60;
const NAMES = { train: 'train', validation: 'validation', test: 'test', all: 'all, in folds' };

export function dataSection({ data, task, evidence }: Comparison): Markup {
  return section(
    'data',
    'Data',
    markup`<p>${overview(data, task)}</p>${sourceOf(data)}`,
    dataTable(
      'Users by fold. Models learn from train, settings and cut-offs are chosen on validation, test is looked at once.',
      ['fold', 'users', ...(task === 'risk' ? ['events', 'event rate'] : [])],
      data.folds.map(({ fold, users, events }) => [
        NAMES[fold],
        count(users),
        ...(events === undefined ? [] : [count(events), percent(events / Math.max(1, users))]),
      ]),
    ),
    evidence.some(({ by }) => by === 'cross-validation') &&
      markup`<p>By cross-validation all users are dealt into folds, the same for every model; each is scored by a model that was trained, settings and all, without its fold.</p>`,
    columnTable(data),
    files(data),
  );
}

function overview({ name, title, users, columns, products, holdings }: DataSummary, task: Comparison['task']): string {
  const inputs = columns.filter(({ isUsed }) => isUsed).length;
  const owned =
    holdings > 0
      ? `, ${count(holdings)} holdings${products.length > 0 ? ` of ${count(products.length)} products (${(holdings / Math.max(1, users)).toFixed(1)} a user)` : ''}`
      : '';
  const asked = task === 'risk' ? 'the probability of the event' : 'which product each user is interested in';
  return `${title ?? name}: ${count(users)} users, ${inputs} attributes that models use${owned}. Asked for: ${asked}.`;
}

function sourceOf({ source }: DataSummary): Markup | false {
  if (!source) return false;
  const said = [source.publisher, source.licence, source.url, source.notes].filter((text) => text !== undefined);
  return said.length > 0 && markup`<p class="muted">${said.join(' · ')}</p>`;
}

function columnTable({ columns }: DataSummary): Markup | false {
  if (columns.length === 0) return false;
  const incomplete = columns.filter(({ missing }) => missing > 0);
  const sorted = [...columns].sort((a, b) => b.missing - a.missing);
  const use = ({ isUsed, isProtected }: ColumnSummary) =>
    isProtected ? (isUsed ? 'protected, used' : 'protected, fairness only') : 'used';
  return markup`<p>${incomplete.length === 0 ? 'No attribute has missing values.' : `${incomplete.length} of ${columns.length} attributes have missing values, at most ${percent(sorted[0].missing)} (${sorted[0].name}). Missing is a value of its own to the models.`}</p>
<details><summary>Attributes</summary>${dataTable(
    columns.length > MOST_COLUMNS ? `The ${MOST_COLUMNS} of ${columns.length} with most missing values` : 'Attributes',
    ['attribute', { text: 'kind', isText: true }, 'missing', 'categories', { text: 'use', isText: true }],
    sorted
      .slice(0, MOST_COLUMNS)
      .map((column) => [
        column.name,
        column.kind,
        column.missing === 0 ? '' : percent(column.missing),
        column.categories,
        use(column),
      ]),
  )}</details>`;
}

function files({ files: read, notes }: DataSummary): Markup {
  return markup`<details><summary>Files read</summary>${dataTable(
    'Rows: read = taken + merged with another of the same key + left out by the descriptor + rejected',
    ['file', { text: 'for', isText: true }, 'read', 'taken', 'merged', 'left out', 'rejected'],
    read.map(({ file, table, read: rows, imported, merged, filtered, rejected }) => [
      file,
      table,
      ...[rows, imported, merged, filtered, rejected].map(count),
    ]),
  )}${notes.length > 0 && markup`<ul>${notes.map((note) => markup`<li>${note}</li>`)}</ul>`}</details>`;
}
