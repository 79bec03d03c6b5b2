import { spawnSync } from 'node:child_process';
import { chownSync } from 'node:fs';
import { ConcordError } from '../../errors.js';

/** The user as which PostgreSQL runs, which refuses to run as root; undefined: as whoever runs Concord. */
export type Account = { readonly name: string; readonly uid: number; readonly gid: number } | undefined;

const UNPRIVILEGED = 'nobody';

/**
 * @param uid of this process; undefined on Windows
 * @throws {ConcordError} CONFIGURATION where root finds no unprivileged user.
 */
export function postgresAccount(uid = process.getuid?.()): Account {
  if (uid !== 0) return undefined;
  const number = (flag: string) => {
    const { status, stdout } = spawnSync('id', [flag, UNPRIVILEGED], { encoding: 'utf8' });
    return status === 0 ? Number(stdout) : undefined;
  };
  const [id, group] = [number('-u'), number('-g')];
  if (id === undefined || group === undefined) {
    throw new ConcordError(
      'CONFIGURATION',
      `PostgreSQL does not run as root, and this machine has no user ${UNPRIVILEGED}: start Concord as an ordinary user, or set DATABASE_URL.`,
    );
  }
  return { name: UNPRIVILEGED, uid: id, gid: group };
}

/** The part of spawn's options that makes a child run as the account. */
export const as = (account: Account) => (account ? { uid: account.uid, gid: account.gid } : {});

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
