import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { ConcordError } from '../errors.js';
import { prepareDataFolder } from './data-folder.js';

/**
 * Opens an Ed25519 key of the data folder, or makes one (mode 0600). Any number of processes may do so at once: all get the same.
 * @param what the key is, for who reads the error
 * @returns the private key
 * @throws {ConcordError} CONFIGURATION where the folder cannot be written or the file is not such a key.
 */
export async function openKeyFile(dataDir: string, file: string, what: string): Promise<JWK> {
  const path = join(dataDir, file);
  const found = await readKey(path, what);
  if (found) return found;
  const { privateKey } = await generateKeyPair('Ed25519', { extractable: true });
  const draft = `${path}.${randomUUID()}`;
  await prepareDataFolder(dataDir);
  try {
    await writeFile(draft, JSON.stringify(await exportJWK(privateKey)), { mode: 0o600, flag: 'wx' });
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another process was first: its key holds
  } finally {
    await rm(draft, { force: true });
  }
  return (await readKey(path, what))!;
}

async function readKey(path: string, what: string): Promise<JWK | undefined> {
  try {
    const jwk = JSON.parse(await readFile(path, 'utf8')) as JWK;
    if (jwk.kty === 'OKP' && jwk.crv === 'Ed25519' && jwk.d) return jwk;
    throw new SyntaxError('not an Ed25519 key');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ConcordError(
      'CONFIGURATION',
      `${path} cannot be read as ${what}${code ? `: ${code}` : ''}.`,
      {},
      { cause: error },
    );
  }
}
