import type { Comparison } from '../../comparison/comparison.js';
import { FIGURES } from '../../comparison/figures.js';
import { summarise } from '../../comparison/summary.js';
import { type Markup, markup, section } from '../markup.js';

/** Which model is best, by how much, and whether that is a finding: in words. */
export function summarySection(comparison: Comparison): Markup {
  const { mainFigure, level, resamples } = comparison;
  const { name, meaning } = FIGURES[mainFigure];
  return section(
    'summary',
    'Summary',
    markup`<div class="verdict">${summarise(comparison).map((sentence) => markup`<p>${sentence}</p>`)}</div>
<p class="muted">Models are ordered by ${name}: ${meaning}. An interval holds ${Math.round(100 * level)} % of ${resamples.toLocaleString('en-US')} draws of as many users with replacement (bootstrap, percentiles).
A difference counts as a finding where its p value, raised for the number of models compared (Holm), is below .05; all models are compared on the same draws. It says nothing of other customers than those that these users stand for.</p>`,
  );
}
