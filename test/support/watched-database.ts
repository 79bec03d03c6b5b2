import type { Database, EntityManager } from '../../src/database/database.js';

/** Called with each transaction that writes: when all of its work is done, and when it has committed. */
type Watcher = (moment: 'before' | 'after') => Promise<void>;

/** A database of which a test sees, and can hold up, every transaction that writes. */
function watchWrites(database: Database, watcher: Watcher): Database {
  async function watched<T>(transaction: (done: Done<T>) => Promise<T>): Promise<T> {
    let wrote = false;
    const result = await transaction(async (manager, value) => {
      const [{ writes }] = await manager.query('select pg_current_xact_id_if_assigned() is not null as writes');
      wrote = writes;
      if (wrote) await watcher('before');
      return value;
    });
    if (wrote) await watcher('after');
    return result;
  }
  const transactions: Pick<Database, 'tenant' | 'consortium' | 'coordinator'> = {
    tenant: (institutionId, work, options) =>
      watched((done) => database.tenant(institutionId, async (manager) => done(manager, await work(manager)), options)),
    consortium: (work, options) =>
      watched((done) => database.consortium(async (manager) => done(manager, await work(manager)), options)),
    coordinator: (work, options) =>
      watched((done) =>
        database.coordinator(async (manager, within) => done(manager, await work(manager, within)), options),
      ),
  };
  return new Proxy(database, {
    get(target, name) {
      const member = Reflect.get(name in transactions ? transactions : target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

type Done<T> = (manager: EntityManager, value: T) => Promise<T>;

/** The how manieth transaction that writes, from 1, and whether it is about to commit or has committed. */
export interface Stop {
  readonly write: number;
  readonly moment: 'before' | 'after';
}

/** A database that stands still at a stop, until it is let go. */
export interface Stopped {
  readonly database: Database;
  readonly letGo: () => void;
  /** Waits until work stands at the stop. @throws where it ends before */
  reachedBy(work: Promise<unknown>): Promise<void>;
}

export function stopAt(database: Database, stop: Stop): Stopped {
  const [reached, reach] = signal();
  const [gone, letGo] = signal();
  let writes = 0;
  const watched = watchWrites(database, async (moment) => {
    if (moment === 'before') writes++;
    if (writes !== stop.write || moment !== stop.moment) return;
    reach();
    await gone;
  });
  const ended = () => {
    throw new Error(`The work ended at write ${writes}, before its stop ${stop.moment} write ${stop.write}.`);
  };
  return {
    database: watched,
    letGo,
    reachedBy: (work) => Promise.race([reached, work.then(ended)]),
  };
}

function signal(): [Promise<void>, () => void] {
  let fire = () => {};
  const fired = new Promise<void>((resolve) => {
    fire = resolve;
  });
  return [fired, fire];
}
