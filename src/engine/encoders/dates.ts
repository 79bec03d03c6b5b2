import type { DatePart } from './contract.js';

const DAY = 86_400_000;
const LIMIT = 100_000_000;

/** One part of a date as a number. @param days since 1970-01-01; anything out of a calendar's reach is missing (NaN). */
export function datePart(days: number, part: DatePart): number {
  if (!(Math.abs(days) < LIMIT)) return Number.NaN;
  if (part === 'days') return days;
  const date = new Date(Math.floor(days) * DAY);
  return part === 'year' ? date.getUTCFullYear() : date.getUTCMonth() + 1;
}

const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T ]|$)/;

/** Days since 1970-01-01 of an ISO date or time ("2020-02-29", "2020-02-29T10:00:00Z"); NaN where it is none. */
export function daysOf(text: string): number {
  const match = ISO.exec(text.trim());
  if (!match) return Number.NaN;
  const [year, month, day] = match.slice(1).map(Number);
  const time = new Date(0);
  time.setUTCFullYear(year, month - 1, day);
  const same = time.getUTCFullYear() === year && time.getUTCMonth() === month - 1 && time.getUTCDate() === day;
  return same ? Math.round(time.getTime() / DAY) : Number.NaN;
}
