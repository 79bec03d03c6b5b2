import { badInput } from '../../../errors.js';
import type { Holdings } from '../descriptor.js';
import type { ReadContext, Row } from '../files/csv-file.js';
import type { Accounting } from '../report.js';
import { detached, LARGEST_AMOUNT, LONGEST_KEY } from '../values/text.js';
import { numberField, textField, timeField } from './field.js';
import { openTable, type Table } from './table.js';

export interface HoldingRecord {
  readonly row: Row;
  readonly user: string;
  readonly product: string;
  /** NaN = not given. */
  readonly amount: number;
  /** Milliseconds since 1970; NaN = not given. */
  readonly time: number;
}

export interface HoldingsTable {
  readonly table: Table;
  /** Holdings in the order of the file; the caller counts those that it imports. */
  read(accounting: Accounting): AsyncGenerator<HoldingRecord[]>;
}

/** @throws {ConcordError} BAD_INPUT: see openTable; a column that is not there. */
export async function openHoldings(spec: Holdings, context: ReadContext): Promise<HoldingsTable> {
  if (!spec.file || spec.user === undefined || spec.product === undefined) {
    throw badInput('holdings: a table of holdings needs "file", "user" and "product".');
  }
  const table = await openTable({ file: spec.file, where: spec.where, join: spec.join }, context);
  const userOf = textField(spec.user, table);
  const productOf = textField(spec.product, table);
  const amountOf = numberField(spec.amount, table);
  const timeOf = timeField(spec.date, table);
  return {
    table,
    async *read(accounting) {
      for await (const batch of table.rows(accounting)) {
        const holdings: HoldingRecord[] = [];
        for (const row of batch) {
          const user = userOf(row.fields);
          const product = productOf(row.fields);
          const amount = amountOf(row.fields);
          if (user === '') accounting.reject(row, 'no user id');
          else if (product === '') accounting.reject(row, 'no product code');
          else if (user.length > LONGEST_KEY) accounting.reject(row, 'user id too long');
          else if (product.length > LONGEST_KEY) accounting.reject(row, 'product code too long');
          else if (Math.abs(amount) >= LARGEST_AMOUNT) accounting.reject(row, 'amount too large');
          else
            holdings.push({ row, user: detached(user), product: detached(product), amount, time: timeOf(row.fields) });
        }
        yield holdings;
      }
    },
  };
}
