import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ConcordError } from '../../errors.js';
import { type Account, as, give, isRunning } from './account.js';
import type { Binaries } from './binaries.js';
import type { Place } from './place.js';

const run = promisify(execFile);
export const OWNER = 'concord';

/**
 * Makes the cluster the first time: UTF-8, compared by code point, passwords for everybody, checksums on. It is made beside its
 * place and moved there, so that one whose making was interrupted is never taken for a whole one.
 * @returns whether it was made now
 * @throws {ConcordError} CONFIGURATION where it cannot be made or is of another major version.
 */
export async function ensureCluster(binaries: Binaries, place: Place, account: Account): Promise<boolean> {
  if (existsSync(place.cluster)) {
    refuseOtherVersion(binaries, place);
    return false;
  }
  for (const name of readdirSync(place.folder)) {
    const maker = /^draft-(\d+)$/.exec(name)?.[1];
    if (maker && !isRunning(Number(maker))) rmSync(join(place.folder, name), { recursive: true });
  }
  const draft = join(place.folder, `draft-${process.pid}`);
  const password = join(place.folder, `password-${process.pid}`);
  writeFileSync(password, place.password, { mode: 0o600 });
  give(password, account);
  try {
    const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
    const access = ['--auth=scram-sha-256', `--username=${OWNER}`, `--pwfile=${password}`];
    await run(binaries.initdb, ['-D', draft, '--no-sync', '--no-instructions', ...locale, ...access], {
      ...as(account),
      cwd: place.folder,
    });
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    const why =
      (error as { stderr?: string }).stderr?.trim().split('\n').slice(-2).join(' ') || (error as Error).message;
    throw new ConcordError(
      'CONFIGURATION',
      `PostgreSQL cannot make a database in ${place.folder}: ${why}`,
      {},
      { cause: error },
    );
  } finally {
    rmSync(password, { force: true });
  }
  try {
    renameSync(draft, place.cluster);
    return true;
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (existsSync(place.cluster)) return false; // another process came first
    throw error;
  }
}

/** initdb did not wait for the disk, to start sooner: this does, while the server runs already. */
export async function syncCluster(binaries: Binaries, place: Place, account: Account): Promise<void> {
  await run(binaries.initdb, ['-D', place.cluster, '--sync-only'], { ...as(account), cwd: place.folder });
}

function refuseOtherVersion(binaries: Binaries, place: Place): void {
  const version = readFileSync(join(place.cluster, 'PG_VERSION'), 'utf8').trim();
  if (version === binaries.major) return;
  throw new ConcordError(
    'CONFIGURATION',
    `The database in ${place.folder} is of PostgreSQL ${version}, and this Concord brings ${binaries.major}: dump it with the Concord that made it, and restore the dump (docs/database.md).`,
  );
}
