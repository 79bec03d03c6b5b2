/**
 * A descriptor says how a bank's files map to Concord's words. It is a JSON file; schema/descriptor.schema.json is its published schema
 * and docs/import.md its reference. These types are what `readDescriptor` gives back, once the file is known to be valid.
 */
export interface Descriptor {
  readonly $schema?: string;
  readonly name: string;
  readonly title?: string;
  readonly source?: Source;
  /** What models predict: which product a user will want next (interest), or the label (risk). */
  readonly task: 'interest' | 'risk';
  /** How files are written, for all files that do not say otherwise. */
  readonly format?: Format;
  readonly users?: UsersTable;
  readonly label?: Label;
  readonly holdings?: Holdings;
  readonly products?: Products;
  readonly prices?: PricesTable;
  readonly questionnaire?: QuestionnaireFields;
  readonly events?: EventsTable;
  readonly sequence?: SequenceTable;
  readonly split?: Split;
  /** Codes of the few products that dominate; the others are the tail. */
  readonly head?: readonly string[];
  /** What others reach on the same split: model → metric → figure. */
  readonly peers?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface Source {
  readonly publisher?: string;
  readonly url?: string;
  readonly licence?: string;
  readonly notes?: string;
}

export interface Format {
  /** Sniffed from the first lines when absent. */
  readonly separator?: string;
  /** "" = no quoting. */
  readonly quote?: string;
  /** true: the first line names the columns; false: columns are c1, c2, …; a list: these are the names, and there is no header line. */
  readonly header?: boolean | readonly string[];
  readonly encoding?: string;
  readonly compression?: 'none' | 'gzip' | 'zip';
  /** The file inside a zip. */
  readonly entry?: string;
  /** Texts that stand for a missing value, besides the empty one. */
  readonly nulls?: readonly string[];
  readonly decimal?: '.' | ',';
}

/** A file below the data folder: its name, or its name and how it is written. */
export type FileRef = string | (Format & { readonly name: string });

/** A column by name, or the number of the row counted from the given first number. */
export type Key = string | { readonly rowNumber: number };

/** One value, any of several, or a range. */
export type Condition =
  | Scalar
  | readonly Scalar[]
  | { readonly min?: number; readonly max?: number; readonly not?: readonly Scalar[] };
export type Scalar = string | number | boolean;
/** Rows are kept where every named column meets its condition. */
export type Where = Readonly<Record<string, Condition>>;

/** Which of several rows of one key counts. */
export type Duplicates = 'reject' | 'first' | 'last' | { readonly newest: string; readonly format?: DateFormat };

export type DateFormat = string | readonly string[];

interface Table {
  readonly file: FileRef;
  readonly where?: Where;
  readonly join?: readonly Join[];
}

/** Columns of a second file, found by key; they are called "as.column" from there on. */
export interface Join {
  readonly file: FileRef;
  readonly as: string;
  /** The column of the rows so far. */
  readonly key: string;
  /** The column of the second file that equals it; default: the same name. */
  readonly references?: string;
  readonly where?: Where;
  /** Default: first. */
  readonly duplicates?: Exclude<Duplicates, 'reject'>;
}

export interface UsersTable extends Table {
  readonly id: Key;
  readonly duplicates?: Duplicates;
  /** Attributes by their name in Concord. */
  readonly columns?: Readonly<Record<string, ColumnType | ColumnSpec>>;
  /** Take all further columns too, their types inferred from a sample. Default: only when `columns` is absent. */
  readonly infer?: boolean;
  /** Columns that must not be used, with `*` as a wildcard. */
  readonly drop?: readonly string[];
  /** Columns that are one quantity at consecutive times. */
  readonly series?: readonly ColumnSeries[];
  /** Rules for every column that has none of its own. */
  readonly clean?: {
    readonly numeric?: NumericRules;
    readonly categorical?: CategoricalRules;
    readonly date?: DateRules;
  };
}

export type ColumnType = 'numeric' | 'categorical' | 'date';
export type ColumnSpec = NumericSpec | CategoricalSpec | DateSpec;

interface SpecBase {
  /** The column in the file; default: the attribute's name. */
  readonly from?: string;
  /** Sex, age, …: kept apart, for fairness figures. */
  readonly protected?: boolean;
  /** Whether models may use a protected attribute. Default: fairness, they may not. */
  readonly use?: 'fairness' | 'model';
  /** What people call it, for reasons: in English, or in English and Chinese. */
  readonly label?: string | { readonly en?: string; readonly zh?: string };
  /** How a user can change it, for counterfactuals; false: not at all, as protected attributes and dates. Default: any way, unless its name speaks against it. */
  readonly actionable?: 'increase' | 'decrease' | 'any' | false;
}

export interface NumericSpec extends SpecBase, NumericRules {
  readonly type: 'numeric';
  /** Values that are codes with a meaning of their own: no rule touches them, and models see each by itself. */
  readonly codes?: readonly number[];
  readonly map?: Readonly<Record<string, string | number | null>>;
}

export interface CategoricalSpec extends SpecBase, CategoricalRules {
  readonly type: 'categorical';
  /** All categories that may occur; absent: whatever occurs. */
  readonly categories?: readonly string[];
  readonly map?: Readonly<Record<string, string | number | null>>;
}

export interface DateSpec extends SpecBase, DateRules {
  readonly type: 'date';
  readonly format?: DateFormat;
}

export interface NumericRules {
  readonly min?: number;
  readonly max?: number;
  /** What happens to values outside min and max, and to text that is no number. Default: missing. */
  readonly impossible?: 'missing' | 'reject' | 'clip';
  readonly outliers?: OutlierRule;
  /** Default: own. */
  readonly missing?: 'own' | 'mean' | 'median' | 'reject' | { readonly constant: number };
}

export interface CategoricalRules {
  /** Categories that are not listed. Default: own. */
  readonly unknown?: 'own' | 'missing' | 'reject' | { readonly as: string };
  readonly missing?: 'own' | 'mode' | 'reject' | { readonly constant: string };
}

export interface DateRules {
  readonly min?: string;
  readonly max?: string;
  readonly impossible?: 'missing' | 'reject' | 'clip';
  readonly missing?: 'own' | 'reject' | { readonly constant: string };
}

export type OutlierRule =
  | { readonly rule: 'quantiles'; readonly low?: number; readonly high?: number; readonly action?: 'clip' | 'missing' }
  | { readonly rule: 'iqr' | 'mad'; readonly factor?: number; readonly action?: 'clip' | 'missing' };

export interface SeriesRules {
  /** last: a missing value takes the last one observed before it. */
  readonly missing?: 'own' | 'last';
  readonly smooth?: SmoothingRule;
}

export type SmoothingRule =
  | { readonly rule: 'moving-average' | 'median'; readonly window: number }
  | { readonly rule: 'exponential'; readonly alpha: number };

export interface ColumnSeries extends SeriesRules {
  /** Present where models of sequences read it: all series with a name have as many columns, one a step. */
  readonly name?: string;
  /** Attributes, oldest first. */
  readonly columns: readonly string[];
}

/** Where one value of a row comes from. */
export type Field =
  | string
  | number
  | { readonly value: Scalar }
  | {
      readonly column: string;
      readonly values?: Readonly<Record<string, Scalar | null>>;
      /** For texts that `values` does not name, and for missing ones. */
      readonly default?: Scalar;
      readonly format?: DateFormat;
      /** Dates before or after this count as missing. */
      readonly min?: string;
      readonly max?: string;
    };

export interface Label {
  readonly column: string;
  readonly positive: Condition;
  /** Absent: everything else. Where it is given, rows that meet neither have no label. */
  readonly negative?: Condition;
}

export interface Holdings {
  /** 0/1 columns of the users' file, one a product, with `*` as a wildcard. */
  readonly columns?: readonly string[];
  /** Or a table of holdings. */
  readonly file?: FileRef;
  readonly where?: Where;
  readonly join?: readonly Join[];
  readonly user?: string;
  readonly product?: Field;
  readonly amount?: Field;
  readonly date?: Field;
  /** The source lists all holdings of the users it names, so others of theirs are over. Default: true for 0/1 columns, false for a table. */
  readonly complete?: boolean;
  /** Products that the table of products does not name. Default: reject; create where there is no such table. */
  readonly unknownProducts?: 'create' | 'reject';
}

export interface Products {
  readonly file?: FileRef;
  readonly where?: Where;
  readonly join?: readonly Join[];
  readonly duplicates?: Duplicates;
  readonly code?: string;
  readonly name?: Field;
  readonly type?: Field;
  readonly riskClass?: Field;
  readonly expectedYield?: Field | { readonly growth: Growth };
  readonly volatility?: Field;
  readonly termMonths?: Field;
  readonly minimumAmount?: Field;
  readonly minimumHorizonMonths?: Field;
  readonly requiredKnowledge?: Field;
  readonly currency?: Field;
  /** What is known of products by code, where there is no table of them. */
  readonly items?: Readonly<Record<string, ProductItem>>;
  /** Further columns kept as they are. */
  readonly attributes?: readonly string[];
}

export interface ProductItem {
  readonly name?: string;
  readonly type?: string;
  readonly riskClass?: number;
  readonly expectedYield?: number;
  readonly volatility?: number;
  readonly termMonths?: number;
  readonly minimumAmount?: number;
  readonly minimumHorizonMonths?: number;
  readonly requiredKnowledge?: number;
  readonly currency?: string;
}

/** A yearly yield from two prices and their dates. */
export interface Growth {
  readonly from: string;
  readonly to: string;
  readonly fromDate: string;
  readonly toDate: string;
  readonly format?: DateFormat;
}

/** Closing prices of products. */
export interface PricesTable extends Table {
  readonly product: Field;
  readonly date: Field;
  readonly price: Field;
  /** A move by nearly the ratio of a split: prices are not adjusted for it, or it is one of the price. Default: reject. */
  readonly jumps?: 'reject' | 'accept';
}

/** Columns of the users' table that answer a suitability questionnaire. */
export interface QuestionnaireFields {
  readonly riskTolerance: Field;
  readonly knowledge: Field;
  readonly horizonMonths: Field;
  readonly investableAmount?: Field;
  readonly completedAt: Field;
  /** Default: 12. */
  readonly validMonths?: number;
}

export interface EventsTable extends Table {
  /** Absent: made from the row's content, so that the same row is the same event. */
  readonly id?: string;
  readonly user: string;
  readonly type: Field;
  readonly occurredAt: Field;
  readonly amount?: Field;
  readonly durationSeconds?: Field;
  readonly product?: Field;
  readonly text?: Field;
  readonly unknownProducts?: 'create' | 'reject';
  /** Rules for the amounts of each user, in the order of the file. */
  readonly series?: SeriesRules;
}

/** Events of users as models of sequences read them from files: any columns, and only what came before the moment of the prediction. */
export interface SequenceTable extends Table {
  readonly user: string;
  readonly occurredAt: Field;
  /** What is read of an event, by its name. */
  readonly columns: Readonly<Record<string, ColumnType | ColumnSpec>>;
  /** The moment of the prediction: a date, as {"value": …} the same for all, or a field of the users' file. Only events before it are read. */
  readonly before: Field;
  /** So many days later. Default: 0. */
  readonly plusDays?: number;
  /** Events of a user that are kept, the latest. Default: 32. */
  readonly last?: number;
  /** Counts, sums and means of the events of so many days before the moment, as attributes for all models. */
  readonly aggregates?: { readonly days: readonly number[] };
}

export type Split =
  | {
      readonly file: FileRef;
      readonly key: string;
      /** What the key equals; default: the user's id. */
      readonly matches?: Key;
      readonly fold: string;
      readonly folds?: Folds;
      readonly heldOut?: string;
      /** Users whom the file does not name. Default: exclude (from evaluation; they are imported all the same). */
      readonly others?: 'exclude' | 'train';
    }
  | { readonly column: string; readonly folds?: Folds }
  | {
      readonly random: {
        readonly validation: number;
        readonly test: number;
        readonly seed?: number;
        /** Which product of a validation or test user is hidden. Default: random. */
        readonly hide?: 'random' | 'latest';
      };
    };

/** The texts that name each fold; default: train; val, validation, valid; test. */
export interface Folds {
  readonly train?: readonly string[];
  readonly validation?: readonly string[];
  readonly test?: readonly string[];
}
