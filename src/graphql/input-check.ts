import { badInput, ConcordError } from '../errors.js';

/** Control characters other than tab, line feed and carriage return: PostgreSQL has no NUL, and no name has the others. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

const LONE_SURROGATE = /\p{Surrogate}/u;

const MAX_NESTING = 32;

/**
 * @throws {ConcordError} BAD_INPUT where a text holds a control character or half a surrogate pair.
 */
export function checkText(text: string): void {
  if (CONTROL.test(text)) throw badInput('A text holds a control character (NUL, escape, …).');
  if (LONE_SURROGATE.test(text))
    throw badInput('A text is not well-formed Unicode: it holds half of a surrogate pair.');
}

/** @throws {ConcordError} BAD_INPUT for what is no finite number (1e999 reads as infinity). */
export function checkNumber(value: number): void {
  if (!Number.isFinite(value)) throw badInput('A number is too large to be represented.');
}

/**
 * Looks through the variables of a request, before any of them is coerced. Iterative: nesting cannot exhaust the stack.
 * @param maxListLength of any one list
 * @throws {ConcordError} BAD_INPUT or LIMIT_EXCEEDED
 */
export function checkVariables(variables: Readonly<Record<string, unknown>> | undefined, maxListLength: number): void {
  const pending: { value: unknown; depth: number }[] = [{ value: variables, depth: 0 }];
  for (let entry = pending.pop(); entry; entry = pending.pop()) {
    const { value, depth } = entry;
    if (typeof value === 'string') checkText(value);
    else if (typeof value === 'number') checkNumber(value);
    else if (typeof value === 'object' && value !== null) {
      if (depth > MAX_NESTING) throw limitExceeded(`The variables are nested deeper than ${MAX_NESTING} levels.`);
      if (Array.isArray(value) && value.length > maxListLength) throw listTooLong(value.length, maxListLength);
      for (const key of Object.keys(value)) {
        if (!Array.isArray(value)) checkKey(key);
        pending.push({ value: (value as Record<string, unknown>)[key], depth: depth + 1 });
      }
    }
  }
}

function checkKey(key: string): void {
  checkText(key);
  if (key === '__proto__') throw badInput('A variable has a field named __proto__.');
}

export const limitExceeded = (message: string, details?: Record<string, unknown>) =>
  new ConcordError('LIMIT_EXCEEDED', message, details);

export const listTooLong = (length: number, limit: number) =>
  limitExceeded(`A list has ${length} items; ${limit} is the most.`, { limit });
