import { setTimeout as sleep } from 'node:timers/promises';
import type { EntityManager } from 'typeorm';
import { badInput } from '../../errors.js';
import { type Database, notify } from '../database.js';
import type { Descriptor } from './descriptor.js';
import { type ReadContext, throwIfCancelled } from './files/csv-file.js';
import { Importer } from './importer.js';
import type { Changes } from './merge/merge.js';
import type { PriceRules } from './merge/prices.js';
import { RejectsFile } from './rejects.js';
import type { ReadReport } from './report.js';

export interface ImportOptions {
  /** Where rejected rows go; absent: they are counted only. */
  readonly rejectsPath?: string;
  /** Read, check and count everything, then roll back. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
  /** @param fraction 0 to 1 of the stage. */
  readonly onProgress?: (stage: string, fraction: number) => void;
  readonly now?: Date;
  /** For descriptors with prices. */
  readonly priceRules?: PriceRules;
}

export interface ImportReport extends ReadReport {
  readonly institutionId: string;
  readonly dryRun: boolean;
  /** By table of Concord: users, products, holdings, questionnaires, events, prices. */
  readonly changes: Readonly<Record<string, Changes>>;
  readonly startedAt: string;
  readonly seconds: number;
}

export interface ImportOutcome {
  readonly report: ImportReport;
  /** Users of these files whose events or answers are newer than their profiles: these are to be rebuilt. */
  readonly staleUserIds: readonly string[];
}

/**
 * Imports the files that a descriptor names for an institution: streams them by COPY into temporary tables, and merges these by set-based SQL, all
 * in one transaction of the application role. Nothing is written unless everything is; importing the same files again changes nothing. Imports of
 * one institution wait for each other.
 * @throws {ConcordError} BAD_INPUT with what to change in descriptor or files; no such institution; CANCELLED.
 */
export async function importData(
  database: Database,
  institutionId: string,
  descriptor: Descriptor,
  dataDir: string,
  options: ImportOptions = {},
): Promise<ImportOutcome> {
  const started = options.now ?? new Date();
  const clock = performance.now();
  const rejects = options.rejectsPath === undefined ? undefined : new RejectsFile(options.rejectsPath);
  const context: ReadContext = {
    dataDir,
    format: descriptor.format,
    signal: options.signal,
    onRead: (file, read, size) => options.onProgress?.(`reading ${file}`, size === 0 ? 1 : Math.min(1, read / size)),
  };

  async function work(manager: EntityManager): Promise<ImportOutcome> {
    await lockImports(manager, institutionId, options);
    const currency = await currencyOf(manager, institutionId);
    const merge = { manager, institutionId, currency, now: started };
    const importer = new Importer(merge, descriptor, context, rejects, options.priceRules);
    const { read, changes, staleUserIds } = await importer.run((stage) => options.onProgress?.(stage, 0));
    const report: ImportReport = {
      ...read,
      ...(rejects && rejects.rows > 0 && { rejectsFile: rejects.path }),
      institutionId,
      dryRun: options.dryRun === true,
      changes,
      startedAt: started.toISOString(),
      seconds: (performance.now() - clock) / 1000,
    };
    throwIfCancelled(options.signal);
    if (options.dryRun) throw new RolledBack({ report, staleUserIds });
    const ofCatalogue = [changes.products, changes.prices];
    if (ofCatalogue.some((change) => change && change.created + change.updated > 0))
      await notify(manager, 'concord_catalogue', institutionId);
    await manager.query(
      `insert into concord.imports (institution_id, descriptor, report, started_at, finished_at)
       values ($1, $2, $3, $4, clock_timestamp())`,
      [institutionId, descriptor.name, JSON.stringify(report), started],
    );
    return { report, staleUserIds };
  }

  try {
    const outcome = await database.tenant(institutionId, work, { long: true }).catch((error: unknown) => {
      if (error instanceof RolledBack) return error.outcome;
      throw error;
    });
    rejects?.keep();
    return outcome;
  } catch (error) {
    rejects?.discard();
    throw error;
  }
}

/** Ends the transaction of a dry run. */
class RolledBack extends Error {
  constructor(readonly outcome: ImportOutcome) {
    super('A dry run writes nothing.');
  }
}

const RETRY_MS = 250;

/** Asks again and again rather than once, so that whoever waits can give up. */
async function lockImports(
  manager: EntityManager,
  institutionId: string,
  { signal, onProgress }: ImportOptions,
): Promise<void> {
  for (;;) {
    const [{ locked }] = await manager.query('select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as locked', [
      `concord.imports ${institutionId}`,
    ]);
    if (locked) return;
    throwIfCancelled(signal);
    onProgress?.('waiting for another import', 0);
    await sleep(RETRY_MS);
  }
}

async function currencyOf(manager: EntityManager, institutionId: string): Promise<string> {
  const [institution] = await manager.query('select currency from concord.institutions where id = $1', [institutionId]);
  if (!institution) throw badInput('There is no such institution.');
  return institution.currency;
}
