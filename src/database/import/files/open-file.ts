import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { badInput, ConcordError } from '../../../errors.js';
import type { Format } from '../descriptor.js';
import { locate } from './locate.js';
import { openZipEntry } from './zip.js';

/** What a packed file may unpack to, so that a bomb ends as an error. */
export interface UnpackingLimits {
  readonly maximumBytes: number;
  /** Unpacked over packed size, once `ratioFrom` bytes are unpacked. */
  readonly maximumRatio: number;
  readonly ratioFrom: number;
}

export const UNPACKING_LIMITS: UnpackingLimits = { maximumBytes: 64 * 2 ** 30, maximumRatio: 300, ratioFrom: 2 ** 28 };

export interface OpenFile {
  /** The unpacked bytes; iterate once. */
  readonly bytes: AsyncIterable<Buffer>;
  /** How much there is to read, in bytes; `position` counts towards it. */
  readonly size: number;
  position(): number;
}

const CHUNK = 1 << 17;

/**
 * Opens a file of the data folder: plain, gzip or an entry of a zip, by `format.compression` or else by its name.
 * @throws {ConcordError} BAD_INPUT: not there, outside the folder; while reading: truncated, damaged, too large unpacked.
 */
export async function openFile(
  dataDir: string,
  name: string,
  format: Format,
  limits: UnpackingLimits = UNPACKING_LIMITS,
): Promise<OpenFile> {
  const path = await locate(dataDir, name);
  const { size } = await stat(path);
  const compression = format.compression ?? compressionOf(name);
  if (compression === 'zip') {
    const entry = await openZipEntry(path, name, format.entry);
    const counter = new Counter(name, entry.packed, limits);
    return {
      size: entry.unpacked,
      position: () => counter.bytes,
      bytes: reading(name, entry.bytes, counter, () => entry.close()),
    };
  }
  const source = createReadStream(path, { highWaterMark: CHUNK });
  const counter = new Counter(name, compression === 'gzip' ? size : Number.POSITIVE_INFINITY, limits);
  const stream = compression === 'gzip' ? pipeline(source, createGunzip({ chunkSize: CHUNK }), () => {}) : source;
  return {
    size,
    position: () => source.bytesRead,
    bytes: reading(name, stream as AsyncIterable<Buffer>, counter, () => {
      source.destroy();
      stream.destroy();
    }),
  };
}

function compressionOf(name: string): 'none' | 'gzip' | 'zip' {
  if (/\.gz$/i.test(name)) return 'gzip';
  return /\.zip$/i.test(name) ? 'zip' : 'none';
}

class Counter {
  bytes = 0;

  constructor(
    private readonly name: string,
    private readonly packed: number,
    private readonly limits: UnpackingLimits,
  ) {}

  add(bytes: number): void {
    this.bytes += bytes;
    if (!Number.isFinite(this.packed)) return;
    const { maximumBytes, maximumRatio, ratioFrom } = this.limits;
    if (this.bytes <= maximumBytes && (this.bytes <= ratioFrom || this.bytes <= this.packed * maximumRatio)) return;
    throw badInput(
      `${this.name} unpacks to more than a table would: ${this.bytes} bytes from ${this.packed}. Refused.`,
      {
        file: this.name,
      },
    );
  }
}

async function* reading(
  name: string,
  bytes: AsyncIterable<Buffer>,
  counter: Counter,
  close: () => void,
): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of bytes) {
      counter.add(chunk.length);
      yield chunk;
    }
  } catch (error) {
    throw error instanceof ConcordError ? error : unreadable(name, error);
  } finally {
    close();
  }
}

/** zlib and the file system say what is wrong by code. */
function unreadable(name: string, error: unknown): ConcordError {
  const { code = '', message } = error as Error & { code?: string };
  let what = `cannot be read (${message})`;
  if (code === 'Z_BUF_ERROR') what = 'ends too early: it is truncated';
  else if (code.startsWith('Z_')) what = 'is damaged and cannot be unpacked';
  return new ConcordError('BAD_INPUT', `${name} ${what}.`, { file: name }, { cause: error });
}
