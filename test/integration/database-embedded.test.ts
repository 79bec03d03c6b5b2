import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { postgresAccount } from '../../src/database/embedded/account.js';
import { postgresOn, processesOn, sql, until, useProcesses } from '../support/embedded.js';

jest.setTimeout(180_000);
const processes = useProcesses();
const account = postgresAccount();
const ours = account?.uid ?? process.getuid?.();

/** The processes are found in /proc. */
const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('the embedded PostgreSQL', () => {
  /** Shared, for making one takes a while: every test leaves no process behind. */
  const dataDir = processes.folder();

  test('is made, runs as an unprivileged user, keeps its data, and leaves no process behind', async () => {
    const first = await processes.start({ dataDir });
    expect(postgresOn(dataDir).map(({ uid }) => uid)).toEqual([ours]);
    expect(statSync(join(first.folder, 'data')).mode & 0o777).toBe(0o700);
    expect(statSync(join(dataDir, 'postgres.password')).mode & 0o777).toBe(0o600);
    const settings = await sql(
      first.ownerUrl,
      'create table kept as select 1 as one',
      `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
         current_setting('full_page_writes') as pages, current_setting('data_checksums') as checksums,
         current_setting('listen_addresses') as addresses, current_setting('unix_socket_directories') as sockets,
         current_setting('server_encoding') as encoding`,
    );
    expect(settings).toEqual([
      {
        fsync: 'on',
        commit: 'on',
        pages: 'on',
        checksums: 'on',
        addresses: '127.0.0.1',
        sockets: '',
        encoding: 'UTF8',
      },
    ]);
    await expect(sql(first.ownerUrl.replace(/:[0-9a-f]{64}@/, ':guess@'), 'select 1')).rejects.toMatchObject({
      code: '28P01',
    });
    await first.stop();
    expect(processesOn(dataDir)).toEqual([]);

    const second = await processes.start({ dataDir });
    expect(await sql(second.ownerUrl, 'select * from kept')).toEqual([{ one: 1 }]);
    await second.stop();
    expect(processesOn(dataDir)).toEqual([]);
  });

  test('serves one server and any number of commands on a data folder; the last one stops it', async () => {
    const server = await processes.start({ dataDir, exclusive: true });
    const other = await processes.start({ dataDir, exclusive: true });
    expect(other).toMatchObject({
      code: 'CONFIGURATION',
      message: `Another Concord server (process ${server.process.pid}) uses the data folder ${dataDir}: stop it, or set CONCORD_DATA_DIR to another folder.`,
    });
    const command = await processes.start({ dataDir });
    expect(command.pid).toBe(server.pid);
    await server.stop();
    expect(await sql(command.ownerUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
    const next = await processes.start({ dataDir, exclusive: true });
    await command.stop();
    expect(await sql(next.ownerUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
    await next.stop();
    expect(processesOn(dataDir)).toEqual([]);
  });

  test('is made once by processes that start together', async () => {
    const dataDir = processes.folder();
    const all = await Promise.all([1, 2, 3].map(() => processes.start({ dataDir })));
    expect(new Set(all.map(({ pid }) => pid)).size).toBe(1);
    for (const { ownerUrl } of all) await sql(ownerUrl, 'select 1');
    await Promise.all(all.map(({ stop }) => stop()));
    expect(processesOn(dataDir)).toEqual([]);
  });

  test('stops by itself, in order, when the process that uses it is killed', async () => {
    const first = await processes.start({ dataDir });
    const command = await processes.start({ dataDir });
    await first.kill();
    expect(await sql(command.ownerUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
    await command.kill();
    await until(() => processesOn(dataDir).length === 0);
    expect(existsSync(join(first.folder, 'data', 'postmaster.pid'))).toBe(false);
  });

  test('is taken over where it was left behind: the process and the shell that watches were killed', async () => {
    const first = await processes.start({ dataDir, exclusive: true });
    for (const { pid, line } of processesOn(dataDir)) if (/^(sh|cat) /.test(line)) process.kill(pid, 'SIGKILL');
    await first.kill();
    expect(postgresOn(dataDir)).toHaveLength(1);
    const second = await processes.start({ dataDir, exclusive: true });
    expect(second.pid).toBe(first.pid);
    await second.kill();
    await until(() => processesOn(dataDir).length === 0); // it is watched again
  });

  test('recovers after everything was killed', async () => {
    const first = await processes.start({ dataDir });
    await sql(first.ownerUrl, 'create table many as select generate_series(1, 1000) as n');
    for (const { pid, line } of processesOn(dataDir))
      if (!line.includes('embedded-process')) process.kill(pid, 'SIGKILL');
    await first.kill();
    const second = await processes.start({ dataDir });
    expect(second.pid).not.toBe(first.pid);
    expect(await sql(second.ownerUrl, 'select count(*) from many')).toEqual([{ count: '1000' }]);
    await second.stop();
  });

  test('is started again on the same port when it dies under the process that uses it', async () => {
    const server = await processes.start({ dataDir, exclusive: true });
    process.kill(server.pid, 'SIGKILL');
    await until(() => sql(server.ownerUrl, 'select * from kept').then(Boolean, () => false));
    expect(postgresOn(dataDir).map(({ pid }) => pid)).not.toContain(server.pid);
    await server.stop();
    expect(processesOn(dataDir)).toEqual([]);
  });

  test('does not take another program for a postmaster because a lock file bears its number', async () => {
    const first = await processes.start({ dataDir });
    const lock = join(first.folder, 'data', 'postmaster.pid');
    const lines = readFileSync(lock, 'utf8').split('\n');
    await first.stop();
    const other = spawn('sleep', ['600'], account ? { uid: account.uid, gid: account.gid } : {});
    try {
      writeFileSync(lock, [other.pid, ...lines.slice(1)].join('\n'), { mode: 0o600 });
      const second = await processes.start({ dataDir });
      expect(await sql(second.ownerUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
      await second.stop();
      expect(other.exitCode).toBeNull();
    } finally {
      other.kill('SIGKILL');
    }
  });
});
