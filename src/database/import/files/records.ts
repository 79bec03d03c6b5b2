/** One row of a file as it was read. */
export interface Row {
  /** Of its first line, from 1. */
  readonly line: number;
  /** Of the row among all rows, those that are broken included; see RecordSyntax.firstNumber. */
  readonly number: number;
  readonly fields: string[];
  /** As it stands in the file: what the file of rejected rows shows. */
  readonly raw: string;
  /** Why it is no row; `fields` is empty then. */
  readonly problem?: string;
}

export interface RecordSyntax {
  readonly separator: string;
  /** "" = no quoting. */
  readonly quote: string;
  /** How many fields a row has; absent: any number. */
  readonly width?: number;
  /** The number of the first row; −1 for a header. Default: 0. */
  readonly firstNumber?: number;
}

/** A row may take so much of a file: beyond, a quote was surely never closed. */
const MAXIMUM_LENGTH = 1 << 20;
const MAXIMUM_LINES = 1000;

/**
 * Splits text into rows (RFC 4180: quoted fields, doubled quotes, line breaks inside quotes; LF or CRLF), chunk by chunk.
 * Our own rather than csv-parse for one reason: a line with a broken quote costs that line only. A general parser reads on to the next quote,
 * and takes rows with it that are whole.
 */
export class RecordSplitter {
  private rest = '';
  private line = 1;

  private number: number;

  constructor(private readonly syntax: RecordSyntax) {
    this.number = syntax.firstNumber ?? 0;
  }

  push(text: string): Row[] {
    return this.split(this.rest + text, false);
  }

  end(): Row[] {
    return this.split(this.rest, true);
  }

  private split(text: string, isLast: boolean): Row[] {
    const { quote, separator } = this.syntax;
    const records: Row[] = [];
    let start = 0;
    let quoteAt = quote ? text.indexOf(quote) : -1;
    while (start < text.length) {
      const newline = text.indexOf('\n', start);
      if (newline < 0 && !isLast && text.length - start <= MAXIMUM_LENGTH) break;
      const stop = newline < 0 ? text.length : newline;
      if (quoteAt >= 0 && quoteAt < start) quoteAt = text.indexOf(quote, start);
      if (stop - start > MAXIMUM_LENGTH) {
        records.push(this.broken(text.slice(start, start + 1000), 'the line is longer than 1 MiB'));
        start = newline < 0 ? text.length : newline + 1;
        continue;
      }
      if (quoteAt < 0 || quoteAt > stop) {
        const raw = text.slice(start, text[stop - 1] === '\r' ? stop - 1 : stop);
        if (raw !== '') records.push(this.row(raw, raw.split(separator)));
        this.line++;
        start = newline < 0 ? text.length : newline + 1;
        continue;
      }
      const read = readQuoted(text, start, this.syntax, isLast);
      if (read === 'more') break;
      const first = text.slice(start, text[stop - 1] === '\r' ? stop - 1 : stop);
      if (typeof read === 'string') {
        records.push(this.broken(first, read));
        start = newline < 0 ? text.length : newline + 1;
      } else {
        const isWrong = read.lines > 1 && this.syntax.width !== undefined && read.fields.length !== this.syntax.width;
        if (isWrong) {
          records.push(this.broken(first, 'a quote is opened and not closed on this line'));
          start = newline + 1;
        } else {
          records.push(this.row(read.lines > 1 ? text.slice(start, read.stop) : first, read.fields));
          this.line += read.lines;
          start = read.next;
        }
      }
    }
    this.rest = text.slice(start);
    return records;
  }

  private row(raw: string, fields: string[]): Row {
    const { width } = this.syntax;
    const number = this.number++;
    if (width !== undefined && fields.length !== width) {
      return {
        line: this.line,
        number,
        fields: [],
        raw,
        problem: `${fields.length} fields where ${width} are expected`,
      };
    }
    return { line: this.line, number, fields, raw };
  }

  private broken(raw: string, problem: string): Row {
    return { line: this.line++, number: this.number++, fields: [], raw, problem };
  }
}

interface QuotedRow {
  readonly fields: string[];
  /** Physical lines that it takes. */
  readonly lines: number;
  /** Where its text ends, without the line break, and where the next row starts. */
  readonly stop: number;
  readonly next: number;
}

/** @returns the row, "more" where text must come first, or what is wrong. */
function readQuoted(text: string, start: number, syntax: RecordSyntax, isLast: boolean): QuotedRow | string {
  const { quote, separator } = syntax;
  const fields: string[] = [];
  let lines = 1;
  let at = start;
  for (;;) {
    if (text.startsWith(quote, at)) {
      let value = '';
      let from = at + 1;
      for (;;) {
        const close = text.indexOf(quote, from);
        const end = close < 0 ? text.length : close;
        for (let i = text.indexOf('\n', from); i >= 0 && i < end; i = text.indexOf('\n', i + 1)) lines++;
        if (lines > MAXIMUM_LINES || end - start > MAXIMUM_LENGTH) return 'a quote is opened and never closed';
        if (close < 0) return isLast ? 'a quote is opened and never closed' : 'more';
        value += text.slice(from, close);
        if (text[close + 1] !== quote) {
          at = close + 1;
          break;
        }
        value += quote;
        from = close + 2;
      }
      // What follows the closing quote may be in the next chunk: a second quote, a separator or a line break.
      if (at + separator.length + 1 > text.length && !isLast) return 'more';
      fields.push(value);
    } else {
      const newline = text.indexOf('\n', at);
      const stop = newline < 0 ? text.length : newline;
      const found = text.indexOf(separator, at);
      const end = found < 0 || found > stop ? stop : found;
      if (end === stop && newline < 0 && !isLast) return 'more';
      fields.push(text.slice(at, end === stop && text[end - 1] === '\r' && end > at ? end - 1 : end));
      at = end;
    }
    if (text.startsWith(separator, at)) at += separator.length;
    else {
      const stop = at;
      if (text[at] === '\r') at++;
      if (at >= text.length) return { fields, lines, stop, next: at };
      if (text[at] === '\n') return { fields, lines, stop, next: at + 1 };
      return 'text follows a closing quote';
    }
  }
}
