import pg from 'pg';
import { connectionLost } from './errors.js';

type Handler = (payload: string | undefined) => void;

export interface Listener {
  /**
   * @returns a function that ends it
   * @throws {ConcordError} UNAVAILABLE
   */
  listen(channel: string, handler: Handler): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;

/**
 * One connection, made when something first listens, that hears NOTIFY. When it breaks it is made again, and every handler is
 * called with undefined, since notifications may have been missed meanwhile.
 */
export function createListener(url: string): Listener {
  const handlers = new Map<string, Set<Handler>>();
  let connecting: Promise<pg.Client> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  const connection = () => {
    connecting ??= open().catch((error) => {
      connecting = undefined;
      throw error;
    });
    return connecting;
  };

  async function open(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'concord listener',
      connectionTimeoutMillis: LAST_RETRY_MS,
      keepAlive: true,
    });
    let opened = false;
    client.on('error', () => undefined); // 'end' follows
    client.on('end', () => {
      if (opened) reconnect(FIRST_RETRY_MS);
    });
    client.on('notification', ({ channel, payload }) => {
      for (const handler of handlers.get(channel) ?? []) handler(payload ?? '');
    });
    try {
      await client.connect();
      for (const channel of handlers.keys()) await client.query(`listen ${pg.escapeIdentifier(channel)}`);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw connectionLost(error);
    }
    opened = true;
    return client;
  }

  function reconnect(delay: number): void {
    connecting = undefined;
    if (closed) return;
    retry = setTimeout(async () => {
      try {
        await connection();
      } catch {
        reconnect(Math.min(2 * delay, LAST_RETRY_MS)); // the database is away: readiness says so, and we try again
        return;
      }
      for (const set of handlers.values()) for (const handler of set) handler(undefined);
    }, delay);
    retry.unref();
  }

  return {
    async listen(channel, handler) {
      const set = handlers.get(channel) ?? new Set();
      handlers.set(channel, set.add(handler));
      await (await connection()).query(`listen ${pg.escapeIdentifier(channel)}`);
      return async () => {
        set.delete(handler);
      };
    },
    async close() {
      closed = true;
      clearTimeout(retry);
      await (await connecting?.catch(() => undefined))?.end();
    },
  };
}
