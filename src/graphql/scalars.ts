import { GraphQLScalarType, Kind, type ValueNode } from 'graphql';
import { badInput } from '../errors.js';

const FIRST_YEAR = 1800;
const LAST_YEAR = 2199;
const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;
const INSTANT = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** A point in time: RFC 3339 with an offset, in years that a bank's customer can have to do with. In resolvers: a Date. */
export const DateTime = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  description: `A point in time, RFC 3339 with an offset: "2026-03-01T09:30:00Z". Years ${FIRST_YEAR} to ${LAST_YEAR}.`,
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339',
  serialize: (value) => toDate(value).toISOString(),
  parseValue: parseInstant,
  parseLiteral: (node) => parseInstant(textOf(node)),
});

/** A calendar day. In resolvers: "YYYY-MM-DD". */
export const CalendarDate = new GraphQLScalarType<string, string>({
  name: 'Date',
  description: `A calendar day: "2026-03-01". Years ${FIRST_YEAR} to ${LAST_YEAR}.`,
  serialize: (value) => (value instanceof Date ? value.toISOString().slice(0, 10) : String(value)),
  parseValue: parseDay,
  parseLiteral: (node) => parseDay(textOf(node)),
});

export type AttributeValue = string | number | boolean | null;
export type Attributes = Readonly<Record<string, AttributeValue>>;

const MAX_ATTRIBUTES = 1000;
const MAX_NAME = 128;
const MAX_TEXT = 4096;

/** A flat map from names to numbers, texts, truth values and nulls. */
export const AttributesScalar = new GraphQLScalarType<Attributes, unknown>({
  name: 'Attributes',
  description: `A flat map from names to numbers, texts, truth values or null: {age: 41, job: "teacher"}. At most ${MAX_ATTRIBUTES} names.`,
  serialize: (value) => value,
  parseValue: parseAttributes,
  parseLiteral: (node, variables) => parseAttributes(literalOf(node, variables ?? {})),
});

function parseInstant(value: unknown): Date {
  const match = typeof value === 'string' ? INSTANT.exec(value) : null;
  if (!match) throw badInput('A point in time is written like "2026-03-01T09:30:00Z", with its offset.');
  parseDay(match[1]);
  const date = new Date(value as string);
  if (Number.isNaN(date.getTime())) throw badInput('There is no such point in time.');
  return date;
}

function parseDay(value: unknown): string {
  const match = typeof value === 'string' ? DAY.exec(value) : null;
  if (!match) throw badInput('A day is written like "2026-03-01".');
  const [text, year, month, day] = match;
  if (Number(year) < FIRST_YEAR || Number(year) > LAST_YEAR) {
    throw badInput(`The year must be from ${FIRST_YEAR} to ${LAST_YEAR}.`);
  }
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (date.toISOString().slice(0, 10) !== text) throw badInput('There is no such day in the calendar.');
  return text;
}

function toDate(value: unknown): Date {
  return value instanceof Date ? value : new Date(value as string);
}

function textOf(node: ValueNode): string | undefined {
  return node.kind === Kind.STRING ? node.value : undefined;
}

function parseAttributes(value: unknown): Attributes {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badInput('Attributes are a map: {name: value}.');
  }
  const entries = Object.entries(value);
  if (entries.length > MAX_ATTRIBUTES) throw badInput(`There are more than ${MAX_ATTRIBUTES} attributes.`);
  const result: Record<string, AttributeValue> = Object.create(null);
  for (const [name, attribute] of entries) {
    if (name.length === 0 || name.length > MAX_NAME)
      throw badInput(`An attribute's name has 1 to ${MAX_NAME} characters.`);
    result[name] = attributeOf(attribute);
  }
  return { ...result };
}

function attributeOf(value: unknown): AttributeValue {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'string' && value.length <= MAX_TEXT) return value;
  throw badInput(`An attribute is a finite number, a text of at most ${MAX_TEXT} characters, a truth value or null.`);
}

function literalOf(node: ValueNode, variables: Readonly<Record<string, unknown>>): unknown {
  switch (node.kind) {
    case Kind.OBJECT:
      return Object.fromEntries(node.fields.map((field) => [field.name.value, literalOf(field.value, variables)]));
    case Kind.INT:
    case Kind.FLOAT:
      return Number(node.value);
    case Kind.STRING:
    case Kind.BOOLEAN:
      return node.value;
    case Kind.NULL:
      return null;
    case Kind.VARIABLE:
      return variables[node.name.value] ?? null;
    default:
      return undefined; // attributeOf refuses it
  }
}
