import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataFolders } from '../../../test/support/bank-files.js';
import { checkDescriptor, readDescriptor } from './read-descriptor.js';

const data = dataFolders();
const root = join(import.meta.dirname, '../../..');
const EXAMPLES = join(root, 'examples/descriptors');
const docs = readFileSync(join(root, 'docs/import.md'), 'utf8');
const schema = JSON.parse(readFileSync(join(root, 'schema/descriptor.schema.json'), 'utf8'));

const MINIMAL = { name: 'a', task: 'risk', users: { file: 'u.csv', id: 'id' }, label: { column: 'y', positive: 1 } };
const problems = (value: unknown): string[] => {
  try {
    checkDescriptor(value, 'a.json');
    return [];
  } catch (error) {
    return (error as { details: { problems: string[] } }).details.problems;
  }
};

test.each(readdirSync(EXAMPLES))('the example %s is right', async (name) => {
  await expect(readDescriptor(join(EXAMPLES, name))).resolves.toMatchObject({ name: name.replace('.json', '') });
});

test('so are the examples of docs/import.md', () => {
  const examples = [...docs.matchAll(/```json\n(.*?)```/gs)].map((match) => JSON.parse(match[1]!));
  expect(examples.length).toBeGreaterThanOrEqual(4);
  for (const example of examples) expect(problems(example)).toEqual([]);
});

/** All properties of the schema, and all of them that say what they are. */
function fieldsOf(node: unknown, fields = new Map<string, boolean>()): Map<string, boolean> {
  if (typeof node !== 'object' || node === null) return fields;
  const { properties } = node as { properties?: Record<string, { title?: string; description?: string } | true> };
  for (const [name, field] of Object.entries(properties ?? {})) {
    if (field === true || 'const' in field || !('title' in field || Object.keys(field).length > 1)) continue;
    fields.set(name, (fields.get(name) ?? true) && Boolean(field.title && field.description));
  }
  for (const child of Object.values(node)) fieldsOf(child, fields);
  return fields;
}

test('every field of the schema has a title, a description, and a place in docs/import.md', () => {
  const fields = fieldsOf(schema);
  expect(fields.size).toBeGreaterThan(80);
  expect([...fields].filter(([, isDescribed]) => !isDescribed)).toEqual([]);
  expect([...fields.keys()].filter((name) => !docs.includes(name))).toEqual([]);
});

test.each<[string, unknown, string]>([
  ['no object', 5, 'the descriptor: is a number, but should be object'],
  ['nothing in it', {}, '"name" is missing (What the set is called'],
  ['a misspelt field', { ...MINIMAL, usres: {} }, 'there is no field "usres", did you mean "users"?'],
  ['a misspelt task', { ...MINIMAL, task: 'rsik' }, 'task: "rsik" is none of interest, risk'],
  [
    'an unknown type',
    { ...MINIMAL, users: { ...MINIMAL.users, columns: { a: 'number' } } },
    'users.columns.a: "number" is none of numeric, categorical, date',
  ],
  [
    'a rule of another type',
    { ...MINIMAL, users: { ...MINIMAL.users, columns: { a: { type: 'categorical', min: 3 } } } },
    'users.columns.a: there is no field "min"',
  ],
  [
    'no way to fill a category',
    { ...MINIMAL, users: { ...MINIMAL.users, columns: { a: { type: 'categorical', missing: 'mean' } } } },
    'users.columns.a.missing: "mean" is none of own, mode, reject',
  ],
  ['a reserved name', { ...MINIMAL, users: { ...MINIMAL.users, columns: { 'profile.x': 'numeric' } } }, 'profile.x'],
  ['risk without label', { ...MINIMAL, label: undefined }, 'label: is missing'],
  ['no file at all', { name: 'a', task: 'interest' }, 'names no file'],
  ['holdings without a source', { ...MINIMAL, holdings: {} }, 'holdings: give "columns"'],
  ['0/1 columns of no file', { name: 'a', task: 'interest', holdings: { columns: ['x'] } }, 'there is no "users"'],
  [
    'a split that leaves nothing',
    { ...MINIMAL, split: { random: { validation: 0.5, test: 0.5 } } },
    'leave nothing to train on',
  ],
  [
    'a series that is not there',
    { ...MINIMAL, users: { ...MINIMAL.users, columns: { a: 'numeric' }, series: [{ columns: ['a', 'b'] }] } },
    '"b" is not in users.columns',
  ],
  ['products by a column of no file', { ...MINIMAL, products: { name: 'title' } }, 'products.name: is a column'],
  [
    'an unknown kind of product',
    { ...MINIMAL, products: { type: { value: 'shoe' } } },
    'products.type: shoe is none of',
  ],
])('is refused: %s', (_, value, problem) => {
  expect(problems(value)).toContainEqual(expect.stringContaining(problem));
});

test('the file is named where it cannot be read or is no JSON', async () => {
  const folder = data.write({ 'a.json': '{' });
  const refused = (text: string) => ({ code: 'BAD_INPUT', message: expect.stringContaining(text) });
  await expect(readDescriptor(join(folder, 'b.json'))).rejects.toMatchObject(refused('cannot be read'));
  await expect(readDescriptor(join(folder, 'a.json'))).rejects.toMatchObject(refused('is no JSON'));
  writeFileSync(join(folder, 'a.json'), `\ufeff${JSON.stringify(MINIMAL)}`);
  await expect(readDescriptor(join(folder, 'a.json'))).resolves.toEqual(MINIMAL);
});
