import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { dataFolders } from '../../../../test/support/bank-files.js';
import { zipOf } from '../../../../test/support/zip.js';
import type { FileRef } from '../descriptor.js';
import { openCsv } from './csv-file.js';
import { openFile } from './open-file.js';

const data = dataFolders();

async function read(files: Record<string, string | Buffer>, ref: FileRef = Object.keys(files)[0]!) {
  const csv = await openCsv(ref, { dataDir: data.write(files) });
  const rows = [];
  for await (const batch of csv.rows()) rows.push(...batch);
  return { columns: csv.columns, separator: csv.separator, rows: rows.map((row) => row.problem ?? row.fields) };
}
const refused = (text: string) => ({ code: 'BAD_INPUT', message: expect.stringContaining(text) });
const TABLE = 'a,b\n1,x\n2,y\n';
const READ = {
  columns: ['a', 'b'],
  separator: ',',
  rows: [
    ['1', 'x'],
    ['2', 'y'],
  ],
};

describe('a file', () => {
  test.each<[string, Record<string, string | Buffer>, FileRef | undefined]>([
    ['plain', { 't.csv': TABLE }, undefined],
    ['with a byte order mark', { 't.csv': `\ufeff${TABLE}` }, undefined],
    ['of UTF-16 by its mark', { 't.csv': Buffer.from(`\ufeff${TABLE}`, 'utf16le') }, undefined],
    ['in a folder', { 'sub/t.csv': TABLE }, undefined],
    ['gzip', { 't.csv.gz': gzipSync(TABLE) }, undefined],
    ['gzip by another name', { 't.bin': gzipSync(TABLE) }, { name: 't.bin', compression: 'gzip' }],
    [
      'the only table of a zip',
      { 't.zip': zipOf({ 'read.me': 'x', '__MACOSX/t.csv': 'x', 't.csv': TABLE }) },
      undefined,
    ],
    [
      'an entry of a zip',
      { 't.zip': zipOf({ 'x/s.csv': 'no', 'x/t.csv': TABLE }) },
      { name: 't.zip', entry: 'x/t.csv' },
    ],
    ['without a header line', { 't.csv': '1,x\n2,y\n' }, { name: 't.csv', header: ['a', 'b'] }],
  ])('is read: %s', async (_, files, ref) => {
    expect(await read(files, ref)).toEqual(READ);
  });

  test('of another encoding', async () => {
    const latin = Buffer.from('name,n\nM\u00fcller,1\n', 'latin1');
    expect((await read({ 't.csv': latin }, { name: 't.csv', encoding: 'latin1' })).rows).toEqual([['Müller', '1']]);
    expect((await read({ 't.csv': latin })).rows).toEqual([`it is not valid utf-8: say the file's "encoding"`]);
  });

  test.each([
    [';', 'a;b\n1,5;x\n2,5;y\n'],
    ['\t', 'a\tb\n1\tx y\n'],
    ['|', 'a|b\n1|x\n'],
    ['::', '1::2::3\n4::5::6\n'],
    [' ', 'a b c\n1 2 3\n'],
    [',', 'a\n1\n2\n'],
  ])('separated by %j is recognised', async (separator, text) => {
    expect((await read({ 't.csv': text })).separator).toBe(separator);
  });

  test('with a NUL character in a row loses that row', async () => {
    expect((await read({ 't.csv': 'a,b\n1,\0\n2,y\n' })).rows).toEqual(['it contains a NUL character', ['2', 'y']]);
  });
});

describe('is refused:', () => {
  const bomb = 'x'.repeat(1 << 20);
  test.each<[string, Record<string, string | Buffer>, FileRef | undefined, string]>([
    ['empty', { 't.csv': '' }, undefined, 'empty'],
    ['a column twice', { 't.csv': 'a,a\n1,2\n' }, undefined, 'same name: a'],
    ['no such file', { 't.csv': TABLE }, 'u.csv', 'There is no file u.csv'],
    ['a way out', { 't.csv': TABLE }, '../t.csv', 'not below the data folder'],
    ['an absolute path', { 't.csv': TABLE }, '/etc/passwd', 'not below the data folder'],
    ['an unknown encoding', { 't.csv': TABLE }, { name: 't.csv', encoding: 'klingon' }, 'no encoding "klingon"'],
    ['no zip', { 't.zip': TABLE }, undefined, 'no readable zip'],
    ['a truncated zip', { 't.zip': zipOf({ 't.csv': bomb }).subarray(0, 600) }, undefined, 'no readable zip'],
    ['no such entry', { 't.zip': zipOf({ 't.csv': TABLE }) }, { name: 't.zip', entry: 'u.csv' }, 'no entry "u.csv"'],
    ['several tables in a zip', { 't.zip': zipOf({ 't.csv': TABLE, 'u.csv': TABLE }) }, undefined, 't.csv, u.csv'],
    ['a damaged gzip', { 't.gz': gzipSync(TABLE).fill(7, 12, 16) }, undefined, 't.gz'],
  ])('%s', async (_, files, ref, message) => {
    await expect(read(files, ref)).rejects.toMatchObject(refused(message));
  });

  test('a truncated gzip, however far it is read', async () => {
    const text = `a,b\n${Array.from({ length: 50_000 }, (_, i) => `${i},${(i * 7919) % 1000}`).join('\n')}`;
    const whole = gzipSync(text);
    for (const length of [20, whole.length >> 1, whole.length - 5]) {
      await expect(read({ 't.csv.gz': whole.subarray(0, length) })).rejects.toMatchObject(refused('truncated'));
    }
  });

  test('a link that leads out of the folder', async () => {
    const folder = data.write({ 't.csv': TABLE });
    symlinkSync('/etc/hostname', join(folder, 'link.csv'));
    await expect(openCsv('link.csv', { dataDir: folder })).rejects.toMatchObject(refused('not below the data folder'));
  });

  test('a bomb', async () => {
    const limits = { maximumBytes: 1 << 30, maximumRatio: 100, ratioFrom: 1 << 16 };
    for (const [name, content] of Object.entries({ 't.gz': gzipSync(bomb), 't.zip': zipOf({ 't.csv': bomb }) })) {
      const file = await openFile(data.write({ [name]: content }), name, {}, limits);
      await expect(drained(file.bytes)).rejects.toMatchObject(refused('unpacks to more than a table would'));
    }
  });
});

async function drained(bytes: AsyncIterable<Buffer>): Promise<number> {
  let total = 0;
  for await (const chunk of bytes) total += chunk.length;
  return total;
}
