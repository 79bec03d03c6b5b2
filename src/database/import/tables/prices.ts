import type { PricesTable } from '../descriptor.js';
import type { ReadContext, Row } from '../files/csv-file.js';
import type { Accounting } from '../report.js';
import { detached, LONGEST_KEY } from '../values/text.js';
import { numberField, textField, timeField } from './field.js';
import { openTable, type Table } from './table.js';

export interface PriceRecord {
  readonly row: Row;
  readonly product: string;
  /** "YYYY-MM-DD". */
  readonly day: string;
  readonly price: number;
}

export interface Prices {
  readonly table: Table;
  /** Prices in the order of the file; the caller counts those that it imports. */
  read(accounting: Accounting): AsyncGenerator<PriceRecord[]>;
}

const EARLIEST = Date.UTC(1900, 0, 1);
const DAY_MS = 86_400_000;

/** @throws {ConcordError} BAD_INPUT: see openTable; a column that is not there. */
export async function openPrices(spec: PricesTable, context: ReadContext, now: Date): Promise<Prices> {
  const table = await openTable(spec, context);
  const productOf = textField(spec.product, table);
  const timeOf = timeField(spec.date, table);
  const priceOf = numberField(spec.price, table);
  // A day later than ours: it is tomorrow already in the east.
  const latest = now.getTime() + DAY_MS;
  return {
    table,
    async *read(accounting) {
      for await (const batch of table.rows(accounting)) {
        const prices: PriceRecord[] = [];
        for (const row of batch) {
          const product = productOf(row.fields);
          const time = timeOf(row.fields);
          const price = priceOf(row.fields);
          if (product === '') accounting.reject(row, 'no product code');
          else if (product.length > LONGEST_KEY) accounting.reject(row, 'product code too long');
          else if (Number.isNaN(time)) accounting.reject(row, 'no date');
          else if (time < EARLIEST || time > latest) accounting.reject(row, 'date in the future or before 1900');
          else if (!(price > 0 && Number.isFinite(price))) accounting.reject(row, 'price not above 0');
          else prices.push({ row, product: detached(product), day: new Date(time).toISOString().slice(0, 10), price });
        }
        yield prices;
      }
    },
  };
}
