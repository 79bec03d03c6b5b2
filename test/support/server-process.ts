import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');
/** Built by `npm run build`, which `npm test` does first. */
export const BIN = join(ROOT, 'dist/src/app/bin.js');

type Environment = Readonly<Record<string, string>>;

/** What the process is given: nothing of the tests' own settings, and no demo nodes where a test does not ask for them. */
export function environment(env: Environment): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env;
  return { PATH, HOME, TMPDIR, PORT: '0', CONCORD_DEMO_FEDERATION: 'off', ...env };
}

/** A folder into which PostgreSQL's own account can come. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'concord-e2e-'));
  chmodSync(folder, 0o711);
  return folder;
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command of `concord` to its end. */
export async function runConcord(args: readonly string[], env: Environment): Promise<Finished> {
  return follow(spawn(process.execPath, [BIN, ...args], { cwd: ROOT, env: environment(env) })).finished;
}

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
  readonly body: any;
  readonly headers: Headers;
}

export interface RunningServer {
  readonly url: string;
  readonly tokens: Readonly<Record<string, string>>;
  readonly queries: readonly { readonly title: string; readonly client: string; readonly query: string }[];
  readonly process: ChildProcess;
  readonly finished: Promise<Finished>;
  /** What it has logged since it started. */
  logged(): string;
  graphql(token: string | undefined, query: string, variables?: object, headers?: Environment): Promise<Answer>;
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Finished>;
}

/** Starts `concord serve` on a free port, and waits until it is ready. */
export async function startServerProcess(env: Environment): Promise<RunningServer> {
  const child = spawn(process.execPath, [BIN, 'serve', '--json'], { cwd: ROOT, env: environment(env) });
  const { firstLine, finished, logged } = follow(child);
  const line = await Promise.race([firstLine, finished]);
  if (typeof line !== 'string') throw new Error(`The server did not start:\n${line.stderr}`);
  const { address, tokens, queries } = JSON.parse(line);
  return {
    url: address,
    tokens,
    queries,
    process: child,
    finished,
    logged,
    async graphql(token, query, variables = {}, headers = {}) {
      const authorization: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
      const response = await fetch(`${address}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...authorization, ...headers },
        body: JSON.stringify({ query, variables }),
      });
      return { status: response.status, body: await response.json(), headers: response.headers };
    },
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      return finished;
    },
  };
}

function follow(child: ChildProcess): {
  firstLine: Promise<string>;
  finished: Promise<Finished>;
  logged(): string;
} {
  let stdout = '';
  let stderr = '';
  child.stderr!.on('data', (chunk) => {
    stderr += chunk;
  });
  const firstLine = new Promise<string>((resolve) => {
    child.stdout!.on('data', (chunk) => {
      stdout += chunk;
      if (stdout.includes('\n')) resolve(stdout.slice(0, stdout.indexOf('\n')));
    });
  });
  const finished = new Promise<Finished>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { firstLine, finished, logged: () => stderr };
}
