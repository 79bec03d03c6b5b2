import { randomUUID } from 'node:crypto';
import { type Budget, BudgetError } from '../../federated/privacy/ledger/budget.js';
import type { CommitRecord, LedgerRecord, ReleaseRecord } from '../../federated/privacy/ledger/entry.js';
import type { Mechanism } from '../../federated/privacy/mechanism.js';
import type { Database, EntityManager } from '../database/database.js';
import { badInput } from '../errors.js';
import { requireScope, type Viewer } from '../graphql/viewer.js';
import { alertOf, type BudgetLevel, isRaised } from './alert.js';
import type { LedgerService } from './ledger.service.js';
import type { LedgerBook, LedgerState } from './ledger-book.js';

export interface NewCap {
  readonly institutionId: string;
  readonly population: string;
  readonly epsilon: number;
  readonly delta: number;
  readonly until: Date;
}

export interface Reservation {
  readonly institutionId: string;
  readonly population: string;
  readonly mechanisms: readonly Mechanism[];
  readonly run: string;
  readonly round: string;
  readonly node: string;
  readonly at: Date;
}

const POPULATION = /^[a-z0-9][a-z0-9._-]{0,63}$/;
/** After so many entries the coordinator signs what the ledger is. */
const CHECKPOINT_EVERY = 64;

/**
 * Privacy budgets. Everything is appended to the institution's ledger inside the caller's tenant transaction, one writer at a time: no
 * interleaving of reservations passes a cap. At isolation levels above read committed a writer who waited is told CONFLICT; try again.
 */
export class BudgetsService {
  constructor(
    private readonly options: { readonly onLevel?: (level: BudgetLevel) => void },
    private readonly modules: {
      readonly database: Database;
      readonly book: LedgerBook;
      readonly ledger: LedgerService;
    },
  ) {}

  /**
   * Agrees on a cap, from now until then. Within a period it replaces the cap, and what was charged goes on counting.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope rounds:admin), NOT_FOUND, BAD_INPUT
   */
  async setCap(viewer: Viewer | undefined, cap: NewCap, now = new Date()): Promise<Budget> {
    requireScope(viewer, 'rounds:admin');
    const { database, ledger } = this.modules;
    const institutionId = await ledger.institutionOf(viewer, cap.institutionId);
    const { population, epsilon, delta, until } = cap;
    if (!POPULATION.test(population))
      throw badInput('The name of a population has 1 to 64 of a-z, 0-9, ".", "_" and "-".');
    if (!(epsilon <= 1000 && delta >= 1e-12)) throw badInput('A cap has ε of at most 1,000 and δ of at least 1e-12.');
    try {
      return await database.tenant(institutionId, (manager) =>
        this.append(manager, institutionId, now, (at) => ({
          kind: 'cap',
          population,
          at,
          epsilon,
          delta,
          until: until.toISOString(),
        })),
      );
    } catch (error) {
      if (error instanceof BudgetError) throw badInput(error.message, { reason: error.code });
      throw error;
    }
  }

  /**
   * Sets aside what a contribution will cost.
   * @returns the id of the reservation
   * @throws {BudgetError} NO_CAP, OUTSIDE_PERIOD, EXHAUSTED: nothing is written, and the transaction can go on
   */
  async reserve(manager: EntityManager, request: Reservation): Promise<string> {
    const { institutionId, population, mechanisms, run, round, node, at: now } = request;
    const reservation = randomUUID();
    await this.append(manager, institutionId, now, (at) => ({
      kind: 'reserve',
      population,
      at,
      reservation,
      mechanisms,
      run,
      round,
      node,
    }));
    return reservation;
  }

  /**
   * Something was disclosed, or may have been.
   * @param digest of the update, where one was accepted
   * @throws {BudgetError} UNKNOWN_RESERVATION, ALREADY_SETTLED
   */
  async commit(
    manager: EntityManager,
    institutionId: string,
    reservation: string,
    reason: CommitRecord['reason'],
    digest?: string,
    now = new Date(),
  ): Promise<void> {
    await this.append(manager, institutionId, now, (at, state) => ({
      kind: 'commit',
      population: populationOf(state, reservation),
      at,
      reservation,
      ...(digest !== undefined && { digest }),
      reason,
    }));
  }

  /** Nothing can have been disclosed. @throws {BudgetError} UNKNOWN_RESERVATION, ALREADY_SETTLED */
  async release(
    manager: EntityManager,
    institutionId: string,
    reservation: string,
    reason: ReleaseRecord['reason'],
    now = new Date(),
  ): Promise<void> {
    await this.append(manager, institutionId, now, (at, state) => ({
      kind: 'release',
      population: populationOf(state, reservation),
      at,
      reservation,
      reason,
    }));
  }

  private async append(
    manager: EntityManager,
    institutionId: string,
    now: Date,
    recordAt: (at: string, state: LedgerState) => LedgerRecord,
  ): Promise<Budget> {
    const { book, ledger } = this.modules;
    const { entry, before, budget, tree } = await book.append(manager, institutionId, now, recordAt);
    if (tree.size % CHECKPOINT_EVERY === 0) await ledger.sign(manager, institutionId, tree, entry.hash, now);
    const level = alertOf(budget);
    const raised = isRaised(alertOf(before).alert, level.alert);
    this.options.onLevel?.({ institutionId, population: entry.record.population, ...level, raised });
    return budget;
  }
}

function populationOf({ budgets }: LedgerState, reservation: string): string {
  for (const [population, { charges, earlier }] of budgets)
    if (charges.has(reservation) || earlier.has(reservation)) return population;
  throw new BudgetError('UNKNOWN_RESERVATION', `There is no reservation ${reservation}.`);
}
