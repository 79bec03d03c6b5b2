import type { Database } from '../database/database.js';
import type { User } from './user.js';

export type QuestionnaireStatus = 'valid' | 'expired' | 'missing';

/** One condition on one attribute; all that is given must hold. Numbers compare with numbers, ISO dates with dates. */
export interface AttributeCondition {
  readonly name: string;
  readonly equals?: number | string | null;
  readonly min?: number;
  readonly max?: number;
  /** ISO dates, inclusive. */
  readonly from?: string;
  readonly to?: string;
}

/** All that is given must hold. */
export interface UserFilter {
  readonly externalIdPrefix?: string;
  readonly attributes?: readonly AttributeCondition[];
  readonly tag?: string;
  readonly questionnaire?: QuestionnaireStatus;
  readonly minRiskTolerance?: number;
  readonly maxRiskTolerance?: number;
  readonly createdFrom?: Date;
  readonly createdTo?: Date;
  /** Users who hold this product. */
  readonly holdsProductId?: string;
}

/** Lists users by external id: unique in the institution and never changed, so a cursor stays true whatever is added meanwhile. */
export class UserListStore {
  constructor(private readonly database: Database) {}

  /** @returns at most `limit` users, those after the external id `after`. */
  async list(institutionId: string, filter: UserFilter, limit: number, after: string | undefined): Promise<User[]> {
    const query = new Conditions(institutionId);
    addFilter(query, filter);
    if (after !== undefined) query.add((p) => `u.external_id > ${p}`, after);
    const limited = query.parameter(limit);
    const [rows] = await this.database.read<[User[]]>(institutionId, {
      text: `select u.id, u.external_id as "externalId", u.attributes, u.risk_label as "riskLabel", u.fold,
                    u.created_at as "createdAt", u.updated_at as "updatedAt"
               from concord.users u
              where ${query.conditions.join(' and ')}
              order by u.external_id limit ${limited}`,
      values: query.parameters,
    });
    return rows;
  }
}

class Conditions {
  readonly parameters: unknown[];
  readonly conditions = ['u.institution_id = $1'];

  constructor(institutionId: string) {
    this.parameters = [institutionId];
  }

  parameter(value: unknown): string {
    this.parameters.push(value);
    return `$${this.parameters.length}`;
  }

  /** Adds a condition over parameters; nothing where the first value is undefined or null. */
  add(condition: (...parameters: string[]) => string, ...values: unknown[]): void {
    if (values[0] === undefined || values[0] === null) return;
    this.conditions.push(condition(...values.map((value) => this.parameter(value))));
  }
}

function addFilter(query: Conditions, filter: UserFilter): void {
  query.add((p) => `starts_with(u.external_id, ${p})`, filter.externalIdPrefix);
  query.add((p) => `u.created_at >= ${p}`, filter.createdFrom);
  query.add((p) => `u.created_at <= ${p}`, filter.createdTo);
  query.add(
    (p) => `exists (select from concord.profiles p where p.user_id = u.id and p.tags @> ${p}::jsonb)`,
    filter.tag && JSON.stringify([{ tag: filter.tag }]),
  );
  query.add(
    (p) => `exists (select from concord.holdings h where h.user_id = u.id and h.product_id = ${p})`,
    filter.holdsProductId,
  );
  const answered = (condition: string) =>
    `exists (select from concord.questionnaires q where q.user_id = u.id and ${condition})`;
  query.add((p) => answered(`q.risk_tolerance >= ${p}`), filter.minRiskTolerance);
  query.add((p) => answered(`q.risk_tolerance <= ${p}`), filter.maxRiskTolerance);
  if (filter.questionnaire === 'valid') query.conditions.push(answered('q.expires_at > now()'));
  if (filter.questionnaire === 'expired') query.conditions.push(answered('q.expires_at <= now()'));
  if (filter.questionnaire === 'missing') query.conditions.push(`not ${answered('true')}`);
  for (const condition of filter.attributes ?? []) addAttribute(query, condition);
}

function addAttribute(query: Conditions, { name, equals, min, max, from, to }: AttributeCondition): void {
  if (equals === null) query.add((p) => `coalesce(u.attributes -> ${p}::text, 'null') = 'null'`, name);
  else if (equals !== undefined) query.add((p) => `u.attributes @> ${p}::jsonb`, JSON.stringify({ [name]: equals }));
  // The case keeps the cast away from texts: "and" promises no order.
  const number = (p: string) =>
    `case when jsonb_typeof(u.attributes -> ${p}::text) = 'number' then (u.attributes ->> ${p}::text)::double precision end`;
  const text = (p: string) =>
    `case when u.attributes ->> ${p}::text ~ '^\\d{4}-\\d\\d-\\d\\d$' then u.attributes ->> ${p}::text end`;
  query.add((value, p) => `${number(p)} >= ${value}`, min, name);
  query.add((value, p) => `${number(p)} <= ${value}`, max, name);
  query.add((value, p) => `${text(p)} >= ${value}`, from, name);
  query.add((value, p) => `${text(p)} <= ${value}`, to, name);
}
