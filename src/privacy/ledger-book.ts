import { applyRecord, type Budget, EMPTY_BUDGET } from '../../federated/privacy/ledger/budget.js';
import { chainEntry, entryLeaf } from '../../federated/privacy/ledger/chain.js';
import type { LedgerEntry, LedgerRecord, Spent } from '../../federated/privacy/ledger/entry.js';
import { MerkleFrontier } from '../../federated/privacy/ledger/merkle.js';
import type { EntityManager } from '../database/database.js';
import type { Accounting } from './accounting.js';
import type { LedgerStore } from './ledger.store.js';

/** An institution's ledger as its entries leave it. */
export interface LedgerState {
  readonly budgets: ReadonlyMap<string, Budget>;
  /** Over the entries. */
  readonly tree: MerkleFrontier;
  /** The last entry; undefined before the first. */
  readonly last: Pick<LedgerEntry, 'sequence' | 'hash'> | undefined;
  readonly lastAt: string;
}

const EMPTY: LedgerState = { budgets: new Map(), tree: MerkleFrontier.EMPTY, last: undefined, lastAt: '' };
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
    const { last } = state;
    if (last && (await store.hashAt(manager, institutionId, last.sequence)) !== last.hash) state = EMPTY;
    const entries = await store.after(manager, institutionId, state.last?.sequence ?? 0);
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
  ): Promise<{ entry: LedgerEntry; before: Budget; budget: Budget; tree: MerkleFrontier }> {
    const { store, accounting } = this.modules;
    await store.lock(manager, institutionId);
    const state = await this.read(manager, institutionId);
    const now = at.toISOString();
    const record = recordAt(now > state.lastAt ? now : state.lastAt, state);
    const before = state.budgets.get(record.population) ?? EMPTY_BUDGET;
    const spent = await spentAfter(before, record, accounting);
    const budget = applyRecord(before, record, () => spent);
    const entry = chainEntry(institutionId, state.last, record, budget.spent);
    await store.append(manager, entry);
    return { entry, before, budget, tree: state.tree.with(entryLeaf(entry)) };
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
  let { tree } = state;
  for (const entry of entries) {
    const { record, spent } = entry;
    const before = budgets.get(record.population) ?? EMPTY_BUDGET;
    budgets.set(
      record.population,
      applyRecord(before, record, () => spent),
    );
    tree = tree.with(entryLeaf(entry));
  }
  const last = entries.at(-1);
  return { budgets, tree, last: last ?? state.last, lastAt: last?.record.at ?? state.lastAt };
}
