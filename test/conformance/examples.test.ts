import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, parse, validate } from 'graphql';

const root = join(import.meta.dirname, '../..');
const schema = buildSchema(readFileSync(join(root, 'schema/schema.graphql'), 'utf8'));
const folder = join(root, 'examples/queries');

describe('examples/queries', () => {
  it.each(readdirSync(folder))('%s fits the schema, and says for which client it is', (file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    expect(validate(schema, parse(text))).toEqual([]);
    expect(text).toMatch(/^# (Partner|Operator|Auditor|Node)\b.*: /);
  });
});
