import { createHash } from 'node:crypto';
import { Refusal } from './refusal.js';

/**
 * An update as it travels: a safetensors file with one float32 tensor, `update`. Both sides stream it: 10⁸ values are 400 MB, and neither
 * side ever holds them all.
 */
const TENSOR = 'update';
const CHUNK = 1 << 20;
const LONGEST_HEADER = 4096;

/** Bytes of the file of an update of n values. */
export const updateFileBytes = (values: number): number => 8 + headerOf(values).length + 4 * values;

/** The file in pieces of at most 1 MiB. */
export function* updateFileChunks(update: Float32Array): Generator<Uint8Array> {
  const header = headerOf(update.length);
  const start = new Uint8Array(8 + header.length);
  new DataView(start.buffer).setBigUint64(0, BigInt(header.length), true);
  start.set(header, 8);
  yield start;
  const bytes = new Uint8Array(update.buffer, update.byteOffset, update.byteLength);
  for (let at = 0; at < bytes.length; at += CHUNK) yield bytes.subarray(at, at + CHUNK);
}

/** SHA-256 of a file's chunks, in hexadecimal. */
export function digestOf(chunks: Iterable<Uint8Array>): string {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

/** Padded with spaces to a multiple of 8, as the format recommends. */
function headerOf(values: number): Uint8Array {
  const json = JSON.stringify({ [TENSOR]: { dtype: 'F32', shape: [values], data_offsets: [0, 4 * values] } });
  return new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8));
}

export interface UpdateFacts {
  readonly bytes: number;
  readonly digest: string;
  /** L2 norm of the values. */
  readonly norm: number;
}

/** Reads a file piece by piece, checks it, and hands on its values. */
export class UpdateFileReader {
  private readonly hash = createHash('sha256');
  private readonly values: number;
  private head: Uint8Array | undefined = new Uint8Array(0);
  private rest = new Uint8Array(0);
  private bytes = 0;
  private seen = 0;
  private squares = 0;

  /** @param values how many the plan asks for */
  constructor(values: number) {
    this.values = values;
  }

  /**
   * @returns the values that this piece completes
   * @throws {Refusal} WRONG_SHAPE, NOT_FINITE
   */
  read(chunk: Uint8Array): Float32Array {
    this.hash.update(chunk);
    this.bytes += chunk.length;
    const data = this.head ? this.readHead(chunk) : chunk;
    const joined = this.rest.length > 0 ? concat(this.rest, data) : data;
    const whole = joined.length - (joined.length % 4);
    // Copies: a float32 view must be aligned, and the piece is the caller's.
    this.rest = Uint8Array.from(joined.subarray(whole));
    const values = new Float32Array(whole / 4);
    new Uint8Array(values.buffer).set(joined.subarray(0, whole));
    this.seen += values.length;
    if (this.seen > this.values) throw this.wrongShape();
    for (let i = 0; i < values.length; i++) this.squares += values[i] * values[i];
    // A sum of squares of finite float32 values stays far below what a double holds.
    if (!Number.isFinite(this.squares)) throw new Refusal('NOT_FINITE', 'The update has values that are not numbers.');
    return values;
  }

  /** @throws {Refusal} WRONG_SHAPE where the file ends too early */
  end(): UpdateFacts {
    if (this.head || this.rest.length > 0 || this.seen !== this.values) throw this.wrongShape();
    return { bytes: this.bytes, digest: this.hash.digest('hex'), norm: Math.sqrt(this.squares) };
  }

  /** Collects the header, and returns what of the data came with its last piece. */
  private readHead(chunk: Uint8Array): Uint8Array {
    const head = concat(this.head as Uint8Array, chunk);
    this.head = head;
    if (head.length < 8) return new Uint8Array(0);
    const length = new DataView(head.buffer, head.byteOffset).getBigUint64(0, true);
    if (length > LONGEST_HEADER) throw this.wrongShape();
    const end = 8 + Number(length);
    if (head.length < end) return new Uint8Array(0);
    if (!this.isHeader(head.subarray(8, end))) throw this.wrongShape();
    this.head = undefined;
    return head.subarray(end);
  }

  private isHeader(bytes: Uint8Array): boolean {
    try {
      const { __metadata__: _, ...tensors } = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
      const { dtype, shape, data_offsets: offsets } = tensors[TENSOR];
      return (
        Object.keys(tensors).length === 1 &&
        dtype === 'F32' &&
        String(shape) === String([this.values]) &&
        String(offsets) === String([0, 4 * this.values])
      );
    } catch {
      return false;
    }
  }

  private wrongShape(): Refusal {
    return new Refusal(
      'WRONG_SHAPE',
      `An update is a safetensors file with one tensor "${TENSOR}", F32, of ${this.values} values.`,
    );
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
