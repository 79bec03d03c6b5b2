import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';

export interface NodeProcessOptions {
  /** The program and its arguments, after node's own. */
  readonly command: readonly string[];
  /** Gets what the process writes. */
  readonly log: string;
  /** Between the first end and the next start; then twice as long each time. Default: a second. */
  readonly pauseMs?: number;
  /** It failed, and is started again. */
  readonly onRestart: (reason: string) => void;
  /** It ended again and again: it is not started any more. */
  readonly onGaveUp: (reason: string) => void;
}

export interface NodeProcess {
  /** Ends it, and waits until it is gone. */
  stop(): Promise<void>;
}

/** Starts of a process that does not stay up, and how long it stays up that does. */
const TRIES = 5;
const STEADY_MS = 60_000;
const PAUSE_MS = 1000;
/** Another process works in the node's folder: a server that is still ending, or another one on this data folder. */
const BUSY_PAUSE_MS = 5000;
/** After SIGTERM. */
const GRACE_MS = 8000;

/** A node of the demo as a process of low priority that is started again where it fails. It ends with this one, even by kill -9. */
export function keepNodeRunning(options: NodeProcessOptions): NodeProcess {
  const { command, log, pauseMs = PAUSE_MS, onRestart, onGaveUp } = options;
  let child: ChildProcess | undefined;
  let gone: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let stopping = false;
  let tries = 0;

  function start(): void {
    const started = performance.now();
    let logged = 0;
    gone = new Promise((resolve) => {
      let over = false;
      const ended = (how: string) => {
        if (over) return;
        over = true;
        resolve();
        if (!stopping) void again(how, { lived: performance.now() - started, logged });
      };
      try {
        const output = openSync(log, 'a', 0o600);
        try {
          logged = fstatSync(output).size;
          child = launch(command, output);
        } finally {
          closeSync(output);
        }
        child.once('error', (error) => ended(error.message));
        child.once('exit', (code, signal) => ended(signal ? `ended by ${signal}` : `exit code ${code}`));
      } catch (error) {
        ended((error as Error).message);
      }
    });
  }

  async function again(how: string, { lived, logged }: { lived: number; logged: number }): Promise<void> {
    const { code, message } = await lastWords(log, logged);
    if (stopping) return;
    const reason = message ? `${how}: ${message}` : how;
    if (lived > STEADY_MS) tries = 0;
    if (code === 'CONFLICT') {
      timer = setTimeout(start, BUSY_PAUSE_MS);
      return;
    }
    if (++tries >= TRIES) return onGaveUp(reason);
    onRestart(reason);
    timer = setTimeout(start, pauseMs * 2 ** (tries - 1));
  }

  start();
  return {
    async stop() {
      stopping = true;
      clearTimeout(timer);
      child?.kill('SIGTERM');
      const cut = setTimeout(() => child?.kill('SIGKILL'), GRACE_MS);
      await gone;
      clearTimeout(cut);
    },
  };
}

/** A process in a group of its own: a terminal's Ctrl-C is for the server, which sees to its nodes. */
function launch(command: readonly string[], output: number): ChildProcess {
  const child = spawn(process.execPath, [...process.execArgv, ...command], {
    stdio: ['pipe', output, output],
    detached: process.platform !== 'win32',
  });
  child.stdin?.on('error', () => undefined); // it is gone, which its exit tells
  if (child.pid !== undefined) lower(child.pid);
  return child;
}

/** Threads that the process makes later have it too. Where the system will not, the node competes with requests. */
function lower(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_SYSTEM_ERROR') throw error;
  }
}

/** The error that ended the process, as its log has it from that byte on. */
async function lastWords(log: string, from: number): Promise<{ code?: string; message?: string }> {
  const bytes = await readFile(log).catch(() => Buffer.alloc(0)); // where it cannot be read, how it ended is all that is known
  const lines = bytes.subarray(from).toString('utf8').split('\n');
  return lines.map(errorIn).findLast((error) => error !== undefined) ?? {};
}

function errorIn(line: string): { code: string; message: string } | undefined {
  try {
    return (JSON.parse(line) as { error?: { code: string; message: string } }).error;
  } catch {
    return undefined; // a stack, as of a process that ran out of memory
  }
}
