import { riskDataset } from '../../../test/support/synthetic.js';
import type { ComparedModel, Comparison } from '../comparison/comparison.js';
import { summariseData } from '../comparison/data-summary.js';
import { interestPlots, riskPlots } from '../comparison/plots.js';
import { dataTable, markup } from './markup.js';
import { renderReport } from './report.js';
import { ticks } from './svg/frame.js';

const EVIL = `"><script>alert('x')</script>&`;
const origin = {
  command: `concord compare --descriptor '${EVIL}'`,
  version: '1.2.3',
  node: 'v20',
  platform: 'linux x64',
  made: new Date(0),
};
const curve = {
  name: EVIL,
  points: [
    { step: 1, loss: 0.9, validationLoss: 0.9 },
    { step: 2, loss: 0.5, validationLoss: 0.6 },
    { step: 3, loss: 0.3, validationLoss: 0.8 },
  ],
};

function riskComparison(models: readonly ComparedModel['model'][] = ['gbdt', 'logistic']): Comparison {
  const set = riskDataset();
  const test = {
    users: Int32Array.from(set.label?.keys() ?? []),
    labels: Uint8Array.from(set.label ?? []),
    probabilities: Float32Array.from(set.label ?? [], (label, user) => (label + (user % 7) / 5) / 3),
  };
  const dataset = {
    ...set,
    name: EVIL,
    columns: set.columns.map((column) => ({ ...column, name: `${column.name}${EVIL}` })),
  };
  const figures = { auc: 0.8, logloss: 0.4, brier: 0.1 };
  const interval = [0.7, 0.9] as const;
  const difference = { difference: -0.1, interval: [-0.2, -0.05] as const, p: 0.01, adjustedP: 0.02 };
  const standings = models.map((model, place) => [
    model,
    {
      figures,
      deviations: { auc: 0.01 },
      intervals: { auc: interval, logloss: interval, brier: interval },
      ...(place > 0 && { differences: { auc: difference, logloss: difference } }),
    },
  ]);
  return {
    data: summariseData(dataset, 'risk', { title: EVIL, source: { notes: EVIL } }, { tables: [], notes: [EVIL] }),
    task: 'risk',
    seed: 1,
    resamples: 2000,
    level: 0.95,
    mainFigure: 'auc',
    models: models.map((model) => ({
      model,
      metrics: figures,
      plots: riskPlots(test, 0.05),
      learning: [curve],
      settings: {
        settings: { note: EVIL },
        candidates: [
          { a: 1, validationLoss: 2 },
          { a: EVIL, validationLoss: 1 },
        ],
      },
      seconds: 3,
    })),
    skipped: [{ model: 'popularity', reason: EVIL }],
    evidence: [
      { by: 'cross-validation', folds: 5, users: 400, best: models[0], models: Object.fromEntries(standings) },
    ],
    groups: [
      {
        attribute: EVIL,
        groups: [
          {
            group: EVIL,
            users: 40,
            eventRate: 0.2,
            models: { [models[0]]: { auc: Number.NaN, meanProbability: 0.3 } },
          },
        ],
      },
    ],
    peers: { [EVIL]: { cv5_auc: 0.7 } },
    backend: 'cpu',
    seconds: 9,
  };
}

