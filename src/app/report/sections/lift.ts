import { heightAt } from '../../../engine/metrics/curves.js';
import type { Comparison, RiskPlots } from '../../comparison/comparison.js';
import { count, decimals, percent } from '../../comparison/summary.js';
import { dataTable, figuresOf, type Markup, markup, section } from '../markup.js';
import { guide, legend, line } from '../svg/draw.js';
import { frame, percentNumber } from '../svg/frame.js';
import { type Drawn, drawnNote, drawnOf } from './ranking.js';

const SHARES = [0.05, 0.1, 0.2, 0.3, 0.5];
/** Lift of the first few users is noise. */
const FIRST = 0.01;

/** What is gained by looking at the riskiest users first, and the table by which a cut-off is chosen. */
export function liftSection(comparison: Comparison): Markup {
  const drawn = drawnOf<RiskPlots>(comparison, 'risk');
  const legendOf = legend(drawn.map(({ model }) => model));
  const lifts = drawn.map(({ plots }) =>
    Array.from({ length: 100 }, (_, at) => (at + 1) / 100).map((x) => ({ x, y: heightAt(plots.gains, x) / x })),
  );
  const most = Math.max(1.5, ...lifts.flatMap((points) => points.map(({ y }) => y)).filter(Number.isFinite));
  const gainedAt = (divide: boolean) =>
    drawn.map(({ model, plots }) => [
      model,
      ...SHARES.map((share) => {
        const gain = heightAt(plots.gains, share);
        return divide ? decimals(gain / share, 2) : percent(gain);
      }),
    ]);
  const heads = ['model', ...SHARES.map((share) => `first ${percent(share, 0)}`)];
  return section(
    'lift',
    'Lift, and where to cut off',
    markup`<div class="plots">
<figure><h3>Gains</h3>${frame(
      {
        title: 'Gains',
        description: `Share of all events among the users of highest probability. ${drawn.map(({ model, plots }) => `${model}: ${percent(heightAt(plots.gains, 0.1))} in the first 10 %`).join('; ')}.`,
        x: { label: 'users of highest probability', from: 0, to: 1, format: percentNumber },
        y: { label: 'share of events among them', from: 0, to: 1, format: percentNumber },
      },
      (scales) => [
        guide({ x: scales.x(0), y: scales.y(0) }, { x: scales.x(1), y: scales.y(1) }),
        drawn.map(({ plots }, style) => line(scales, plots.gains, style)),
      ],
    )}${legendOf}<figcaption>${drawnNote(comparison)}${figuresOf(dataTable('Share of events found', heads, gainedAt(false)))}</figcaption></figure>
<figure><h3>Lift</h3>${frame(
      {
        title: 'Lift',
        description: `How many times more events there are among the users of highest probability than among all. ${drawn.map(({ model, plots }) => `${model}: ${decimals(heightAt(plots.gains, 0.1) / 0.1, 2)} in the first 10 %`).join('; ')}.`,
        x: { label: 'users of highest probability', from: 0, to: 1, format: percentNumber },
        y: { label: 'times the event rate', from: 0, to: most },
      },
      (scales) => [
        guide({ x: scales.x(FIRST), y: scales.y(1) }, { x: scales.x(1), y: scales.y(1) }),
        lifts.map((points, style) => line(scales, points, style)),
      ],
    )}${legendOf}<figcaption>1 (dashed) is what chance gives.${figuresOf(dataTable('Lift', heads, gainedAt(true)))}</figcaption></figure></div>
${bandTable(drawn[0])}
${drawn.length > 1 && markup`<details><summary>Score bands of the other models</summary>${drawn.slice(1).map((model) => bandTable(model))}</details>`}`,
  );
}

/** If all users down to a band are refused: what is refused rightly, and what risk is left. */
function bandTable({ model, plots }: Drawn<RiskPlots>): Markup {
  const { bands } = plots;
  const users = bands.reduce((sum, band) => sum + band.users, 0);
  const events = bands.reduce((sum, band) => sum + band.events, 0);
  let [taken, found] = [0, 0];
  return dataTable(
    `Score bands of ${model}: users by falling probability in ten bands. A cut-off at the foot of a band finds so many of the events, and leaves such a rate among those below it.`,
    ['band', 'probability from', 'users', 'events', 'event rate', 'events found', 'lift', 'rate left below'],
    bands.map((band, place) => {
      taken += band.users;
      found += band.events;
      const left = users - taken;
      return [
        place + 1,
        decimals(band.from, 3),
        count(band.users),
        count(band.events),
        percent(band.rate),
        percent(band.captured),
        decimals(band.lift, 2),
        left > 0.5 ? percent((events - found) / left) : '',
      ];
    }),
  );
}
