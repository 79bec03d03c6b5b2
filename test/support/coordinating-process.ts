import { entities } from '../../src/app/entities.js';
import { createDatabase } from '../../src/database/data-source.js';
import type { Database } from '../../src/database/database.js';
import { InstitutionsService } from '../../src/institutions/institutions.service.js';
import { createPrivacy } from '../../src/privacy/create-privacy.js';
import { testLedgerKey } from './ledger-key.js';
import { coordinate, playNodes, type RoundScenario } from './round-scenario.js';
import { type Stop, stopAt } from './watched-database.js';

export interface Told {
  readonly url: string;
  readonly scenario: RoundScenario;
  readonly stop: Stop;
}

/**
 * A coordinator for tests that kill it: plays many rounds at once, each up to a stop of its own, and says when it stands at all of them.
 * Then it does nothing more.
 */
async function main(told: readonly Told[]): Promise<void> {
  const databases = new Map<string, Database>();
  for (const url of new Set(told.map((each) => each.url)))
    databases.set(url, await createDatabase({ url, entities, poolSize: 40 }));
  const [database] = databases.values();
  const institutions = new InstitutionsService({ database });
  const { budgets } = createPrivacy({ database, institutions, key: testLedgerKey() });
  await Promise.all(
    told.map(({ url, scenario, stop }) => {
      const stopped = stopAt(databases.get(url)!, stop);
      const play = async () => {
        await playNodes(stopped.database, budgets, scenario);
        await coordinate(stopped.database, budgets);
      };
      return stopped.reachedBy(play());
    }),
  );
  process.stdout.write('stopped\n');
}

void main(JSON.parse(process.argv[2]));
