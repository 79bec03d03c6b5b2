import { readFile, writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { ConcordError } from '../../errors.js';
import { printedSchema } from '../../graphql/schema.js';
import { createOutput } from '../output.js';
import { createBareSchema } from '../resolvers.js';

interface Options {
  output?: string;
  check?: string;
  json?: boolean;
}

/** `concord schema`: the API's schema, as text. It needs no database and no configuration. */
export function schemaCommand(): Command {
  return new Command('schema')
    .description('Print the GraphQL schema, sorted and described.')
    .option('--output <file>', 'write it to a file')
    .option('--check <file>', 'fail (exit code 1) where the file is not the schema')
    .option('--json', 'one JSON object on stdout')
    .action(run);
}

async function run(options: Options): Promise<void> {
  const output = createOutput(options);
  const schema = printedSchema(createBareSchema());
  if (options.check) {
    const drift = firstDifference(await readText(options.check), schema);
    if (drift) {
      throw new ConcordError(
        'CONFLICT',
        `${options.check} is not the schema: line ${drift} differs. Run npm run schema.`,
      );
    }
    output.result({ file: options.check, current: true }, () => `${options.check} is the schema.`);
  } else if (options.output) {
    await writeFile(options.output, schema);
    output.result({ file: options.output, bytes: Buffer.byteLength(schema) }, () => `Wrote ${options.output}.`);
  } else {
    output.result({ schema }, () => schema);
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new ConcordError(
      'NOT_FOUND',
      `${path} cannot be read: ${(error as NodeJS.ErrnoException).code}.`,
      {},
      { cause: error },
    );
  }
}

/** @returns the number of the first line that differs, from 1; undefined where none does. */
function firstDifference(a: string, b: string): number | undefined {
  if (a === b) return undefined;
  const [left, right] = [a.split('\n'), b.split('\n')];
  return 1 + left.findIndex((line, i) => line !== right[i]) || Math.min(left.length, right.length);
}
