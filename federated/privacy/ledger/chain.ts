import { createHash } from 'node:crypto';
import { canonicalJson } from '../../canonical-json.js';
import type { LedgerEntry, LedgerRecord, Spent } from './entry.js';
import { leafHash } from './merkle.js';

/** What the first entry follows. */
export const GENESIS = '0'.repeat(64);

/** The entry that follows `last` (undefined: the first of a ledger). */
export function chainEntry(
  institution: string,
  last: Pick<LedgerEntry, 'sequence' | 'hash'> | undefined,
  record: LedgerRecord,
  spent: Spent,
): LedgerEntry {
  const body = { sequence: (last?.sequence ?? 0) + 1, institution, record, spent, previous: last?.hash ?? GENESIS };
  return { ...body, hash: entryHash(body) };
}

/** SHA-256 of the canonical JSON of everything but the hash; the previous hash is part of it, which makes the chain. */
export function entryHash({ sequence, institution, record, spent, previous }: Omit<LedgerEntry, 'hash'>): string {
  return createHash('sha256').update(canonicalJson({ sequence, institution, record, spent, previous })).digest('hex');
}

/** The entry as a leaf of the Merkle tree. */
export const entryLeaf = ({ hash }: Pick<LedgerEntry, 'hash'>): Buffer => leafHash(Buffer.from(hash, 'hex'));
