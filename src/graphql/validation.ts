import { type ValidationError, validate } from 'class-validator';
import type { ValidatorFn } from 'type-graphql';
import { badInput } from '../errors.js';

/**
 * Checks arguments and inputs by their class-validator decorators; a class without any is refused, rather than let through.
 * The error names the field and the rule, never the value.
 * @throws {ConcordError} BAD_INPUT
 */
export const validateInput: ValidatorFn = async (value: unknown) => {
  for (const item of Array.isArray(value) ? value : [value]) {
    if (item === null || typeof item !== 'object' || item instanceof Date || isPlain(item)) continue;
    const errors = await validate(item, {
      forbidUnknownValues: true,
      skipMissingProperties: true,
      validationError: { target: false, value: false },
      stopAtFirstError: true,
    });
    if (errors.length > 0) throw invalid(errors);
  }
};

/** The value of a JSON scalar: its own scalar has checked it. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

const MOST = 10;

function invalid(errors: readonly ValidationError[]) {
  const problems = errors.flatMap((error) => flatten(error, ''));
  const shown = problems.slice(0, MOST).map(({ path, rule }) => `${path}: ${rule}`);
  const rest = problems.length > MOST ? `; and ${problems.length - MOST} more` : '';
  return badInput(`The input is not valid. ${shown.join('; ')}${rest}.`, {
    fields: problems.slice(0, MOST).map(({ path }) => path),
  });
}

function flatten(error: ValidationError, prefix: string): { path: string; rule: string }[] {
  const path = prefix ? `${prefix}.${error.property}` : (error.property ?? 'input');
  const own = Object.values(error.constraints ?? {}).map((rule) => ({ path, rule }));
  return [...own, ...(error.children ?? []).flatMap((child) => flatten(child, path))];
}
