import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { createDatabase } from '../../src/database/data-source.js';
import { notify } from '../../src/database/database.js';
import { violatedConstraint } from '../../src/database/errors.js';
import { User } from '../../src/users/user.entity.js';
import { createInstitution, createTestDatabase, createUser, useTestDatabase } from '../support/database.js';
import { sql, until } from '../support/embedded.js';

const db = useTestDatabase();
let institutionId: string;
beforeEach(async () => {
  institutionId = await createInstitution(db.database);
});

const externalIds = async () => {
  const [rows] = await db.database.read<[{ id: string }[]]>(institutionId, {
    text: 'select external_id as id from concord.users order by 1',
  });
  return rows.map(({ id }) => id);
};

const insertUser = (externalId: string) =>
  [`insert into concord.users (institution_id, external_id) values ($1, $2)`, [institutionId, externalId]] as const;

describe('a transaction', () => {
  test('commits when its work is done, and is undone when the work fails', async () => {
    await db.database.tenant(institutionId, (manager) => manager.query(...insertUser('kept')));
    const failing = db.database.tenant(institutionId, async (manager) => {
      await manager.query(...insertUser('lost'));
      throw new RangeError('no');
    });
    await expect(failing).rejects.toThrow(new RangeError('no'));
    expect(await externalIds()).toEqual(['kept']);
  });

  test('holds repositories, save() and nested transactions of TypeORM within itself', async () => {
    const failing = db.database.tenant(institutionId, async (manager) => {
      await manager.getRepository(User).save([
        { institutionId, externalId: 'a' },
        { institutionId, externalId: 'b' },
      ]);
      await manager.transaction((nested) => nested.query(...insertUser('c')));
      await manager.transaction((nested) => nested.query(...insertUser('a'))).catch(() => undefined);
      expect(await manager.getRepository(User).countBy({ institutionId })).toBe(3);
      throw new Error('undo all of it');
    });
    await expect(failing).rejects.toThrow('undo all of it');
    expect(await externalIds()).toEqual([]);
  });

  test('in which a statement failed does not pass for one that committed', async () => {
    const swallowing = db.database.tenant(institutionId, async (manager) => {
      await manager.query(...insertUser('lost'));
      await manager.query('select 1 / 0').catch(() => undefined);
    });
    await expect(swallowing).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(await externalIds()).toEqual([]);
  });

  test('leaves no institution behind on its connection', async () => {
    await createUser(db.database, institutionId);
    const single = await createDatabase({ url: db.appUrl, entities: [], poolSize: 1 });
    await single.tenant(institutionId, (manager) => manager.query('select 1'));
    expect(await single.consortium((manager) => manager.query('select from concord.users'))).toEqual([]);
    expect(await single.consortium((manager) => manager.query('select concord.is_consortium() as yes'))).toEqual([
      { yes: true },
    ]);
    expect(await single.tenant(institutionId, (m) => m.query('select concord.is_consortium() as yes'))).toEqual([
      { yes: false },
    ]);
    await single.close();
  });

  test('refuses what is no id', async () => {
    for (const id of ['', "'; drop table concord.users --", '1'.repeat(36), `${randomUUID()} `]) {
      await expect(db.database.tenant(id, async () => 1)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    }
  });

  test('is done again after a serialisation failure or a deadlock, where it may be', async () => {
    const ids = [await createUser(db.database, institutionId), await createUser(db.database, institutionId)];
    const run = (retries: number) => {
      let met = 0;
      let meet: () => void = () => undefined;
      const both = new Promise<void>((resolve) => {
        meet = resolve;
      });
      const crossing = (order: string[]) =>
        db.database.tenant(
          institutionId,
          async (manager) => {
            await manager.query('update concord.users set fold = null where id = $1', [order[0]]);
            if (++met === 2) meet();
            await both; // each holds what the other wants next
            await manager.query('update concord.users set fold = null where id = $1', [order[1]]);
          },
          { retries },
        );
      return Promise.allSettled([crossing(ids), crossing([...ids].reverse())]);
    };
    const once = await run(0);
    expect(once.filter(({ status }) => status === 'rejected')).toEqual([
      { status: 'rejected', reason: expect.objectContaining({ code: 'CONFLICT' }) },
    ]);
    expect((await run(1)).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
  });

  test('has limits on time, which long work is free of', async () => {
    const limits = `select current_setting('statement_timeout') as statement, current_setting('idle_in_transaction_session_timeout') as idle,
      current_setting('lock_timeout') as lock, current_setting('transaction_isolation') as isolation`;
    expect(await db.database.tenant(institutionId, (m) => m.query(limits))).toEqual([
      { statement: '30s', idle: '1min', lock: '10s', isolation: 'read committed' },
    ]);
    const options = { long: true, isolation: 'serializable' } as const;
    expect(await db.database.tenant(institutionId, (m) => m.query(limits), options)).toEqual([
      { statement: '0', idle: '0', lock: '10s', isolation: 'serializable' },
    ]);
  });
});

describe('reading in one round trip', () => {
  test('answers each query, as the institution', async () => {
    const user = await createUser(db.database, institutionId, { risk_label: 1 });
    await createUser(db.database, await createInstitution(db.database));
    const [users, count] = await db.database.read(
      institutionId,
      { text: 'select id, risk_label from concord.users where id = any($1::uuid[])', values: [[user, randomUUID()]] },
      { text: 'select count(*) as n, 1.25::numeric as amount from concord.users' },
    );
    expect([users, count]).toEqual([[{ id: user, risk_label: 1 }], [{ n: 1, amount: 1.25 }]]);
  });

  test('writes nothing, and reports the error of the query that failed', async () => {
    const [text, values] = insertUser('x');
    await expect(db.database.read(institutionId, { text, values })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(
      db.database.read(institutionId, { text: `select 'a'::int` }, { text: 'select 1' }),
    ).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
    await expect(db.database.read(institutionId, { text: 'select nonsense' })).rejects.toMatchObject({ code: '42703' });
    expect(await externalIds()).toEqual([]);
  });
});

describe('an error of PostgreSQL', () => {
  const fails = (text: string, values: unknown[] = []) =>
    db.database
      .tenant(institutionId, (manager) => manager.query(text, values))
      .then(
        () => undefined,
        (error) => error,
      );

  test.each([
    [
      'a value that is taken',
      `insert into concord.users (institution_id, external_id) values ($1, 'a'), ($1, 'a')`,
      'CONFLICT',
      'users_institution_id_external_id_key',
    ],
    [
      'a check',
      `insert into concord.users (institution_id, external_id, risk_label) values ($1, 'a', 7)`,
      'BAD_INPUT',
      'users_risk_label_check',
    ],
    [
      'a reference to nothing',
      `insert into concord.profiles (institution_id, user_id, features, state) values ($1, $1, '{}', '{}')`,
      'BAD_INPUT',
      'profiles_institution_id_user_id_fkey',
    ],
    ['a value that is missing', `insert into concord.users (institution_id) values ($1)`, 'BAD_INPUT', undefined],
    [
      'a number out of range',
      `insert into concord.users (institution_id, external_id, risk_label) values ($1, 'a', 70000)`,
      'BAD_INPUT',
      undefined,
    ],
    [
      'a date out of range',
      `select $1::uuid, '99999-01-01'::date, '999999-01-01'::timestamptz`,
      'BAD_INPUT',
      undefined,
    ],
    ['a timeout', `select set_config('statement_timeout', '5', true), $1::uuid, pg_sleep(1)`, 'UNAVAILABLE', undefined],
  ])('%s says what it means, names the constraint and quotes no value', async (_, text, code, constraint) => {
    const statements = text.includes('statement_timeout')
      ? await db.database
          .tenant(institutionId, async (manager) => {
            await manager.query(`set local statement_timeout = 5`);
            await manager.query('select pg_sleep(1)');
          })
          .catch((error) => error)
      : await fails(text, [institutionId]);
    expect(statements).toMatchObject({ name: 'ConcordError', code });
    expect(violatedConstraint(statements)).toBe(constraint);
    expect(statements.details.constraint).toBe(constraint);
    expect(JSON.stringify([statements.message, statements.details])).not.toContain(institutionId);
  });

  test('a NUL character is bad input', async () => {
    expect(await fails('select $1::text', ['a\0b'])).toMatchObject({ code: 'BAD_INPUT' });
    expect(await fails('select $1::jsonb', [{ a: '\0' }])).toMatchObject({ code: 'BAD_INPUT' });
  });

  test('what we cannot explain stays as it is', async () => {
    expect(await fails('selec 1')).toMatchObject({ name: 'QueryFailedError', code: '42601' });
  });
});

describe('when the connection is lost', () => {
  const backends = (database: string) =>
    sql(db.ownerUrl, `select pg_terminate_backend(pid) from pg_stat_activity where application_name = '${database}'`);

  test('the transaction fails as UNAVAILABLE, and the next one works', async () => {
    const broken = await createDatabase({ url: db.appUrl, entities: [], applicationName: 'broken', poolSize: 1 });
    for (const at of ['before', 'during', 'between']) {
      const failing = broken.tenant(institutionId, async (manager) => {
        if (at === 'during') {
          const sleeping = manager.query('select pg_sleep(20)');
          await until(
            async () =>
              (
                await sql(
                  db.ownerUrl,
                  `select from pg_stat_activity where application_name = 'broken' and wait_event = 'PgSleep'`,
                )
              ).length > 0,
          );
          await backends('broken');
          await sleeping;
        }
        await manager.query('select 1');
        if (at === 'between') await backends('broken');
        await manager.query('select 2');
        if (at === 'before') await backends('broken');
      });
      await expect(failing).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      expect(await broken.tenant(institutionId, (manager) => manager.query('select 1 as one'))).toEqual([{ one: 1 }]);
    }
    await backends('broken'); // while idle: the pool replaces it
    await until(() =>
      broken.ping().then(
        () => true,
        () => false,
      ),
    );
    await broken.close();
  });

  test('listeners connect again, are told that they may have missed something, and hear the rest', async () => {
    const heard: (string | undefined)[] = [];
    const end = await db.database.listen('concord_catalogue', (payload) => heard.push(payload));
    await backends('concord listener');
    await until(() => heard.length === 1);
    await db.database.tenant(institutionId, (manager) => notify(manager, 'concord_catalogue', 'again'));
    await until(() => heard.length === 2);
    expect(heard).toEqual([undefined, 'again']);
    await end();
  });

  test('a database that is closed, or whose PostgreSQL is gone, is UNAVAILABLE', async () => {
    const other = await createTestDatabase();
    const gone = await createDatabase({ url: other.appUrl, entities: [], poolSize: 1 });
    await gone.ping();
    await other.drop();
    await expect(gone.ping()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await gone.close();
    await expect(gone.ping()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

test('notifications are heard when, and only if, their transaction commits', async () => {
  const heard: (string | undefined)[] = [];
  const end = await db.database.listen('concord_models', (payload) => heard.push(payload));
  const other = await db.database.listen('concord_catalogue', () => heard.push('the other channel'));
  const undone = db.database.tenant(institutionId, async (manager) => {
    await notify(manager, 'concord_models', 'undone');
    throw new Error('undo');
  });
  await expect(undone).rejects.toThrow('undo');
  await db.database.tenant(institutionId, async (manager) => {
    await notify(manager, 'concord_models', 'first');
    await notify(manager, 'concord_models');
  });
  await until(() => heard.length >= 2);
  expect(heard).toEqual(['first', '']);
  await end();
  await other();
});

test('close waits for the transactions under way', async () => {
  const closing = await createDatabase({ url: db.appUrl, entities: [] });
  let proceed: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    proceed = resolve;
  });
  const work = closing.tenant(institutionId, async (manager) => {
    await gate;
    await manager.query(...insertUser('last'));
  });
  const closed = closing.close();
  proceed();
  await Promise.all([work, closed]);
  expect(await externalIds()).toEqual(['last']);
});

test('the report tells version, size and migrations', async () => {
  const report = await db.database.report();
  expect(report.version).toMatch(/^\d+\.\d+$/);
  expect(report.bytes).toBeGreaterThan(1e6);
  expect(report.migrations.length).toBeGreaterThan(0);
  expect(report.pending).toEqual([]);
});

test('the driver reads amounts and counts as numbers for everybody on this pool, and leaves the global parsers alone', async () => {
  const [rows] = await db.database.read(institutionId, {
    text: 'select 12.50::numeric(18, 2) as amount, 3::bigint as count',
  });
  expect(rows).toEqual([{ amount: 12.5, count: 3 }]);
  expect(pg.types.getTypeParser(1700)('12.50')).toBe('12.50');
});
