import { RecordSplitter } from './records.js';

const CANDIDATES = [',', ';', '\t', '|', '::', ' '];

/**
 * @returns the separator that splits the sample's lines into the most equal number of fields; "," for a single column.
 * @param sample whole lines from the start of a file.
 */
export function sniffSeparator(sample: string, quote: string): string {
  let best = { separator: ',', score: 0 };
  for (const separator of CANDIDATES) {
    const splitter = new RecordSplitter({ separator, quote });
    const records = [...splitter.push(sample), ...splitter.end()].filter((record) => !record.problem).slice(0, 100);
    const widths = new Map<number, number>();
    for (const { fields } of records) widths.set(fields.length, (widths.get(fields.length) ?? 0) + 1);
    const [width, rows] = [...widths].filter(([n]) => n > 1).sort((a, b) => b[1] - a[1])[0] ?? [1, 0];
    // Agreement counts first. A blank is a separator only where nothing else is: it stands inside fields too often.
    const score = (rows / Math.max(1, records.length)) * (separator === ' ' ? 0.1 : 1) + width * 1e-6;
    if (rows > 0 && score > best.score) best = { separator, score };
  }
  return best.separator;
}

/** @returns the encoding that a byte order mark tells. */
export function encodingOfMark(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return undefined;
}
