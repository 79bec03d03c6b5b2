import { badInput } from '../errors.js';
import type { AttributeMap, AttributeValue } from './user.js';

export const MAX_ATTRIBUTES = 200;
export const MAX_ATTRIBUTE_TEXT = 500;
/** Letters, digits, and _ . - inside. "profile." is kept for features of the profile. */
export const ATTRIBUTE_NAME = /^(?!profile\.|__)[A-Za-z_][A-Za-z0-9_.-]{0,62}$/;

const FORBIDDEN = /[\0\p{Surrogate}]/u;
const ISO_DATE = /^\d{4}-\d{2}-\d{2}$/;

/** False where PostgreSQL could not keep the text as it is: NUL, or half of a surrogate pair. */
export const isCleanText = (text: string): boolean => !FORBIDDEN.test(text);

/** Something like 2024-02-30 or 9999-12-31: it reads like a date, and is none that Concord takes. */
function isBadDate(text: string): boolean {
  if (!ISO_DATE.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  if (Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== text) return true;
  return date.getUTCFullYear() < 1900 || date.getUTCFullYear() > 2200;
}

/**
 * Attributes as they may be stored.
 * @param value what a caller sent: anything
 * @throws {ConcordError} BAD_INPUT that names the attribute and what is wrong with it.
 */
export function parseAttributes(value: unknown): AttributeMap {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badInput('Attributes are an object of names and values.');
  const entries = Object.entries(value);
  if (entries.length > MAX_ATTRIBUTES) throw badInput(`At most ${MAX_ATTRIBUTES} attributes are taken.`);
  const parsed = entries.map(([name, each]): [string, AttributeValue] => {
    if (!ATTRIBUTE_NAME.test(name))
      throw badInput(
        'An attribute has a name that is not taken: 1 to 63 of A-Z a-z 0-9 _ . -, no digit, "profile." or "__" in front.',
      );
    return [name, parseAttributeValue(name, each)];
  });
  return Object.fromEntries(parsed);
}

/** A truth value becomes 1 or 0. @throws {ConcordError} BAD_INPUT */
function parseAttributeValue(name: string, value: unknown): AttributeValue {
  if (value === null) return null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw badInput(`Attribute ${name} is not a finite number.`);
    return value;
  }
  if (typeof value !== 'string')
    throw badInput(`Attribute ${name} is neither a number nor a text nor a truth value nor null.`);
  if (value.length > MAX_ATTRIBUTE_TEXT)
    throw badInput(`Attribute ${name} is longer than ${MAX_ATTRIBUTE_TEXT} characters.`);
  if (!isCleanText(value)) throw badInput(`Attribute ${name} has characters that cannot be stored.`);
  if (isBadDate(value))
    throw badInput(`Attribute ${name} is a date that does not exist or is not within 1900 to 2200.`);
  return value;
}
