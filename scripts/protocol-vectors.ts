import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { protocolVectors } from './vectors/all.js';

/** Writes test/vectors anew: node --import tsx scripts/protocol-vectors.ts */
const FOLDER = join(import.meta.dirname, '../test/vectors');

/** ASCII alone, so that nothing on the way changes a byte unseen. */
const ascii = (json: string) =>
  json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

mkdirSync(FOLDER, { recursive: true });
for (const [name, value] of Object.entries(await protocolVectors()))
  writeFileSync(join(FOLDER, `${name}.json`), `${ascii(JSON.stringify(value, null, 2))}\n`);
execFileSync('npx', ['biome', 'format', '--write', FOLDER], { stdio: 'inherit' });
