import 'reflect-metadata';
import { createDatabase } from '../../src/database/data-source.js';
import { startEmbedded } from '../../src/database/embedded.js';
import { migrate } from '../../src/database/migrate.js';

const WRITERS = 4;
const EVENTS = 5;

/**
 * A server in small: writes one user with its profile and events a transaction, as fast as it can, and says which were
 * acknowledged, until it is killed.
 */
async function main(dataDir: string, institutionId: string): Promise<void> {
  const embedded = await startEmbedded({ dataDir, exclusive: true });
  const { appUrl } = await migrate(embedded.ownerUrl);
  const database = await createDatabase({ url: appUrl, entities: [] });
  await database.consortium((manager) =>
    manager.query(
      `insert into concord.institutions (id, code, name, kind, country, currency)
       values ($1, 'bank', 'A bank', 'bank', 'DE', 'EUR') on conflict do nothing`,
      [institutionId],
    ),
  );
  const write = (name: string) =>
    database.tenant(institutionId, async (manager) => {
      const [{ id }] = await manager.query(
        'insert into concord.users (institution_id, external_id) values ($1, $2) returning id',
        [institutionId, name],
      );
      for (let event = 0; event < EVENTS; event++) {
        await manager.query(
          `insert into concord.behaviour_events (institution_id, event_id, user_id, type, occurred_at)
           values ($1, $2, $3, 'view', now())`,
          [institutionId, `${name} ${event}`, id],
        );
      }
      await manager.query(
        `insert into concord.profiles (user_id, institution_id, features, state) values ($1, $2, $3, '{}')`,
        [id, institutionId, { events: EVENTS }],
      );
    });
  await Promise.all(
    Array.from({ length: WRITERS }, async (_, writer) => {
      for (let n = 0; ; n++) {
        const name = `${process.pid}-${writer}-${n}`;
        await write(name);
        process.stdout.write(`${name}\n`);
      }
    }),
  );
}

void main(process.argv[2], process.argv[3]);
