import { insertRows } from '../database/copy.js';
import type { Database } from '../database/database.js';
import { ConcordError } from '../errors.js';
import { type DemoOptions, generateInstitution, institutionIdOf } from './consortium.js';
import { hasProducts, insertInstitution, institutionIds } from './demo.store.js';
import { INSTITUTIONS, type InstitutionPlan } from './institutions.js';
import { tablesOf } from './rows.js';

export interface SeedOptions extends Partial<DemoOptions> {
  readonly database: Database;
  readonly onProgress?: (stage: string, fraction: number) => void;
  readonly signal?: AbortSignal;
}

export interface SeededInstitution {
  readonly id: string;
  readonly code: string;
  /** Rows written, by table. */
  readonly rows: Readonly<Record<string, number>>;
}

export interface SeedReport {
  /** Institutions that this call wrote; those that were there already are not among them. */
  readonly institutions: readonly SeededInstitution[];
  readonly seconds: number;
}

/**
 * Writes the demo consortium: each institution with everything in it in one transaction, so that it is there or it is not. What is
 * there already is left as it is: a second call does nothing, and a call after a crash writes the rest. A database that has other
 * institutions and none of the demo is left alone.
 * @throws {ConcordError} CANCELLED, UNAVAILABLE
 */
export async function seedDemo({ database, onProgress, signal, ...options }: SeedOptions): Promise<SeedReport> {
  const started = performance.now();
  const demo = { ...options, now: options.now ?? new Date() };
  const institutions: SeededInstitution[] = [];
  if (await mayBeSeeded(database)) {
    const users = INSTITUTIONS.reduce((sum, plan) => sum + plan.users, 0);
    let done = 0;
    for (const plan of INSTITUTIONS) {
      const seeded = await seedInstitution(database, plan, demo, (stage, fraction) => {
        if (signal?.aborted) throw new ConcordError('CANCELLED', 'Generating the demo consortium was cancelled.');
        onProgress?.(`demo: ${plan.name}, ${stage}`, (done + plan.users * fraction) / users);
      });
      if (seeded) institutions.push(seeded);
      done += plan.users;
    }
  }
  return { institutions, seconds: (performance.now() - started) / 1000 };
}

async function mayBeSeeded(database: Database): Promise<boolean> {
  const present = await institutionIds(database);
  return present.size === 0 || INSTITUTIONS.some(({ code }) => present.has(code));
}

async function seedInstitution(
  database: Database,
  plan: InstitutionPlan,
  options: DemoOptions,
  progress: (stage: string, fraction: number) => void,
): Promise<SeededInstitution | undefined> {
  const id = await insertInstitution(database, institutionIdOf(plan, options), plan);
  return database.tenant(
    id,
    async (manager) => {
      if (await hasProducts(manager, id)) return undefined;
      progress('generating', 0);
      const tables = tablesOf({ ...generateInstitution(plan, options), id }, options.now);
      const rows: Record<string, number> = {};
      for (const [i, { table, columns, rows: values }] of tables.entries()) {
        progress(table.replace('_', ' '), 0.3 + (0.7 * i) / tables.length);
        const columnsOfAll = ['institution_id', ...columns];
        rows[table] = await insertRows(manager, `concord.${table}`, columnsOfAll, withInstitution(id, values));
      }
      return { id, code: plan.code, rows };
    },
    { long: true },
  );
}

function* withInstitution<T>(id: string, rows: Iterable<readonly T[]>): Iterable<readonly (T | string)[]> {
  for (const row of rows) yield [id, ...row];
}
