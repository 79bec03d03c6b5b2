import type { Database } from '../database/database.js';
import type { InstitutionsService } from '../institutions/institutions.service.js';
import { createAccounting } from './accounting.js';
import type { BudgetLevel } from './alert.js';
import { BudgetsService } from './budgets.service.js';
import { type LedgerKey, LedgerService } from './ledger.service.js';
import { LedgerStore } from './ledger.store.js';
import { LedgerBook } from './ledger-book.js';

export interface PrivacyModules {
  readonly database: Database;
  readonly institutions: InstitutionsService;
  /** Signs checkpoints. */
  readonly key: LedgerKey;
  /** Told after each entry, before its transaction has committed. */
  readonly onLevel?: (level: BudgetLevel) => void;
}

/** Budgets and ledgers over one accountant's thread. Close it. */
export function createPrivacy({ database, institutions, key, onLevel }: PrivacyModules) {
  const accounting = createAccounting();
  const store = new LedgerStore();
  const book = new LedgerBook({ store, accounting });
  const ledger = new LedgerService({ database, institutions, store, book, accounting, key });
  const budgets = new BudgetsService({ onLevel }, { database, book, ledger });
  return { budgets, ledger, close: () => accounting.close() };
}
