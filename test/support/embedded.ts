import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { EmbeddedOptions } from '../../src/database/embedded.js';

const PROGRAM = join(import.meta.dirname, 'embedded-process.ts');
const ROOT = join(import.meta.dirname, '..', '..');

/** What a process says that has started PostgreSQL, or could not. */
export interface Answer {
  readonly ownerUrl: string;
  /** Of the postmaster. */
  readonly pid: number;
  readonly folder: string;
  readonly ms: number;
  readonly code?: string;
  readonly message?: string;
}

export interface EmbeddedProcess extends Answer {
  readonly process: ChildProcess;
  /** Lets it stop by itself. */
  stop(): Promise<void>;
  /** kill -9 */
  kill(): Promise<void>;
}

/** Folders and processes of one test file, removed and killed after its tests. */
export function useProcesses() {
  const folders: string[] = [];
  const children: ChildProcess[] = [];
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    for (const folder of folders) {
      await until(() => postgresOn(folder).length === 0);
      rmSync(folder, { recursive: true, force: true });
    }
  });
  return {
    /** @returns a new folder that every user can enter. */
    folder(mode = 0o711): string {
      const folder = mkdtempSync(join(tmpdir(), 'concord-embedded-'));
      chmodSync(folder, mode);
      folders.push(folder);
      return folder;
    },
    /** A process of its own that runs src/database/embedded.ts. */
    async start(options: EmbeddedOptions, user: { uid?: number; gid?: number } = {}): Promise<EmbeddedProcess> {
      const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, JSON.stringify(options)], {
        ...user,
        cwd: ROOT,
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      children.push(child);
      const [line] = await once(createInterface(child.stdout!), 'line');
      return {
        ...JSON.parse(line),
        process: child,
        async stop() {
          child.stdin!.end();
          await ended(child);
        },
        async kill() {
          child.kill('SIGKILL');
          await ended(child);
        },
      };
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  readonly uid: number;
  /** The command line. */
  readonly line: string;
}

/** Processes whose command line names this folder: postmasters, and shells that watch. */
export function processesOn(folder: string): ProcessInfo[] {
  return listProcesses().filter(({ line }) => line.includes(folder));
}

export const postgresOn = (folder: string) => processesOn(folder).filter(({ line }) => line.includes('/postgres -D'));

/** The postmaster and, by its number, its children, whose command lines do not name the folder. */
export function allPostgresOn(folder: string): ProcessInfo[] {
  const all = processesOn('postgres');
  const numbers = new Set(postgresOn(folder).map(({ pid }) => pid));
  return all.filter(({ pid, parent }) => numbers.has(pid) || numbers.has(parent));
}

function listProcesses(): ProcessInfo[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const line = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const status = readFileSync(`/proc/${name}/status`, 'utf8');
      const number = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
      return [{ pid: Number(name), parent: number('PPid'), uid: number('Uid'), line }];
    } catch {
      return []; // it has ended meanwhile
    }
  });
}

/** Waits for a condition that other processes bring about. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}

/** Runs statements on an address, one connection for all. @returns the rows of the last. */
export async function sql(url: string, ...statements: string[]): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const statement of statements) rows = (await client.query(statement)).rows;
    return rows;
  } finally {
    await client.end();
  }
}
