import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { generateNodeKey, type NodeKey, readNodeKey, writeNodeKey } from '../../../federated/protocol/keys.js';

/** What a demo node has in the data folder: its key, its token, and its log. */
export interface NodeFiles {
  readonly key: string;
  readonly token: string;
  readonly log: string;
}

export function nodeFiles(dataDir: string, code: string): NodeFiles {
  const path = join(dataDir, 'demo-nodes', code);
  return { key: `${path}.pem`, token: `${path}.token`, log: `${path}.log` };
}

/** Opens a node's key, or makes one (mode 0600). Any number of processes may do so at once: all get the same. */
export async function openNodeKey(path: string): Promise<NodeKey> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const found = await readFile(path, 'utf8').catch(unlessMissing);
  if (found !== undefined) return readNodeKey(found);
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, writeNodeKey(generateNodeKey()), { mode: 0o600, flag: 'wx' });
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another process was first: its key holds
  } finally {
    await rm(draft, { force: true });
  }
  return readNodeKey(await readFile(path, 'utf8'));
}

function unlessMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
