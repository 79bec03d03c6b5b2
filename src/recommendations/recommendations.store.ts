import type { EntityManager } from 'typeorm';
import type { Database } from '../database/database.js';
import type { Answer, AnswerItem } from './answer.js';
import { INTEREST_DAYS, type InterestEvent } from './behaviour.js';
import type { OwnerCounts, Popularity } from './popularity.js';

/** Recent signs of interest and of its opposite. */
export interface Signals {
  readonly events: readonly InterestEvent[];
  readonly dismissals: readonly { readonly productId: string; readonly at: Date }[];
}

/** Users of one tolerance and segment, or how many of them own a product. */
interface GroupCount {
  readonly productId: string | null;
  readonly tolerance: number | null;
  readonly segment: number | null;
  readonly count: number;
}

const MOST_EVENTS = 1_000;

export class RecommendationsStore {
  constructor(private readonly database: Pick<Database, 'read'>) {}

  /** One round trip: what the user looked at in the last 30 days, newest 1,000, and dismissed in the last 180. */
  async signals(institutionId: string, userId: string, now: Date): Promise<Signals> {
    const [events, dismissals] = await this.database.read<[InterestEvent[], { productId: string; at: Date }[]]>(
      institutionId,
      {
        text: `select type, product_id as "productId", text, occurred_at as "occurredAt" from concord.behaviour_events
                where institution_id = $1 and user_id = $2 and occurred_at > $3::timestamptz - $4 * interval '1 day'
                  and occurred_at <= $3 and type in ('view', 'click', 'search')
                order by occurred_at desc limit $5`,
        values: [institutionId, userId, now, INTEREST_DAYS, MOST_EVENTS],
      },
      {
        text: `select product_id as "productId", max(recorded_at) as at from concord.feedback
                where institution_id = $1 and user_id = $2 and kind = 'dismissed'
                  and recorded_at > $3::timestamptz - interval '180 days'
                group by product_id`,
        values: [institutionId, userId, now],
      },
    );
    return { events, dismissals };
  }

  /** How many users own each product, in all, by the risk tolerance they stated, and by the segment that the profile model places them in. */
  async popularity(institutionId: string): Promise<Popularity> {
    const [owners, users] = await this.database.read<[GroupCount[], GroupCount[]]>(
      institutionId,
      {
        text: `select h.product_id as "productId", q.risk_tolerance as tolerance, e.segment, count(*) as count
                 from concord.holdings h left join concord.questionnaires q using (institution_id, user_id)
                 left join concord.profile_embeddings e using (institution_id, user_id)
                where h.institution_id = $1 group by 1, 2, 3`,
        values: [institutionId],
      },
      {
        text: `select null as "productId", q.risk_tolerance as tolerance, e.segment, count(*) as count
                 from concord.users u left join concord.questionnaires q on q.institution_id = u.institution_id and q.user_id = u.id
                 left join concord.profile_embeddings e on e.institution_id = u.institution_id and e.user_id = u.id
                where u.institution_id = $1 group by 2, 3`,
        values: [institutionId],
      },
    );
    const countsOf = (isOf: (group: GroupCount) => boolean): OwnerCounts => {
      const counts = new Map<string, number>();
      for (const group of owners)
        if (isOf(group)) counts.set(group.productId!, (counts.get(group.productId!) ?? 0) + group.count);
      return { owners: counts, users: users.reduce((sum, group) => (isOf(group) ? sum + group.count : sum), 0) };
    };
    const by = (name: 'tolerance' | 'segment') => {
      const values = new Set(users.map((group) => group[name]).filter((value) => value !== null));
      return new Map([...values].map((value) => [value, countsOf((group) => group[name] === value)]));
    };
    return { all: countsOf(() => true), byTolerance: by('tolerance'), bySegment: by('segment') };
  }

  /** Where the profile model placed a user; undefined where it did not. */
  async segmentOf(institutionId: string, userId: string): Promise<number | undefined> {
    const [rows] = await this.database.read<[{ segment: number }[]]>(institutionId, {
      text: 'select segment from concord.profile_embeddings where institution_id = $1 and user_id = $2',
      values: [institutionId, userId],
    });
    return rows[0]?.segment;
  }

  async insert(manager: EntityManager, institutionId: string, answer: Answer): Promise<void> {
    await manager.query(
      `insert into concord.recommendations
         (id, institution_id, user_id, model_version_id, strategy, items, shown, inputs, created_at, experiment_id, variant)
       values ($1, $2, $3, $4, $5, $6::jsonb, $7, $8::jsonb, $9, $10, $11)`,
      [
        answer.id,
        institutionId,
        answer.userId,
        answer.modelVersionId,
        answer.strategy,
        JSON.stringify(answer.items),
        answer.shown,
        JSON.stringify(answer.inputs),
        answer.createdAt,
        answer.exposure?.experimentId ?? null,
        answer.exposure?.variant ?? null,
      ],
    );
  }

  async byId(institutionId: string, id: string): Promise<Answer | undefined> {
    const [rows] = await this.database.read<[Answer[]]>(institutionId, {
      text: `select id, user_id as "userId", model_version_id as "modelVersionId", strategy, items, shown, inputs, created_at as "createdAt",
                    case when experiment_id is not null then jsonb_build_object('experimentId', experiment_id, 'variant', variant) end as exposure
               from concord.recommendations where institution_id = $1 and id = $2`,
      values: [institutionId, id],
    });
    return rows[0];
  }

  /** A further page was delivered: its items take the place of those stored, whatever other pages are stored meanwhile. */
  async show(
    manager: EntityManager,
    institutionId: string,
    id: string,
    shown: number,
    page: readonly AnswerItem[],
  ): Promise<void> {
    await manager.query(
      `update concord.recommendations r set shown = greatest(shown, $3), items = (
         select coalesce(jsonb_agg(coalesce(page.item, stored.item) order by stored.position), '[]')
           from jsonb_array_elements(r.items) with ordinality as stored (item, position)
           left join jsonb_array_elements($4::jsonb) as page (item) on page.item ->> 'productId' = stored.item ->> 'productId')
        where institution_id = $1 and id = $2`,
      [institutionId, id, shown, JSON.stringify(page)],
    );
  }
}
