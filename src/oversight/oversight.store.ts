import type { EntityManager } from 'typeorm';
import type { Database } from '../database/database.js';
import type { ShiftLevel } from '../engine/metrics/drift/stability.js';
import type { NewReport, ReportKind, StoredReport } from './report.js';

const COLUMNS = `o.id, o.institution_id as "institutionId", o.model_version_id as "modelVersionId", o.kind, o.level, o.report,
  o.created_at as "createdAt"`;

export interface ReportFilter {
  readonly modelVersionId?: string;
  readonly kind?: ReportKind;
  readonly level?: ShiftLevel;
}

export type ReportKey = readonly [createdAt: string, id: string];

/** A list that was served to a user, with what is known of the user's protected attributes. */
export interface ServedList {
  readonly attributes: Readonly<Record<string, number | string | null>>;
  /** Best rank first. */
  readonly products: readonly { readonly type: string; readonly riskClass: number }[];
}

export class OversightStore {
  constructor(private readonly database: Pick<Database, 'read'>) {}

  async insert(manager: EntityManager, institutionId: string, report: NewReport): Promise<StoredReport> {
    const { modelVersionId, kind, level } = report;
    const rows: StoredReport[] = await manager.query(
      `insert into concord.oversight_reports as o (institution_id, model_version_id, kind, level, report)
       values ($1, $2, $3, $4, $5::jsonb) returning ${COLUMNS}`,
      [institutionId, modelVersionId, kind, level, JSON.stringify(report.report)],
    );
    return rows[0];
  }

  async latest(institutionId: string, modelVersionId: string, kind: ReportKind): Promise<StoredReport | undefined> {
    const [rows] = await this.database.read<[StoredReport[]]>(institutionId, {
      text: `select ${COLUMNS} from concord.oversight_reports o
              where o.institution_id = $1 and o.model_version_id = $2 and o.kind = $3
              order by o.created_at desc, o.id desc limit 1`,
      values: [institutionId, modelVersionId, kind],
    });
    return rows[0];
  }

  /** Newest first, at most `limit` after `after`. */
  async list(
    institutionId: string,
    filter: ReportFilter,
    limit: number,
    after: ReportKey | undefined,
  ): Promise<{ report: StoredReport; key: ReportKey }[]> {
    const { modelVersionId, kind, level } = filter;
    const [rows] = await this.database.read<[(StoredReport & { key: string })[]]>(institutionId, {
      text: `select ${COLUMNS}, o.created_at::text as key from concord.oversight_reports o
              where o.institution_id = $1 and ($2::uuid is null or o.model_version_id = $2)
                and ($3::text is null or o.kind = $3) and ($4::text is null or o.level = $4)
                and ($5::timestamptz is null or (o.created_at, o.id) < ($5, $6::uuid))
              order by o.created_at desc, o.id desc limit $7`,
      values: [institutionId, modelVersionId ?? null, kind ?? null, level ?? null, ...(after ?? [null, null]), limit],
    });
    return rows.map(({ key, ...report }) => ({ report, key: [key, report.id] }));
  }

  /** The newest list that a version has served to each user in so many days, as far as it was delivered; at most `limit` users. */
  async served(institutionId: string, modelVersionId: string, days: number, limit: number): Promise<ServedList[]> {
    const [rows] = await this.database.read<[ServedList[]]>(institutionId, {
      text: `select u.protected_attributes as attributes, l.products
               from (select distinct on (r.user_id) r.user_id, r.items, r.shown from concord.recommendations r
                      where r.institution_id = $1 and r.model_version_id = $2
                        and r.created_at > now() - $3 * interval '1 day' and r.shown > 0
                      order by r.user_id, r.created_at desc limit $4) r
               join concord.users u on u.institution_id = $1 and u.id = r.user_id
               join lateral (
                 select jsonb_agg(jsonb_build_object('type', p.type, 'riskClass', p.risk_class) order by (i ->> 'rank')::int) as products
                   from jsonb_array_elements(r.items) i
                   join concord.products p on p.institution_id = $1 and p.id = (i ->> 'productId')::uuid
                  where (i ->> 'rank')::int <= r.shown) l on l.products is not null`,
      values: [institutionId, modelVersionId, days, limit],
    });
    return rows;
  }
}
