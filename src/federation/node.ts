/** A training process of an institution, known by its Ed25519 keys. */
export interface FederationNode {
  readonly id: string;
  readonly institutionId: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
  readonly keys: readonly EnrolledKey[];
}

export interface EnrolledKey {
  /** RFC 7638 thumbprint. */
  readonly id: string;
  /** 32 bytes in base64url. */
  readonly publicKey: string;
  readonly validFrom: Date;
  /** Exclusive; null: no end. */
  readonly validTo: Date | null;
  readonly revokedAt: Date | null;
}
