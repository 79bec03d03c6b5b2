import { applyRecord, type Budget, BudgetError, EMPTY_BUDGET } from '../privacy/ledger/budget.js';
import { chainEntry } from '../privacy/ledger/chain.js';
import type { LedgerEntry, LedgerRecord } from '../privacy/ledger/entry.js';
import { verifyLedger } from '../privacy/ledger/verify.js';
import type { RoundPlan } from '../protocol/plan.js';

/** Where entries are kept, durably: `append` returns when the entry would survive a power failure. */
export interface LedgerFile {
  /** Whole lines, oldest first. */
  readonly lines: readonly string[];
  append(line: string): void;
}

/** The ledger is not one that this node wrote. */
export class LedgerDamaged extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LedgerDamaged';
  }
}

/**
 * A node's own account of what its data were charged, under the same rules and in the same format as the coordinator's: `concord ledger
 * verify` reads it. A node believes this ledger, whatever the coordinator says. Reservations have the round's id: what was done before a
 * crash is found again, and nothing is charged twice.
 */
export class LocalLedger {
  private readonly budgets = new Map<string, Budget>();
  private last: LedgerEntry | undefined;

  /** @throws {LedgerDamaged} where the file does not verify, or is another institution's */
  constructor(
    private readonly institution: string,
    private readonly file: LedgerFile,
  ) {
    if (file.lines.length === 0) return;
    const { problems, budgets, institution: owner } = verifyLedger(file.lines);
    if (problems.length > 0)
      throw new LedgerDamaged(`The node's ledger is damaged at line ${problems[0].line}: ${problems[0].problem}`);
    if (owner !== institution) throw new LedgerDamaged(`The node's ledger is that of ${owner}, not of ${institution}.`);
    for (const [population, budget] of budgets) this.budgets.set(population, budget);
    const { type: _, ...last } = JSON.parse(file.lines[file.lines.length - 1]) as LedgerEntry & { type: string };
    this.last = last;
  }

  budget(population: string): Budget {
    return this.budgets.get(population) ?? EMPTY_BUDGET;
  }

  populations(): readonly string[] {
    return [...this.budgets.keys()].sort();
  }

  /** Sets the bank's own cap; nothing happens where it is this already and its period runs. */
  setCap(population: string, cap: { epsilon: number; delta: number; days: number }, now: number): void {
    const known = this.budget(population).cap;
    const at = this.timeAfterLast(now);
    if (known && known.epsilon === cap.epsilon && known.delta === cap.delta && at < known.until) return;
    // Within a period its end stays: a cap that is set again must not put off the day when charges are forgotten, or hasten it.
    const until = known && at < known.until ? known.until : new Date(now + cap.days * 86_400_000).toISOString();
    this.append({ kind: 'cap', population, at, epsilon: cap.epsilon, delta: cap.delta, until });
  }

  /** Sets the round's charge aside, once. @throws {BudgetError} EXHAUSTED, NO_CAP, OUTSIDE_PERIOD */
  reserve({ population, mechanisms, run, round }: RoundPlan, node: string, now: number): void {
    if (this.statusOf(population, round) === 'reserved') return;
    const at = this.timeAfterLast(now);
    this.append({ kind: 'reserve', population, at, reservation: round, mechanisms, run, round, node });
  }

  /** The charge stands for ever: recorded before a single byte leaves. */
  commit({ population, round }: RoundPlan, digest: string, now: number): void {
    if (this.statusOf(population, round) === 'committed') return;
    const at = this.timeAfterLast(now);
    this.append({ kind: 'commit', population, at, reservation: round, digest, reason: 'uploaded' });
  }

  /** Gives a charge back of which nothing can have left. One that was committed stays. */
  release({ population, round }: Pick<RoundPlan, 'population' | 'round'>, now: number): void {
    if (this.statusOf(population, round) !== 'reserved') return;
    const at = this.timeAfterLast(now);
    this.append({ kind: 'release', population, at, reservation: round, reason: 'withdrawn' });
  }

  /** Gives back what a crash left reserved before the node had joined; all but the round that it is about to join. */
  releaseOrphans(except: string, now: number): void {
    for (const [population, { charges, earlier }] of this.budgets)
      for (const { reservation, status } of [...charges.values(), ...earlier.values()])
        if (status === 'reserved' && reservation !== except) this.release({ population, round: reservation }, now);
  }

  statusOf(population: string, round: string) {
    const { charges, earlier } = this.budget(population);
    return (charges.get(round) ?? earlier.get(round))?.status;
  }

  private append(record: LedgerRecord): void {
    const budget = applyRecord(this.budget(record.population), record);
    const entry = chainEntry(this.institution, this.last, record, budget.spent);
    this.file.append(JSON.stringify({ type: 'entry', ...entry }));
    this.budgets.set(record.population, budget);
    this.last = entry;
  }

  /** A clock that was set back must not make a ledger whose entries go back in time. */
  private timeAfterLast(now: number): string {
    const at = new Date(now).toISOString();
    return this.last && at < this.last.record.at ? this.last.record.at : at;
  }
}

export { BudgetError };
