import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { EntityManager } from 'typeorm';
import { badInput } from '../errors.js';
import { connectionLost, sqlState } from './errors.js';

/** Dates are sent in ISO 8601, buffers as bytea, other objects and arrays as JSON; undefined is null. */
export type CopyValue = string | number | bigint | boolean | Date | Buffer | object | null | undefined;
export type CopyRow = readonly CopyValue[];

const CHUNK_BYTES = 1 << 16;
const NAME = /^(?:[a-z_][a-z0-9_]*\.)?[a-z_][a-z0-9_]*$/;
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
};

/**
 * Streams rows into a table by COPY, no faster than PostgreSQL takes them. PostgreSQL refuses COPY into a table with row level
 * security: copy into a temporary table and merge from there, or use insertRows.
 * @param manager of the transaction: nothing else may be asked of it until the promise settles
 * @param table with or without schema, in lower case
 * @returns the number of rows
 * @throws {ConcordError} BAD_INPUT for a NUL character or an unpaired surrogate, which PostgreSQL cannot store, and for a value that
 *   its column refuses; whatever `rows` throws. The transaction can then only be rolled back.
 */
export async function copyRows(
  manager: EntityManager,
  table: string,
  columns: readonly string[],
  rows: Iterable<CopyRow> | AsyncIterable<CopyRow>,
): Promise<number> {
  for (const name of [table, ...columns])
    if (!NAME.test(name)) throw badInput(`${name} is no name of a table or column.`);
  const client: pg.PoolClient & { pipeline?: boolean } = await manager.queryRunner!.connect();
  await client.query(''); // what was sent before is answered: COPY cannot share the connection
  client.pipeline = false;
  const copy = client.query(copyFrom(`copy ${table} (${columns.join(', ')}) from stdin`));
  // Closed only when PostgreSQL has answered, which it does not when the connection is lost.
  const { promise: over, resolve: end } = withResolvers();
  copy.once('close', end);
  client.once('end', end);
  const source = { failed: false };
  try {
    await pipeline(Readable.from(encode(rows, source), { objectMode: false, highWaterMark: CHUNK_BYTES }), copy);
    return copy.rowCount;
  } catch (error) {
    throw source.failed || sqlState(error) ? error : connectionLost(error);
  } finally {
    await over;
    client.off('end', end);
    client.pipeline = true;
  }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/**
 * Inserts many rows into a table with row level security: COPY into a temporary table, then one INSERT … SELECT.
 * @param onConflict as "on conflict (…) do …", appended
 * @returns the number of rows inserted or updated
 * @throws as copyRows
 */
export async function insertRows(
  manager: EntityManager,
  table: string,
  columns: readonly string[],
  rows: Iterable<CopyRow> | AsyncIterable<CopyRow>,
  onConflict = '',
): Promise<number> {
  for (const name of [table, ...columns])
    if (!NAME.test(name)) throw badInput(`${name} is no name of a table or column.`);
  const list = columns.join(', ');
  const staging = `staging_${table.replace('.', '_')}`;
  await manager.query(`create temporary table ${staging} on commit drop as select ${list} from ${table} with no data`);
  await copyRows(manager, staging, columns, rows);
  const client: pg.PoolClient = await manager.queryRunner!.connect();
  const { rowCount } = await client.query(
    `insert into ${table} (${list}) select ${list} from ${staging} ${onConflict}`,
  );
  await manager.query(`drop table ${staging}`);
  return rowCount ?? 0;
}

/** PostgreSQL's text format, in chunks. */
async function* encode(
  rows: Iterable<CopyRow> | AsyncIterable<CopyRow>,
  source: { failed: boolean },
): AsyncGenerator<Buffer> {
  let chunk = '';
  try {
    for await (const row of rows) {
      chunk += encodeRow(row);
      if (chunk.length >= CHUNK_BYTES) {
        yield Buffer.from(chunk);
        chunk = '';
      }
    }
  } catch (error) {
    source.failed = true;
    throw error;
  }
  if (chunk) yield Buffer.from(chunk);
}

/** @returns the line of COPY's text format, with its newline. */
export function encodeRow(row: CopyRow): string {
  let line = '';
  for (let index = 0; index < row.length; index++) {
    if (index > 0) line += '\t';
    line += encodeValue(row[index]);
  }
  return `${line}\n`;
}

function encodeValue(value: CopyValue): string {
  if (value === null || value === undefined) return '\\N';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (typeof value === 'string') return escaped(value);
  if (value instanceof Date) return isoDate(value);
  if (Buffer.isBuffer(value)) return `\\\\x${value.toString('hex')}`;
  return escaped(JSON.stringify(value));
}

function escaped(text: string): string {
  if (text.includes('\0')) throw badInput('A text contains the character NUL, which cannot be stored.');
  if (!(text as string & { isWellFormed(): boolean }).isWellFormed()) {
    throw badInput('A text contains half of a surrogate pair, which cannot be stored.');
  }
  return /[\\\b\t\n\v\f\r]/.test(text) ? text.replace(/[\\\b\t\n\v\f\r]/g, (character) => ESCAPES[character]) : text;
}

function isoDate(date: Date): string {
  if (Number.isNaN(date.getTime())) throw badInput('A date is invalid.');
  const year = date.getUTCFullYear();
  // Beyond four digits JavaScript writes a sign and six digits, and PostgreSQL wants BC for years before 1.
  if (year >= 1 && year <= 9999) return date.toISOString();
  throw badInput('A date lies outside of the years 1 to 9999.');
}
