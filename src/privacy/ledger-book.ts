import { applyRecord, type Budget, EMPTY_BUDGET } from '../../federated/privacy/ledger/budget.js';
import { chainEntry } from '../../federated/privacy/ledger/chain.js';
import type { LedgerEntry, LedgerRecord, Spent } from '../../federated/privacy/ledger/entry.js';
import type { EntityManager } from '../database/database.js';
import type { Accounting } from './accounting.js';
import type { LedgerStore } from './ledger.store.js';

/** An institution's ledger as its entries leave it. */
export interface LedgerState {
  readonly budgets: ReadonlyMap<string, Budget>;
  /** Of the entries, in order. */
  readonly hashes: readonly string[];
  readonly lastAt: string;
}

const EMPTY: LedgerState = { budgets: new Map(), hashes: [], lastAt: '' };
const NOTHING: Spent = { pld: 0, rdp: 0 };
/** Institutions whose ledgers are kept in memory. */
const MOST_KEPT = 200;

/** Ledgers, read once and followed from there: an entry is replayed with the figures that it has, not computed again. */
export class LedgerBook {
  private readonly kept = new Map<string, LedgerState>();

  constructor(private readonly modules: { readonly store: LedgerStore; readonly accounting: Accounting }) {}

  /** As the transaction sees it. */
  async read(manager: EntityManager, institutionId: string): Promise<LedgerState> {
    const { store } = this.modules;
    let state = this.kept.get(institutionId) ?? EMPTY;
    // What a transaction saw that was rolled back is not there: then all is read again.
    const size = state.hashes.length;
    if (size > 0 && (await store.hashAt(manager, institutionId, size)) !== state.hashes[size - 1]) state = EMPTY;
    const entries = await store.after(manager, institutionId, state.hashes.length);
    if (entries.length > 0 || state === EMPTY) state = follow(state, entries);
    this.kept.delete(institutionId);
    this.kept.set(institutionId, state);
    if (this.kept.size > MOST_KEPT) this.kept.delete(this.kept.keys().next().value as string);
    return state;
  }

  /**
   * Appends what may follow, in the caller's transaction, which holds the ledger's lock until it ends.
   * @param recordAt the record for a point in time that is not before the last entry's
   * @throws {BudgetError} where the record breaks a rule: nothing is written, and the transaction can go on
   */
  async append(
    manager: EntityManager,
    institutionId: string,
    at: Date,
    recordAt: (at: string, state: LedgerState) => LedgerRecord,
  ): Promise<{ entry: LedgerEntry; before: Budget; budget: Budget; hashes: readonly string[] }> {
    const { store, accounting } = this.modules;
    await store.lock(manager, institutionId);
    const state = await this.read(manager, institutionId);
    const now = at.toISOString();
    const record = recordAt(now > state.lastAt ? now : state.lastAt, state);
    const before = state.budgets.get(record.population) ?? EMPTY_BUDGET;
    const spent = await spentAfter(before, record, accounting);
    const budget = applyRecord(before, record, () => spent);
    const { hashes } = state;
    const last = hashes.length > 0 ? { sequence: hashes.length, hash: hashes[hashes.length - 1] } : undefined;
    const entry = chainEntry(institutionId, last, record, budget.spent);
    await store.append(manager, entry);
    return { entry, before, budget, hashes: [...hashes, entry.hash] };
  }
}

/** Asks the rules first what would count, and the accountant only where that has changed. */
async function spentAfter(before: Budget, record: LedgerRecord, accounting: Accounting): Promise<Spent> {
  let question: Parameters<Accounting['spent']> | undefined;
  applyRecord(before, record, (...asked) => {
    question = asked;
    return NOTHING;
  });
  return question ? accounting.spent(...question) : before.spent;
}

function follow(state: LedgerState, entries: readonly LedgerEntry[]): LedgerState {
  const budgets = new Map(state.budgets);
  for (const { record, spent } of entries)
    budgets.set(
      record.population,
      applyRecord(budgets.get(record.population) ?? EMPTY_BUDGET, record, () => spent),
    );
  return {
    budgets,
    hashes: [...state.hashes, ...entries.map(({ hash }) => hash)],
    lastAt: entries.at(-1)?.record.at ?? state.lastAt,
  };
}
