import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { type Entry, open, type ZipFile } from 'yauzl';
import { badInput, ConcordError } from '../../../errors.js';

/** Entries looked at before a zip is refused. */
const MAXIMUM_ENTRIES = 10_000;

export interface ZipEntry {
  /** The unpacked bytes, their checksum compared at the end. */
  readonly bytes: AsyncIterable<Buffer>;
  /** Bytes that the entry takes in the zip. */
  readonly packed: number;
  /** Bytes that it says it unpacks to. */
  readonly unpacked: number;
  close(): void;
}

/**
 * Opens one entry of a zip: the one named, or the only one that is a table.
 * @throws {ConcordError} BAD_INPUT: no zip, truncated, encrypted, no such entry, several to choose from; while reading: damaged.
 */
export async function openZipEntry(path: string, name: string, wanted?: string): Promise<ZipEntry> {
  const zip = await openZip(path).catch((error: unknown) => {
    throw damaged(name, error);
  });
  try {
    const entry = choose(await entriesOf(zip, name), name, wanted);
    const stream = await readStream(zip, entry).catch((error: unknown) => {
      throw damaged(name, error);
    });
    return {
      packed: entry.compressedSize,
      unpacked: entry.uncompressedSize,
      bytes: checked(stream, entry, name),
      close() {
        stream.destroy();
        zip.close();
      },
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

function openZip(path: string): Promise<ZipFile> {
  return new Promise((done, fail) =>
    open(path, { lazyEntries: true, autoClose: false }, (error, zip) => (error ? fail(error) : done(zip))),
  );
}

function readStream(zip: ZipFile, entry: Entry): Promise<Readable> {
  return new Promise((done, fail) =>
    zip.openReadStream(entry, (error, stream) => (error ? fail(error) : done(stream))),
  );
}

function entriesOf(zip: ZipFile, name: string): Promise<Entry[]> {
  return new Promise((done, fail) => {
    const entries: Entry[] = [];
    zip.on('error', (error: unknown) => fail(damaged(name, error)));
    zip.on('end', () => done(entries));
    zip.on('entry', (entry: Entry) => {
      entries.push(entry);
      if (entries.length > MAXIMUM_ENTRIES)
        fail(badInput(`${name} has more than ${MAXIMUM_ENTRIES} entries: refused.`));
      else zip.readEntry();
    });
    zip.readEntry();
  });
}

function choose(entries: readonly Entry[], name: string, wanted: string | undefined): Entry {
  const files = entries.filter((entry) => !entry.fileName.endsWith('/'));
  const tables = files.filter(
    (entry) => /\.(csv|tsv|txt|data|asc|dat)$/i.test(entry.fileName) && !/(^|\/)(__MACOSX\/|\.)/.test(entry.fileName),
  );
  const fits =
    wanted === undefined ? (files.length === 1 ? files : tables) : files.filter((entry) => entry.fileName === wanted);
  if (fits.length !== 1) {
    const names = tables.map((entry) => entry.fileName).slice(0, 20);
    const what = wanted === undefined ? 'does not hold exactly one table' : `has no entry "${wanted}"`;
    throw badInput(`${name} ${what}: name the file's "entry"; it has ${names.join(', ') || 'none'}.`, {
      file: name,
      entries: names,
    });
  }
  if (fits[0]!.isEncrypted()) throw badInput(`${name}: the entry ${fits[0]!.fileName} is encrypted.`, { file: name });
  return fits[0]!;
}

async function* checked(stream: Readable, entry: Entry, name: string): AsyncGenerator<Buffer> {
  let sum = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      sum = crc32(chunk, sum);
      yield chunk;
    }
  } catch (error) {
    throw damaged(name, error);
  }
  if (sum !== entry.crc32) throw damaged(name, new Error('The checksum differs.'));
}

const damaged = (name: string, error: unknown) =>
  new ConcordError(
    'BAD_INPUT',
    `${name} is no readable zip: it is truncated or damaged (${(error as Error).message}).`,
    { file: name },
    { cause: error },
  );
