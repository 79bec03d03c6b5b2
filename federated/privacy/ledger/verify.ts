import { createPublicKey, type KeyObject } from 'node:crypto';
import { ACCOUNTANT_ACCURACY, ACCOUNTANT_VERSION } from '../accountant/epsilon.js';
import { applyRecord, type Budget, EMPTY_BUDGET, rememberingMeasure, spentOf } from './budget.js';
import { entryHash, entryLeaf, GENESIS } from './chain.js';
import { type Checkpoint, verifyCheckpoint } from './checkpoint.js';
import type { LedgerEntry, Spent } from './entry.js';
import { MerkleFrontier } from './merkle.js';

/** A line of an export: the keys of the coordinator, the entries of one institution in order, and the checkpoints. */
export type ExportLine =
  | { readonly type: 'key'; readonly id: string; readonly publicKey: string }
  | ({ readonly type: 'entry' } & LedgerEntry)
  | ({ readonly type: 'checkpoint' } & Checkpoint);

export interface Problem {
  /** Line of the export, from 1. */
  readonly line: number;
  readonly problem: string;
}

export interface Verification {
  readonly institution: string | undefined;
  readonly entries: number;
  readonly checkpoints: number;
  /** Entries that a checkpoint covers. An export ends with one over all: what lies beyond could be anybody's. */
  readonly covered: number;
  readonly budgets: ReadonlyMap<string, Budget>;
  /** How many entries have figures of which version of the accountant, in order of versions. */
  readonly accountants: ReadonlyMap<number, number>;
  /** Empty: the ledger is whole. */
  readonly problems: readonly Problem[];
}

/**
 * How far a stated ε may be from the recomputed one, times max(1, ε). Of the same version only the last digits may differ, between
 * processors' exp and log. Of another both are at most the accuracy above the true ε: who claims another version wins no more than that.
 */
const TOLERANCE = 1e-6;
const toleranceOf = (version: number) => (version === ACCOUNTANT_VERSION ? TOLERANCE : ACCOUNTANT_ACCURACY);
const FIGURES = ['pld', 'rdp'] as const;
const near = (said: number, found: number, version: number) =>
  said >= 0 && Math.abs(said - found) <= toleranceOf(version) * Math.max(1, found);
const agree = (said: Spent, found: Spent, version: number) =>
  FIGURES.every((figure) => near(said[figure], found[figure], version));
/** An entry has these and no more: what the hash does not cover must not be there. */
const ENTRY_FIELDS = 6;
const HASH = /^[0-9a-f]{64}$/;

/**
 * Recomputes a ledger from its export alone: sequence, chain, the rules of budgets, every ε, Merkle roots and signatures.
 * @param trusted ids of coordinator keys → raw public keys in base64url, known from elsewhere. Without them the export's own keys
 *   are taken, which shows that it is consistent, not who signed it.
 */
export function verifyLedger(lines: Iterable<string>, trusted?: ReadonlyMap<string, string>): Verification {
  const check = new LedgerCheck(trusted);
  for (const line of lines) check.read(line);
  return check.result();
}

/**
 * As verifyLedger, of what a coordinator exports: a checkpoint must be over all entries, or the end was cut off. A node's own ledger has
 * no checkpoints.
 */
export function verifyExport(lines: Iterable<string>, trusted?: ReadonlyMap<string, string>): Verification {
  const check = new LedgerCheck(trusted);
  for (const line of lines) check.read(line);
  return check.resultOfExport();
}

/**
 * As verifyExport, line by line, or as verifyLedger where it is unsigned. Of an entry are kept 32 bytes, and of a reservation what the rules
 * need: its id, what it charged and what became of it.
 */
export async function verifyStream(
  lines: AsyncIterable<string>,
  { trusted, unsigned = false }: { readonly trusted?: ReadonlyMap<string, string>; readonly unsigned?: boolean } = {},
): Promise<Verification> {
  const check = new LedgerCheck(trusted);
  for await (const line of lines) check.read(line);
  return unsigned ? check.result() : check.resultOfExport();
}

/** Hashes of one size after another, without an object for each. */
class Hashes {
  length = 0;
  private bytes = Buffer.alloc(32 * 1024);

  push(hash: Buffer): void {
    if (32 * this.length === this.bytes.length)
      this.bytes = Buffer.concat([this.bytes, Buffer.alloc(this.bytes.length)]);
    hash.copy(this.bytes, 32 * this.length++);
  }

  at(index: number): Buffer {
    return this.bytes.subarray(32 * index, 32 * index + 32);
  }
}

class LedgerCheck {
  private readonly budgets = new Map<string, Budget>();
  private readonly problems: Problem[] = [];
  private readonly keys = new Map<string, KeyObject>();
  private readonly leaves = new Hashes();
  private readonly trusted: ReadonlyMap<string, string> | undefined;
  private readonly measure = rememberingMeasure();
  private lines = 0;
  private checkpoints = 0;
  private readonly accountants = new Map<number, number>();
  private covered = 0;
  private institution: string | undefined;
  private last: Pick<LedgerEntry, 'sequence' | 'hash' | 'record'> | undefined;
  /** Over the entries of the checkpoint before: checkpoints come in order. */
  private tree = MerkleFrontier.EMPTY;

  constructor(trusted: ReadonlyMap<string, string> | undefined) {
    this.trusted = trusted;
    for (const [id, key] of trusted ?? []) this.keys.set(id, publicKeyOf(key));
  }

  result(): Verification {
    if (this.leaves.length === 0) this.report(this.lines, 'There are no entries.');
    const { institution, covered, budgets, problems } = this;
    const counts = { entries: this.leaves.length, checkpoints: this.checkpoints, covered };
    const accountants = new Map([...this.accountants].sort(([a], [b]) => a - b));
    return { institution, ...counts, budgets, accountants, problems };
  }

