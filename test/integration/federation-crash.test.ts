import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { entities } from '../../src/app/entities.js';
import { applicationAddress } from '../../src/database/address.js';
import { createDatabase } from '../../src/database/data-source.js';
import type { Database } from '../../src/database/database.js';
import { migrate } from '../../src/database/migrate.js';
import { ConcordError } from '../../src/errors.js';
import type { Told } from '../support/coordinating-process.js';
import { testServer } from '../support/database.js';
import { execute, inDatabase } from '../support/database-server.js';
import { allPostgresOn, useProcesses } from '../support/embedded.js';
import { parametersOf } from '../support/parameters.js';
import { auditedLedger, createPrivateFederation, fates, roundsOf } from '../support/private-federation.js';
import {
  COORDINATOR_WRITES,
  coordinate,
  NODE_WRITES,
  playNodes,
  prepareScenario,
  REFUSAL_WRITE,
  type RoundScenario,
} from '../support/round-scenario.js';
import { operator } from '../support/viewers.js';
import { type Stop, stopAt } from '../support/watched-database.js';

jest.setTimeout(180_000);
const processes = useProcesses();
const ROOT = join(import.meta.dirname, '..', '..');
const PROGRAM = join(ROOT, 'test', 'support', 'coordinating-process.ts');

interface Place extends Stop {
  readonly url: string;
  readonly database: Database;
  readonly scenario: RoundScenario;
}

const nameOf = ({ write, moment }: Stop) => `${moment} commit ${write}`;
const both = (writes: readonly number[]): Stop[] =>
  writes.flatMap((write): Stop[] => [
    { write, moment: 'before' },
    { write, moment: 'after' },
  ]);
/** The first node's join, declaration, upload and acceptance, and a refusal. They wait for nobody else's round: all have one database. */
const NODE_STOPS = both([1, 2, 3, 4, REFUSAL_WRITE]);
/** Coordinators pass over every round: each stop has a database of its own. Of the deletions of uploads the first stands for the others. */
const COORDINATOR_STOPS = both([1, 2, 3, 4, COORDINATOR_WRITES].map((write) => NODE_WRITES + write));

/** A round at its beginning for each stop. */
async function prepare(ownerUrl: string, template: string, prefix: string) {
  const databases: Database[] = [];
  const names: string[] = [];
  const create = async (name: string, from: string) => {
    await execute(ownerUrl, `create database ${name} template ${from}`);
    names.push(name);
    return applicationAddress(inDatabase(ownerUrl, name));
  };
  const open = async (url: string) => {
    const database = await createDatabase({ url, entities, poolSize: 40 });
    databases.push(database);
    return database;
  };
  const prepared = async (url: string, count: number) => {
    const database = await open(url);
    const federation = createPrivateFederation(database, async () => 0.7);
    const scenarios = await Promise.all(Array.from({ length: count }, () => prepareScenario(database, federation)));
    await federation.close();
    return { database, scenarios };
  };

  const shared = await create(`${prefix}_shared`, template);
  const ofNodes = await prepared(shared, NODE_STOPS.length);
  const places: Place[] = NODE_STOPS.map((stop, i) => {
    return { ...stop, url: shared, database: ofNodes.database, scenario: ofNodes.scenarios[i] };
  });
  const source = await create(`${prefix}_source`, template);
  const { database, scenarios } = await prepared(source, 1);
  await database.close();
  for (const [i, stop] of COORDINATOR_STOPS.entries()) {
    const url = await create(`${prefix}_${i}`, `${prefix}_source`);
    places.push({ ...stop, url, database: await open(url), scenario: scenarios[0] });
  }
  return {
    places,
    databases: [...new Set(places.map((place) => place.database))],
    close: () => Promise.all(databases.map((each) => each.close())),
    drop: () => execute(ownerUrl, ...names.map((name) => `drop database ${name} with (force)`)),
  };
}

/** All that must be so after a round, however it went. */
async function outcomeOf({ database, scenario: { run, members } }: Place) {
  const federation = createPrivateFederation(database, async () => 0.7);
  try {
    const rounds = await roundsOf(federation, run);
    const [round] = rounds;
    const institutions = [...new Set(members.map(({ institutionId }) => institutionId))];
    const ledgers = await Promise.all(institutions.map((id) => auditedLedger(federation.ledger, id)));
    const versions: { id: string; status: string }[] = await database.consortium((manager) =>
      manager.query(`select id, status from concord.model_versions where training ->> 'run' = $1`, [run]),
    );
    const kept = await Promise.all(
      institutions.map((id) =>
        database.tenant(id, async (manager) => ({
          refusals: await manager.query('select code from concord.refusals order by at'),
          chunks: await manager.query('select contribution_id from concord.update_chunks'),
        })),
      ),
    );
    return {
      run: (await federation.runs.one(operator(), run)).status,
      rounds: rounds.map(({ state }) => state.status),
      parts: members.map(({ node }) => round.state.participants[node].status),
      ledgers: ledgers.map((ledger) => fates(ledger)),
      versions: versions.map(({ id }) => id === round.versionId),
      // In a database of several runs it may have been followed by another's.
      published: versions.every(({ status }) => status === 'active' || status === 'retired'),
      weights: [...new Set(await parametersOf(federation.models, round.versionId!))],
      kept,
    };
  } finally {
    await federation.close();
  }
}

