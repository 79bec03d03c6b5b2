import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConcordError } from '../../errors.js';
import type { RejectSink } from './report.js';

const BUFFER = 1 << 16;

/**
 * The file of rejected rows: CSV of file, line, reason and the row as it stood. It is made when the first row comes, under a provisional
 * name, and gets its name with `keep`: after an import that failed there is none.
 */
export class RejectsFile implements RejectSink {
  rows = 0;
  private handle: number | undefined;
  private buffer = '';
  private readonly provisional: string;

  constructor(readonly path: string) {
    this.provisional = `${path}.${process.pid}.part`;
  }

  write(file: string, line: number, reason: string, raw: string): void {
    if (this.handle === undefined) this.open();
    this.rows++;
    this.buffer += `${[file, String(line), reason, raw].map(csvField).join(',')}\n`;
    if (this.buffer.length > BUFFER) this.flush();
  }

  /** @returns the path, or undefined where no row was rejected; an older file of that name is then removed. */
  keep(): string | undefined {
    if (this.handle === undefined) {
      rmSync(this.path, { force: true });
      return undefined;
    }
    this.close();
    renameSync(this.provisional, this.path);
    return this.path;
  }

  discard(): void {
    if (this.handle === undefined) return;
    this.close();
    rmSync(this.provisional, { force: true });
  }

  private open(): void {
    try {
      mkdirSync(dirname(this.path), { recursive: true });
      this.handle = openSync(this.provisional, 'w');
    } catch (error) {
      const message = `Rejected rows cannot be written to ${this.path} (${(error as Error).message}): name another file with --rejects.`;
      throw new ConcordError('CONFIGURATION', message, {}, { cause: error });
    }
    this.buffer = 'file,line,reason,row\n';
  }

  private flush(): void {
    writeSync(this.handle!, this.buffer);
    this.buffer = '';
  }

  private close(): void {
    this.flush();
    closeSync(this.handle!);
    this.handle = undefined;
  }
}

/** @returns text as a field of a CSV file. */
export const csvField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
