import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openDatabase } from '../src/app/composition.js';
import { readConfig } from '../src/app/config.js';
import { createResources } from '../src/app/resources.js';
import type { Descriptor } from '../src/database/import/descriptor.js';
import { importData } from '../src/database/import/import-data.js';
import { Random } from '../src/demo/random.js';
import { type Benchmark, round } from './benchmark.js';

const USERS = 50_000;
const EVENTS = 300_000;

/** Importing two generated files into an embedded PostgreSQL of its own, and importing them again. */
export const importing: Benchmark = {
  description:
    'concord import: rows/s of users with 12 attributes and of behaviour events, and of the same files again',
  async run({ progress }) {
    const folder = await mkdtemp(join(tmpdir(), 'concord-bench-'));
    const resources = createResources();
    try {
      progress('generating files');
      await pipeline(Readable.from(userLines()), createWriteStream(join(folder, 'users.csv')));
      await pipeline(Readable.from(eventLines()), createWriteStream(join(folder, 'events.csv')));
      progress('starting PostgreSQL');
      const config = readConfig({ CONCORD_DATA_DIR: join(folder, 'data') });
      const { database } = await openDatabase(config, resources);
      const [{ id }]: { id: string }[] = await database.consortium((manager) =>
        manager.query(
          `insert into concord.institutions (code, name, kind, country, currency)
           values ('bench', 'A bank', 'bank', 'IE', 'EUR') returning id`,
        ),
      );
      const rows = USERS + EVENTS;
      const measure = async (name: string) => {
        progress(name);
        const { report } = await importData(database, id, DESCRIPTOR, folder);
        return { name, value: round(rows / report.seconds, 0), unit: 'rows/s' };
      };
      return [
        await measure(`import of ${USERS} users and ${EVENTS} events`),
        await measure('import of the same files again'),
      ];
    } finally {
      await resources.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

const NUMERIC = Array.from({ length: 10 }, (_, i) => `x${i + 1}`);

const DESCRIPTOR: Descriptor = {
  name: 'bench',
  task: 'interest',
  users: {
    file: 'users.csv',
    id: 'id',
    columns: {
      ...Object.fromEntries(NUMERIC.map((name) => [name, 'numeric' as const])),
      region: 'categorical',
      since: 'date',
    },
  },
  events: { file: 'events.csv', id: 'id', user: 'user', type: 'type', occurredAt: 'at', amount: 'amount' },
};

function* userLines(): Iterable<string> {
  const random = new Random(1);
  yield `id,${NUMERIC.join(',')},region,since\n`;
  for (let user = 0; user < USERS; user++) {
    const values = NUMERIC.map(() => random.normal().toFixed(3)).join(',');
    yield `u${user},${values},r${user % 20},20${10 + (user % 15)}-0${1 + (user % 9)}-15\n`;
  }
}

function* eventLines(): Iterable<string> {
  const random = new Random(2);
  yield 'id,user,type,at,amount\n';
  for (let event = 0; event < EVENTS; event++) {
    const at = new Date(Date.UTC(2025, 0, 1) + random.uniform() * 365 * 86_400_000).toISOString();
    yield `e${event},u${event % USERS},transaction,${at},${(100 * random.normal()).toFixed(2)}\n`;
  }
}
