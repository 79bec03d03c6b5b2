import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ConcordError } from '../src/errors.js';
import { post } from './load.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A server in a process of its own, with the demo consortium in it. */
export interface RunningServer {
  readonly url: string;
  readonly token: string;
  /** Seconds from its start until it was ready. */
  readonly startSeconds: number;
  /** One operation. @returns data @throws {ConcordError} INTERNAL with the answer where it has errors */
  query<T>(query: string, variables?: object): Promise<T>;
  stop(): Promise<void>;
}

/** Starts what `npm run build` has built, on a data folder of its own that is removed again. */
export async function startServer(progress: (text: string) => void): Promise<RunningServer> {
  const folder = await mkdtemp(join(tmpdir(), 'concord-bench-'));
  const bin = join(root, 'dist/src/app/bin.js');
  const env = {
    ...process.env,
    CONCORD_DATA_DIR: folder,
    CONCORD_DEMO_FEDERATION: 'off',
    CONCORD_RATE_BURST: '0',
    CONCORD_LOG_LEVEL: 'warn',
    NODE_ENV: '',
    PORT: '0',
  };
  const started = performance.now();
  progress('starting a server');
  const child = spawn(process.execPath, [bin, 'serve', '--json'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const stop = async () => {
    await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const welcome = JSON.parse(await firstLine(child));
    const startSeconds = (performance.now() - started) / 1000;
    const [url, token] = [welcome.graphql, welcome.tokens.partner];
    return {
      url,
      token,
      startSeconds,
      async query(query, variables = {}) {
        const { text } = await post(url, { authorization: `Bearer ${token}` }, JSON.stringify({ query, variables }));
        const { data, errors } = JSON.parse(text);
        if (errors) throw new ConcordError('INTERNAL', text.slice(0, 300));
        return data;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A server on bare node:http that answers every request with these bytes. */
export async function startBareServer(bytes: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'concord-bench-'));
  const file = join(folder, 'answer.json');
  await writeFile(file, bytes);
  const script = join(root, 'bench/bare-server.mjs');
  const child = spawn(process.execPath, [script, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await firstLine(child);
  return {
    url: `http://127.0.0.1:${port}/`,
    async stop() {
      await end(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new ConcordError('INTERNAL', 'The process has no output.');
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new ConcordError(
    'INTERNAL',
    'The server ended before it was ready: run npm run build, and concord serve to see why.',
  );
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
