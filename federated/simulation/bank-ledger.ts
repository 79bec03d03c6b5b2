import { applyRecord, type Budget, EMPTY_BUDGET, type Measure, measureSpent } from '../privacy/ledger/budget.js';
import { chainEntry } from '../privacy/ledger/chain.js';
import type { LedgerEntry, LedgerRecord } from '../privacy/ledger/entry.js';
import type { Mechanism } from '../privacy/mechanism.js';

/** A bank's ledger in memory: the rules and the chain are those of any ledger. */
export class BankLedger {
  readonly entries: LedgerEntry[] = [];
  readonly bank: string;
  private budget: Budget = EMPTY_BUDGET;
  private readonly measure: Measure;

  constructor(bank: string, measure: Measure) {
    this.bank = bank;
    this.measure = measure;
  }

  /** ε by privacy loss distributions and by Rényi, of everything charged. */
  get spent() {
    return this.budget.spent;
  }

  /** @throws {BudgetError} */
  append(record: LedgerRecord): void {
    this.budget = applyRecord(this.budget, record, this.measure);
    this.entries.push(chainEntry(this.bank, this.entries.at(-1), record, this.budget.spent));
  }

  /** Reserves, does the work, and commits what it disclosed. */
  async charge<T>(
    about: { readonly population: string; readonly run: string; readonly round: string },
    mechanisms: readonly Mechanism[],
    work: () => Promise<{ readonly result: T; readonly digest?: string }>,
  ): Promise<T> {
    const { population } = about;
    const reservation = `${about.round}/${this.bank}`;
    const node = this.bank;
    this.append({ kind: 'reserve', ...about, at: new Date().toISOString(), reservation, mechanisms, node });
    const { result, digest } = await work();
    const committed = { population, at: new Date().toISOString(), reservation, reason: 'accepted' as const };
    this.append({ kind: 'commit', ...committed, ...(digest && { digest }) });
    return result;
  }
}

/** Banks that charge the same have the same ε: each composition is computed once. */
export function sharedMeasure(): Measure {
  const known = new Map<string, ReturnType<Measure>>();
  return (mechanisms, delta) => {
    const key = `${delta} ${JSON.stringify(mechanisms)}`;
    const spent = known.get(key) ?? measureSpent(mechanisms, delta);
    known.set(key, spent);
    return spent;
  };
}
