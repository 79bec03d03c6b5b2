import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { allPostgresOn, sql, useProcesses } from '../support/embedded.js';

jest.setTimeout(180_000);
const processes = useProcesses();
const ROOT = join(import.meta.dirname, '..', '..');
const PROGRAM = join(ROOT, 'test', 'support', 'writing-process.ts');
const EVENTS = 5;
const ENOUGH = 200;

const onLinux = process.platform === 'linux' ? test.each : test.skip.each;

onLinux([
  ['the server alone', (server: ChildProcess) => void server.kill('SIGKILL')],
  [
    'the server, PostgreSQL and all of its processes at once',
    (server: ChildProcess, dataDir: string) => {
      server.kill('SIGSTOP'); // so that nothing is acknowledged between the kills
      for (const { pid } of allPostgresOn(dataDir)) process.kill(pid, 'SIGKILL');
      server.kill('SIGKILL');
    },
  ],
])(
  'kill -9 of %s in the middle of writes loses nothing acknowledged and leaves nothing half-written',
  async (_, kill) => {
    const dataDir = processes.folder();
    const institutionId = randomUUID();
    const acknowledged = new Set<string>();
    for (let round = 0; round < 2; round++) {
      const server = spawn(process.execPath, ['--import', 'tsx', PROGRAM, dataDir, institutionId], {
        cwd: ROOT,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(server, 'close');
      let written = 0;
      for await (const name of createInterface(server.stdout)) {
        acknowledged.add(name);
        if (++written === ENOUGH) kill(server, dataDir);
      }
      await ended;
      expect(written).toBeGreaterThanOrEqual(ENOUGH);
    }

    const { ownerUrl, stop } = await processes.start({ dataDir });
    const users = await sql(
      ownerUrl,
      `select u.external_id as name, count(e) as events, count(distinct p.user_id) as profiles
     from concord.users u
       left join concord.behaviour_events e on e.user_id = u.id
       left join concord.profiles p on p.user_id = u.id
     group by u.id`,
    );
    expect(users.filter(({ events, profiles }) => events !== String(EVENTS) || profiles !== '1')).toEqual([]);
    const there = new Set(users.map(({ name }) => name));
    expect([...acknowledged].filter((name) => !there.has(name))).toEqual([]);
    const [{ orphans }] = await sql(
      ownerUrl,
      'select count(*) as orphans from concord.behaviour_events e where not exists (select from concord.users u where u.id = e.user_id)',
    );
    expect(orphans).toBe('0');
    await stop();
  },
);
