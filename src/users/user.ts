/** A value of an attribute: a finite number, a text (dates as "YYYY-MM-DD"), or null where the bank knows that it is missing. */
export type AttributeValue = number | string | null;
export type AttributeMap = Readonly<Record<string, AttributeValue>>;

export const FOLDS = ['train', 'validation', 'test'] as const;
export type Fold = (typeof FOLDS)[number];

/** A customer of an institution, the privacy unit. Protected attributes are never part of it: see UsersService.protectedAttributes. */
export interface User {
  readonly id: string;
  /** The bank's own id, unique within the institution. */
  readonly externalId: string;
  readonly attributes: AttributeMap;
  /** What happened, where it is known: 1 = the event (default, …), 0 = not. */
  readonly riskLabel: 0 | 1 | null;
  readonly fold: Fold | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A user owns a product. */
export interface Holding {
  readonly userId: string;
  readonly productId: string;
  readonly amount: number | null;
  readonly acquiredAt: Date | null;
}
