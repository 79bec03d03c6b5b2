import { spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Account, as } from './account.js';
import type { Place } from './place.js';

const WAIT_MS = 2_000;

/**
 * Reads the pipe until nobody holds it open for writing any more, which the kernel sees to even for processes that are killed;
 * then stops the postmaster, if the process that its lock file names is still it.
 */
const SCRIPT = `
cat "$1" > /dev/null
pid=$(head -n 1 "$2/postmaster.pid") || exit 0
if [ -r "/proc/$pid/cmdline" ]; then line=$(tr '\\0' ' ' < "/proc/$pid/cmdline"); else line=$(ps -ww -o args= -p "$pid"); fi
case "$line" in *"postgres -D $2 "*) kill -INT "$pid" ;; esac
`;

/**
 * Holds the pipe open, so that PostgreSQL stops soon after the last process that uses it has died, however it died. Without pipes
 * (Windows) a postmaster whose users were killed goes on, and the next start takes it over.
 * @returns a function that lets go.
 */
export async function holdAlive(place: Place, account: Account): Promise<() => void> {
  if (process.platform === 'win32') return () => undefined;
  if (!existsSync(place.alive)) spawnSync('mkfifo', ['-m', '600', place.alive], { ...as(account), cwd: '/' });
  const giveUp = Date.now() + WAIT_MS;
  let watching = false;
  for (;;) {
    try {
      const pipe = openSync(place.alive, constants.O_WRONLY | constants.O_NONBLOCK);
      return () => closeSync(pipe);
    } catch (error) {
      // ENXIO: nobody reads it yet.
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO' || Date.now() > giveUp) throw error;
    }
    if (!watching) {
      const options = { ...as(account), cwd: place.folder, detached: true, stdio: 'ignore' as const };
      spawn('sh', ['-c', SCRIPT, 'sh', place.alive, place.cluster], options).unref();
      watching = true;
    }
    await sleep(5);
  }
}
