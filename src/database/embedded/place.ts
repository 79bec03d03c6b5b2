import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ConcordError } from '../../errors.js';
import { type Account, canEnter, give } from './account.js';

/** Folders under which root may keep the database where PostgreSQL's account cannot enter the data folder. */
const ELSEWHERE = ['/var/lib', '/var/local', '/opt'];

export interface Place {
  /** What the user chose. */
  readonly dataDir: string;
  /** Where PostgreSQL's files are: data/ (the cluster), log, alive, native-VERSION/. */
  readonly folder: string;
  readonly cluster: string;
  readonly log: string;
  /** A named pipe that every process using the database holds open. */
  readonly alive: string;
  readonly password: string;
}

/**
 * Where the database of this data folder lives: in it, unless the account cannot enter it (root's home has mode 0700): then in a
 * folder of its own under /var/lib, named in DATA_DIR/postgres.place, so that a data folder that was removed starts afresh. A data
 * folder that is empty, and bars the account by its own mode alone, is opened to be entered, not to be listed.
 * @throws {ConcordError} CONFIGURATION where nothing can be written, or the account cannot enter where the database is.
 */
export function choosePlace(dataDir: string, account: Account, elsewhere: readonly string[] = ELSEWHERE): Place {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o711 });
    accessSync(dataDir, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new ConcordError(
      'CONFIGURATION',
      `The data folder ${dataDir} cannot be written: set CONCORD_DATA_DIR to one that can, or DATABASE_URL.`,
      {},
      { cause: error },
    );
  }
  const folder = mayHold(dataDir, account) ? join(dataDir, 'postgres') : placeElsewhere(dataDir, account, elsewhere);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  give(folder, account);
  return {
    dataDir,
    folder,
    cluster: join(folder, 'data'),
    log: join(folder, 'log'),
    alive: join(folder, 'alive'),
    password: readPassword(dataDir, existsSync(join(folder, 'data'))),
  };
}

function mayHold(dataDir: string, account: Account): boolean {
  if (canEnter(dataDir, account)) return true;
  const names = readdirSync(dataDir);
  if (names.length === 0 && canEnter(dirname(dataDir), account)) {
    chmodSync(dataDir, 0o711);
    return true;
  }
  if (!names.includes('postgres')) return false;
  throw new ConcordError(
    'CONFIGURATION',
    `PostgreSQL, which runs as ${account?.name} here, cannot enter the data folder ${dataDir} any more, where its database is: give it and the folders above it the mode o+x.`,
  );
}

function placeElsewhere(dataDir: string, account: Account, elsewhere: readonly string[]): string {
  const pointer = join(dataDir, 'postgres.place');
  if (existsSync(pointer)) return readFileSync(pointer, 'utf8').trim();
  for (const parent of elsewhere) {
    if (!existsSync(parent) || !canEnter(parent, account)) continue;
    const folder = join(parent, 'concord', `${basename(dataDir).replace(/^\./, '')}-${randomBytes(4).toString('hex')}`);
    try {
      mkdirSync(folder, { recursive: true, mode: 0o711 });
    } catch {
      continue; // a read-only file system: the next one
    }
    return createOnce(pointer, `${folder}\n`).trim();
  }
  throw new ConcordError(
    'CONFIGURATION',
    `PostgreSQL, which runs as ${account?.name} here, cannot enter the data folder ${dataDir}: set CONCORD_DATA_DIR to a folder outside of a private home, or DATABASE_URL.`,
  );
}

/** The password of the owner of the database, made once; only who runs Concord can read it. */
function readPassword(dataDir: string, clusterExists: boolean): string {
  const path = join(dataDir, 'postgres.password');
  if (clusterExists && !existsSync(path)) {
    throw new ConcordError(
      'CONFIGURATION',
      `${path} is missing, without which the database beside it cannot be opened: restore the file from a backup of the data folder, or move the folder away to start afresh.`,
    );
  }
  return existsSync(path)
    ? readFileSync(path, 'utf8').trim()
    : createOnce(path, `${randomBytes(32).toString('hex')}\n`).trim();
}

/** Creates a file with its whole content at once. @returns its content, which is another process's where that came first. */
function createOnce(path: string, content: string): string {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, content, { mode: 0o600 });
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft);
  }
  return readFileSync(path, 'utf8');
}
