import { type KeyObject, sign, verify } from 'node:crypto';
import { canonicalJson } from '../../canonical-json.js';
import { entryLeaf } from './chain.js';
import type { LedgerEntry } from './entry.js';
import { MerkleFrontier } from './merkle.js';

/** The coordinator's word for what a ledger was: whoever holds one can tell when history was changed after it. */
export interface Checkpoint {
  readonly institution: string;
  /** Number of entries. */
  readonly size: number;
  /** Merkle root over them, in hexadecimal. */
  readonly root: string;
  /** Hash of the last entry. */
  readonly head: string;
  readonly at: string;
  /** Which of the coordinator's keys signed it. */
  readonly key: string;
  /** Ed25519 over the canonical JSON of all the above, in base64url. */
  readonly signature: string;
}

export interface Signer {
  readonly key: string;
  readonly privateKey: KeyObject;
}

/** @param entries the whole ledger of one institution; at least one */
export function signCheckpoint(
  entries: readonly Pick<LedgerEntry, 'institution' | 'hash'>[],
  at: string,
  signer: Signer,
): Checkpoint {
  const last = entries.at(-1);
  if (!last) throw new RangeError('An empty ledger has nothing to sign.');
  const tree = entries.reduce((before, entry) => before.with(entryLeaf(entry)), MerkleFrontier.EMPTY);
  return signTree(last.institution, tree, last.hash, at, signer);
}

/**
 * @param tree over the whole ledger, of which there is at least one entry
 * @param head hash of the last
 */
export function signTree(
  institution: string,
  tree: MerkleFrontier,
  head: string,
  at: string,
  { key, privateKey }: Signer,
): Checkpoint {
  const body = { institution, size: tree.size, root: tree.root().toString('hex'), head, at, key };
  return { ...body, signature: sign(null, bytesOf(body), privateKey).toString('base64url') };
}

export function verifyCheckpoint(checkpoint: Checkpoint, publicKey: KeyObject): boolean {
  const { signature, ...body } = checkpoint;
  const bytes = Buffer.from(signature, 'base64url');
  // Base64 can spell the same bytes in several ways; a signature has one.
  return bytes.toString('base64url') === signature && verify(null, bytesOf(body), publicKey, bytes);
}

function bytesOf({ institution, size, root, head, at, key }: Omit<Checkpoint, 'signature'>): Buffer {
  return Buffer.from(canonicalJson({ institution, size, root, head, at, key }));
}
