import type { EntityManager } from 'typeorm';
import type { CsvFile } from '../files/csv-file.js';
import type { Accounting } from '../report.js';

/** What one import needs in every step. */
export interface MergeContext {
  readonly manager: EntityManager;
  readonly institutionId: string;
  /** Of the institution: what products are in that say nothing else. */
  readonly currency: string;
  readonly now: Date;
}

/** Rows of one table of Concord that an import made, changed, and found as they should be. */
export interface Changes {
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  /** Holdings that a complete source does not list any more. */
  readonly ended?: number;
}

export const NO_CHANGES: Changes = { created: 0, updated: 0, unchanged: 0 };

export const sumOf = (a: Changes, b: Changes): Changes => ({
  created: a.created + b.created,
  updated: a.updated + b.updated,
  unchanged: a.unchanged + b.unchanged,
  ...((a.ended ?? b.ended) !== undefined && { ended: (a.ended ?? 0) + (b.ended ?? 0) }),
});

/**
 * Runs an INSERT … ON CONFLICT and counts what it did: xmax is 0 in a row that was not there before.
 * @param insert without RETURNING. @param offered how many different rows it was given
 */
export async function countedInsert(
  manager: EntityManager,
  insert: string,
  values: readonly unknown[],
  offered: number,
): Promise<Changes> {
  const [row] = await manager.query(
    `with merged as (${insert} returning (xmax = 0) as is_new)
     select count(*) filter (where is_new)::int as created, count(*) filter (where not is_new)::int as updated from merged`,
    values as unknown[],
  );
  return { created: row.created, updated: row.updated, unchanged: offered - row.created - row.updated };
}

export async function countOf(manager: EntityManager, query: string, values: readonly unknown[] = []): Promise<number> {
  const [{ count }] = await manager.query(
    `select count(*)::int as count from (${query}) as counted`,
    values as unknown[],
  );
  return count;
}

const PAGE = 10_000;

/**
 * Rejects rows that only the database could judge: reads the file once more, beside the ascending lines that it names, so that each row reaches
 * the file of rejected rows as it stood.
 * @param query selects line, reason and particulars of rejected rows with line > $1, in order of line
 */
export async function rejectLines(
  manager: EntityManager,
  csv: CsvFile,
  query: string,
  accounting: Accounting,
): Promise<void> {
  const nextPage = (after: number): Promise<{ line: number; reason: string; particulars: string }[]> =>
    manager.query(
      `select line, reason, particulars from (${query}) as rejected where line > $1 order by line limit ${PAGE}`,
      [after],
    );
  let page = await nextPage(0);
  let at = 0;
  if (page.length === 0) return;
  for await (const batch of csv.rows()) {
    for (const row of batch) {
      if (row.line !== page[at]!.line) continue;
      accounting.reject(row, page[at]!.reason, page[at]!.particulars);
      if (++at < page.length) continue;
      page = await nextPage(row.line);
      at = 0;
      if (page.length === 0) return;
    }
  }
}
