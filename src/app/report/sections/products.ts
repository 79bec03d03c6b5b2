import type { Comparison, InterestPlots } from '../../comparison/comparison.js';
import { count, decimals, percent } from '../../comparison/summary.js';
import { dataTable, type Markup, markup, section } from '../markup.js';
import { bar, legend } from '../svg/draw.js';
import { frame, percentNumber, place } from '../svg/frame.js';
import { type Drawn, drawnOf } from './ranking.js';

/** Products in the plot and in the table; a wide catalogue's others are one row. */
const MOST_BARS = 24;
const MOST_ROWS = 60;
const MOST_LETTERS = 16;
/** Models side by side in one bar plot. */
const MOST_SIDE_BY_SIDE = 3;

/** Recall by product, most owned first; head against tail. */
export function productsSection(comparison: Comparison): Markup {
  const drawn = drawnOf<InterestPlots>(comparison, 'interest');
  return section(
    'products',
    'By product',
    headAndTail(comparison),
    markup`<p>Recall@3 of the users from whom a product was hidden. A model that is good on the whole may never recommend what few own.</p>`,
    barPlot(comparison, drawn.slice(0, MOST_SIDE_BY_SIDE)),
    productTable(comparison, drawn),
  );
}

const headAndTail = ({ models }: Comparison): Markup =>
  dataTable(
    'Head: users whose hidden product is one of the few that make up most of what is owned; tail: all others',
    ['model', 'head users', 'recall@3', 'MRR', 'tail users', 'recall@3', 'MRR'],
    models.flatMap(({ model, plots }) =>
      plots.task === 'interest'
        ? [
            [
              model,
              ...[plots.head, plots.tail].flatMap(({ users, recall3, mrr }) => [
                count(users),
                users > 0 ? percent(recall3) : '',
                users > 0 ? decimals(mrr) : '',
              ]),
            ],
          ]
        : [],
    ),
  );

function barPlot({ data }: Comparison, drawn: readonly Drawn<InterestPlots>[]): Markup {
  const tested = data.products
    .map((product, place) => ({ ...product, place }))
    .filter(({ place }) => drawn.some(({ plots }) => plots.byProduct[place].users > 0))
    .slice(0, MOST_BARS);
  const label = (code: string) => (code.length > MOST_LETTERS ? `${code.slice(0, MOST_LETTERS - 1)}…` : code);
  return markup`<figure>${frame(
    {
      title: 'Recall@3 by product',
      description: tested
        .map(
          ({ code, place }) =>
            `${code}: ${drawn.map(({ model, plots }) => `${model} ${percent(plots.byProduct[place].recall3)}`).join(', ')}`,
        )
        .join('; '),
      x: { label: 'products by owners, most owned first', from: 0, to: Math.max(1, tested.length), ticks: [] },
      y: { label: 'recall@3', from: 0, to: 1, format: percentNumber },
      width: 1000,
      height: 360,
      below: 70,
    },
    (scales) =>
      tested.map(({ code, owners, place: at }, column) => {
        const [left, right] = [scales.x(column + 0.1), scales.x(column + 0.9)];
        const each = (right - left) / drawn.length;
        return [
          drawn.map(({ model, plots }, style) =>
            bar(scales, {
              from: left + style * each,
              to: left + (style + 1) * each - 1,
              height: plots.byProduct[at].recall3,
              style,
              text: `${code} (${count(owners)} owners), ${model}: ${percent(plots.byProduct[at].recall3)}`,
            }),
          ),
          markup`<text class="muted" text-anchor="end" transform="translate(${place((left + right) / 2 + 4)} ${scales.bottom + 14}) rotate(-35)">${label(code)}</text>`,
        ];
      }),
  )}${legend(drawn.map(({ model }) => model))}<figcaption>${data.products.length > tested.length && `The ${tested.length} most owned of ${data.products.length} products that were hidden from somebody.`}</figcaption></figure>`;
}

function productTable({ data, models }: Comparison, drawn: readonly Drawn<InterestPlots>[]): Markup {
  const rows = data.products.map(({ code, owners }, place) => [
    code,
    count(owners),
    count(drawn[0].plots.byProduct[place].users),
    ...drawn.map(({ plots }) => {
      const { users, recall3 } = plots.byProduct[place];
      return users > 0 ? percent(recall3) : '';
    }),
  ]);
  const rest = data.products.slice(MOST_ROWS);
  const meanOfRest = ({ plots }: Drawn<InterestPlots>) => {
    const known = plots.byProduct.slice(MOST_ROWS).filter(({ users }) => users > 0);
    return known.length > 0 ? percent(known.reduce((sum, { recall3 }) => sum + recall3, 0) / known.length) : '';
  };
  return dataTable(
    `Recall@3 by product; empty where it was hidden from nobody${models.length > drawn.length ? ` (the ${drawn.length} best models)` : ''}`,
    ['product', 'owners', 'hidden from', ...drawn.map(({ model }) => model)],
    [
      ...rows.slice(0, MOST_ROWS),
      ...(rest.length > 0
        ? [
            [
              `${count(rest.length)} others, mean`,
              count(rest.reduce((sum, { owners }) => sum + owners, 0)),
              count(drawn[0].plots.byProduct.slice(MOST_ROWS).reduce((sum, { users }) => sum + users, 0)),
              ...drawn.map(meanOfRest),
            ],
          ]
        : []),
    ],
  );
}
