/** A user of whom a training reads. */
export interface Participant {
  readonly userId: string;
  /** false: set aside, for figures or for the choice of settings. */
  readonly trained: boolean;
  /** Codes of products. */
  readonly owned: readonly string[];
}
