export const INSTITUTION_KINDS = ['bank', 'insurer', 'broker'] as const;
export type InstitutionKind = (typeof INSTITUTION_KINDS)[number];

/** A bank, an insurer or a broker: a member of the consortium, and the owner of its users and products. */
export interface Institution {
  readonly id: string;
  /** Lower-case letters, digits and hyphens; unique in the consortium. */
  readonly code: string;
  readonly name: string;
  readonly kind: InstitutionKind;
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  /** ISO 4217. */
  readonly currency: string;
  readonly createdAt: Date;
}
