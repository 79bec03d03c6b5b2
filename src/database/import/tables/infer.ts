import type { ColumnSpec } from '../descriptor.js';
import { dateParser } from '../values/date.js';
import { numberParser } from '../values/number.js';

export interface Inferred {
  readonly spec?: ColumnSpec;
  /** What was seen, or why the column is of no use. */
  readonly note: string;
}

/** Formats tried, the unambiguous first. */
const DATE_FORMATS = [
  'iso',
  'dd/mm/yyyy',
  'd/m/yyyy',
  'mm/dd/yyyy',
  'm/d/yyyy',
  'dd.mm.yyyy',
  'd.m.yyyy',
  'd-m-yyyy',
  'yyyy/mm/dd',
  'd-mmm-yyyy',
  'd mmm yyyy',
  'mmm-yyyy',
  'mmm-yy',
];
/** A text column with more different values than this, and more than half of its rows different, is free text. */
const MOST_CATEGORIES = 100;

/**
 * Infers what a column is from a sample of its values.
 * @param texts trimmed values of the sample, missing ones left out.
 */
export function inferColumn(name: string, texts: readonly string[], decimal: '.' | ','): Inferred {
  if (texts.length === 0) return { note: 'always missing in the sample: not used' };
  const different = new Set(texts).size;
  if (different === 1) return { note: `always "${texts[0]!.slice(0, 40)}" in the sample: not used` };
  const parse = numberParser(decimal);
  if (texts.every((text) => !Number.isNaN(parse(text)))) {
    const isIdentifier =
      different === texts.length &&
      /(^|[_\s.-])(id|no|nr|index|key|number)$|^c1$|^unnamed/i.test(name) &&
      texts.every((text) => /^\d+$/.test(text));
    return isIdentifier
      ? { note: 'a number that names the row: not used' }
      : { spec: { type: 'numeric' }, note: 'numeric' };
  }
  const format = DATE_FORMATS.find((each) => {
    const date = dateParser(each);
    return texts.every((text) => !Number.isNaN(date(text)));
  });
  if (format) return { spec: { type: 'date', format }, note: `date, ${format}` };
  if (different > MOST_CATEGORIES && different > texts.length / 2) {
    return { note: `free text (${different} different values in ${texts.length} rows): not used` };
  }
  return { spec: { type: 'categorical' }, note: `categorical, ${different} values in the sample` };
}
