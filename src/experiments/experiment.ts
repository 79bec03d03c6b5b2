import { createHash } from 'node:crypto';

export const EXPERIMENT_STATUSES = ['running', 'stopped', 'promoted'] as const;
export type ExperimentStatus = (typeof EXPERIMENT_STATUSES)[number];

export interface Variant {
  readonly name: string;
  /** Of the users; those of all variants sum to 1. */
  readonly share: number;
  /** null: the champion, whatever version is active. */
  readonly modelVersionId: string | null;
}

export interface Experiment {
  readonly id: string;
  readonly name: string;
  readonly status: ExperimentStatus;
  /** The champion first. */
  readonly variants: readonly Variant[];
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  /** The challenger that took over, where one did. */
  readonly promoted: string | null;
}

/** Under which variant of which experiment an answer is given. */
export interface Exposure {
  readonly experimentId: string;
  readonly variant: string;
}

export const CHAMPION = 'champion';

const RANGE = 2 ** 48;

/**
 * The variant of a user: always the same within an experiment, independent of the user's variant in any other, and stored nowhere before it
 * is used. The place of a user in [0, 1) is the first 48 bits of SHA-256 of the two ids.
 */
export function variantOf({ id, variants }: Pick<Experiment, 'id' | 'variants'>, userId: string): Variant {
  const place = createHash('sha256').update(`${id}/${userId}`).digest().readUIntBE(0, 6) / RANGE;
  let end = 0;
  for (const variant of variants) {
    end += variant.share;
    if (place < end) return variant;
  }
  return variants[0]; // shares that sum to a little less than 1
}
