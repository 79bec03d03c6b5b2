export const FEEDBACK_KINDS = ['viewed', 'clicked', 'purchased', 'dismissed', 'rated'] as const;
export type FeedbackKind = (typeof FEEDBACK_KINDS)[number];

/** What a user did with a product that was recommended. */
export interface Feedback {
  readonly id: string;
  readonly recommendationId: string;
  readonly userId: string;
  readonly productId: string;
  readonly kind: FeedbackKind;
  /** 1 to 5; of kind rated only. */
  readonly rating: number | null;
  readonly recordedAt: Date;
}
