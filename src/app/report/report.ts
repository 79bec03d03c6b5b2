import type { Comparison } from '../comparison/comparison.js';
import { Markup, markup, section } from './markup.js';
import { calibrationSection } from './sections/calibration.js';
import { dataSection } from './sections/data.js';
import { figuresSection } from './sections/figures.js';
import { foldsSection } from './sections/folds.js';
import { groupsSection } from './sections/groups.js';
import { learningSection } from './sections/learning.js';
import { liftSection } from './sections/lift.js';
import { productsSection } from './sections/products.js';
import { rankingSection, recallSection } from './sections/ranking.js';
import { scoresSection } from './sections/scores.js';
import { settingsSection } from './sections/settings.js';
import { summarySection } from './sections/summary.js';
import { STYLE } from './style.js';

/** How the comparison was made, so that it can be made again. */
export interface Origin {
  /** As it was typed. */
  readonly command: string;
  /** Concord's. */
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly made: Date;
}

/** The comparison as one static page that needs nothing else: no script, no file, no network. */
export function renderReport(comparison: Comparison, origin: Origin): string {
  const { data, task } = comparison;
  const title = `${data.title ?? data.name}: ${task === 'risk' ? 'models of risk' : 'models of interest'} compared`;
  const sections = [
    ['summary', 'Summary', summarySection(comparison)],
    ['data', 'Data', dataSection(comparison)],
    ['figures', 'Figures', figuresSection(comparison)],
    ...(task === 'risk'
      ? ([
          ['ranking', 'ROC, precision', rankingSection(comparison)],
          ['calibration', 'Calibration', calibrationSection(comparison)],
          ['lift', 'Lift and cut-offs', liftSection(comparison)],
          ['scores', 'Probabilities', scoresSection(comparison)],
        ] as const)
      : ([
          ['ranking', 'Recall', recallSection(comparison)],
          ['products', 'By product', productsSection(comparison)],
          ['calibration', 'Calibration', calibrationSection(comparison)],
        ] as const)),
    ['groups', 'By group', groupsSection(comparison)],
    ['folds', 'Folds', foldsSection(comparison)],
    ['learning', 'Learning curves', learningSection(comparison)],
    ['settings', 'Settings', settingsSection(comparison)],
    ['again', 'Reproduce', originSection(comparison, origin)],
  ] as const satisfies readonly (readonly [string, string, Markup | undefined])[];
  const shown = sections.filter(([, , content]) => content !== undefined);
  return markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title><style>${new Markup(STYLE)}</style></head><body>
<header><h1>${title}</h1><p class="muted">${comparison.models.map(({ model }) => model).join(', ')} · ${origin.made.toISOString().slice(0, 10)} · Concord ${origin.version}</p></header>
<nav aria-label="Sections"><ul>${shown.map(([id, name]) => markup`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>
<main>${shown.map(([, , content]) => content)}</main>
</body></html>
`.text;
}

function originSection({ seed, backend, seconds, resamples }: Comparison, origin: Origin): Markup {
  const { command, version, node, platform, made } = origin;
  return section(
    'again',
    'How to reproduce',
    markup`<pre><code>${command}</code></pre>
<p>The same command on the same files gives the same figures: seed ${seed} decides folds, starting weights, batches and the ${resamples.toLocaleString('en-US')} draws of the bootstrap. Another backend may differ in the last digits.</p>
<ul><li>Concord ${version}, Node.js ${node}, ${platform}</li><li>backend: ${backend}</li><li>made ${made.toISOString()}, in ${seconds} s</li></ul>`,
  );
}
