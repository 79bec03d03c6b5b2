import { registerEnumType } from 'type-graphql';

/**
 * A GraphQL enum over names in our own writing: high-risk is HIGH_RISK in the schema, riskClass is RISK_CLASS.
 * @param descriptions of each value
 * @returns the object that stands for the enum in decorators
 */
export function enumOf<T extends string>(
  name: string,
  description: string,
  descriptions: Readonly<Record<T, string>>,
): Readonly<Record<string, T>> {
  const values = Object.keys(descriptions) as T[];
  const byName = Object.fromEntries(values.map((value) => [enumName(value), value]));
  const valuesConfig = Object.fromEntries(
    values.map((value) => [enumName(value), { description: descriptions[value] }]),
  );
  registerEnumType(byName, { name, description, valuesConfig });
  return byName;
}

export const enumName = (value: string): string =>
  value
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toUpperCase();
