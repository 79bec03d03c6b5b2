export interface VaeSettings {
  readonly hidden: number;
  /** Values of a user's place. */
  readonly latent: number;
  /** Share of the products owned that the encoder does not see, drawn anew each time; at least one. */
  readonly dropout: number;
  /** What the divergence from the prior weighs at last; it grows from 0 through the first third of the epochs. */
  readonly beta: number;
  readonly learningRate: number;
  readonly epochs: number;
}
