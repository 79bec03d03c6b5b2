import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** package.json of this installation: it stands above src/ and, after a build, above dist/. */
const packageFile = findUp(import.meta.dirname, 'package.json');

/** The folder that holds package.json. */
export const ROOT = dirname(packageFile);

/** Concord's own version, as package.json has it. */
export const VERSION: string = (JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }).version;

function findUp(start: string, name: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, name))) return join(folder, name);
    if (folder === dirname(folder)) throw new Error(`There is no ${name} above ${start}.`);
  }
}
