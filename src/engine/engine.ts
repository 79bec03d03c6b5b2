import type { Mechanism } from '../../federated/privacy/mechanism.js';
import type { TrainingSettings as PrivateSettings, Strategy } from '../../federated/protocol/plan.js';
import type { BackendName } from './backends/backend.js';
import type { CalibrationChoice } from './calibration/calibration.js';
import type { Dataset, UserRow } from './data/dataset.js';
import type { PublicDeclaration } from './encoders/public-grid.js';
import type { Predictions } from './evaluation/predictions.js';
import type { ExplanationMethod } from './explanations/methods.js';
import type { TrainedProfiles } from './profiling/model.js';
import type { ProfileSettings } from './profiling/settings.js';
import type { MemberSettings } from './recommenders/model.js';
import { SINGLE_RECOMMENDERS, type SingleRecommender } from './recommenders/recommender.js';
import type { ScorecardSettings } from './scorecard/settings.js';
import type { TrainingSettings } from './training/settings.js';
import { TREE_MODELS, type TreeSettings } from './trees/settings.js';
import type { TwoTowerSettings } from './two-tower/settings.js';

export type Task = 'interest' | 'risk';
/** Models that have parameters: what a federation can train. */
export const NETWORK_MODELS = ['linear', 'logistic', 'dnn', 'tabm', 'cnn', 'gru'] as const;
export type NetworkModel = (typeof NETWORK_MODELS)[number];
export const MODELS = [
  'popularity',
  ...NETWORK_MODELS,
  ...TREE_MODELS,
  ...SINGLE_RECOMMENDERS,
  'two-tower',
  'hybrid',
  'stack',
  'scorecard',
] as const;
export type ModelName = (typeof MODELS)[number];

/** Settings of the model that is named: the others have none of these names. */
export type ModelSettings = CommonSettings &
  (
    | Partial<TrainingSettings>
    | Partial<TreeSettings>
    | RecommenderSettings
    | Partial<TwoTowerSettings>
    | Partial<HybridSettings>
    | Partial<StackSettings>
    | Partial<ScorecardSettings>
  );

/** Of every model. */
export interface CommonSettings {
  /** Risk: what is done so that probabilities come true, on users that the model has not learnt from. Default: nothing. */
  readonly calibration?: CalibrationChoice;
}

/** Everything that decides a stack beside the data and the seed. */
export interface StackSettings {
  /** Which models it is made of: of the models of a user's features, those that are for the task. */
  readonly members: readonly ModelName[];
  /** Settings of members, by their names. */
  readonly memberSettings?: Readonly<Partial<Record<ModelName, ModelSettings>>>;
}

/** Everything that decides a hybrid beside the data and the seed. */
export interface HybridSettings {
  /** Which models it is made of: recommenders, and models of a user's features. */
  readonly members: readonly ModelName[];
}

export type RecommenderSettings = Partial<MemberSettings[SingleRecommender]>;

export interface Progress {
  /** What is going on: "training dnn, seed 2 of 3", "choosing weight decay". */
  readonly stage: string;
  /** 0 to 1 over the whole work. */
  readonly fraction: number;
  /** Figures so far: {loss, validationLoss, epoch}. */
  readonly figures?: Readonly<Record<string, number>>;
}

