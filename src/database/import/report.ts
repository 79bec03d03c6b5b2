import { badInput, ConcordError } from '../../errors.js';

/** What became of the rows of one file: read = imported + merged + filtered + rejected. */
export interface TableReport {
  readonly file: string;
  /** What it was read for: users, holdings, products, events, prices. */
  readonly table: string;
  readonly read: number;
  readonly imported: number;
  /** Duplicates that another row of the same key stands for. */
  readonly merged: number;
  /** Left out by the descriptor's own conditions. */
  readonly filtered: number;
  /** In the file of rejected rows, by reason. */
  readonly rejected: number;
  readonly reasons: Readonly<Record<string, number>>;
}

/** What was done to one column: how often each action was taken. */
export interface ColumnReport {
  readonly column: string;
  readonly kind: string;
  readonly actions: Readonly<Record<string, number>>;
}

export interface ReadReport {
  readonly descriptor: string;
  readonly tables: readonly TableReport[];
  readonly columns: readonly ColumnReport[];
  /** What was inferred, left unused or looks wrong, in words. */
  readonly notes: readonly string[];
  /** Where the rejected rows are; absent when there are none. */
  readonly rejectsFile?: string;
}

/** Receives rows that are not imported. */
export interface RejectSink {
  write(file: string, line: number, reason: string, raw: string): void;
}

/** Counts what becomes of the rows of one file. */
export class Accounting {
  read = 0;
  imported = 0;
  merged = 0;
  filtered = 0;
  rejected = 0;
  private readonly reasons = new Map<string, number>();
  private first = '';

  constructor(
    readonly file: string,
    readonly table: string,
    private readonly rejects?: RejectSink,
  ) {}

  /** @param reason without the particulars of the row, so that reasons can be counted. */
  reject(row: { readonly line: number; readonly raw: string }, reason: string, particulars = ''): void {
    this.rejected++;
    this.first ||= `line ${row.line}: ${reason}${particulars && ` (${particulars})`}`;
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
    this.rejects?.write(this.file, row.line, particulars ? `${reason}: ${particulars}` : reason, row.raw);
  }

  /** @throws {ConcordError} BAD_INPUT when every row was rejected: the descriptor, not the rows, is wrong then. INTERNAL when one is unaccounted for. */
  report(): TableReport {
    const { file, table, read, imported, merged, filtered, rejected } = this;
    if (read !== imported + merged + filtered + rejected) {
      throw new ConcordError(
        'INTERNAL',
        `${file}: ${read} rows read, but ${imported} imported, ${merged} merged, ${filtered} filtered and ${rejected} rejected.`,
      );
    }
    if (read > 0 && rejected === read) {
      throw badInput(
        `${file}: all ${read} rows are rejected, the first on ${this.first}. Does the descriptor fit the file?`,
        {
          file,
          reasons: Object.fromEntries(this.reasons),
        },
      );
    }
    return { file, table, read, imported, merged, filtered, rejected, reasons: Object.fromEntries(this.reasons) };
  }
}

/** Counts what is done to the values of one column. */
export class Actions {
  private readonly counts = new Map<string, number>();

  count(action: string): void {
    this.counts.set(action, (this.counts.get(action) ?? 0) + 1);
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries([...this.counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
