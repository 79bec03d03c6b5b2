import type { Backend } from '../backends/backend.js';
import type { Dataset, UserRow } from '../data/dataset.js';
import type { FeatureContract } from '../encoders/contract.js';
import type { EncodedUsers } from '../encoders/encode.js';
import type { Expander } from '../encoders/expand.js';
import type { Explanation, ModelName, ModelSettings, Progress, Task } from '../engine.js';
import type { ErasedUsers } from '../recommenders/erase.js';
import type { Neighbour } from '../recommenders/recommender.js';
import type { Batch } from '../training/batch.js';
import type { TrainMembers } from '../training/member.js';
import type { PartOfWork } from '../training/part-of-work.js';
import type { TrainTrees } from '../trees/fit.js';
import type { Weights, WeightsOf } from './weights.js';

/**
 * One kind of model: how it learns, is stored, is made ready, and says why. kinds.ts lists them all; nothing else asks what kind a model is.
 */
export interface ModelKind<Kind extends Weights['kind'] = Weights['kind']> {
  readonly kind: Kind;
  /** Names under which it is asked for. */
  readonly models: readonly ModelName[];
  /** Why a federation cannot train it, to follow "NAME: "; absent where one can. By name where the reasons differ. */
  readonly notFederated?: string | Readonly<Partial<Record<ModelName, string>>>;
  /** @throws {ConcordError} BAD_INPUT where settings or data don't allow it; CANCELLED */
  fit(request: KindRequest, workshop: Workshop): Promise<FittedModel>;
  pack(weights: WeightsOf<Kind>, storage: Storage): Uint8Array<ArrayBuffer>;
  /** Believes nothing. @throws {ConcordError} BAD_INPUT where the file is malformed or does not fit the contract */
  unpack(bytes: Uint8Array, context: StoredContext, storage: Storage): WeightsOf<Kind>;
  open(weights: WeightsOf<Kind>, context: OpenContext): OpenModel;
  /** Whether its explanations are exact, and nothing of them is sampled. Absent: they are. */
  isExact?(weights: WeightsOf<Kind>, task: Task, opened: OpenModel): boolean;
  /** In log-odds; exact where the model allows it. */
  explainRisk(predictor: Predictor, weights: WeightsOf<Kind>, row: UserRow): Promise<Explanation>;
  /** One for each product. @throws {ConcordError} BAD_INPUT for a product that the model does not know. */
  explainInterest(
    predictor: Predictor,
    weights: WeightsOf<Kind>,
    row: UserRow,
    products: readonly string[],
  ): Promise<Explanation[]>;
  /**
   * Takes training users out of it. Absent where that takes a new training.
   * @throws {ConcordError} CONFLICT where it can tell that it was not trained on them
   */
  erase?(weights: WeightsOf<Kind>, users: ErasedUsers, checkpoint: () => void): Erased<Kind>;
}

/**
 * exact: the weights are what training without the users would have made. none: nothing of users is in them. retrain: what the users
 * taught it cannot be undone.
 */
export type Erased<Kind extends Weights['kind']> =
  | { readonly outcome: 'exact' | 'none'; readonly weights: WeightsOf<Kind> }
  | { readonly outcome: 'retrain'; readonly reason: string };

export interface FitRequest {
  readonly dataset: Dataset;
  readonly task: Task;
  readonly model: ModelName;
  readonly train: Int32Array;
  /** Users for early stopping and the choice of settings; without any, each member sets a part of the training users aside. */
  readonly validation?: Int32Array;
  readonly seed: number;
  /** Which part of a larger work this is; default: nearly the whole. */
  readonly part?: PartOfWork;
  /** Settings that are given are not chosen. */
  readonly settings?: ModelSettings;
}

export interface KindRequest extends FitRequest {
  readonly part: PartOfWork;
}

export interface FittedModel {
  readonly contract: FeatureContract;
  readonly encoded: EncodedUsers;
  readonly weights: Weights;
  /** Settings chosen, validation loss of each candidate, epochs: what is stored as TrainedModel.training. */
  readonly training: Record<string, unknown>;
}