export interface RunOptions {
  readonly backend?: BackendName;
  readonly seed?: number;
  /** Settings that are given are not chosen by the engine. */
  readonly settings?: ModelSettings;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** A trained model, as it is stored: everything that a scorer needs and nothing about any one user. */
export interface TrainedModel {
  readonly task: Task;
  readonly model: ModelName;
  /** The fitted feature contract, plain JSON: columns, encodings with their edges and categories, product codes in output order. */
  readonly contract: Readonly<Record<string, unknown>>;
  /** safetensors. */
  readonly weights: Uint8Array;
  /** On validation users (test users where the dataset has a test fold). */
  readonly metrics: Readonly<Record<string, number>>;
  /** Settings chosen, seed, rows, epochs, seconds, backend: enough to run it again. */
  readonly training: Readonly<Record<string, unknown>>;
}

/** Why one score is what it is: base + the sum of contributions = score, in log-odds. */
export interface Explanation {
  readonly base: number;
  readonly score: number;
  /**
   * Largest first by absolute value; a feature is a column of the contract, "owned:CODE" for each product owned (value 1), or
   * "owned:other products" for all that are not owned, together (value 0); of a model that reads events "events:NAME" for what it reads of
   * them, and "events" for there being so many (value: their number).
   */
  readonly contributions: readonly { feature: string; value: number | string | null; contribution: number }[];
}

/** A product and how alike it is to another: 1 at most. */
export interface SimilarCode {
  readonly product: string;
  readonly similarity: number;
}

/** A product that was found, and its probability among those that were. */
export interface Retrieved {
  readonly product: string;
  readonly probability: number;
}

/** Models loaded for serving, in a worker thread: calls that come together are scored as one batch. */
export interface ScoringService {
  load(versionId: string, model: Pick<TrainedModel, 'task' | 'model' | 'contract' | 'weights'>): Promise<void>;
  unload(versionId: string): Promise<void>;
  /**
   * Probability of interest for each product, in the order of contract.products. Those of the products not owned sum to 1; a product
   * that is owned is not masked: it has the probability that it would have as one more candidate.
   */
  scoreInterest(versionId: string, rows: readonly UserRow[]): Promise<Float32Array[]>;
  /** Probability of the event for each row. */
  scoreRisk(versionId: string, rows: readonly UserRow[]): Promise<Float32Array>;
  /** One explanation for each product code asked for. */
  explainInterest(
    versionId: string,
    row: UserRow,
    products: readonly string[],
    method?: ExplanationMethod,
  ): Promise<Explanation[]>;
  /** @param method default: the best for the model. @throws {ConcordError} BAD_INPUT where the model has no such explanation */
  explainRisk(versionId: string, row: UserRow, method?: ExplanationMethod): Promise<Explanation>;
  /**
   * The products of the highest probabilities among those not owned, best first, without scoring all: of very many products some of the best may be
   * missed. Undefined where the model has to score all.
   */
  retrieve(versionId: string, row: UserRow, count: number): Promise<readonly Retrieved[] | undefined>;
  /** The products most like one, best first; undefined where the model cannot tell, or does not know the product. */
  similarProducts(versionId: string, product: string, count: number): Promise<readonly SimilarCode[] | undefined>;
  /** Where users are placed among others: vectors of length 1 whose cosine says how alike they are. Undefined where the model places nobody. */
  placeUsers(versionId: string, rows: readonly UserRow[]): Promise<readonly Float32Array[] | undefined>;
  close(): Promise<void>;
}

export interface EvaluationOptions extends RunOptions {
  readonly model: ModelName;
  /** Default: the stored split where the dataset has one, else 5-fold cross-validation. */
  readonly crossValidate?: number;
  /** Products that are not the tail; default: the fewest most popular that make up more than half of the training ownership. */
  readonly headProducts?: readonly string[];
  /** Gives back what the model said of each user, too. */
  readonly predictions?: boolean;
}

export interface EvaluationResult {
  readonly task: Task;
  readonly model: ModelName;
  readonly dataset: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly settings: Readonly<Record<string, unknown>>;
  /** By cross-validation: the metrics of each fold. Models that are evaluated with the same seed have the same folds. */
  readonly folds?: readonly Readonly<Record<string, number>>[];
  /** Where they were asked for. */
  readonly predictions?: Predictions;
  readonly backend: string;
  readonly seconds: number;
}

/** One trial of a search for settings. */
export interface TrialOptions extends Omit<RunOptions, 'settings'> {
  readonly model: ModelName;
  /** Its number, from 1, which is the usual settings; number and seed decide the settings of the others. */
  readonly trial: number;
  /** Share of the epochs, rounds, trees or iterations; above 0, default and at most 1. Models without such do the whole. */
  readonly effort?: number;
}

export interface TrialResult {
  /** Those that the model was tried with, for the whole effort: to train with. */
  readonly settings: ModelSettings;
  /** Mean log loss of users that the model has not learnt from, test users not among them; null where it was refused. */
  readonly validationLoss: number | null;
  /** Why these settings cannot be trained with: training diverges, or data and settings don't fit. */
  readonly refused?: string;
  readonly backend: string;
  readonly seconds: number;
}

/** A model as far as it scores. */
export type StoredModel = Pick<TrainedModel, 'task' | 'model' | 'contract' | 'weights'>;

/** A user who is to be forgotten: the id and the products owned, by code, as they were when the model was trained. */
export interface ErasedUser {
  readonly id: string;
  readonly owned: readonly string[];
}

/**
 * What became of a model. exact: it is what training without the users would have made, to the bit. none: nothing of users is in it.
 * retrain: what the users taught it cannot be undone, for the reason given.
 */
export type Erasure =
  | { readonly outcome: 'exact' | 'none'; readonly model: StoredModel }
  | { readonly outcome: 'retrain'; readonly reason: string };

export interface MeasureOptions extends RunOptions {
  readonly headProducts?: readonly string[];
}

/** What a node is asked to compute in a round. */
export interface PrivateRequest {
  readonly task: Task;
  readonly model: ModelName;
  /** The public feature contract. */
  readonly contract: Readonly<Record<string, unknown>>;
  /** Flat, as the round begins. */
  readonly parameters: Float32Array;
  readonly strategy: Strategy;
  readonly training: PrivateSettings;
}

/** What a node is asked to count before training. */
export interface HistogramRequest {
  readonly task: Task;
  /** Public: the cells follow from it alone. */
  readonly declaration: PublicDeclaration;
  /** Deviation of the noise ÷ L2 norm of what one user adds, at most. */
  readonly noiseMultiplier: number;
  /** A data set may have MOST_POPULATION times as many. */
  readonly expectedUsers: number;
}

/** What a node may send. */
export interface PrivateUpdate {
  /**
   * FedAvg and FedProx: parameters after all steps − before. FedSGD: −(Σ clipped gradients ÷ clip norm + noise) ÷ (sampling rate ·
   * expected users): for each of them the server adds its learning rate times the mean.
   */
  readonly update: Float32Array;
  /** What it is charged. */
  readonly mechanisms: Mechanism[];
}

export interface ProfileOptions extends Omit<RunOptions, 'settings'> {
  readonly settings?: Partial<ProfileSettings>;
}

/** The engine as the rest of Concord sees it. All of its work happens in worker threads. */
export interface Engine {
  train(dataset: Dataset, task: Task, model: ModelName, options?: RunOptions): Promise<TrainedModel>;
  evaluate(dataset: Dataset, task: Task, options: EvaluationOptions): Promise<EvaluationResult>;
  /**
   * Tries settings of a model, drawn from what is worth searching (docs/tuning.md), on validation users.
   * @throws {ConcordError} BAD_INPUT where there is nothing to search or to learn from, or the usual settings are refused; CANCELLED
   */
  trial(dataset: Dataset, task: Task, options: TrialOptions): Promise<TrialResult>;
  /**
   * Figures of a model that is there already, on the test users of the stored split; its validation users give the threshold.
   * @throws {ConcordError} BAD_INPUT where model and data don't fit.
   */
  measure(dataset: Dataset, model: StoredModel, options?: MeasureOptions): Promise<Record<string, number>>;
  /**
   * A node's part in a round of private training: DP-SGD steps on the users of a data set, of which nothing but the noisy update comes
   * back. Seed and settings of the options are ignored: samples and noise come from the system's generator.
   * @throws {ConcordError} BAD_INPUT where settings, contract, parameters and data don't fit, or training diverges.
   */
  privateUpdate(dataset: Dataset, request: PrivateRequest, options?: RunOptions): Promise<PrivateUpdate>;
  /**
   * How a data set's users are spread over the cells of a public grid, with noise in every cell: what a feature contract is made from.
   * @throws {ConcordError} BAD_INPUT
   */
  noisyHistogram(dataset: Dataset, request: HistogramRequest, options?: RunOptions): Promise<Float32Array>;
  /**
   * Takes users out of a model that was trained on them. Exact for ease, item-knn, naive-bayes and user-knn; what they were calibrated by
   * (two numbers, from validation users) stays.
   * @param users training users (those of the validation and test folds are in no model), with their products as they were then: for others
   *   the result would be wrong
   * @throws {ConcordError} BAD_INPUT; CONFLICT where the model can tell that it was not trained on them; CANCELLED
   */
  erase(model: StoredModel, users: readonly ErasedUser[], options?: Pick<RunOptions, 'signal'>): Promise<Erasure>;
  /**
   * Places users by an autoencoder over everything that is known of them, and forms segments. openProfiles makes the model ready.
   * @throws {ConcordError} BAD_INPUT where there are too few users or no columns, or training diverges; CANCELLED
   */
  trainProfiles(dataset: Dataset, options?: ProfileOptions): Promise<TrainedProfiles>;
  readonly scoring: ScoringService;
  close(): Promise<void>;
}
