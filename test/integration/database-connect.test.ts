import { createServer, type Server } from 'node:net';
import { migrations } from '../../migrations/index.js';
import { addressParts, applicationAddress } from '../../src/database/address.js';
import { connect } from '../../src/database/connect.js';
import { createDatabase } from '../../src/database/data-source.js';
import { migrate } from '../../src/database/migrate.js';
import { testServer, useTestDatabase } from '../support/database.js';
import { execute, inDatabase } from '../support/database-server.js';
import { sql } from '../support/embedded.js';

const db = useTestDatabase();
const SECRET = 'f00ba4-s3cret';

/** An address like that of the test database, some of it changed. */
function address(changes: Partial<Pick<URL, 'username' | 'password' | 'pathname' | 'host'>>): string {
  return Object.assign(new URL(db.ownerUrl), changes).href;
}

async function refusal(url: string): Promise<{ code: string; message: string }> {
  const error = await migrate(url).then(
    () => undefined,
    (reason) => reason,
  );
  expect(error.message).not.toContain(SECRET);
  expect(error.message).not.toContain(new URL(url).password || SECRET);
  expect(error.message.split('\n')).toHaveLength(1);
  return error;
}

describe('a DATABASE_URL that is bad gets one clear sentence', () => {
  test('unknown host', async () => {
    expect(await refusal(`postgres://owner:${SECRET}@nowhere.invalid/bank`)).toMatchObject({
      code: 'CONFIGURATION',
      message: 'DATABASE_URL names the host of nowhere.invalid:5432, which is not known.',
    });
  });

  test('nothing listens', async () => {
    const { server, port } = await listen(() => undefined);
    await close(server);
    expect(await refusal(`postgres://owner:${SECRET}@127.0.0.1:${port}/bank`)).toMatchObject({
      code: 'CONFIGURATION',
      message: `No PostgreSQL answers at 127.0.0.1:${port} (DATABASE_URL): ECONNREFUSED.`,
    });
  });

  test('wrong password, or no such role', async () => {
    const { place, role } = addressParts(db.ownerUrl);
    expect(await refusal(address({ password: SECRET }))).toMatchObject({
      code: 'CONFIGURATION',
      message: `PostgreSQL at ${place} refuses the role ${role} or its password (DATABASE_URL).`,
    });
    expect(await refusal(address({ username: 'nobody_here' }))).toMatchObject({ code: 'CONFIGURATION' });
  });

  test('no such database', async () => {
    const { place } = addressParts(db.ownerUrl);
    expect(await refusal(address({ pathname: '/nowhere' }))).toMatchObject({
      code: 'CONFIGURATION',
      message: `PostgreSQL at ${place} has no database nowhere (DATABASE_URL): create it first.`,
    });
  });

  test('a version that is too old', async () => {
    const { server, port } = await listen((socket) => pretend(socket, '140005', '14.5 (Debian)'));
    expect(await refusal(`postgres://owner:${SECRET}@127.0.0.1:${port}/bank`)).toMatchObject({
      code: 'CONFIGURATION',
      message: `PostgreSQL at 127.0.0.1:${port} (DATABASE_URL) is version 14.5 (Debian): Concord needs 15 or later.`,
    });
    await close(server);
  });

  test('something else than PostgreSQL', async () => {
    const { server, port } = await listen((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await refusal(`postgres://owner:${SECRET}@127.0.0.1:${port}/bank`)).toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringMatching(/^No PostgreSQL answers at /),
    });
    await close(server);
  });
});

