import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ConcordError } from '../../errors.js';
import { type Account, as, give, isRunning } from './account.js';
import type { Binaries } from './binaries.js';
import type { Place } from './place.js';

const run = promisify(execFile);
const POLL_MS = 10;
/** How long the processes of a postmaster that was killed may hold on to its shared memory before we give up. */
const LEFTOVERS_MS = 20_000;
/** Replaying the write-ahead log after a crash: at most its 1 GB. */
const RECOVERY_MS = 300_000;
/** A postmaster fills its lock file as soon as it has made it. */
const EMPTY_LOCK_MS = 10_000;
const LOG_BYTES = 10_000_000;

export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly status: 'starting' | 'ready' | 'stopping';
}

/** @returns the postmaster that runs on this cluster, by its lock file, if the process of that number really is it. */
export async function findPostmaster({ cluster }: Place): Promise<Postmaster | undefined> {
  let lines: string[];
  try {
    lines = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return undefined; // no lock file, or it is going away at this moment
  }
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 1 || !(await isPostmaster(pid, cluster))) return undefined;
  const status = lines[7]?.trim();
  return { pid, port: Number(lines[3]), status: status === 'ready' || status === 'stopping' ? status : 'starting' };
}

/** A lock file may outlive its process, and the number be another's by now: the command line tells. */
async function isPostmaster(pid: number, cluster: string): Promise<boolean> {
  try {
    if (process.platform === 'linux') {
      const [program, ...options] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return basename(program) === 'postgres' && options.includes(cluster);
    }
    if (process.platform === 'win32') {
      const { stdout } = await run('tasklist', ['/fi', `pid eq ${pid}`, '/fo', 'csv', '/nh']);
      return stdout.includes('postgres.exe');
    }
    return (await run('ps', ['-ww', '-o', 'args=', '-p', String(pid)])).stdout.includes(`postgres -D ${cluster} `);
  } catch {
    return false; // no such process
  }
}

/**
 * Starts PostgreSQL, apart from our terminal (Ctrl-C is for us: we drain before we stop it), and waits until it accepts connections.
 * @param port preferred; a free one where it is undefined
 * @throws {ConcordError} CONFIGURATION with the end of its log where it does not start.
 */
export async function startPostmaster(
  binaries: Binaries,
  place: Place,
  account: Account,
  settings: Readonly<Record<string, string>>,
  port?: number,
): Promise<Postmaster> {
  const unclean = existsSync(join(place.cluster, 'postmaster.pid'));
  await removeForeignLock(place);
  const giveUp = Date.now() + LEFTOVERS_MS;
  if (existsSync(place.log) && statSync(place.log).size > LOG_BYTES) renameSync(place.log, `${place.log}.old`);
  for (let attempt = 0; ; attempt++) {
    const begin = existsSync(place.log) ? statSync(place.log).size : 0;
    const child = spawnPostmaster(binaries, place, account, { ...settings, port: String(port ?? (await freePort())) });
    const gone = new AbortController();
    child.once('exit', () => gone.abort());
    child.once('error', (error) => gone.abort(error));
    // Where another process was quicker, it is theirs that becomes ready, and ours goes.
    const ready = (await untilReady(place, gone.signal)) ?? (await untilReady(place));
    if (ready) return ready;
    // Our port may have been taken; a postmaster that was killed leaves children, which end soon.
    if (unclean ? Date.now() > giveUp : attempt >= 2) throw notStarted(place, begin, gone.signal.reason);
    await sleep(200);
  }
}

function spawnPostmaster(
  binaries: Binaries,
  place: Place,
  account: Account,
  settings: Readonly<Record<string, string>>,
): ChildProcess {
  const log = openSync(place.log, 'a', 0o640);
  give(place.log, account);
  try {
    const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn(binaries.postgres, ['-D', place.cluster, ...options], {
      ...as(account),
      cwd: place.folder,
      detached: true,
      windowsHide: true,
      stdio: ['ignore', log, log],
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/**
 * After a crash of the machine the lock file may be empty, or its number that of another program by now; PostgreSQL would take
 * either for a postmaster. Its own check of the shared memory still keeps two postmasters apart.
 */
async function removeForeignLock(place: Place): Promise<void> {
  const path = join(place.cluster, 'postmaster.pid');
  if (!existsSync(path) || (await findPostmaster(place))) return;
  const text = readFileSync(path, 'utf8');
  const stale = text ? isRunning(Number(text.split('\n')[0])) : Date.now() - statSync(path).mtimeMs > EMPTY_LOCK_MS;
  if (stale) rmSync(path);
}

/**
 * Waits for the postmaster to accept connections.
 * @param gone given where it was only just started and need not have a lock file yet: fires when it has ended
 * @returns undefined where it has gone or is going.
 */
export async function untilReady(place: Place, gone?: AbortSignal): Promise<Postmaster | undefined> {
  const giveUp = Date.now() + RECOVERY_MS;
  while (Date.now() < giveUp) {
    const found = await findPostmaster(place);
    if (found?.status === 'ready') return found;
    if (found?.status === 'stopping' || gone?.aborted || (!found && !gone)) return undefined;
    await sleep(POLL_MS);
  }
  throw new ConcordError('UNAVAILABLE', `PostgreSQL has been starting for ${RECOVERY_MS / 1000} s: see ${place.log}.`);
}

/** Waits until no postmaster runs on the cluster. */
export async function untilGone(place: Place): Promise<void> {
  while (await findPostmaster(place)) await sleep(POLL_MS);
}

/** Fast shutdown: transactions under way are rolled back, everything is written, and no recovery is needed at the next start. */
export async function stopPostmaster(binaries: Binaries, place: Place, account: Account): Promise<void> {
  if (!(await findPostmaster(place))) return;
  const options = { ...as(account), cwd: place.folder };
  await run(binaries.pgCtl, ['stop', '-D', place.cluster, '-m', 'fast', '-W'], options).catch(() => undefined); // it was stopping already
  await untilGone(place);
}

/** @param begin where this start's part of the log begins */
function notStarted(place: Place, begin: number, reason: unknown): ConcordError {
  const log = readFileSync(place.log).subarray(begin).toString().trim().split('\n').slice(-3).join(' | ');
  const why = log || (reason instanceof Error ? reason.message : 'it says nothing');
  return new ConcordError('CONFIGURATION', `PostgreSQL does not start in ${place.folder}: ${why}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
