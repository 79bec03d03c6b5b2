import type { ProductContent } from '../recommenders/content/encoder.js';

/**
 * What a model is trained and tested on: users as rows, attributes as columns, products owned as sparse rows.
 * Built from files (database/import, through a descriptor) or from the database (models), encoded by engine/encoders.
 */
export interface Dataset {
  readonly name: string;
  /** Number of users, the length of every column. */
  readonly size: number;
  readonly userIds: readonly string[];
  /** Attributes that models may use. */
  readonly columns: readonly Column[];
  /** Protected attributes (sex, age, …): for fairness figures, and for models only where a descriptor says so. */
  readonly protectedColumns: readonly Column[];
  /** Products owned; absent in pure risk sets. */
  readonly ownership?: Ownership;
  /** What is known of each product itself, in the order of ownership.products; absent where nothing is. */
  readonly content?: readonly ProductContent[];
  /** What users did, in order; absent where nothing is known of it. Models of sequences read it, the others do not. */
  readonly sequences?: Sequences;
  /** Columns that are steps of a sequence, for models of sequences to read them as such: any number, all of the same length. */
  readonly series?: readonly Series[];
  /** 1 = the event (default, subscription, …), 0 = not, NaN = unknown; absent where there is no label. */
  readonly label?: Float32Array;
  /**
   * How much each user counts in training a model of risk, above 0; absent: all alike. Figures and the choice of settings do not look at it: see
   * reweighing.
   */
  readonly weights?: Float32Array;
  /** A stored split; absent: the caller splits or cross-validates. */
  readonly fold?: Uint8Array;
}

export const FOLD = { train: 0, validation: 1, test: 2 } as const;

export type Column = NumericColumn | CategoricalColumn | DateColumn;

export interface NumericColumn {
  readonly kind: 'numeric';
  readonly name: string;
  /** NaN = missing. */
  readonly values: Float64Array;
  /** Values that are codes with a meaning of their own (−1 = "paid in full"): each becomes an input of its own. */
  readonly codes?: readonly number[];
}

export interface CategoricalColumn {
  readonly kind: 'categorical';
  readonly name: string;
  /** Index into categories; −1 = missing. */
  readonly values: Int32Array;
  readonly categories: readonly string[];
}

export interface DateColumn {
  readonly kind: 'date';
  readonly name: string;
  /** Days since 1970-01-01; NaN = missing. */
  readonly values: Float64Array;
}

/** Users × products in compressed sparse rows. Products are named by code: the same code at two banks is the same product to a model. */
export interface Ownership {
  readonly products: readonly string[];
  /** size + 1 offsets into items. */
  readonly offsets: Int32Array;
  /** Indices into products, ascending within a user; the held-out product is among them. */
  readonly items: Int32Array;
  /** The product (index) that the stored split hides from the model and asks it to rank; −1 = none. */
  readonly heldOut: Int32Array;
}

/** Events of each user, oldest first. Nothing that was not known at the moment of the prediction may be among them. */
export interface Sequences {
  /** size + 1 offsets into the columns' values. */
  readonly offsets: Int32Array;
  /** One value an event. */
  readonly columns: readonly Column[];
}

/** One quantity at consecutive times, as columns of the data set. */
export interface Series {
  /** Unlike the names of other series. */
  readonly name: string;
  /** Names of columns of one kind, oldest first. */
  readonly columns: readonly string[];
}

/** One user outside a dataset, as the server scores it: attribute values by column name and product codes owned. */
export interface UserRow {
  readonly values: Readonly<Record<string, number | string | null>>;
  readonly owned: readonly string[];
  /** Values of the user's events by name, oldest first; absent: none. */
  readonly events?: readonly Readonly<Record<string, number | string | null>>[];
}
