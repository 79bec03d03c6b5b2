import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { nearest } from '../../nearest.js';
import { TIME_COLUMNS } from './dataset/sequences.js';
import type { Descriptor } from './descriptor.js';
import { constantOf, PRODUCT_TYPES } from './tables/products.js';

interface PartialSchema {
  readonly properties?: Readonly<Record<string, { readonly description?: string }>>;
}

let compiled: ValidateFunction | undefined;

/** @returns what is wrong with a descriptor, each with its place; empty when it is right. */
export function problemsOf(value: unknown): string[] {
  compiled ??= new Ajv({
    allErrors: true,
    allowUnionTypes: true,
    strictRequired: false,
    strictTypes: false,
    verbose: true,
  }).compile(JSON.parse(readFileSync(schemaPath(import.meta.dirname), 'utf8')));
  if (!compiled(value)) {
    // "if" only repeats that a branch failed, which has said why; so does what is said of a name by itself.
    const problems = (compiled.errors ?? [])
      .filter(({ keyword, propertyName }) => keyword !== 'if' && propertyName === undefined)
      .map(describe);
    return [...new Set(problems)];
  }
  return contradictionsOf(value as Descriptor);
}

/** The schema lies in schema/ of the package, above the sources and above what is built of them. */
function schemaPath(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    const path = join(folder, 'schema', 'descriptor.schema.json');
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) throw new Error('schema/descriptor.schema.json is missing from this installation.');
  }
}

function describe({ keyword, instancePath, params, parentSchema, message, data }: ErrorObject): string {
  const place = placeOf(instancePath);
  const properties = (parentSchema as PartialSchema | undefined)?.properties ?? {};
  switch (keyword) {
    case 'additionalProperties': {
      const name = String(params.additionalProperty);
      const known = Object.keys(properties);
      const meant = nearest(name, known);
      return `${place}: there is no field "${name}"${meant ? `, did you mean "${meant}"?` : `; there are ${known.join(', ')}`}`;
    }
    case 'required': {
      const name = String(params.missingProperty);
      const says = properties[name]?.description;
      return `${place}: "${name}" is missing${says ? ` (${says})` : ''}`;
    }
    case 'enum': {
      const allowed = (params.allowedValues as unknown[]).map(String);
      return `${place}: ${JSON.stringify(data)} is none of ${allowed.join(', ')}`;
    }
    case 'type':
      return `${place}: is ${kindOf(data)}, but should be ${[params.type].flat().join(' or ')}`;
    case 'propertyNames':
      return `${place}: "${params.propertyName}" is no name that is taken (letters, digits, _ . and -, no digit in front)`;
    case 'pattern': {
      const says = (parentSchema as { description?: string } | undefined)?.description;
      return `${place}: ${JSON.stringify(data)} does not fit${says ? ` (${says})` : ''}`;
    }
    default:
      return `${place}: ${message ?? keyword}`;
  }
}

const placeOf = (pointer: string) =>
  pointer === ''
    ? 'the descriptor'
    : pointer
        .slice(1)
        .split('/')
        .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
        .join('.');

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `${typeof value === 'object' ? 'an object' : `a ${typeof value}`}`;
}

/** What a schema cannot say. */
function contradictionsOf(descriptor: Descriptor): string[] {
  const { task, users, label, holdings, questionnaire, events, split, products, prices, sequence } = descriptor;
  const problems: string[] = [];
  const when = (isWrong: boolean, problem: string) => isWrong && problems.push(problem);
  when(task === 'risk' && !label, 'label: is missing; the task "risk" predicts it');
  when(
    !users && (task === 'risk' || label !== undefined),
    "users: is missing; the label is a column of the users' file",
  );
  when(
    !users && questionnaire !== undefined,
    'questionnaire: its answers are columns of the users\' file, and there is no "users"',
  );
  when(
    !users && holdings?.columns !== undefined,
    'holdings.columns: are columns of the users\' file, and there is no "users"',
  );
  when(
    !users && split !== undefined && !('random' in split),
    'split: without "users" a split can only be {"random": …}',
  );
  when(
    !users && !holdings && !events && !products?.file && !prices,
    'the descriptor: names no file; give "users", "holdings", "events", "products" or "prices"',
  );
  when(
    holdings !== undefined && !holdings.columns && !holdings.file,
    'holdings: give "columns" (0/1 columns of the users\' file) or "file" (a table of holdings)',
  );
  when(
    holdings?.file !== undefined && (holdings.user === undefined || holdings.product === undefined),
    'holdings: a table needs "user" and "product"',
  );
  when(products?.file !== undefined && products.code === undefined, 'products: a table needs "code"');
  when(
    split !== undefined && 'random' in split && split.random.validation + split.random.test >= 1,
    'split.random: validation and test leave nothing to train on',
  );
  if (products && !products.file) {
    for (const [name, field] of Object.entries(products)) {
      const isColumn =
        typeof field === 'string' || (typeof field === 'object' && ('column' in field || 'growth' in field));
      when(
        isColumn && name !== 'file',
        `products.${name}: is a column, and there is no "file"; write {"value": …} for what all have in common`,
      );
    }
    const type = constantOf(products.type);
    when(
      type !== undefined && !(PRODUCT_TYPES as readonly unknown[]).includes(type),
      `products.type: ${type} is none of ${PRODUCT_TYPES.join(', ')}`,
    );
    const risk = constantOf(products.riskClass);
    when(risk !== undefined && ![1, 2, 3, 4, 5].includes(Number(risk)), `products.riskClass: ${risk} is not 1 to 5`);
  }
  for (const name of TIME_COLUMNS)
    when(
      sequence?.columns[name] !== undefined,
      `sequence.columns: "${name}" is made from the times of the events; choose another name`,
    );
  const named = (users?.series ?? []).filter(({ name }) => name !== undefined);
  when(
    sequence !== undefined && named.length > 0,
    'sequence: models read either events or series with names; leave out the one or the other',
  );
  when(new Set(named.map(({ name }) => name)).size < named.length, 'users.series: two have one name');
  when(
    new Set(named.map(({ columns }) => columns.length)).size > 1,
    'users.series: those with a name must all have as many columns, one a step',
  );
  for (const { columns, missing, smooth } of users?.series ?? []) {
    const hasRules = missing === 'last' || smooth !== undefined;
    for (const name of columns) {
      const spec = users?.columns?.[name];
      when(
        spec === undefined && users?.infer !== true && users?.columns !== undefined,
        `users.series: "${name}" is not in users.columns`,
      );
      when(
        hasRules && typeof spec === 'object' && spec.type === 'numeric' && spec.codes !== undefined,
        `users.series: "${name}" has codes, which cannot be smoothed`,
      );
    }
  }
  return problems;
}
