/** What a training is called in progress, and which part it is of the whole work (fractions). */
export interface PartOfWork {
  readonly stage: string;
  readonly from: number;
  readonly to: number;
}
