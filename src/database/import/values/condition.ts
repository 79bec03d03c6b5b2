import type { Condition, Scalar } from '../descriptor.js';

/** @returns a test of trimmed text: equal to a value (as a number where both are numbers), or inside a range. */
export function matcher(condition: Condition): (text: string) => boolean {
  if (Array.isArray(condition)) {
    const tests = condition.map(equals);
    return (text) => tests.some((test) => test(text));
  }
  if (typeof condition !== 'object') return equals(condition as Scalar);
  const {
    min = Number.NEGATIVE_INFINITY,
    max = Number.POSITIVE_INFINITY,
    not,
  } = condition as Exclude<Condition, Scalar | readonly Scalar[]>;
  const excluded = (not ?? []).map(equals);
  const isBounded = min !== Number.NEGATIVE_INFINITY || max !== Number.POSITIVE_INFINITY;
  return (text) => {
    if (excluded.some((test) => test(text))) return false;
    if (!isBounded) return true;
    const value = text === '' ? Number.NaN : Number(text);
    return value >= min && value <= max;
  };
}

function equals(wanted: Scalar): (text: string) => boolean {
  const text = String(wanted);
  const number = typeof wanted === 'boolean' || text.trim() === '' ? Number.NaN : Number(text);
  return (other) => other === text || (!Number.isNaN(number) && other !== '' && Number(other) === number);
}

/** @returns the names that are listed, or fit a listed name with `*` for any characters; in the order of `names`. */
export function selectNames(patterns: readonly string[], names: readonly string[]): string[] {
  const tests = patterns.map((pattern) => {
    if (!pattern.includes('*')) return (name: string) => name === pattern;
    const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
    const regex = new RegExp(`^${escaped}$`);
    return (name: string) => regex.test(name);
  });
  return names.filter((name) => tests.some((test) => test(name)));
}
