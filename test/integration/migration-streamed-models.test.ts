import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type pg from 'pg';
import { migrations } from '../../migrations/index.js';
import { connect } from '../../src/database/connect.js';
import { migrate, migrationSource } from '../../src/database/migrate.js';
import { testServer } from '../support/database.js';
import { execute, inDatabase } from '../support/database-server.js';

const name = `streamed_${process.pid}`;
const MIB = 1_048_576;
let superuser: string;
let ownerUrl: string;
let client: pg.Client;

/** An owner that is no superuser: forced row level security binds it. */
beforeAll(async () => {
  superuser = (await testServer()).ownerUrl;
  await execute(
    superuser,
    `create role ${name} login password 'owner'`,
    `create role ${name}_app login password 'application'`,
    `create database ${name} owner ${name}`,
  );
  const url = inDatabase(superuser, name);
  ownerUrl = Object.assign(new URL(url), { username: name, password: 'owner' }).href;
  client = await connect(url);
  await upgrade();
});
afterAll(async () => {
  await client.end();
  await execute(superuser, `drop database ${name} with (force)`, `drop role ${name}`, `drop role ${name}_app`);
});

const upgrade = () =>
  migrate(ownerUrl, Object.assign(new URL(ownerUrl), { username: `${name}_app`, password: 'application' }).href);

async function downgrade(): Promise<void> {
  const first = migrations.findIndex((migration) => migration.name === 'StreamedModels1764000000012');
  const source = migrationSource(ownerUrl);
  await source.initialize();
  try {
    for (const _ of migrations.slice(first)) await source.undoLastMigration();
  } finally {
    await source.destroy();
  }
}

const rows = async (sql: string, ...values: unknown[]) => (await client.query(sql, values)).rows;

async function wholeVersion(institution: string | null, weights: Buffer): Promise<string> {
  const [{ id }] = await rows(
    `insert into concord.model_versions (institution_id, task, model, number, status, contract, metrics, training)
     values ($1, 'risk', 'linear', 1, 'active', '{}', '{}', '{}') returning id`,
    institution,
  );
  await rows(
    'insert into concord.model_weights (model_version_id, institution_id, weights) values ($1, $2, $3)',
    id,
    institution,
    weights,
  );
  return id;
}

test("models and optimisers' states that were stored whole are stored in pieces, of every institution; and back", async () => {
  await downgrade();
  const [large, small, state] = [randomBytes(2 * MIB + 8), randomBytes(MIB), randomBytes(MIB + 4)];
  const [{ id: bank }] = await rows(
    `insert into concord.institutions (code, name, kind, country, currency) values ('bank', 'A bank', 'bank', 'DE', 'EUR') returning id`,
  );
  const [shared, own] = [await wholeVersion(null, large), await wholeVersion(bank, small)];
  const round = randomUUID();
  await rows(`insert into concord.training_runs (id, status, settings) values ($1, 'running', '{}')`, round);
  await rows(
    `insert into concord.rounds (id, run_id, number, status, state, plan, plan_digest, members, base_version_id, opened_at)
     values ($1, $1, 1, 'published', '{}', '{}', '', '{}', $2, now())`,
    round,
    shared,
  );
  await rows(`insert into concord.optimiser_states (round_id, first, second) values ($1, $2, '')`, round, state);

  await upgrade();
  for (const [id, whole, lengths] of [
    [shared, large, [MIB, MIB, 8]],
    [own, small, [MIB]],
  ] as const) {
    const [version] = await rows('select digest, bytes::int as bytes from concord.model_versions where id = $1', id);
    expect(version).toEqual({ digest: createHash('sha256').update(whole).digest('hex'), bytes: whole.length });
    const pieces = await rows(
      'select bytes from concord.model_weights where model_version_id = $1 order by sequence',
      id,
    );
    expect(pieces.map(({ bytes }) => bytes.length)).toEqual(lengths);
    expect(Buffer.concat(pieces.map(({ bytes }) => bytes)).equals(whole)).toBe(true);
  }
  const states = await rows('select first, length(second) as second from concord.optimiser_states order by sequence');
  expect(states.map(({ first, second }) => [first.length, second])).toEqual([
    [MIB, 0],
    [4, 0],
  ]);
  expect(Buffer.concat(states.map(({ first }) => first)).equals(state)).toBe(true);

  await downgrade();
  const back = await rows('select model_version_id as id, weights from concord.model_weights order by length(weights)');
  expect(back.map(({ id }) => id)).toEqual([own, shared]);
  expect([small, large].every((weights, i) => weights.equals(back[i].weights))).toBe(true);
  const [{ first, second }] = await rows('select first, second from concord.optimiser_states');
  expect([state.equals(first), second.length]).toEqual([true, 0]);
});