describe('the report', () => {
  const page = renderReport(riskComparison(), origin);

  test('is one page that runs and loads nothing', () => {
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(page).not.toMatch(/<script|<img|<link|<iframe|@import|url\(|\son\w+=/i);
    for (const [reference] of page.matchAll(/(?:href|src)="[^"]*"/g)) expect(reference).toMatch(/^href="#/);
  });

  test('shows texts of data, files and settings as texts', () => {
    expect(page).not.toContain(EVIL);
    expect(page.match(/&quot;&gt;&lt;script&gt;alert\(&#39;x&#39;\)&lt;\/script&gt;&amp;/g)?.length).toBeGreaterThan(8);
  });

  test('has every section that its contents name, and every plot says what it shows', () => {
    const wanted = [...page.matchAll(/<a href="#(\w+)"/g)].map(([, id]) => id);
    expect(wanted).toEqual([
      'summary',
      'data',
      'figures',
      'ranking',
      'calibration',
      'lift',
      'scores',
      'groups',
      'folds',
      'learning',
      'settings',
      'again',
    ]);
    for (const id of wanted) expect(page).toContain(`<section id="${id}"`);
    const plots = page.match(/<svg [^>]*role="img"[^>]*>/g) ?? [];
    expect(plots.length).toBeGreaterThan(9);
    expect(page.match(/role="img"><title>[^<]+<\/title><desc>/g)).toHaveLength(plots.length);
  });

  test('no figure is not a number, and every element is closed', () => {
    expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/);
    const open: string[] = [];
    for (const [, closing, name, rest] of page.matchAll(/<(\/?)([a-zA-Z0-9]+)((?:"[^"]*"|[^>"])*)>/g)) {
      if (/^(meta|br)$/.test(name) || rest.endsWith('/')) continue;
      if (closing) expect(open.pop()).toBe(name);
      else open.push(name);
    }
    expect(open).toEqual([]);
  });

  test('marks where over-fitting begins', () => {
    expect(page).toContain('<title>over-fitting</title>');
    expect(page).toContain('Least validation loss at step 2; over-fitting after it.');
  });

  test('one model alone is reported too', () => {
    const alone = renderReport(riskComparison(['logistic']), origin);
    expect(alone).toContain('Only logistic was evaluated');
    expect(alone).not.toMatch(/NaN|undefined/);
  });

  test('the same comparison gives the same page', () => {
    expect(renderReport(riskComparison(), origin)).toBe(page);
  });

  test('of interest: recall among the first k, and by product', () => {
    const { data, ...rest } = riskComparison(['linear', 'popularity']);
    const products = ['P', 'Q', EVIL].map((code, index) => ({ index, code, owners: 9 - index }));
    const plots = interestPlots(
      {
        users: Int32Array.of(1, 2),
        targets: Int32Array.of(0, 2),
        ranks: Float64Array.of(1, 3),
        probabilities: Float32Array.of(0.5, 0.1),
        tail: Uint8Array.of(0, 0),
        topSize: 1,
        top: Int32Array.of(0, 0),
        topProbabilities: Float32Array.of(0.5, 0.6),
      },
      products,
    );
    const comparison: Comparison = {
      ...rest,
      task: 'interest',
      mainFigure: 'mrr',
      data: { ...data, products, holdings: 20 },
      models: rest.models.map((model) => ({ ...model, plots })),
      evidence: rest.evidence.map((evidence) => ({
        ...evidence,
        models: Object.fromEntries(
          Object.entries(evidence.models).map(([model]) => [
            model,
            { figures: { mrr: 0.6, 'recall@3': 1 }, intervals: { mrr: [0.5, 0.7] as const } },
          ]),
        ),
      })),
    };
    const interest = renderReport(comparison, origin);
    expect(interest).toContain('Recall@3 by product');
    expect(interest).not.toContain(EVIL);
    expect(interest).not.toMatch(/NaN|undefined|Infinity/);
  });
});

describe('markup', () => {
  test('values are escaped, markup and lists of it are not, and nothing is shown for false', () => {
    expect(markup`<p class="${'"'}">${['<', markup`<b>${'&'}</b>`, false, undefined, 0]}</p>`.text).toBe(
      '<p class="&quot;">&lt;<b>&amp;</b>0</p>',
    );
  });

  test('a table names its rows and columns', () => {
    const { text } = dataTable('Caption', ['a', { text: 'b', title: 'what "b" is' }], [['x', 1]]);
    expect(text).toContain('<caption>Caption</caption>');
    expect(text).toContain('<th scope="col" title="what &quot;b&quot; is">b</th>');
    expect(text).toContain('<th scope="row">x</th><td>1</td>');
  });
});

describe('axes', () => {
  test('ticks are round numbers inside', () => {
    expect(ticks({ from: 0, to: 1 })).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticks({ from: 0.713, to: 0.807 })).toEqual([0.72, 0.74, 0.76, 0.78, 0.8]);
    expect(ticks({ from: -3, to: 12 })).toEqual([0, 5, 10]);
  });
});
