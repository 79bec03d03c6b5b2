import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { RecordSplitter } from '../../src/database/import/files/records.js';
import { loadDataset } from '../../src/database/import/load-dataset.js';
import { csvField } from '../../src/database/import/rejects.js';
import { dataFolders, descriptorOf } from '../support/bank-files.js';

const data = dataFolders();

const field = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' ', ';', 'é', '0') }),
  fc.string({ unit: 'grapheme' }),
);
/** Rows of one width; a row that is one empty field would be an empty line, which is no row. */
const rows = fc
  .integer({ min: 1, max: 5 })
  .chain((width) => fc.array(fc.array(field, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }))
  .filter((all) => all.every((row) => row.join('') !== '' || row.length > 1));

const split = (text: string, width: number, cut = text.length) => {
  const splitter = new RecordSplitter({ separator: ',', quote: '"', width });
  return [...splitter.push(text.slice(0, cut)), ...splitter.push(text.slice(cut)), ...splitter.end()];
};

test('whatever is written as CSV is read as it was, wherever the chunk ends', () => {
  fc.assert(
    fc.property(rows, fc.nat(), fc.constantFrom('\n', '\r\n'), (all, at, newline) => {
      const text = all.map((row) => row.map(csvField).join(',')).join(newline);
      const read = split(text, all[0]!.length, at % (text.length + 1));
      expect(read.map(({ fields }) => fields)).toEqual(all);
    }),
  );
});

test('and as csv-parse reads it', () => {
  fc.assert(
    fc.property(rows, (all) => {
      const text = all.map((row) => row.map((each) => `"${each.replaceAll('"', '""')}"`).join(',')).join('\n');
      expect(split(text, all[0]!.length).map(({ fields }) => fields)).toEqual(
        parse(text, { relax_column_count: true }),
      );
    }),
  );
});

test('any text at all is split into rows that are right or broken, and no line is lost', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', ',', '"', '\n') }), fc.nat(), (text, at) => {
      const read = split(text, 2, at % (text.length + 1));
      for (const row of read) expect(row.problem === undefined ? row.fields : [0, 0]).toHaveLength(2);
      const lines = text.split('\n').filter((line) => line !== '').length;
      const told = read.flatMap(({ raw }) => raw.split('\n')).filter((line) => line !== '').length;
      expect(told).toBe(lines);
      expect(read).toEqual(split(text, 2));
    }),
    { numRuns: 500 },
  );
});

test('every row is imported, merged, filtered or rejected, whatever the rows and the rules are', async () => {
  const cell = fc.constantFrom('', '1', '2', '-5', '1e9', 'x', 'NA', '2024-01-01');
  const duplicates = fc.constantFrom('reject', 'first', 'last', { newest: 'at' });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', ''), cell, cell, cell), { maxLength: 12 }),
      duplicates,
      fc.constantFrom('missing', 'reject', 'clip'),
      fc.constantFrom('own', 'mean', 'median', 'reject'),
      async (lines, rule, impossible, missing) => {
        const descriptor = descriptorOf({
          task: 'risk',
          users: {
            file: 'u.csv',
            id: 'id',
            where: { kind: { not: ['x'] } },
            duplicates: rule,
            columns: { n: { type: 'numeric', min: 0, max: 10, impossible, missing } },
          },
          label: { column: 'id', positive: 'a' },
        });
        const folder = data.write({
          'u.csv': ['id,n,kind,at', ...lines.map((line) => line.join(',')), 'z,1,1,1'].join('\n'),
        });
        const { dataset, report } = await loadDataset(descriptor, folder);
        const [{ read, imported, merged, filtered, rejected }] = report.tables as [(typeof report.tables)[0]];
        expect(read).toBe(lines.length + 1);
        expect(imported + merged + filtered + rejected).toBe(read);
        expect(dataset.size).toBe(imported);
        expect(new Set(dataset.userIds).size).toBe(imported);
      },
    ),
    { numRuns: 60 },
  );
});
