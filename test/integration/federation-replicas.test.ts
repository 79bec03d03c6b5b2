import { entities } from '../../src/app/entities.js';
import { createDatabase } from '../../src/database/data-source.js';
import type { Database } from '../../src/database/database.js';
import { RoundsStore } from '../../src/federation/rounds.store.js';
import { useTestDatabase } from '../support/database.js';
import { execute } from '../support/database-server.js';
import { enrol, type Member, startRunOf } from '../support/federation.js';
import { testLedgerKey } from '../support/ledger-key.js';
import {
  auditedLedger,
  createPrivateFederation,
  fates,
  latestRound,
  type PrivateFederation,
  roundsOf,
  setCaps,
} from '../support/private-federation.js';
import { operator } from '../support/viewers.js';
import { stopAt } from '../support/watched-database.js';

const db = useTestDatabase();
const FIRST = 'concord-first';
/** Two coordinators on one database. */
let first: PrivateFederation;
let second: PrivateFederation;
let firstDatabase: Database;
const key = testLedgerKey();
const of = (database: Database) => createPrivateFederation(database, async () => 0.7, key);
beforeAll(async () => {
  firstDatabase = await createDatabase({ url: db.appUrl, entities, applicationName: FIRST });
  first = of(firstDatabase);
  second = of(db.database);
});
afterAll(async () => {
  await Promise.all([first.close(), second.close()]);
  await firstDatabase.close();
});

async function contributed(settings = {}) {
  const members = await enrol(db.database, second, 2);
  await setCaps(second, members);
  const { run } = await startRunOf(second, members, settings);
  await contributeAll(run, members);
  return { run, members };
}

async function contributeAll(run: string, members: readonly Member[]) {
  const { round, parts } = await latestRound(second, run, members);
  for (const part of parts) await part.contribute(new Float32Array(round.plan.model.parameters).fill(1));
}

/** Versions that rounds of a run have made. */
const versionsOf = (run: string): Promise<{ id: string; round: string; status: string }[]> =>
  db.database.consortium((manager) =>
    manager.query(
      `select id, training ->> 'round' as round, status from concord.model_versions where training ->> 'run' = $1
        order by number`,
      [run],
    ),
  );

const fail = (error: unknown) => {
  throw error;
};

test('passes of two coordinators at the same moment aggregate, evaluate and publish each round once', async () => {
  const rounds = 5;
  const { run, members } = await contributed({ rounds });
  for (let number = 1; number <= rounds; number++) {
    if (number > 1) await contributeAll(run, members);
    for (let pass = 0; pass < 3; pass++)
      await Promise.all([first, second, first, second].map(({ work }) => work.runDue(fail)));
  }
  const all = await roundsOf(second, run);
  expect(all.map(({ state }) => state.status)).toEqual(Array(rounds).fill('published'));
  const versions = await versionsOf(run);
  expect(versions.map(({ id, round }) => [id, round])).toEqual(all.map(({ id, versionId }) => [versionId, id]));
  expect(versions.map(({ status }) => status)).toEqual([...Array(rounds - 1).fill('retired'), 'active']);
  for (const { institutionId } of members)
    expect(fates(await auditedLedger(second.ledger, institutionId))).toEqual(Array(rounds).fill('accepted'));
});

test.each([
  'aggregating',
  'evaluating',
])('a coordinator %s alone is left alone; when its connection breaks before it commits, another does the work, and only that counts', async (status) => {
  const { run } = await contributed({ rounds: 2 });
  if (status === 'evaluating') await second.work.runDue(fail);
  const [{ state }] = await roundsOf(second, run);
  expect(state.status).toBe(status);
  const slow = stopAt(firstDatabase, { write: 1, moment: 'before' });
  const errors: unknown[] = [];
  const work = of(slow.database).work.runDue((error) => errors.push(error));
  await slow.reachedBy(work);
  await second.work.runDue(fail);
  expect((await roundsOf(second, run))[0].state).toEqual(state);
  await execute(
    db.ownerUrl,
    `select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = '${FIRST}' and state = 'idle in transaction'`,
  );
  while ((await roundsOf(second, run))[0].state.status !== 'published') await second.work.runDue(fail);
  const before = [await roundsOf(second, run), await versionsOf(run)];
  slow.letGo();
  await work;
  expect(errors).toMatchObject([{ code: 'UNAVAILABLE' }]);
  expect([await roundsOf(second, run), await versionsOf(run)]).toEqual(before);
  expect(before.map(({ length }) => length)).toEqual([2, 1]);
  await second.runs.stop(operator(), run);
});

test('a join that comes while its run is being stopped is settled with the round', async () => {
  const members = await enrol(db.database, second, 1);
  await setCaps(second, members);
  const { run } = await startRunOf(second, members);
  const { parts } = await latestRound(second, run, members);
  // As if the round had been opened since the first look at the run's rounds, and joined since the second.
  const ofRun = jest.spyOn(RoundsStore.prototype, 'ofRun');
  ofRun.mockResolvedValueOnce([]);
  ofRun.mockImplementationOnce(async function (this: RoundsStore, ...args) {
    const rounds = await new RoundsStore().ofRun(...args);
    await parts[0].join();
    return rounds;
  });
  await second.runs.stop(operator(), run);
  ofRun.mockRestore();
  expect((await roundsOf(second, run))[0].state).toMatchObject({
    status: 'failed',
    participants: { [members[0].node]: { status: 'late' } },
  });
  expect(fates(await auditedLedger(second.ledger, members[0].institutionId))).toEqual(['round-closed']);
});
