import type { ScorecardTable } from '../../engine/scorecard/table.js';
import { scorecardCsv, scorecardMarkdown } from './render.js';

const table: ScorecardTable = {
  scale: { pdo: 20, points: 600, odds: 50 },
  attributes: [
    {
      characteristic: 'job',
      attribute: 'clerk, "sailor"',
      points: 31.5,
      share: 0.25,
      eventRate: 0.1,
      woe: 0.5,
      iv: 0.02,
    },
    { characteristic: 'a|b', attribute: '= -1', points: -4, share: 0.75, eventRate: 0.3, woe: -0.2, iv: 0.02 },
  ],
};

test('a table is CSV that quotes what needs it, and hands no formula to a spreadsheet', () => {
  expect(scorecardCsv(table)).toBe(
    'characteristic,attribute,points,share,event rate,woe,iv\r\n' +
      'job,"clerk, ""sailor""",31.5,0.25,0.1,0.5,0.02\r\n' +
      "a|b,'= -1,-4,0.75,0.3,-0.2,0.02\r\n",
  );
});

test('a table is Markdown with its scale', () => {
  const text = scorecardMarkdown(table);
  expect(text).toContain('600 points at odds of 50:1');
  expect(text).toContain('| a\\|b | = -1 | -4 |');
});
