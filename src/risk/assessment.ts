import type { Reason } from '../models/reasons.js';
import type { PrincipalReason } from './principal-reasons.js';
import type { RiskClass } from './risk-class.js';

export const RISK_SUBJECTS = ['user', 'product', 'user_product'] as const;
export type RiskSubject = (typeof RISK_SUBJECTS)[number];

/** A risk as it was assessed: base + the contributions of the reasons = log-odds of the probability. */
export interface RiskAssessment {
  readonly id: string;
  readonly subject: RiskSubject;
  readonly userId: string | null;
  readonly productId: string | null;
  readonly probability: number;
  readonly class: RiskClass;
  /** "model", or the name of a formula in docs/risk.md. */
  readonly method: string;
  readonly modelVersionId: string | null;
  readonly base: number;
  readonly reasons: readonly Reason[];
  /** Largest first, at most four; null: assessed before there were any. */
  readonly principalReasons: readonly PrincipalReason[] | null;
  readonly assessedAt: Date;
}
