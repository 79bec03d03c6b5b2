import { TextDecoder } from 'node:util';
import { badInput, ConcordError } from '../../../errors.js';
import type { FileRef, Format } from '../descriptor.js';
import { openFile } from './open-file.js';
import { RecordSplitter, type Row } from './records.js';
import { encodingOfMark, sniffSeparator } from './sniff.js';

/** What reading files needs to know, besides the descriptor. */
export interface ReadContext {
  readonly dataDir: string;
  /** How files are written that do not say otherwise. */
  readonly format?: Format;
  readonly signal?: AbortSignal;
  /** Told after each chunk: bytes of the file read so far, of how many. */
  readonly onRead?: (file: string, read: number, size: number) => void;
}

export type { Row };

export const DEFAULT_NULLS = ['NA', 'N/A', 'n/a', '#N/A', 'NaN', 'nan', 'NULL', 'null', '?'];

/** A CSV file whose separator, encoding and columns are known. Each call of `rows` reads it from the start. */
export interface CsvFile {
  readonly name: string;
  readonly columns: readonly string[];
  readonly nulls: ReadonlySet<string>;
  readonly decimal: '.' | ',';
  readonly separator: string;
  /** Rows in batches; one that cannot be read has a `problem`. */
  rows(): AsyncGenerator<Row[]>;
}

const SAMPLE = 1 << 18;
/** The number of the header line, so that the first row is 0. */
const HEADER = -1;

/**
 * Looks at the head of a file and says what it holds.
 * @throws {ConcordError} BAD_INPUT: no such file, an unknown encoding, no header, a column name twice.
 */
export async function openCsv(ref: FileRef, context: ReadContext): Promise<CsvFile> {
  const own = typeof ref === 'string' ? { name: ref } : ref;
  const format: Format = { ...context.format, ...own };
  const { name } = own;
  const quote = format.quote ?? '"';
  const head = await readHead(name, format, context.dataDir);
  const encoding = encodingOfMark(head) ?? format.encoding ?? 'utf-8';
  const sample = firstLines(decoder(encoding, name).decode(head), head.length < SAMPLE);
  const separator = format.separator ?? sniffSeparator(sample, quote);
  const header = format.header ?? true;
  const { columns, hasHeaderLine } = columnsOf(sample, { separator, quote, header, name });
  const syntax = { separator, quote, width: columns.length, firstNumber: hasHeaderLine ? HEADER : 0 };

  async function* rows(): AsyncGenerator<Row[]> {
    const file = await openFile(context.dataDir, name, format);
    const text = decoder(encoding, name);
    const splitter = new RecordSplitter(syntax);
    let isSuspect = false;
    const take = (records: Row[]): Row[] => {
      const batch = isSuspect ? records.map((row) => withoutBadCharacters(row, encoding)) : records;
      return batch[0]?.number === HEADER ? batch.slice(1) : batch;
    };
    for await (const chunk of file.bytes) {
      throwIfCancelled(context.signal);
      const piece = text.decode(chunk, { stream: true });
      // A row may reach over several chunks: one bad chunk makes those after it suspect too.
      isSuspect ||= piece.includes('\ufffd') || piece.includes('\0');
      const batch = take(splitter.push(piece));
      context.onRead?.(name, file.position(), file.size);
      if (batch.length > 0) yield batch;
    }
    isSuspect = true;
    const last = take([...splitter.push(text.decode()), ...splitter.end()]);
    if (last.length > 0) yield last;
  }

  return {
    name,
    columns,
    separator,
    decimal: format.decimal ?? '.',
    nulls: new Set(['', ...(format.nulls ?? DEFAULT_NULLS)]),
    rows,
  };
}

export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new ConcordError('CANCELLED', 'The import was cancelled; nothing was changed.');
}

async function readHead(name: string, format: Format, dataDir: string): Promise<Buffer> {
  const { bytes } = await openFile(dataDir, name, format);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= SAMPLE) break;
  }
  if (length === 0) throw badInput(`${name} is empty.`, { file: name });
  return Buffer.concat(chunks);
}

function decoder(encoding: string, name: string): TextDecoder {
  try {
    return new TextDecoder(encoding);
  } catch (error) {
    throw new ConcordError(
      'BAD_INPUT',
      `${name}: there is no encoding "${encoding}".`,
      { file: name },
      { cause: error },
    );
  }
}

/** Whole lines only, unless the sample is the file. */
function firstLines(text: string, isWhole: boolean): string {
  return isWhole ? text : text.slice(0, text.lastIndexOf('\n') + 1) || text;
}

interface HeaderSyntax {
  readonly separator: string;
  readonly quote: string;
  readonly header: boolean | readonly string[];
  readonly name: string;
}

function columnsOf(sample: string, { separator, quote, header, name }: HeaderSyntax) {
  if (typeof header !== 'boolean') return { columns: distinct(header, name), hasHeaderLine: false };
  const splitter = new RecordSplitter({ separator, quote });
  const first = [...splitter.push(sample), ...splitter.end()][0];
  if (!first) throw badInput(`${name} is empty.`, { file: name });
  if (first.problem) throw badInput(`${name}, line ${first.line}: ${first.problem}.`, { file: name, line: first.line });
  if (!header) return { columns: first.fields.map((_, i) => `c${i + 1}`), hasHeaderLine: false };
  const names = first.fields.map((field, i) => field.trim() || `c${i + 1}`);
  return { columns: distinct(names, name), hasHeaderLine: true };
}

function distinct(names: readonly string[], file: string): readonly string[] {
  const twice = names.filter((name, i) => names.indexOf(name) !== i);
  if (twice.length === 0) return names;
  throw badInput(
    `${file} has columns of the same name: ${[...new Set(twice)].join(', ')}. Name them all apart in the file's "header" (a list; then remove the line), or in the file.`,
    { file, columns: twice },
  );
}

function withoutBadCharacters(row: Row, encoding: string): Row {
  let problem: string | undefined;
  if (row.raw.includes('\0')) problem = 'it contains a NUL character';
  else if (row.raw.includes('\ufffd')) problem = `it is not valid ${encoding}: say the file's "encoding"`;
  return problem && !row.problem ? { ...row, fields: [], problem } : row;
}
