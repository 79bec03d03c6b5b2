import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ConcordError } from '../../errors.js';
import { type Account, as } from './account.js';
import type { Binaries } from './binaries.js';
import type { Place } from './place.js';

const run = promisify(execFile);
const POLL_MS = 10;
/** How long the processes of a postmaster that was killed may hold on to its shared memory before we give up. */
const LEFTOVERS_MS = 20_000;
/** Replaying the write-ahead log after a crash: at most its 1 GB. */
const RECOVERY_MS = 300_000;
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
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(cluster);
    }
    if (process.platform === 'win32') {
      const { stdout } = await run('tasklist', ['/fi', `pid eq ${pid}`, '/fo', 'csv', '/nh']);
      return stdout.includes('postgres.exe');
    }
    return (await run('ps', ['-ww', '-o', 'args=', '-p', String(pid)])).stdout.includes(cluster);
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
  const giveUp = Date.now() + LEFTOVERS_MS;
  for (let attempt = 0; ; attempt++) {
    const child = spawnPostmaster(binaries, place, account, { ...settings, port: String(port ?? (await freePort())) });
    const exited = new Promise<false>((resolve) => {
      child.once('exit', () => resolve(false));
      child.once('error', () => resolve(false));
    });
    const ready = await Promise.race([exited, untilReady(place)]);
    if (ready) return ready;
    // Another process may have started it at the same time; our port may have been taken; a killed postmaster leaves children.
    const other = await findPostmaster(place);
    if (other) return (await untilReady(place)) ?? other;
    if (unclean ? Date.now() > giveUp : attempt >= 2) throw notStarted(place);
    await sleep(200);
  }
}

function spawnPostmaster(
  binaries: Binaries,
  place: Place,
  account: Account,
  settings: Readonly<Record<string, string>>,
): ChildProcess {
  if (existsSync(place.log) && statSync(place.log).size > LOG_BYTES) renameSync(place.log, `${place.log}.old`);
  const log = openSync(place.log, 'a', 0o640);
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

/** @returns undefined where it has gone. */
export async function untilReady(place: Place): Promise<Postmaster | undefined> {
  const giveUp = Date.now() + RECOVERY_MS;
  let seen = false;
  while (Date.now() < giveUp) {
    const found = await findPostmaster(place);
    if (found?.status === 'ready') return found;
    if (found?.status === 'stopping' || (seen && !found)) return undefined;
    seen = seen || found !== undefined;
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

const notStarted = (place: Place) => {
  const end = readFileSync(place.log, 'utf8').trim().split('\n').slice(-3).join(' | ');
  return new ConcordError('CONFIGURATION', `PostgreSQL does not start in ${place.folder}: ${end}`);
};

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
