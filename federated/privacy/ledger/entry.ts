import type { Mechanism } from '../mechanism.js';

/** What happened to a budget. An institution's ledger is the list of these, in order; nothing else is a source of truth. */
export type LedgerRecord = CapRecord | ReserveRecord | CommitRecord | ReleaseRecord;

interface RecordOf<Kind extends string> {
  readonly kind: Kind;
  /** The data population that is charged: users of one institution whose data are trained on ("retail", "all"). */
  readonly population: string;
  /** ISO 8601, UTC, milliseconds. */
  readonly at: string;
}

/** The operator and the institution agreed on a cap for a period; charges of the period before do not count in it. */
export interface CapRecord extends RecordOf<'cap'> {
  readonly epsilon: number;
  readonly delta: number;
  /** From `at` until then (exclusive). */
  readonly until: string;
}

/** A node joined a round: what its contribution will cost is set aside. */
export interface ReserveRecord extends RecordOf<'reserve'> {
  readonly reservation: string;
  readonly mechanisms: readonly Mechanism[];
  readonly run: string;
  readonly round: string;
  readonly node: string;
}

/** Something was disclosed, or may have been: the charge stands for ever. */
export interface CommitRecord extends RecordOf<'commit'> {
  readonly reservation: string;
  /** SHA-256 of the update file in hexadecimal, where one was accepted. */
  readonly digest?: string;
  readonly reason: 'accepted' | 'uploaded' | 'deadline';
}

/** Nothing can have been disclosed: the charge is given back. */
export interface ReleaseRecord extends RecordOf<'release'> {
  readonly reservation: string;
  readonly reason: 'round-closed' | 'withdrawn';
}

/** ε at the cap's δ of all that is reserved and committed in the period, by both accountants. */
export interface Spent {
  readonly pld: number;
  readonly rdp: number;
  /** Version of the accountant that gave these figures; absent: 1. */
  readonly accountant?: number;
}

export interface LedgerEntry {
  /** From 1, without gaps. */
  readonly sequence: number;
  readonly institution: string;
  readonly record: LedgerRecord;
  /** What stood spent for the record's population after it. */
  readonly spent: Spent;
  /** Hash of the entry before, 64 zeros for the first. */
  readonly previous: string;
  /** SHA-256 of the canonical JSON of all the above, in hexadecimal. */
  readonly hash: string;
}
