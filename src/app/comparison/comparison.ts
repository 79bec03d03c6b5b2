import type { Descriptor } from '../../database/import/descriptor.js';
import type { ModelName, Task } from '../../engine/engine.js';
import type { Interval } from '../../engine/metrics/bootstrap.js';
import type { ReliabilityBin } from '../../engine/metrics/calibration.js';
import type { CurvePoint, ScoreBand } from '../../engine/metrics/curves.js';
import type { LearningCurve } from '../../engine/training/learning-curve.js';
import type { DataSummary } from './data-summary.js';
import type { AttributeGroups } from './groups.js';

/** Several models on one data set, and what can be said of which is better: plain data, as `concord compare --json` prints it. */
export interface Comparison {
  readonly data: DataSummary;
  readonly task: Task;
  readonly seed: number;
  /** Draws of the bootstrap. */
  readonly resamples: number;
  /** Share of draws inside an interval. */
  readonly level: number;
  /** The figure by which models are ordered. */
  readonly mainFigure: string;
  /** Best first. */
  readonly models: readonly ComparedModel[];
  /** Models that don't fit the task or the data, and why. */
  readonly skipped: readonly LeftOut[];
  /** Figures on test users, and by cross-validation: one of them, or both. The first decides the order. */
  readonly evidence: readonly Evidence[];
  /** Of each protected attribute; models, users and figures behind the first evidence. */
  readonly groups: readonly AttributeGroups[];
  readonly peers: NonNullable<Descriptor['peers']>;
  readonly backend: string;
  readonly seconds: number;
}

export interface LeftOut {
  readonly model: ModelName;
  readonly reason: string;
  /** It should have worked. */
  readonly isFault?: boolean;
}

/** What all models reached on the same users. */
export interface Evidence {
  readonly by: 'test users' | 'cross-validation';
  /** Folds, by cross-validation. */
  readonly folds?: number;
  readonly users: number;
  /** The model of the best main figure: differences are from it. */
  readonly best: ModelName;
  readonly models: Readonly<Partial<Record<ModelName, Standing>>>;
}

export interface Standing {
  readonly figures: Readonly<Record<string, number>>;
  /** By cross-validation: standard deviation between the folds. */
  readonly deviations?: Readonly<Record<string, number>>;
  readonly intervals: Readonly<Record<string, Interval>>;
  /** This model − the best one; not of the best one itself. */
  readonly differences?: Readonly<Record<string, FigureDifference>>;
}

export interface FigureDifference {
  readonly difference: number;
  readonly interval: Interval;
  /** Of this comparison alone. */
  readonly p: number;
  /** Raised for the number of models that were compared. */
  readonly adjustedP: number;
}

export interface ComparedModel {
  readonly model: ModelName;
  /** As `concord evaluate` gives them. */
  readonly metrics: Readonly<Record<string, number>>;
  /** The main figure of the stored split's validation users, who alone may choose between models. */
  readonly onValidation?: number;
  readonly plots: RiskPlots | InterestPlots;
  readonly learning: readonly LearningCurve[];
  /** Settings chosen, trials, sizes. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly seconds: number;
}

export interface RiskPlots {
  readonly task: 'risk';
  readonly eventRate: number;
  readonly meanProbability: number;
  readonly roc: readonly CurvePoint[];
  readonly precisionRecall: readonly CurvePoint[];
  readonly gains: readonly CurvePoint[];
  readonly bands: readonly ScoreBand[];
  readonly reliability: readonly ReliabilityBin[];
  readonly calibrationError: number;
  /** What the error would be of probabilities that are right, with so many users. */
  readonly calibrationErrorByChance: number;
  /** Users by probability, in bins of equal width from 0 on; the last takes all above. */
  readonly scores: { readonly width: number; readonly events: readonly number[]; readonly others: readonly number[] };
}

export interface InterestPlots {
  readonly task: 'interest';
  /** Recall among the first k, k = 1, 2, …. */
  readonly recallAt: readonly { readonly recall: number; readonly interval: Interval }[];
  /** Of the product ranked first: its probability, and whether it was the one hidden. */
  readonly reliability: readonly ReliabilityBin[];
  readonly calibrationError: number;
  readonly calibrationErrorByChance: number;
  /** Products of the data summary, in its order: from how many users it was hidden, and their recall@3 (NaN, null in JSON, without any). */
  readonly byProduct: readonly { readonly users: number; readonly recall3: number }[];
  readonly head: PartOfCatalogue;
  readonly tail: PartOfCatalogue;
}

export interface PartOfCatalogue {
  /** Users whose hidden product it has. */
  readonly users: number;
  readonly recall3: number;
  readonly mrr: number;
}
