import { createHash, randomUUID } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { updateFileChunks } from '../protocol/update-file.js';
import type { LedgerFile } from './ledger.js';
import type { NodeState } from './state.js';

/** Another process works in the folder. */
export class FolderInUse extends Error {
  constructor(folder: string, pid: number) {
    super(`The node folder ${folder} is in use by process ${pid}.`);
    this.name = 'FolderInUse';
  }
}

const CHUNK = 1 << 20;

/** Everything that a node must not forget: state.json, ledger.jsonl, and the update file of the round it is in. */
export class NodeFolder {
  private lines: string[] = [];

  private constructor(readonly path: string) {}

  /** Takes the folder for this process, made where it is missing. @throws {FolderInUse} */
  static open(path: string): NodeFolder {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const folder = new NodeFolder(path);
    folder.lock();
    folder.lines = folder.readLedger();
    return folder;
  }

  /** Reads, and takes nothing: for whoever looks on. */
  static look(path: string): { readonly state: NodeState; readonly lines: readonly string[] } {
    const folder = new NodeFolder(path);
    const file = folder.file('ledger.jsonl');
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    return {
      state: folder.state(),
      lines: text
        .slice(0, text.lastIndexOf('\n') + 1)
        .split('\n')
        .filter(Boolean),
    };
  }

  close(): void {
    rmSync(this.file('lock'), { force: true });
  }

  state(): NodeState {
    const file = this.file('state.json');
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as NodeState) : { past: [] };
  }

  save(state: NodeState): void {
    this.replace('state.json', [Buffer.from(`${JSON.stringify(state, null, 2)}\n`)]);
  }

  get ledger(): LedgerFile {
    const lines = this.lines;
    return {
      lines,
      append: (line) => {
        const file = openSync(this.file('ledger.jsonl'), 'a', 0o600);
        try {
          writeAll(file, Buffer.from(`${line}\n`));
          fsyncSync(file);
        } finally {
          closeSync(file);
        }
        this.syncFolder();
        lines.push(line);
      },
    };
  }

  /** Keeps a round's update; there is one for a round, for ever. */
  keepUpdate(round: string, update: Float32Array): void {
    this.replace(updateName(round), updateFileChunks(update));
  }

  /** Length and digest of a round's update where one was kept. */
  async keptUpdate(round: string): Promise<{ digest: string; bytes: number } | undefined> {
    if (!existsSync(this.file(updateName(round)))) return undefined;
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of this.readUpdate(round, 0)) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    return { digest: hash.digest('hex'), bytes };
  }

  async *readUpdate(round: string, offset: number): AsyncGenerator<Uint8Array> {
    yield* createReadStream(this.file(updateName(round)), { start: offset, highWaterMark: CHUNK });
  }

  /** Forgets updates of rounds that are over: they are noise, and large. */
  dropUpdates(): void {
    for (const name of readdirSync(this.path))
      if (name.startsWith('update-') || name.startsWith('.new-')) rmSync(this.file(name), { force: true });
  }

  private file(name: string): string {
    return join(this.path, name);
  }

  /** A crash leaves the old file or the new one, never a part. */
  private replace(name: string, chunks: Iterable<Uint8Array>): void {
    const next = this.file(`.new-${randomUUID()}`);
    const file = openSync(next, 'wx', 0o600);
    try {
      for (const chunk of chunks) writeAll(file, chunk);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(next, this.file(name));
    this.syncFolder();
  }

  private syncFolder(): void {
    const folder = openSync(this.path, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  }

  /** A line that a crash cut off was never acknowledged: it is taken away. */
  private readLedger(): string[] {
    const path = this.file('ledger.jsonl');
    if (!existsSync(path)) return [];
    const bytes = readFileSync(path);
    const whole = bytes.lastIndexOf(10) + 1;
    if (whole < bytes.length) {
      const file = openSync(path, 'r+');
      try {
        ftruncateSync(file, whole);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    }
    return bytes.subarray(0, whole).toString('utf8').split('\n').filter(Boolean);
  }

  private lock(): void {
    const path = this.file('lock');
    for (;;) {
      try {
        const file = openSync(path, 'wx', 0o600);
        writeAll(file, Buffer.from(String(process.pid)));
        closeSync(file);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const pid = Number(readFileSync(path, 'utf8'));
      if (pid !== process.pid && isAlive(pid)) throw new FolderInUse(this.path, pid);
      rmSync(path, { force: true });
    }
  }
}

const updateName = (round: string) => `update-${round}.safetensors`;

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}
