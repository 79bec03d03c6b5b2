import { type Content, type Markup, markup } from '../markup.js';
import { place, type Scales } from './frame.js';

export interface Point {
  readonly x: number;
  readonly y: number;
}

const finite = ({ x, y }: Point): boolean => Number.isFinite(x) && Number.isFinite(y);

/** @param style number of its colour and dashes */
export function line({ x, y }: Scales, points: readonly Point[], style: number, extra = ''): Markup {
  const path = points.filter(finite).map((point, at) => `${at === 0 ? 'M' : 'L'}${x(point.x)} ${y(point.y)}`);
  return markup`<path class="line s${style} ${extra}" d="${path.join('')}"/>`;
}

/** A point with a shape of its own for each style, and a text that shows when it is pointed at. */
export function dot(at: Point, style: number, text: string, size = 4): Markup {
  return markup`<g class="f${style}"><title>${text}</title>${shape(at, style, size)}</g>`;
}

function shape({ x, y }: Point, style: number, size: number): Markup {
  const r = place(size);
  switch (style % 4) {
    case 0:
      return markup`<circle cx="${x}" cy="${y}" r="${r}"/>`;
    case 1:
      return markup`<rect x="${place(x - r)}" y="${place(y - r)}" width="${2 * r}" height="${2 * r}"/>`;
    case 2:
      return markup`<path d="M${x} ${place(y - 1.2 * r)}l${place(1.2 * r)} ${place(2.1 * r)}h${place(-2.4 * r)}z"/>`;
    default:
      return markup`<path d="M${x} ${place(y - 1.3 * r)}l${place(1.3 * r)} ${place(1.3 * r)}l${place(-1.3 * r)} ${place(1.3 * r)}l${place(-1.3 * r)} ${place(-1.3 * r)}z"/>`;
  }
}

export const whisker = (from: Point, to: Point, style: number): Markup =>
  markup`<line class="whisker w${style}" x1="${from.x}" y1="${from.y}" x2="${to.x}" y2="${to.y}"/>`;

export const guide = (from: Point, to: Point): Markup =>
  markup`<line class="guide" x1="${from.x}" y1="${from.y}" x2="${to.x}" y2="${to.y}"/>`;

/** A bar from the bottom of the plot. */
export function bar(
  { y, bottom }: Scales,
  {
    from,
    to,
    height,
    style,
    text,
    extra = '',
  }: { from: number; to: number; height: number; style: number; text: string; extra?: string },
): Markup {
  const top = Number.isFinite(height) ? y(height) : bottom;
  return markup`<rect class="f${style} ${extra}" x="${place(from)}" y="${top}" width="${place(Math.max(0.5, to - from))}" height="${place(Math.max(0, bottom - top))}"><title>${text}</title></rect>`;
}

/** Names beside the lines that they stand for. */
export const legend = (names: readonly string[], extra?: Content): Markup =>
  markup`<ul class="legend">${names.map(
    (name, style) =>
      markup`<li><svg viewBox="0 0 36 14" aria-hidden="true"><line class="line s${style}" x1="0" x2="36" y1="7" y2="7"/>${dot({ x: 18, y: 7 }, style, '', 3.5)}</svg>${name}</li>`,
  )}${extra}</ul>`;
