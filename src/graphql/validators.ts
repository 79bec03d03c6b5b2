import { ValidateBy, type ValidationOptions } from 'class-validator';

const FIRST_YEAR = 1900;
const LAST_YEAR = 2200;

/** A time within years in which something can have happened to a customer or a product: 1900 to 2200. */
export function IsInstant(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isInstant',
      validator: {
        validate: (value: unknown) =>
          value instanceof Date && value.getUTCFullYear() >= FIRST_YEAR && value.getUTCFullYear() <= LAST_YEAR,
        defaultMessage: () => `$property must be a time within the years ${FIRST_YEAR} to ${LAST_YEAR}`,
      },
    },
    options,
  );
}
