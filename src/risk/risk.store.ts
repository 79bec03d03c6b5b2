import type { EntityManager } from 'typeorm';
import type { Database } from '../database/database.js';
import type { RiskAssessment } from './assessment.js';

const COLUMNS = `a.id, a.subject, a.user_id as "userId", a.product_id as "productId", a.probability, a.class, a.method,
  a.model_version_id as "modelVersionId", a.base, a.reasons,
  a.principal_reasons as "principalReasons", a.assessed_at as "assessedAt"`;

export type AssessmentKey = readonly [assessedAt: string, id: string];

export class RiskStore {
  constructor(private readonly database: Pick<Database, 'read'>) {}

  async insert(
    manager: EntityManager,
    institutionId: string,
    values: Omit<RiskAssessment, 'id' | 'assessedAt'>,
  ): Promise<RiskAssessment> {
    const rows: RiskAssessment[] = await manager.query(
      `insert into concord.risk_assessments as a
         (institution_id, subject, user_id, product_id, probability, class, method, model_version_id, base, reasons, principal_reasons)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11::jsonb) returning ${COLUMNS}`,
      [
        institutionId,
        values.subject,
        values.userId,
        values.productId,
        values.probability,
        values.class,
        values.method,
        values.modelVersionId,
        values.base,
        JSON.stringify(values.reasons),
        JSON.stringify(values.principalReasons),
      ],
    );
    return rows[0];
  }

  async byId(institutionId: string, id: string): Promise<RiskAssessment | undefined> {
    const [rows] = await this.database.read<[RiskAssessment[]]>(institutionId, {
      text: `select ${COLUMNS} from concord.risk_assessments a where a.institution_id = $1 and a.id = $2`,
      values: [institutionId, id],
    });
    return rows[0];
  }

  /** Of a user, alone and with products, newest first; at most `limit` after `after`, each with the key of its cursor. */
  async ofUser(
    institutionId: string,
    userId: string,
    limit: number,
    after: AssessmentKey | undefined,
  ): Promise<{ assessment: RiskAssessment; key: AssessmentKey }[]> {
    const [rows] = await this.database.read<[(RiskAssessment & { key: string })[]]>(institutionId, {
      text: `select ${COLUMNS}, a.assessed_at::text as key from concord.risk_assessments a
              where a.institution_id = $1 and a.user_id = $2
                and ($3::timestamptz is null or (a.assessed_at, a.id) < ($3, $4::uuid))
              order by a.assessed_at desc, a.id desc limit $5`,
      values: [institutionId, userId, ...(after ?? [null, null]), limit],
    });
    return rows.map(({ key, ...assessment }) => ({ assessment, key: [key, assessment.id] }));
  }
}
