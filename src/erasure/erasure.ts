export const ERASURE_METHODS = ['exact', 'retrained', 'withdrawn', 'bounded'] as const;
/**
 * How a user was taken out of a model. exact: what it is now is what training without the user would have made. retrained: it was trained again
 * from the users who are left. withdrawn: it did not serve, and its weights were deleted. bounded: it was trained with differential privacy, which
 * bounds what one user can have changed; it is left as it is.
 */
export type ErasureMethod = (typeof ERASURE_METHODS)[number];

/** A model that had learnt from an erased user. */
export interface ErasedModel {
  /** null: the institution's profile model. */
  readonly modelVersionId: string | null;
  /** null: it is still to be done. */
  readonly method: ErasureMethod | null;
  /** The version that took its place. */
  readonly replacementId: string | null;
  /** Why it has not been done yet, or what is to be known of it. */
  readonly reason: string | null;
  readonly doneAt: Date | null;
}

/** The receipt: it names no user. */
export interface Erasure {
  readonly id: string;
  readonly erasedAt: Date;
  readonly models: readonly ErasedModel[];
}

/** Work that is left: one user to be taken out of one model. */
export interface DueErasure {
  readonly erasureId: string;
  readonly position: number;
  readonly erasedAt: Date;
  readonly modelVersionId: string | null;
  /** As the model knows the user, with what the user owned; null where the user was not trained on, but set aside. */
  readonly userKey: string | null;
  readonly owned: readonly string[] | null;
}
