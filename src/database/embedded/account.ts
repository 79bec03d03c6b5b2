import { spawnSync } from 'node:child_process';
import { chownSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConcordError } from '../../errors.js';

/** The user as which PostgreSQL runs, which refuses to run as root; undefined: as whoever runs Concord. */
export type Account = { readonly name: string; readonly uid: number; readonly gid: number } | undefined;

const UNPRIVILEGED = 'nobody';

/**
 * @param dataDir of which the database, where there is one, says whose it is: an ordinary user's who now works as root
 * @param uid of this process; undefined on Windows
 * @throws {ConcordError} CONFIGURATION where root finds no unprivileged user.
 */
export function postgresAccount(dataDir?: string, uid = process.getuid?.()): Account {
  if (uid !== 0) return undefined;
  const owner = dataDir && statSync(join(dataDir, 'postgres', 'data'), { throwIfNoEntry: false });
  if (owner && owner.uid !== 0) return { name: `user ${owner.uid}`, uid: owner.uid, gid: owner.gid };
  const { stdout } = spawnSync('id', [UNPRIVILEGED], { encoding: 'utf8' });
  const [, id, group] = /uid=(\d+).* gid=(\d+)/.exec(stdout ?? '') ?? [];
  if (id === undefined) {
    throw new ConcordError(
      'CONFIGURATION',
      `PostgreSQL does not run as root, and this machine has no user ${UNPRIVILEGED}: start Concord as an ordinary user, or set DATABASE_URL.`,
    );
  }
  return { name: UNPRIVILEGED, uid: Number(id), gid: Number(group) };
}

/** The part of spawn's options that makes a child run as the account. It wants signed numbers: nobody is −2 on macOS. */
export const as = (account: Account) => (account ? { uid: account.uid | 0, gid: account.gid | 0 } : {});

/** Gives a path to the account. */
export function give(path: string, account: Account): void {
  if (account) chownSync(path, account.uid, account.gid);
}

/** @returns whether the account can enter this folder, as the kernel answers it: modes, lists and mount options alike. */
export function canEnter(folder: string, account: Account): boolean {
  return !account || spawnSync('test', ['-x', folder], { ...as(account), cwd: '/' }).status === 0;
}

/** @returns whether there is a process of this number, whosever it is. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