/** What networks and trees are trained by, in this thread or in several. */
export interface Trainers {
  readonly trainMembers: TrainMembers;
  readonly trainTrees: TrainTrees;
}

export interface Tools extends Trainers {
  readonly backend: Backend;
  /** Throws CANCELLED once the caller has given up. */
  checkpoint(): void;
  onProgress(progress: Progress): void;
}

/** What models are made with. */
export interface Workshop extends Tools {
  /** Fits a model that another is made of. */
  fit(request: FitRequest): Promise<FittedModel>;
  /** Makes one ready; who opens it disposes of it. */
  open(task: Task, fitted: Pick<FittedModel, 'contract' | 'weights'>): Predictor;
}

/** Packs and unpacks models that another is made of. */
export interface Storage {
  pack(weights: Weights): Uint8Array<ArrayBuffer>;
  unpack(bytes: Uint8Array, context: StoredContext): Weights;
}

/** What weights have to fit. */
export interface StoredContext {
  readonly task: Task;
  readonly contract: FeatureContract;
}

export interface OpenContext extends StoredContext {
  readonly backend: Backend;
  /** Makes a model ready that another is made of; who opens it disposes of it. */
  open(weights: Weights, context: StoredContext): Predictor;
}

/** A model made ready, as its kind gives it. */
export interface OpenModel {
  /** Writes what the model reads. */
  readonly expander: Expander;
  /** Sizes of batch, ascending, that are worth having. */
  readonly batchSizes: readonly number[];
  /** Rows of zeros are the mean over the training users: explanations start there, and else at a typical user. */
  readonly centred?: boolean;
  /** Probabilities, (batch.rows, outputs), in an array that nobody reuses. */
  run(batch: Batch): Promise<Float32Array>;
  /** Of networks: slopes of the log-odds of one output of each row (1 in targets, rows × outputs) by the inputs, (rows × inputs). */
  slopes?(batch: Batch, targets: Float32Array): Promise<Float32Array>;
  /** How alike products and users are; absent where the model cannot tell. */
  readonly similarity?: Similarity;
  dispose(): Promise<void>;
}

export interface Similarity {
  /** The products most like one (an index of the contract), best first and without itself. Absent where the model cannot tell. */
  similarProducts?(product: number, count: number): readonly Neighbour[];
  /**
   * The products of the highest logits for the first user of a batch among those that are candidates, best first; their similarity is the
   * logit. Of many products some of the nearest may be missed. Absent where all have to be scored.
   */
  retrieve?(batch: Batch, count: number): Promise<readonly Neighbour[]>;
  /** Places of the users of a batch among others, (batch.rows, width): who is alike is near by cosine. */
  embed?(batch: Batch): Promise<Places>;
}

export interface Places {
  readonly width: number;
  readonly values: Float32Array;
}

/** Users to score, and the product of each that is to be treated as not owned (−1 = none). */
export interface ScoredRows {
  readonly users: Int32Array;
  readonly hidden: Int32Array;
}

/** A model made ready on one backend. */
export interface Predictor {
  readonly task: Task;
  readonly contract: FeatureContract;
  readonly weights: Weights;
  /** Probabilities of a row: one for each product of the contract (interest), or one (risk). */
  readonly outputs: number;
  readonly expander: Expander;
  /** What its kind has made ready. */
  readonly opened: OpenModel;
  /** Probabilities, (count, outputs), of rows start to start + count, batch by batch; the array is reused by nobody. */
  predict(
    encoded: EncodedUsers,
    rows: ScoredRows,
    onRows: (start: number, count: number, probabilities: Float32Array) => void,
  ): Promise<void>;
  /** Probabilities of rows that the caller has written into a batch of this predictor. */
  run(batch: Batch): Promise<Float32Array>;
  /** A batch that holds at least this many rows, or the largest that there is. */
  batchFor(rows: number): Batch;
  /** Whether that explanation is exact. */
  readonly exact: boolean;
  /** As its kind explains it: see ModelKind. */
  explainRisk(row: UserRow): Promise<Explanation>;
  explainInterest(row: UserRow, products: readonly string[]): Promise<Explanation[]>;
  dispose(): Promise<void>;
}
