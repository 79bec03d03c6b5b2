import type { Database } from '../database/database.js';
import { SHIFT_LEVELS } from '../engine/metrics/drift/stability.js';
import { forbidden } from '../errors.js';
import { requireInstitution, requireScope, type Viewer } from '../graphql/viewer.js';
import type { LedgerService } from '../privacy/ledger.service.js';
import { OversightStore, type ReportFilter, type ReportKey } from './oversight.store.js';
import type { NewReport, RaisedAlert, ReportKind, StoredReport, StoredReportOf } from './report.js';

/** Reports of fairness and drift as they are kept: the institution reads its own, an auditor of the consortium any. */
export class ReportsService {
  private readonly store: OversightStore;

  constructor(
    private readonly options: { readonly onRaised?: (alert: RaisedAlert) => void },
    private readonly modules: {
      readonly database: Database;
      readonly ledger: Pick<LedgerService, 'institutionOf'>;
    },
  ) {
    this.store = new OversightStore(modules.database);
  }

  /**
   * The newest report of a version on the users of an institution: of the viewer's, or of the one that an auditor of the consortium names.
   * @returns undefined where nothing was measured, or where the viewer has no institution and names none
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:read), NOT_FOUND for another institution
   */
  async latest<Kind extends ReportKind>(
    viewer: Viewer | undefined,
    modelVersionId: string,
    kind: Kind,
    institutionId?: string,
  ): Promise<StoredReportOf<Kind> | undefined> {
    requireScope(viewer, 'models:read');
    if (!institutionId && !viewer.institutionId) return undefined;
    const id = await this.modules.ledger.institutionOf(viewer, institutionId);
    return (await this.store.latest(id, modelVersionId, kind)) as StoredReportOf<Kind> | undefined;
  }

  /** Newest first, at most `limit` after `after`. @throws {ConcordError} as latest, and FORBIDDEN where no institution is named */
  async list(
    viewer: Viewer | undefined,
    filter: ReportFilter & { readonly institutionId?: string },
    limit: number,
    after?: ReportKey,
  ): Promise<{ report: StoredReport; key: ReportKey }[]> {
    requireScope(viewer, 'models:read');
    const { institutionId, ...which } = filter;
    const id = await this.modules.ledger.institutionOf(viewer, institutionId);
    return this.store.list(id, which, limit, after);
  }

  /** Keeps a report, and raises an alert where it is graver than the one before. For services that have authorised. */
  async keep(institutionId: string, report: NewReport, because: readonly string[]): Promise<StoredReport> {
    const { modelVersionId, kind, level } = report;
    const before = await this.store.latest(institutionId, modelVersionId, kind);
    const stored = await this.modules.database.tenant(institutionId, (manager) =>
      this.store.insert(manager, institutionId, report),
    );
    if (SHIFT_LEVELS.indexOf(level) > SHIFT_LEVELS.indexOf(before?.level ?? 'none'))
      this.options.onRaised?.({ institutionId, modelVersionId, kind, level, because });
    return stored;
  }
}

/**
 * Who may have an institution's users measured: whoever may read their protected attributes, for that institution alone. An auditor reads
 * what was measured.
 * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scopes models:read and users:write)
 */
export function requireMeasuring(viewer: Viewer | undefined): string {
  requireScope(viewer, 'models:read');
  const institutionId = requireInstitution(viewer, 'users:write');
  if (viewer!.client === 'auditor') throw forbidden('An auditor reads what the institution has measured.');
  return institutionId;
}