const EXPECTED: Awaited<ReturnType<typeof outcomeOf>> = {
  run: 'completed',
  rounds: ['published'],
  parts: ['accepted', 'accepted', 'refused', 'late', 'late'],
  ledgers: [
    ['accepted', 'uploaded', 'round-closed'],
    ['accepted', 'deadline'],
  ],
  versions: [true],
  published: true,
  weights: [2],
  kept: [
    { refusals: [{ code: 'NOT_FINITE' }], chunks: [] },
    { refusals: [], chunks: [] },
  ],
};

async function expectAllWell(places: readonly Place[]): Promise<void> {
  const outcomes: Record<string, unknown> = {};
  for (const place of places) outcomes[nameOf(place)] = await outcomeOf(place);
  expect(outcomes).toEqual(Object.fromEntries(places.map((place) => [nameOf(place), EXPECTED])));
  for (const database of new Set(places.map((place) => place.database))) {
    const active = await database.consortium((manager) =>
      manager.query(`select id from concord.model_versions where status = 'active'`),
    );
    expect(active).toHaveLength(1);
  }
}

test('a coordinator killed by -9 before and after every commit of a round: another one finishes it, and nothing is lost or doubled', async () => {
  const { ownerUrl, template } = await testServer();
  const { places, databases, close, drop } = await prepare(ownerUrl, template, `concord_kill_${process.pid}`);
  const { budgets, ...federation } = createPrivateFederation(databases[0], async () => 0.7);
  let child: ChildProcess | undefined;
  try {
    const told: Told[] = places.map(({ url, scenario, write, moment }) => ({ url, scenario, stop: { write, moment } }));
    child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, JSON.stringify(told)], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'close');
    const [line] = await Promise.race([once(createInterface(child.stdout!), 'line'), ended]);
    expect(line).toBe('stopped');
    child.kill('SIGKILL');
    await ended;
    await Promise.all(places.map(({ database, scenario }) => playNodes(database, budgets, scenario)));
    // Two on each database: whoever comes first does the work.
    await Promise.all([...databases, ...databases].map((database) => coordinate(database, budgets)));
    await expectAllWell(places);
  } finally {
    child?.kill('SIGKILL');
    await federation.close();
    await close();
    await drop();
  }
});

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux(
  'PostgreSQL killed by -9 before and after every commit of a round: the coordinator goes on, and nothing is lost or doubled',
  async () => {
    const dataDir = processes.folder();
    // What the kernel has been given outlives a process: only a machine that fails needs fsync.
    const embedded = await processes.start({ dataDir, settings: { fsync: 'off', max_connections: '300' } });
    await execute(embedded.ownerUrl, 'create database migrated');
    await migrate(inDatabase(embedded.ownerUrl, 'migrated'));
    const { places, databases, close } = await prepare(embedded.ownerUrl, 'migrated', 'kill');
    const { budgets, ...federation } = createPrivateFederation(databases[0], async () => 0.7);
    try {
      const stopped = places.map(({ database, write, moment }) => stopAt(database, { write, moment }));
      const plays = stopped.map(({ database }, i) =>
        untilAnswered(async () => {
          await playNodes(database, budgets, places[i].scenario);
          if (places[i].write > NODE_WRITES) await coordinate(database, budgets);
        }),
      );
      await Promise.all(stopped.map((each, i) => each.reachedBy(plays[i])));
      for (const { pid } of allPostgresOn(dataDir)) process.kill(pid, 'SIGKILL');
      for (const { letGo } of stopped) letGo();
      await Promise.all(plays);
      await coordinate(databases[0], budgets);
      await expectAllWell(places);
    } finally {
      await federation.close();
      await close();
      await embedded.stop();
    }
  },
);

/** Again for as long as the database does not answer. */
async function untilAnswered(play: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await play();
    } catch (error) {
      if (!(error instanceof ConcordError && error.code === 'UNAVAILABLE')) throw error;
      await sleep(100);
    }
  }
}
