import { statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConcordError } from '../errors.js';
import { postgresAccount } from './embedded/account.js';
import { findBinaries } from './embedded/binaries.js';
import { ensureCluster, syncCluster } from './embedded/cluster.js';
import { choosePlace } from './embedded/place.js';
import {
  findPostmaster,
  type Postmaster,
  startPostmaster,
  stopPostmaster,
  untilGone,
  untilReady,
} from './embedded/postmaster.js';
import { openSession, ownerUrl, type Session } from './embedded/session.js';
import { holdAlive } from './embedded/watch.js';

export interface EmbeddedOptions {
  readonly dataDir: string;
  /** For `serve`: refuse a second server on the data folder. Commands use the database beside the server, or start it themselves. */
  readonly exclusive?: boolean;
  /** Folders to put the database under where PostgreSQL cannot enter the data folder, other than the usual ones. */
  readonly elsewhere?: readonly string[];
  /** Settings of PostgreSQL beyond ours, for tests. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Called with what went wrong when PostgreSQL died under us, and again while it cannot be started anew. */
  readonly onError?: (error: Error) => void;
}

export interface EmbeddedPostgres {
  /** The owner's address, for `migrate`. The port stays the same for as long as this process uses it. */
  readonly ownerUrl: string;
  readonly pid: number;
  /** Where its files are. */
  readonly folder: string;
  /** Leaves it, and stops it where no other process uses it. */
  stop(): Promise<void>;
}

const ATTEMPTS = 50;
const RETRY_MS = 1_000;
/** Parallel queries need more shared memory than a container's usual 64 MB. */
const LEAST_SHARED_MEMORY = 256 * 2 ** 20;

/** Nothing acknowledged is lost: fsync and synchronous_commit stay on. It listens on the loopback interface, with passwords. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '128MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  password_encryption: 'scram-sha-256',
  log_timezone: 'UTC',
  timezone: 'UTC',
  jit: 'off',
};

/**
 * The PostgreSQL that Concord brings, on a data folder of its own: made the first time, started unless it runs, taken over where a
 * process that was killed left it behind. Several processes may use it; the last one stops it.
 * @throws {ConcordError} CONFIGURATION in one sentence: no PostgreSQL for this platform, a folder that cannot be used, a server that
 *   uses it already.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const account = postgresAccount(options.dataDir);
  const place = choosePlace(options.dataDir, account, options.elsewhere);
  const binaries = findBinaries(place.folder, account);
  const made = await ensureCluster(binaries, place, account);
  const settings: Record<string, string> = { ...SETTINGS, ...(await sharedMemory()), ...options.settings };
  let letGo: () => void = () => undefined;

  async function open(port?: number): Promise<{ session: Session; postmaster: Postmaster }> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const running = (await findPostmaster(place)) && (await untilReady(place));
      if (!running && (await findPostmaster(place))) await untilGone(place);
      const postmaster = running ?? (await startPostmaster(binaries, place, account, settings, port));
      const hold = await holdAlive(place, account);
      letGo();
      letGo = hold;
      const session = await openSession(place, postmaster, options.exclusive ?? false);
      if (session) return { session, postmaster };
      await sleep(100);
    }
    throw new ConcordError('UNAVAILABLE', `PostgreSQL in ${place.folder} does not stay up: see ${place.log}.`);
  }

  let current = await openFirst();
  let stopping = false;
  let reopening: Promise<void> | undefined;
  const { port } = current.postmaster;
  watchSession();
  const syncing =
    made && settings.fsync !== 'off'
      ? syncCluster(binaries, place, account).catch((error) => options.onError?.(error))
      : undefined;

  async function openFirst() {
    try {
      return await open();
    } catch (error) {
      letGo();
      throw error;
    }
  }

  /** PostgreSQL restarts itself when one of its processes dies; where it died itself we start it again, on the same port. */
  function watchSession(): void {
    current.session.client.once('end', () => {
      if (!stopping) reopening = reopen();
    });
  }

  async function reopen(): Promise<void> {
    while (!stopping) {
      try {
        current = await open(port);
        watchSession();
        return;
      } catch (error) {
        options.onError?.(error as Error);
        await sleep(RETRY_MS);
      }
    }
  }

  return {
    ownerUrl: ownerUrl(place, port),
    get pid() {
      return current.postmaster.pid;
    },
    folder: place.folder,
    async stop() {
      if (stopping) return;
      stopping = true;
      await Promise.all([syncing, reopening]);
      const last = await current.session.leave().catch(() => false); // lost: whoever reads the pipe sees to it
      if (last) await stopPostmaster(binaries, place, account);
      await current.session.client.end().catch(() => undefined);
      letGo();
    },
  };
}

/** Where /dev/shm is small or missing, files in the cluster serve instead. */
async function sharedMemory(): Promise<Record<string, string>> {
  if (process.platform !== 'linux') return {};
  try {
    const { blocks, bsize } = await statfs('/dev/shm');
    return blocks * bsize < LEAST_SHARED_MEMORY ? { dynamic_shared_memory_type: 'mmap' } : {};
  } catch {
    return { dynamic_shared_memory_type: 'mmap' };
  }
}
