/** HTML or SVG that may stand in a page as it is: made by the tag below alone, which escapes whatever is put into it. */
export class Markup {
  constructor(readonly text: string) {}
}

export type Content = Markup | string | number | false | undefined | readonly Content[];

const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as HTML shows it, in elements and in quoted attributes. */
export const escapeText = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPED[character]);

function textOf(content: Content): string {
  if (content instanceof Markup) return content.text;
  if (Array.isArray(content)) return content.map(textOf).join('');
  return content === undefined || content === false ? '' : escapeText(String(content));
}

/** A template whose values are escaped, unless they are markup themselves. */
export const markup = (parts: TemplateStringsArray, ...values: readonly Content[]): Markup =>
  new Markup(parts.map((part, place) => part + (place < values.length ? textOf(values[place]) : '')).join(''));

export interface Head {
  readonly text: Content;
  /** Shown when pointed at. */
  readonly title?: string;
  /** Its cells are words rather than figures. */
  readonly isText?: boolean;
}

/** @param rows the first cell of each names it */
export function dataTable(
  caption: Content,
  heads: readonly (string | Head)[],
  rows: readonly (readonly Content[])[],
): Markup {
  const columns = heads.map((head): Head => (typeof head === 'string' ? { text: head } : head));
  return markup`<div class="wide"><table><caption>${caption}</caption>
<thead><tr>${columns.map(
    ({ text, title, isText }) =>
      markup`<th scope="col"${isText && markup` class="text"`}${title !== undefined && markup` title="${title}"`}>${text}</th>`,
  )}</tr></thead>
<tbody>${rows.map(
    ([first, ...rest]) =>
      markup`<tr><th scope="row">${first}</th>${rest.map(
        (cell, column) => markup`<td${columns[column + 1]?.isText && markup` class="text"`}>${cell}</td>`,
      )}</tr>\n`,
  )}</tbody></table></div>`;
}

/** Figures of a plot, folded up: a reader of screens or numbers opens them. */
export const figuresOf = (table: Markup, label = 'The figures of this plot'): Markup =>
  markup`<details><summary>${label}</summary>${table}</details>`;

export const section = (id: string, title: string, ...content: readonly Content[]): Markup =>
  markup`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>\n${content}\n</section>\n`;