  resultOfExport(): Verification {
    const found = this.result();
    if (this.covered !== found.entries)
      this.report(
        this.lines,
        `No checkpoint covers the entries after ${this.covered}: the end of the export is missing.`,
      );
    return found;
  }

  read(text: string): void {
    const line = ++this.lines;
    if (text.trim() === '') return;
    try {
      const value = JSON.parse(text) as ExportLine;
      // A byte that changes no value (white space, another spelling of a number) is an edit too.
      if (JSON.stringify(value) !== text) this.report(line, 'This line is not as an export writes it.');
      if (value.type === 'key') this.key(value, line);
      else if (value.type === 'entry') this.entry(value, line);
      else if (value.type === 'checkpoint') this.checkpoint(value, line);
      else this.report(line, 'This is no key, no entry and no checkpoint.');
    } catch (error) {
      // Whatever a hostile file makes these throw, it is a file that does not verify.
      this.report(line, `This cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private report(line: number, problem: string): void {
    this.problems.push({ line, problem });
  }

  private key({ id, publicKey }: Extract<ExportLine, { type: 'key' }>, line: number): void {
    if (!this.trusted) this.keys.set(id, publicKeyOf(publicKey));
    else if (this.trusted.get(id) !== publicKey) this.report(line, `The key ${id} is not one that you trust.`);
  }

  private entry({ type: _, ...entry }: Extract<ExportLine, { type: 'entry' }>, line: number): void {
    const last = this.last;
    const expected = (last?.sequence ?? 0) + 1;
    if (entry.sequence !== expected)
      this.report(line, `Entry ${entry.sequence} stands where entry ${expected} belongs.`);
    if (last && entry.institution !== this.institution)
      this.report(line, `Entry ${entry.sequence} is of another institution.`);
    if (entry.previous !== (last?.hash ?? GENESIS))
      this.report(line, `Entry ${entry.sequence} does not follow the entry before it.`);
    if (entry.hash !== entryHash(entry) || Object.keys(entry).length !== ENTRY_FIELDS)
      this.report(line, `Entry ${entry.sequence} is not what its hash says.`);
    if (last && entry.record.at < last.record.at)
      this.report(line, `Entry ${entry.sequence} is older than the entry before it.`);
    this.recompute(entry, line);
    this.institution ??= entry.institution;
    this.last = entry;
    this.leaves.push(entryLeaf(entry));
  }

  private recompute({ sequence, record, spent }: LedgerEntry, line: number): void {
    const version = spent.accountant === undefined ? 1 : spent.accountant;
    if (!Number.isSafeInteger(version) || version < 1) {
      this.report(line, `Entry ${sequence} names no version of the accountant: ${JSON.stringify(version)}.`);
      return;
    }
    this.accountants.set(version, (this.accountants.get(version) ?? 0) + 1);
    const before = this.budgets.get(record.population) ?? EMPTY_BUDGET;
    try {
      const budget = applyRecord(before, record, (...charged) => {
        const found = this.measure(...charged);
        // Its writer refused by figures of its own version: where they are as near as they must be, they count for the rules.
        return version !== ACCOUNTANT_VERSION && agree(spent, found, version) ? spent : found;
      });
      const found = spentOf(budget, this.measure);
      if (agree(spent, found, version)) this.budgets.set(record.population, { ...budget, spent });
      else {
        this.budgets.set(record.population, budget);
        this.reportSum(line, sequence, spent, found, version);
      }
    } catch (error) {
      this.report(line, `Entry ${sequence} breaks a rule: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private reportSum(line: number, sequence: number, said: Spent, found: Spent, version: number): void {
    const by = version === ACCOUNTANT_VERSION ? '' : `, by version ${version} of the accountant,`;
    for (const accountant of FIGURES)
      if (!near(said[accountant], found[accountant], version))
        this.report(
          line,
          `Entry ${sequence} says ε = ${said[accountant]} (${accountant})${by} where ${found[accountant]} was spent.`,
        );
  }

  private checkpoint({ type: _, ...checkpoint }: Extract<ExportLine, { type: 'checkpoint' }>, line: number): void {
    this.checkpoints++;
    const problem = this.problemOf(checkpoint);
    if (problem) this.report(line, problem);
    else this.covered = Math.max(this.covered, checkpoint.size);
  }

  private problemOf(checkpoint: Checkpoint): string | undefined {
    const { size, root, head, institution, key: id } = checkpoint;
    const key = this.keys.get(id);
    if (!key) return `The checkpoint is signed by the unknown key ${id}.`;
    if (!verifyCheckpoint(checkpoint, key)) return 'The signature of the checkpoint does not verify.';
    if (institution !== this.institution) return 'The checkpoint is of another institution.';
    if (!Number.isInteger(size) || size < 1 || size > this.leaves.length)
      return `The checkpoint is over ${size} entries; ${this.leaves.length} are here: some are missing.`;
    const headLeaf = HASH.test(head) && entryLeaf({ hash: head });
    if (!headLeaf || !this.leaves.at(size - 1).equals(headLeaf) || this.rootOf(size) !== root)
      return `The first ${size} entries are not those that the checkpoint was signed over.`;
    return undefined;
  }

  private rootOf(size: number): string {
    if (size < this.tree.size) this.tree = MerkleFrontier.EMPTY;
    while (this.tree.size < size) this.tree = this.tree.with(this.leaves.at(this.tree.size));
    return this.tree.root().toString('hex');
  }
}

/** @param raw 32 bytes in base64url */
function publicKeyOf(raw: string): KeyObject {
  if (Buffer.from(raw, 'base64url').toString('base64url') !== raw)
    throw new TypeError('The public key is not 32 bytes in base64url.');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw }, format: 'jwk' });
}
