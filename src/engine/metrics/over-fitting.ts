import { GAP, type LearningCurve } from '../training/learning-curve.js';

export interface LearningVerdict {
  /** Step of the least validation loss: what came later was thrown away. */
  readonly best: number;
  /** Validation loss − training loss at that step. */
  readonly gap: number;
  /** From the best step on the training loss went on falling while the validation loss rose. */
  readonly overfitsAfter: boolean;
  /** The gap at the best step is so large that the model knows its training users much better than others. */
  readonly parted: boolean;
}

/** A rise is one from this share of what the validation loss had fallen by, or of itself where it hardly fell. */
const RISE = 0.02;
const RISE_OF_LOSS = 0.002;

/** @returns undefined where there is no curve to judge. */
export function judgeLearning({ points }: LearningCurve): LearningVerdict | undefined {
  const known = points.filter(({ loss, validationLoss }) => Number.isFinite(loss) && Number.isFinite(validationLoss));
  if (known.length < 2) return undefined;
  const best = known.reduce((least, point) => (point.validationLoss < least.validationLoss ? point : least));
  const [first, last] = [known[0], known[known.length - 1]];
  const fell = first.validationLoss - best.validationLoss;
  const rose = last.validationLoss - best.validationLoss;
  const gap = best.validationLoss - best.loss;
  return {
    best: best.step,
    gap,
    overfitsAfter: rose > Math.max(RISE * fell, RISE_OF_LOSS * best.validationLoss) && last.loss < best.loss,
    parted: gap > GAP * best.loss,
  };
}
