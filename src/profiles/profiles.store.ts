import type { EntityManager } from 'typeorm';
import type { Database, ReadQuery } from '../database/database.js';
import type { AttributeMap, Fold } from '../users/user.js';
import type { LatestEvent } from './event-sequence.js';
import type { Features } from './features.js';
import type { Questionnaire } from './questionnaire.js';
import type { ProfileState } from './state.js';
import type { Tag } from './tags.js';

/** What is stored of a user's profile; state is null where nothing was ever recorded. */
export interface ProfileRow {
  readonly userId: string;
  readonly state: ProfileState | null;
  readonly updatedAt: Date | null;
  readonly questionnaire: Questionnaire | undefined;
}

/** A profile with what else scoring reads of the user. */
export interface ScoringRow extends ProfileRow {
  readonly attributes: AttributeMap;
  readonly productIds: readonly string[];
}

export interface TrainingRow extends ScoringRow {
  readonly externalId: string;
  readonly riskLabel: 0 | 1 | null;
  readonly fold: Fold | null;
  readonly protectedAttributes: AttributeMap;
}

export interface TaggedRow extends ProfileRow {
  /** As they are stored. */
  readonly tags: readonly Tag[];
}

export interface WrittenProfile {
  readonly userId: string;
  readonly features: Features;
  readonly state: ProfileState;
  readonly tags: readonly Tag[];
}

export class ProfilesStore {
  constructor(private readonly database: Database) {}

  /** Profiles of the users that exist, in one round trip. */
  async profiles(institutionId: string, userIds: readonly string[]): Promise<ProfileRow[]> {
    const [rows] = await this.database.read<[Flat<ProfileRow>[]]>(
      institutionId,
      select('', IDS, institutionId, userIds),
    );
    return rows.map(nest);
  }

  /** What scoring reads of the users that exist, in one round trip. */
  async scoring(institutionId: string, userIds: readonly string[]): Promise<ScoringRow[]> {
    const query = select(SCORING, IDS, institutionId, userIds);
    const [rows] = await this.database.read<[Flat<ScoringRow>[]]>(institutionId, query);
    return rows.map(nest);
  }

  /** The latest events of these users that are no trades, oldest first within a user. */
  async latestEvents(institutionId: string, userIds: readonly string[], limit: number): Promise<LatestEvent[]> {
    const [rows] = await this.database.read<[LatestEvent[]]>(institutionId, {
      text: `select u.id as "userId", e.type, e.amount, e.duration_seconds as "durationSeconds", e.product_id as "productId",
                    (extract(epoch from e.occurred_at) * 1000)::float8 as "occurredAt"
               from unnest($2::uuid[]) as u (id)
               cross join lateral (
                 select * from concord.behaviour_events b
                  where b.institution_id = $1 and b.user_id = u.id and b.type not in ('purchase', 'sale')
                  order by b.occurred_at desc, b.event_id desc limit $3) e
              order by u.id, e.occurred_at, e.event_id`,
      values: [institutionId, userIds, limit],
    });
    return rows;
  }

  /** @returns the next users by id after `after`. */
  async training(institutionId: string, after: string, limit: number): Promise<TrainingRow[]> {
    const columns = `${SCORING}, u.external_id as "externalId", u.risk_label as "riskLabel", u.fold,
      u.protected_attributes as "protectedAttributes"`;
    const query = select(columns, 'u.id > $2 order by u.id limit $3', institutionId, after, limit);
    const [rows] = await this.database.read<[Flat<TrainingRow>[]]>(institutionId, query);
    return rows.map(nest);
  }

  /** @returns the next users with a profile after `after`, with the tags that are stored. */
  async tagged(institutionId: string, after: string, limit: number): Promise<TaggedRow[]> {
    const condition = 'p.user_id is not null and u.id > $2 order by u.id limit $3';
    const query = select(', p.tags', condition, institutionId, after, limit);
    const [rows] = await this.database.read<[Flat<TaggedRow>[]]>(institutionId, query);
    return rows.map(nest);
  }

  /** @returns the next ids of users after `after`. */
  async userIds(institutionId: string, after: string, limit: number): Promise<string[]> {
    const [rows] = await this.database.read<[{ id: string }[]]>(institutionId, {
      text: 'select id from concord.users where institution_id = $1 and id > $2 order by id limit $3',
      values: [institutionId, after, limit],
    });
    return rows.map((row) => row.id);
  }

