import { insertRows } from '../database/copy.js';
import type { Database } from '../database/database.js';
import { refreshStatistics } from '../database/statistics.js';
import { ConcordError } from '../errors.js';
import {
  type DemoInstitution,
  type DemoOptions,
  generateInstitution,
  generateReference,
  institutionIdOf,
} from './consortium.js';
import { hasProducts, insertInstitution, institutionIds } from './demo.store.js';
import { INSTITUTIONS, type InstitutionPlan, REFERENCE } from './institutions.js';
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
    const progress = createProgress(onProgress, signal);
    // While PostgreSQL writes the events of one institution, the next is generated.
    const results = await Promise.allSettled(
      relay(INSTITUTIONS, (plan, handOver) =>
        seedInstitution(database, plan, demo, {
          generate: () => generateInstitution(plan, demo),
          progress: (fraction) => progress(plan, fraction),
          handOver,
        }),
      ),
    );
    for (const result of results) {
      if (result.status === 'rejected') throw result.reason;
      if (result.value) institutions.push(result.value);
    }
    if (institutions.length > 0) await refreshStatistics(database);
  }
  return { institutions, seconds: (performance.now() - started) / 1000 };
}

/**
 * Writes the reference panel, where it is missing. Nothing else of the demo needs it.
 * @returns its id
 * @throws {ConcordError} CANCELLED, UNAVAILABLE
 */
export async function seedReference({ database, signal, ...options }: SeedOptions): Promise<string> {
  const demo = { ...options, now: options.now ?? new Date() };
  const progress = () => {
    if (signal?.aborted) throw new ConcordError('CANCELLED', 'Generating the reference panel was cancelled.');
  };
  await seedInstitution(database, REFERENCE, demo, { generate: () => generateReference(demo), progress });
  return (await institutionIds(database)).get(REFERENCE.code)!;
}

async function mayBeSeeded(database: Database): Promise<boolean> {
  const present = await institutionIds(database);
  return present.size === 0 || INSTITUTIONS.some(({ code }) => present.has(code));
}

/** Fractions of the institutions as one of the whole, weighed by users. */
function createProgress(onProgress: SeedOptions['onProgress'], signal: AbortSignal | undefined) {
  const users = INSTITUTIONS.reduce((sum, plan) => sum + plan.users, 0);
  const fractions = new Map<InstitutionPlan, number>();
  return (plan: InstitutionPlan, fraction: number) => {
    if (signal?.aborted) throw new ConcordError('CANCELLED', 'Generating the demo consortium was cancelled.');
    fractions.set(plan, fraction);
    const done = INSTITUTIONS.reduce((sum, each) => sum + each.users * (fractions.get(each) ?? 0), 0);
    onProgress?.('generating the demo consortium', done / users);
  };
}

interface Seeding {
  readonly generate: () => DemoInstitution;
  readonly progress: (fraction: number) => void;
  /** Called when all rows have been read. */
  readonly handOver?: () => void;
}

async function seedInstitution(
  database: Database,
  plan: DemoInstitution['plan'],
  options: DemoOptions,
  { generate, progress, handOver }: Seeding,
): Promise<SeededInstitution | undefined> {
  const id = await insertInstitution(database, institutionIdOf(plan, options), plan);
  return database.tenant(
    id,
    async (manager) => {
      if (await hasProducts(manager, id)) return undefined;
      progress(0);
      const tables = tablesOf({ ...generate(), id }, options.now);
      const rows: Record<string, number> = {};
      for (const [i, { table, columns, rows: values }] of tables.entries()) {
        const columnsOfAll = ['institution_id', ...columns];
        const last = table === 'behaviour_events' ? handOver : undefined;
        rows[table] = await insertRows(manager, `concord.${table}`, columnsOfAll, withInstitution(id, values, last));
        progress((i + 1) / tables.length);
      }
      return { id, code: plan.code, rows };
    },
    { long: true },
  );
}

/** @param onRead called when all rows have been read */
function* withInstitution<T>(
  id: string,
  rows: Iterable<readonly T[]>,
  onRead?: () => void,
): Iterable<readonly (T | string)[]> {
  for (const row of rows) yield [id, ...row];
  onRead?.();
}

/** Starts each piece of work when the one before has handed over, or has ended. */
function relay<T, R>(items: readonly T[], work: (item: T, handOver: () => void) => Promise<R>): Promise<R>[] {
  let turn = Promise.resolve();
  return items.map((item) => {
    let handOver: () => void = () => undefined;
    const next = new Promise<void>((resolve) => {
      handOver = resolve;
    });
    const done = turn.then(() => work(item, handOver)).finally(handOver);
    turn = next;
    return done;
  });
}
