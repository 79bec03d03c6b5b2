import { hash } from 'node:crypto';

/**
 * Merkle tree over ledger entries, as certificate transparency has it (RFC 6962, section 2.1): leaves and nodes are hashed with different
 * prefixes, so that neither can be taken for the other.
 */
const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);

const sha256 = (...parts: readonly Uint8Array[]): Buffer => hash('sha256', Buffer.concat(parts), 'buffer');

export const leafHash = (data: Uint8Array): Buffer => sha256(LEAF, data);
const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer => sha256(NODE, left, right);

/** @param leaves leaf hashes, in order */
export function merkleRoot(leaves: readonly Uint8Array[]): Buffer {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return Buffer.from(leaves[0]);
  const split = splitOf(leaves.length);
  return nodeHash(merkleRoot(leaves.slice(0, split)), merkleRoot(leaves.slice(split)));
}

/**
 * The tree over leaves that come one by one: the roots of its whole subtrees, the largest first, are all that is needed for the next. Each
 * further leaf makes another value.
 */
export class MerkleFrontier {
  static readonly EMPTY = new MerkleFrontier(0, []);

  private constructor(
    readonly size: number,
    private readonly roots: readonly Buffer[],
  ) {}

  /** @param leaf leaf hash */
  with(leaf: Buffer): MerkleFrontier {
    const roots = [...this.roots, leaf];
    for (let size = this.size; size % 2 === 1; size = (size - 1) / 2) {
      const right = roots.pop() as Buffer;
      roots.push(nodeHash(roots.pop() as Buffer, right));
    }
    return new MerkleFrontier(this.size + 1, roots);
  }

  root(): Buffer {
    return this.roots.length === 0 ? sha256() : this.roots.reduceRight((right, left) => nodeHash(left, right));
  }
}

/**
 * The hashes that lead from leaf `index` to the root, from the leaf's sibling upwards (RFC 6962, section 2.1.1).
 * @throws {RangeError} where there is no such leaf
 */
export function inclusionProof(leaves: readonly Uint8Array[], index: number): Buffer[] {
  if (!Number.isInteger(index) || index < 0 || index >= leaves.length)
    throw new RangeError(`There is no leaf ${index}.`);
  if (leaves.length === 1) return [];
  const split = splitOf(leaves.length);
  return index < split
    ? [...inclusionProof(leaves.slice(0, split), index), merkleRoot(leaves.slice(split))]
    : [...inclusionProof(leaves.slice(split), index - split), merkleRoot(leaves.slice(0, split))];
}

/** Whether the proof shows that this leaf stands at `index` of a tree of `size` leaves with this root. */
export function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!Number.isInteger(index) || index < 0 || index >= size) return false;
  return rootFrom(leaf, index, size, proof)?.equals(root) ?? false;
}

function rootFrom(leaf: Uint8Array, index: number, size: number, proof: readonly Uint8Array[]): Buffer | undefined {
  if (size === 1) return proof.length === 0 ? Buffer.from(leaf) : undefined;
  const sibling = proof.at(-1);
  if (sibling?.length !== 32) return undefined;
  const split = splitOf(size);
  const rest = proof.slice(0, -1);
  if (index < split) {
    const left = rootFrom(leaf, index, split, rest);
    return left && nodeHash(left, sibling);
  }
  const right = rootFrom(leaf, index - split, size - split, rest);
  return right && nodeHash(sibling, right);
}

/** The largest power of two below n. */
function splitOf(n: number): number {
  let split = 1;
  while (split * 2 < n) split *= 2;
  return split;
}