  /** Profiles as the transaction sees them, of users that it has locked. */
  async locked(manager: EntityManager, institutionId: string, userIds: readonly string[]): Promise<ProfileRow[]> {
    const { text, values } = select('', IDS, institutionId, userIds);
    const rows: Flat<ProfileRow>[] = await manager.query(text, values as unknown[]);
    return rows.map(nest);
  }

  /** Writes the profiles of users that the transaction has locked. */
  async write(manager: EntityManager, institutionId: string, profiles: readonly WrittenProfile[]): Promise<void> {
    await manager.query(
      `insert into concord.profiles (institution_id, user_id, features, state, tags)
       select $1, * from ${RECORDS}
       on conflict (user_id) do update set
         features = excluded.features, state = excluded.state, tags = excluded.tags, updated_at = now()`,
      [institutionId, JSON.stringify(profiles)],
    );
  }

  /** Writes what time has changed of profiles that the transaction has locked; their users have done nothing. */
  async writeTags(manager: EntityManager, institutionId: string, profiles: readonly WrittenProfile[]): Promise<void> {
    await manager.query(
      `update concord.profiles p set features = t.features, tags = t.tags from ${RECORDS}
        where p.institution_id = $1 and p.user_id = t."userId"`,
      [institutionId, JSON.stringify(profiles)],
    );
  }

  /** @returns false where answers that were completed later are there. */
  async putQuestionnaire(
    manager: EntityManager,
    institutionId: string,
    userId: string,
    answers: Questionnaire,
  ): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      `insert into concord.questionnaires as q
         (institution_id, user_id, risk_tolerance, knowledge, horizon_months, investable_amount, completed_at, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8)
       on conflict (user_id) do update set
         risk_tolerance = excluded.risk_tolerance, knowledge = excluded.knowledge, horizon_months = excluded.horizon_months,
         investable_amount = excluded.investable_amount, completed_at = excluded.completed_at, expires_at = excluded.expires_at
       where q.completed_at <= excluded.completed_at
       returning user_id`,
      [
        institutionId,
        userId,
        answers.riskTolerance,
        answers.knowledge,
        answers.horizonMonths,
        answers.investableAmount,
        answers.completedAt,
        answers.expiresAt,
      ],
    );
    return rows.length > 0;
  }
}

/** $2 as rows: one document costs less to write and to read than an array of documents, in which every quote is escaped. */
const RECORDS = 'jsonb_to_recordset($2::jsonb) as t ("userId" uuid, features jsonb, state jsonb, tags jsonb)';

const IDS = 'u.id = any($2::uuid[])';

const SCORING = `, u.attributes, array(select h.product_id from concord.holdings h
  where h.institution_id = $1 and h.user_id = u.id order by h.product_id) as "productIds"`;

/** Reads users with profile and questionnaire; `columns` begins with a comma, `condition` is about u and $2 on. */
function select(columns: string, condition: string, ...values: unknown[]): ReadQuery {
  return {
    text: `select u.id as "userId", p.state, p.updated_at as "updatedAt", q.risk_tolerance as "riskTolerance", q.knowledge,
                  q.horizon_months as "horizonMonths", q.investable_amount as "investableAmount",
                  q.completed_at as "completedAt", q.expires_at as "expiresAt" ${columns}
             from concord.users u
             left join concord.profiles p on p.institution_id = $1 and p.user_id = u.id
             left join concord.questionnaires q on q.institution_id = $1 and q.user_id = u.id
            where u.institution_id = $1 and ${condition}`,
    values,
  };
}

/** A row as it is read: the questionnaire's columns stand beside the others, all null where there is none. */
type Flat<T extends ProfileRow> = Omit<T, 'questionnaire'> & { [K in keyof Questionnaire]: Questionnaire[K] | null };

function nest<T extends ProfileRow>(row: Flat<T>): T {
  const { riskTolerance, knowledge, horizonMonths, investableAmount, completedAt, expiresAt, ...rest } = row;
  const questionnaire =
    completedAt === null
      ? undefined
      : { riskTolerance, knowledge, horizonMonths, investableAmount, completedAt, expiresAt };
  return { ...rest, questionnaire } as unknown as T;
}
