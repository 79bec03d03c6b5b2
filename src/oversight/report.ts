import type { ShiftLevel } from '../engine/metrics/drift/stability.js';
import type { DriftReport } from './drift-report.js';
import type { FairnessReport } from './fairness-report.js';

export const REPORT_KINDS = ['fairness', 'drift'] as const;
export type ReportKind = (typeof REPORT_KINDS)[number];

/** What is said of how users were chosen, with every report. */
export interface Population {
  /** There are more users than were looked at. */
  readonly sampled: boolean;
  /** Remarks for whoever reads the figures. */
  readonly remarks: readonly string[];
}

export type StoredFairness = FairnessReport & Population;
export type StoredDrift = DriftReport & Population;

interface Report<Kind extends ReportKind, Figures> {
  readonly modelVersionId: string;
  readonly kind: Kind;
  readonly level: ShiftLevel;
  readonly report: Figures;
}

export type NewReport = Report<'fairness', StoredFairness> | Report<'drift', StoredDrift>;

/** A report as it is kept: whose users were measured, by which version, when. */
export type StoredReport = NewReport & {
  readonly id: string;
  readonly institutionId: string;
  readonly createdAt: Date;
};

export type StoredReportOf<Kind extends ReportKind> = Extract<StoredReport, { readonly kind: Kind }>;

/** Somebody should look: a report is graver than the one before it. */
export interface RaisedAlert {
  readonly institutionId: string;
  readonly modelVersionId: string;
  readonly kind: ReportKind;
  readonly level: ShiftLevel;
  /** What has passed its mark: features, groups. */
  readonly because: readonly string[];
}
