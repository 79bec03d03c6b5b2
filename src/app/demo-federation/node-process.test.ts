import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepNodeRunning } from './node-process.js';

const folder = mkdtempSync(join(tmpdir(), 'concord-node-process-'));
const file = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const none = () => undefined;
const unexpected = (reason: string) => {
  throw new Error(reason);
};

async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 10));
}

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** A program that says who it is, and what it does then. */
const program = (name: string, then: string) => [
  '-e',
  `require('node:fs').appendFileSync(${JSON.stringify(file(name))}, process.pid + '\\n'); ${then}`,
];
const started = (name: string) =>
  existsSync(file(name)) ? readFileSync(file(name), 'utf8').trim().split('\n').map(Number) : [];

test('a process that ends again and again is started five times, and what it said last is the reason', async () => {
  const restarts: string[] = [];
  const words = JSON.stringify({ error: { code: 'BAD_INPUT', message: 'There is no key.' } });
  const reason = await new Promise<string>((resolve) => {
    keepNodeRunning({
      command: program('fails', `console.error(${JSON.stringify(words)} + '\\nat work'); process.exitCode = 1;`),
      log: file('fails.log'),
      pauseMs: 1,
      onRestart: (why) => restarts.push(why),
      onGaveUp: resolve,
    });
  });
  expect(reason).toBe('exit code 1: There is no key.');
  expect(restarts).toEqual(Array(4).fill(reason));
  expect(started('fails')).toHaveLength(5);
}, 60_000);

test('a program that cannot be started at all is given up in the same way', async () => {
  const reason = await new Promise<string>((resolve) => {
    const command = [file('nothing-there.js')];
    keepNodeRunning({ command, log: file('missing.log'), pauseMs: 1, onRestart: none, onGaveUp: resolve });
  });
  expect(reason).toBe('exit code 1');
}, 60_000);

test('nor does a log that cannot be written bring the server down', async () => {
  const reason = await new Promise<string>((resolve) => {
    const log = file('no/such/folder/log');
    keepNodeRunning({ command: program('unlogged', ''), log, pauseMs: 1, onRestart: none, onGaveUp: resolve });
  });
  expect(reason).toContain('ENOENT');
  expect(started('unlogged')).toEqual([]);
});

test('a process that was killed is started again; a stop ends it, of low priority, and waits until it is gone', async () => {
  const process_ = keepNodeRunning({
    command: program('killed', 'process.stdin.resume();'),
    log: file('killed.log'),
    pauseMs: 1,
    onRestart: (why) => expect(why).toBe('ended by SIGKILL'),
    onGaveUp: unexpected,
  });
  await until(() => started('killed').length === 1);
  const [first] = started('killed');
  expect(getPriority(first)).toBeGreaterThan(getPriority());
  process.kill(first, 'SIGKILL');
  await until(() => started('killed').length === 2);
  await process_.stop();
  expect(started('killed').map(isAlive)).toEqual([false, false]);
}, 60_000);

test('its standard input stays open as long as this process holds it', async () => {
  const process_ = keepNodeRunning({
    command: program('input', "process.stdin.on('end', () => process.exit(3)).resume();"),
    log: file('input.log'),
    onRestart: unexpected,
    onGaveUp: unexpected,
  });
  await until(() => started('input').length === 1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(isAlive(started('input')[0])).toBe(true);
  await process_.stop();
}, 60_000);
