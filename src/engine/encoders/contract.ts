import { ConcordError } from '../../errors.js';

/**
 * The feature contract: how a user becomes the numbers that a model reads. Plain JSON, fitted on training users only, stored with
 * the model, and applied column by column to a data set and to a single user alike.
 */
export interface FeatureContract {
  readonly version: 1;
  /** In input order; a date column gives several. */
  readonly features: readonly Feature[];
  /** Product codes: the holdings that a model reads, and for interest its outputs, both in this order. */
  readonly products: readonly string[];
  /** Share of training rows in which each product is visible, present where holdings are inputs. They come after the features. */
  readonly holdings?: { readonly mean: readonly number[] };
  /** 1 / √(sum of the variances of all inputs): the mean squared length of an encoded row is 1, its sequence apart. */
  readonly scale: number;
  /** Present where a model reads a sequence. Its inputs come last: step after step, oldest first. */
  readonly sequence?: SequenceContract;
}

/**
 * How the last events of a user become inputs. Of each step: one that says whether there is an event, then those of its features.
 * Users of fewer events than steps have none at the first steps.
 */
export interface SequenceContract {
  readonly steps: number;
  /** Of an event, in input order. */
  readonly features: readonly Feature[];
  /** Share of training users who have an event at each step. */
  readonly present: readonly number[];
  /** 1 / √(sum of the variances of an event's inputs): the mean squared length of an encoded event is 1. */
  readonly scale: number;
  /** Where the events are columns of the user: by a feature's column, the user's columns, one a step. */
  readonly from?: Readonly<Record<string, readonly string[]>>;
}

/** Inputs of a sequence, steps times channels, at most. */
export const MAX_SEQUENCE_INPUTS = 16_384;
export const MAX_STEPS = 256;

export type Feature = NumericFeature | CategoricalFeature;

export type DatePart = 'days' | 'year' | 'month';

/** Inputs: one for each bin, one for each code, one for missing. */
export interface NumericFeature {
  readonly kind: 'numeric';
  /** The column, or "column.part" of a date. */
  readonly name: string;
  readonly column: string;
  /** Present where the column is a date. */
  readonly part?: DatePart;
  /** piecewise: how far the value has come through each bin, 0 to 1. bins: 1 in the value's bin. */
  readonly encoding: 'piecewise' | 'bins';
  /** Ascending; bin t lies between edges[t] and edges[t + 1]. Fewer than two where the column does not vary. */
  readonly edges: readonly number[];
  /** Values with a meaning of their own. */
  readonly codes: readonly number[];
  /** Whether missing has an input; where training saw none, a missing value counts as the mean. */
  readonly missing: boolean;
  /** Of each input over the training users. */
  readonly mean: readonly number[];
}

/** Inputs: one for each category, one for unknown (rare and unseen), one for missing. */
export interface CategoricalFeature {
  readonly kind: 'categorical';
  readonly name: string;
  readonly column: string;
  readonly categories: readonly string[];
  /** Whether unknown has an input; where training saw none, an unknown category counts as the mean. */
  readonly unknown: boolean;
  readonly missing: boolean;
  readonly mean: readonly number[];
}

/** Inputs of a numeric feature that are bins. */
export const binsOf = (feature: Pick<NumericFeature, 'edges'>): number => Math.max(0, feature.edges.length - 1);

/** Inputs of one feature. */
export function widthOf(feature: Feature): number {
  return feature.mean.length;
}

const widthOfAll = (features: readonly Feature[]): number =>
  features.reduce((sum, feature) => sum + widthOf(feature), 0);

/** Inputs of one step of a sequence: whether there is an event, and what it was. */
export const channelsOf = ({ features }: Pick<SequenceContract, 'features'>): number => 1 + widthOfAll(features);

/** Inputs of a whole contract: features, then holdings, then the sequence. */
export function inputsOf({ features, holdings, products, sequence }: FeatureContract): number {
  return (
    widthOfAll(features) + (holdings ? products.length : 0) + (sequence ? sequence.steps * channelsOf(sequence) : 0)
  );
}

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'number' && Number.isFinite(item));
const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

function checkFeature(feature: Feature): boolean {
  if (typeof feature?.name !== 'string' || typeof feature.column !== 'string' || !isNumbers(feature.mean)) return false;
  if (typeof feature.missing !== 'boolean') return false;
  const missing = feature.missing ? 1 : 0;
  if (feature.kind === 'categorical') {
    if (!isStrings(feature.categories) || typeof feature.unknown !== 'boolean') return false;
    return feature.mean.length === feature.categories.length + (feature.unknown ? 1 : 0) + missing;
  }
  if (feature.kind !== 'numeric' || !isNumbers(feature.edges) || !isNumbers(feature.codes)) return false;
  if (feature.encoding !== 'piecewise' && feature.encoding !== 'bins') return false;
  if (feature.part !== undefined && !['days', 'year', 'month'].includes(feature.part)) return false;
  const ascending = feature.edges.every((edge, index) => index === 0 || edge > feature.edges[index - 1]);
  return ascending && feature.mean.length === binsOf(feature) + feature.codes.length + missing;
}

function checkSequence(sequence: SequenceContract): boolean {
  if (typeof sequence !== 'object' || sequence === null) return false;
  const { steps, features, present, scale, from } = sequence;
  const valid =
    Number.isInteger(steps) &&
    steps >= 1 &&
    steps <= MAX_STEPS &&
    Array.isArray(features) &&
    features.every(checkFeature) &&
    steps * channelsOf({ features }) <= MAX_SEQUENCE_INPUTS &&
    isNumbers(present) &&
    present.length === steps &&
    Number.isFinite(scale);
  if (!valid || from === undefined) return valid;
  if (typeof from !== 'object' || from === null) return false;
  return features.every(({ column }) => {
    const columns: unknown = Object.hasOwn(from, column) ? from[column] : undefined;
    return isStrings(columns) && columns.length === steps;
  });
}

/**
 * A contract read from storage.
 * @throws {ConcordError} BAD_INPUT where it is not one.
 */
export function parseContract(value: unknown): FeatureContract {
  const contract = value as FeatureContract;
  const valid =
    typeof contract === 'object' &&
    contract !== null &&
    contract.version === 1 &&
    Array.isArray(contract.features) &&
    contract.features.every(checkFeature) &&
    isStrings(contract.products) &&
    typeof contract.scale === 'number' &&
    Number.isFinite(contract.scale) &&
    (contract.sequence === undefined || checkSequence(contract.sequence)) &&
    (contract.holdings === undefined ||
      (isNumbers(contract.holdings?.mean) && contract.holdings.mean.length === contract.products.length));
  if (!valid)
    throw new ConcordError('BAD_INPUT', 'The feature contract of the model is malformed or of another version.');
  return contract;
}
