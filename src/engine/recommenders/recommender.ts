/** Models that read the products owned, and nothing else of a user. */
export const RECOMMENDERS = [
  'popularity',
  'item-knn',
  'user-knn',
  'ease',
  'naive-bayes',
  'als',
  'vae',
  'content',
  'hybrid',
] as const;
export type RecommenderName = (typeof RECOMMENDERS)[number];
/** Those that stand for themselves; a hybrid is made of them. */
export type MemberName = Exclude<RecommenderName, 'hybrid'>;

/** Those that are served by their own name as what they are here. */
export const SINGLE_RECOMMENDERS = ['item-knn', 'user-knn', 'ease', 'naive-bayes', 'als', 'vae', 'content'] as const;
export type SingleRecommender = (typeof SINGLE_RECOMMENDERS)[number];

export const isSingle = (name: string): name is SingleRecommender =>
  (SINGLE_RECOMMENDERS as readonly string[]).includes(name);

/** A product or a user (a row of the training matrix), and how alike it is: 1 at most. */
export interface Neighbour {
  readonly index: number;
  readonly similarity: number;
}

/** A fitted recommender, ready to score. Nothing here is re-entrant: one call after the other. */
export interface Scorer {
  readonly products: number;
  /**
   * Scores of all products for a user, written to target from offset on; more = more interest. A product that is owned is scored as if it
   * were not: from the others.
   * @param owned products, ascending
   */
  score(owned: Int32Array, target: Float64Array, offset?: number): void;
  /**
   * What each product owned contributes to the score of one that is not owned. They sum to it, but for what every user's score has. Absent
   * where the score knows no user.
   */
  explain?(owned: Int32Array, product: number): Float64Array;
  /** The products most like one, best first, without itself. Absent where the model cannot tell. */
  similarProducts?(product: number, count: number): Neighbour[];
  /** The training users most like a user who owns these products, best first. */
  similarUsers?(owned: Int32Array, count: number): Neighbour[];
  /** The products of the highest scores that are not owned, best first, without scoring all: of many some may be missed. */
  nearestProducts?(owned: Int32Array, count: number): Neighbour[];
  /** A user's place among others, to be searched by cosine (VectorIndex). */
  embed?(owned: Int32Array): Float32Array;
}

/** What long work calls: it throws CANCELLED once the caller has given up. */
export type Checkpoint = (done: number) => void;
