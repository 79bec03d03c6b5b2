import { badInput } from '../../../errors.js';
import type { DateFormat } from '../descriptor.js';

/** @returns milliseconds since 1970-01-01T00:00Z, NaN where the text is no date of the format. */
export type DateParser = (text: string) => number;

const DAY = 86_400_000;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** The parts of a format and what they match. Months are lower case, minutes upper case. */
const PARTS: Readonly<Record<string, string>> = {
  yyyy: '(\\d{4})',
  yy: '(\\d{2})',
  mmm: '([A-Za-z]{3})[A-Za-z]*',
  mm: '(\\d{2})',
  m: '(\\d{1,2})',
  dd: '(\\d{2})',
  d: '(\\d{1,2})',
  HH: '(\\d{2})',
  H: '(\\d{1,2})',
  MM: '(\\d{2})',
  SS: '(\\d{2}(?:\\.\\d+)?)',
};
const PART = /yyyy|yy|mmm|mm|m|dd|d|HH|H|MM|SS/g;

/**
 * Reads dates by one or several formats, tried in order: "iso" (the default), "unix" (seconds), "unix-ms", or a pattern of yyyy yy mmm mm m dd d
 * HH H MM SS and whatever stands between them. Times are UTC unless an ISO date says otherwise; yy is 1970 to 2069.
 * @throws {ConcordError} BAD_INPUT for a pattern without year and month.
 */
export function dateParser(format: DateFormat = 'iso'): DateParser {
  const parsers = (typeof format === 'string' ? [format] : format).map(parserOf);
  if (parsers.length === 1) return parsers[0]!;
  return (text) => {
    for (const parse of parsers) {
      const time = parse(text);
      if (!Number.isNaN(time)) return time;
    }
    return Number.NaN;
  };
}

/** @returns whole days since 1970-01-01. */
export const daysOf = (time: number): number => Math.floor(time / DAY);
/** @returns "YYYY-MM-DD". */
export const isoDay = (days: number): string => new Date(days * DAY).toISOString().slice(0, 10);

function parserOf(format: string): DateParser {
  if (format === 'iso') return parseIso;
  if (format === 'unix') return (text) => (/^\d{1,11}(\.\d+)?$/.test(text) ? Number(text) * 1000 : Number.NaN);
  if (format === 'unix-ms') return (text) => (/^\d{1,14}$/.test(text) ? Number(text) : Number.NaN);
  return parsePattern(format);
}

const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?$/i;

function parseIso(text: string): number {
  const match = ISO.exec(text);
  if (!match) return Number.NaN;
  const [, year, month, day, hour = '0', minute = '0', second = '0', zone] = match;
  const time = timeOf(+year!, +month!, +day!, +hour, +minute, +second);
  const offset = zone && /^([+-])(\d{2}):?(\d{2})$/.exec(zone);
  return offset ? time - (offset[1] === '-' ? -1 : 1) * (+offset[2]! * 60 + +offset[3]!) * 60_000 : time;
}

function parsePattern(format: string): DateParser {
  const names: readonly string[] = format.match(PART) ?? [];
  const letters = names.map((name) => name[0]!);
  if (!letters.includes('y') || !letters.includes('m') || new Set(letters).size !== letters.length) {
    throw badInput(
      `"${format}" is no date format: write it with yyyy, mm and dd, for example "dd/mm/yyyy", or "iso", "unix".`,
      { format },
    );
  }
  const escaped = format.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(PART, (name) => PARTS[name]!);
  const pattern = new RegExp(`^${escaped}$`);
  const at = (letter: string) => letters.indexOf(letter) + 1;
  const [y, m, d, hour, minute, second] = ['y', 'm', 'd', 'H', 'M', 'S'].map(at);
  const isShortYear = names.includes('yy');
  const isNamedMonth = names.includes('mmm');
  return (text) => {
    const match = pattern.exec(text);
    if (!match) return Number.NaN;
    const number = (group: number | undefined, otherwise: number) => (group ? Number(match[group]) : otherwise);
    const short = number(y, 0);
    const year = isShortYear ? short + (short < 70 ? 2000 : 1900) : short;
    const month = isNamedMonth ? MONTHS.indexOf(match[m!]!.toLowerCase()) + 1 : number(m, 1);
    return timeOf(year, month, number(d, 1), number(hour, 0), number(minute, 0), number(second, 0));
  };
}

/** @returns NaN for a day that the calendar does not have. */
function timeOf(year: number, month: number, day: number, hour: number, minute: number, second: number): number {
  if (year < 1 || month < 1 || month > 12 || hour > 24 || minute > 59 || second >= 61) return Number.NaN;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return Number.NaN;
  return date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000;
}
