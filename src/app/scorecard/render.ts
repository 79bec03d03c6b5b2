import type { Attribute, ScorecardTable } from '../../engine/scorecard/table.js';

const HEADS = ['characteristic', 'attribute', 'points', 'share', 'event rate', 'woe', 'iv'] as const;

const cellsOf = ({ characteristic, attribute, points, share, eventRate, woe, iv }: Attribute): (string | number)[] => [
  characteristic,
  attribute,
  points,
  ...[share, eventRate, woe, iv].map((value) => Number(value.toFixed(4))),
];

export const scorecardRows = ({ attributes }: ScorecardTable): Record<string, string | number>[] =>
  attributes.map((attribute) => Object.fromEntries(cellsOf(attribute).map((cell, place) => [HEADS[place], cell])));

/** As RFC 4180 has it. A cell that a spreadsheet would take for a formula is written as text. */
export function scorecardCsv({ attributes }: ScorecardTable): string {
  const quoted = (cell: string | number): string => {
    if (typeof cell === 'number') return String(cell);
    const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [[...HEADS], ...attributes.map(cellsOf)].map((row) => `${row.map(quoted).join(',')}\r\n`).join('');
}

export function scorecardMarkdown(table: ScorecardTable): string {
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|').replace(/\s+/g, ' ')).join(' | ')} |`;
  return [
    scaleText(table),
    '',
    line(HEADS),
    line(HEADS.map((_, place) => (place < 2 ? '---' : '---:'))),
    ...table.attributes.map((attribute) => line(cellsOf(attribute))),
    '',
  ].join('\n');
}

export const scaleText = ({ scale: { points, odds, pdo } }: ScorecardTable): string =>
  `${points} points at odds of ${odds}:1 of no event; ${pdo} more points double the odds. A score is the sum of the points of a user's attributes.`;