describe('roles', () => {
  test('the application may not be the owner, who could switch row level security off', async () => {
    await expect(createDatabase({ url: db.ownerUrl, entities: [] })).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining('which row level security does not bind'),
    });
    await expect(migrate(db.ownerUrl, db.ownerUrl)).rejects.toMatchObject({ code: 'CONFIGURATION' });
    await expect(migrate(db.ownerUrl, inDatabase(db.appUrl, 'other'))).rejects.toMatchObject({ code: 'CONFIGURATION' });
  });

  test('an owner who may make neither schema nor role is told what is needed; one who owns the database needs CREATEROLE or DATABASE_APP_URL', async () => {
    const { ownerUrl: server } = await testServer();
    const id = process.pid;
    const [role, database, app] = [`poor_${id}`, `poor_bank_${id}`, `poor_app_${id}`];
    await execute(
      server,
      `create role ${role} login password '${SECRET}' nocreaterole`,
      `create role ${app} login password '${SECRET}'`,
      `create database ${database}`,
    );
    const poor = Object.assign(new URL(inDatabase(server, database)), { username: role, password: SECRET }).href;
    const appUrl = Object.assign(new URL(poor), { username: app }).href;
    try {
      await expect(migrate(poor, appUrl)).rejects.toMatchObject({
        code: 'CONFIGURATION',
        message: `The role ${role} (DATABASE_URL) may not create or change the schemas concord and concord_meta in database ${database}: let it own the database.`,
      });
      await execute(server, `alter database ${database} owner to ${role}`);
      const missing = Object.assign(new URL(appUrl), { username: 'missing' }).href;
      await expect(migrate(poor, missing)).rejects.toMatchObject({
        code: 'CONFIGURATION',
        message:
          'The role missing could not be made: give DATABASE_URL a role with CREATEROLE, or make missing yourself and set DATABASE_APP_URL.',
      });
      const wrong = Object.assign(new URL(appUrl), { password: 'other' }).href;
      await expect(migrate(poor, wrong)).rejects.toMatchObject({
        code: 'CONFIGURATION',
        message: expect.stringMatching(/ refuses the role poor_app_\d+ or its password \(DATABASE_APP_URL\)\.$/),
      });
      await migrate(poor, appUrl);
      const serving = await createDatabase({ url: appUrl, entities: [] });
      expect((await serving.report()).migrations).toHaveLength(migrations.length);
      await serving.consortium((manager) => manager.query('select from concord.users'));
      await serving.close();
      // Row level security is forced: it binds the owner of the tables too.
      await execute(poor, `select set_config('concord.consortium', 'on', false)`);
      expect(await sql(poor, 'select * from concord.institutions')).toEqual([]);
    } finally {
      await execute(server, `drop database ${database} with (force)`, `drop role ${role}, ${app}`);
    }
  });

  test("the application role follows the owner's password, and its own is not sent in plain", async () => {
    const client = await connect(db.ownerUrl);
    const { rows } = await client.query(`select rolpassword from pg_authid where rolname = 'concord_app'`);
    await client.end();
    expect(rows[0].rolpassword).toMatch(/^SCRAM-SHA-256\$4096:/);
    expect(rows[0].rolpassword).not.toContain(new URL(applicationAddress(db.ownerUrl)).password);
  });
});

async function listen(handler: (socket: import('node:net').Socket) => void): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    handler(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as { port: number }).port };
}

const close = (server: Server) => new Promise((resolve) => server.close(resolve));

/** Just enough of PostgreSQL's protocol to let one in and tell a version. */
function pretend(socket: import('node:net').Socket, number: string, version: string): void {
  const message = (type: string, ...parts: Buffer[]) => {
    const body = Buffer.concat(parts);
    const head = Buffer.alloc(5);
    head.write(type);
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const int16 = (value: number) => Buffer.from([value >> 8, value & 255]);
  const int32 = (value: number) => Buffer.from([value >> 24, value >> 16, value >> 8, value]);
  const field = (name: string, type: number) =>
    Buffer.concat([Buffer.from(`${name}\0`), int32(0), int16(0), int32(type), int16(-1), int32(-1), int16(0)]);
  const value = (text: string) => Buffer.concat([int32(text.length), Buffer.from(text)]);
  const ready = message('Z', Buffer.from('I'));
  let greeted = false;
  socket.on('data', (data) => {
    if (!greeted) {
      greeted = true;
      socket.write(Buffer.concat([message('R', int32(0)), ready]));
    } else if (data[0] === 'Q'.charCodeAt(0)) {
      const fields = [field('number', 23), field('version', 25), field('replica', 16)];
      const values = [value(number), value(version), value('f')];
      socket.write(
        Buffer.concat([
          message('T', int16(3), ...fields),
          message('D', int16(3), ...values),
          message('C', Buffer.from('SELECT 1\0')),
          ready,
        ]),
      );
    } else socket.end();
  });
}
