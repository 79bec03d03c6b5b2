import { type Content, type Markup, markup } from '../markup.js';

export interface Axis {
  readonly label: string;
  readonly from: number;
  readonly to: number;
  /** Default: about five round numbers. */
  readonly ticks?: readonly number[];
  readonly format?: (value: number) => string;
}

export interface Frame {
  readonly title: string;
  /** What can be seen, for those who cannot see it. */
  readonly description: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly width?: number;
  readonly height?: number;
  /** More room below the axis, and beside it. */
  readonly below?: number;
  readonly beside?: number;
}

/** From values to places in the picture. */
export interface Scales {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const MARGIN = { left: 52, right: 22, top: 10, bottom: 42 };

/** A plot's axes, grid and labels, with what is drawn inside. */
export function frame(
  { title, description, x, y, width = 420, height = 300, below = 0, beside = 0 }: Frame,
  draw: (scales: Scales) => Content,
): Markup {
  const [left, right, top, bottom] = [
    MARGIN.left + beside,
    width - MARGIN.right,
    MARGIN.top,
    height - MARGIN.bottom - below,
  ];
  const scales: Scales = {
    left,
    right,
    top,
    bottom,
    x: (value) => place(left + ((value - x.from) / (x.to - x.from)) * (right - left)),
    y: (value) => place(bottom - ((value - y.from) / (y.to - y.from)) * (bottom - top)),
  };
  const formatX = x.format ?? plainNumber;
  const formatY = y.format ?? plainNumber;
  return markup`<svg viewBox="0 0 ${width} ${height}" role="img"><title>${title}</title><desc>${description}</desc>
${(y.ticks ?? ticks(y)).map((value) => markup`<line class="grid" x1="${left}" x2="${right}" y1="${scales.y(value)}" y2="${scales.y(value)}"/><text class="muted" x="${left - 6}" y="${scales.y(value) + 4}" text-anchor="end">${formatY(value)}</text>`)}
${(x.ticks ?? ticks(x)).map((value) => markup`<text class="muted" x="${scales.x(value)}" y="${bottom + 16}" text-anchor="middle">${formatX(value)}</text>`)}
<line class="grid" x1="${left}" x2="${left}" y1="${top}" y2="${bottom}"/>
<text x="${(left + right) / 2}" y="${height - 6}" text-anchor="middle">${x.label}</text>
<text transform="translate(12 ${(top + bottom) / 2}) rotate(-90)" text-anchor="middle">${y.label}</text>
${draw(scales)}</svg>`;
}

export const place = (value: number): number => Math.round(value * 10) / 10;

export const plainNumber = (value: number): string => String(Number(value.toPrecision(3))).replace(/^(-?)0\./, '$1.');
export const percentNumber = (value: number): string => `${Number((100 * value).toPrecision(3))} %`;

/** Round numbers between the ends of an axis. */
export function ticks({ from, to }: Pick<Axis, 'from' | 'to'>, wanted = 5): number[] {
  const step = roundStep((to - from) / wanted);
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) =>
    Number(((first + at) * step).toPrecision(12)),
  );
}

function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10);
}

/** An axis that holds these values, with some air around them. */
export function around(values: readonly number[], air = 0.06): { from: number; to: number } {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return { from: 0, to: 1 };
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const spread = high - low || Math.abs(high) || 1;
  return { from: low - air * spread, to: high + air * spread };
}
