import { featuresOf } from '../profiles/features.js';
import { applyEvents, emptyState, type ProfileEvent } from '../profiles/state.js';
import { tagsOf } from '../profiles/tags.js';
import { priceFiguresOf } from '../risk/market/price-figures.js';
import { DESCRIPTIONS } from './attributes.js';
import type { DemoInstitution } from './consortium.js';
import type { DemoEvent } from './events.js';
import { type DemoPrice, pricesOf } from './prices.js';
import type { DemoProduct } from './products.js';
import { Random } from './random.js';
import type { DemoUser } from './users.js';

type Value = string | number | Date | null | object;

/** Rows of one table, without the column institution_id, which is the same in all. */
export interface TableRows {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: Iterable<readonly Value[]>;
}

/** A generated institution as rows of the database, to be read once and in this order, in which they refer to each other. */
export function tablesOf(institution: DemoInstitution, now: Date): TableRows[] {
  const productIds = productIdsOf(institution);
  const { priceSeed } = institution;
  const histories = new Map(institution.products.map((product) => [product, pricesOf(product, priceSeed, now)]));
  return [
    products(institution, productIds, histories),
    prices(histories, productIds),
    users(institution),
    attributes(),
    questionnaires(institution),
    holdings(institution, productIds),
    ...eventsAndProfiles(institution, productIds, now),
  ];
}

/** Ids by code: of the institution, so that a shared code has an id of its own at each. */
function productIdsOf({ id, products }: DemoInstitution): ReadonlyMap<string, string> {
  const random = new Random(Number.parseInt(id.slice(0, 8), 16));
  return new Map(products.map(({ code }) => [code, random.fork(code).uuid()]));
}

type Histories = ReadonlyMap<DemoProduct, readonly DemoPrice[]>;

function prices(histories: Histories, ids: ReadonlyMap<string, string>): TableRows {
  return {
    table: 'product_prices',
    columns: ['product_id', 'day', 'price'],
    rows: [...histories].flatMap(([product, points]) =>
      points.map(({ day, price }) => [idOf(ids, product), day, price]),
    ),
  };
}

function products({ products }: DemoInstitution, ids: ReadonlyMap<string, string>, histories: Histories): TableRows {
  return {
    table: 'products',
    columns: [
      'id',
      'code',
      'name',
      'type',
      'risk_class',
      'expected_yield',
      'volatility',
      'term_months',
      'minimum_amount',
      'minimum_horizon_months',
      'required_knowledge',
      'currency',
      'attributes',
      'price_figures',
    ],
    rows: products.map((product) => [
      idOf(ids, product),
      product.code,
      product.name,
      product.type,
      product.riskClass,
      product.expectedYield,
      product.volatility,
      product.termMonths,
      product.minimumAmount,
      product.minimumHorizonMonths,
      product.requiredKnowledge,
      product.currency,
      product.attributes,
      priceFiguresOf(histories.get(product) ?? []) ?? null,
    ]),
  };
}

function users({ records, fold }: DemoInstitution): TableRows {
  return {
    table: 'users',
    columns: ['id', 'external_id', 'attributes', 'protected_attributes', 'risk_label', 'fold'],
    rows: records.map(({ user, riskLabel }) => [
      user.id,
      user.externalId,
      user.attributes,
      user.protectedAttributes,
      riskLabel ?? null,
      fold ?? null,
    ]),
  };
}

function attributes(): TableRows {
  return {
    table: 'attribute_descriptions',
    columns: ['name', 'label', 'label_zh', 'actionable'],
    rows: DESCRIPTIONS.map(({ name, label, labelZh, actionable }) => [name, label, labelZh, actionable]),
  };
}

function questionnaires({ records }: DemoInstitution): TableRows {
  return {
    table: 'questionnaires',
    columns: [
      'user_id',
      'risk_tolerance',
      'knowledge',
      'horizon_months',
      'investable_amount',
      'completed_at',
      'expires_at',
    ],
    rows: records.flatMap(({ user: { id, questionnaire } }) =>
      questionnaire
        ? [
            [
              id,
              questionnaire.riskTolerance,
              questionnaire.knowledge,
              questionnaire.horizonMonths,
              questionnaire.investableAmount,
              questionnaire.completedAt,
              questionnaire.expiresAt,
            ],
          ]
        : [],
    ),
  };
}

function holdings({ records }: DemoInstitution, ids: ReadonlyMap<string, string>): TableRows {
  return {
    table: 'holdings',
    columns: ['user_id', 'product_id', 'amount', 'acquired_at'],
    rows: records.flatMap(({ user, holdings }) =>
      holdings.map(({ product, amount, acquiredAt }) => [user.id, idOf(ids, product), amount, acquiredAt]),
    ),
  };
}

/**
 * Events, and the profiles that recording them one by one would have given: the same reducer makes them, as the events pass. The table of
 * profiles is complete once all events have been read.
 */
function eventsAndProfiles(
  { records }: DemoInstitution,
  ids: ReadonlyMap<string, string>,
  now: Date,
): readonly [events: TableRows, profiles: TableRows] {
  const profiles: (readonly Value[])[] = [];
  function* rows() {
    for (const { user, events } of records) {
      const own = events();
      if (own.length === 0) continue;
      const state = applyEvents(emptyState(), own.map(profileEvent));
      const features = featuresOf(state, now);
      const tags = tagsOf(features, user.questionnaire, now);
      // As text they take a tenth of the memory.
      profiles.push([user.id, JSON.stringify(features), JSON.stringify(state), JSON.stringify(tags)]);
      for (let i = 0; i < own.length; i++) yield eventRow(user, own[i], i + 1, ids);
    }
  }
  return [
    {
      table: 'behaviour_events',
      columns: ['event_id', 'user_id', 'product_id', 'type', 'amount', 'duration_seconds', 'text', 'occurred_at'],
      rows: rows(),
    },
    { table: 'profiles', columns: ['user_id', 'features', 'state', 'tags'], rows: profiles },
  ];
}

function eventRow(user: DemoUser, event: DemoEvent, number: number, ids: ReadonlyMap<string, string>): Value[] {
  const { type, product, amount, durationSeconds, text, occurredAt } = event;
  const productId = product ? idOf(ids, product) : null;
  const eventId = `${user.externalId}-${number}`;
  return [eventId, user.id, productId, type, amount ?? null, durationSeconds ?? null, text ?? null, occurredAt];
}

/** An event as the reducer of profiles reads it. */
export const profileEvent = ({ type, product, amount, durationSeconds, occurredAt }: DemoEvent): ProfileEvent => ({
  type,
  occurredAt: occurredAt.getTime(),
  amount: amount ?? null,
  durationSeconds: durationSeconds ?? null,
  product: product ? { type: product.type, riskClass: product.riskClass } : null,
});

function idOf(ids: ReadonlyMap<string, string>, product: DemoProduct): string {
  const id = ids.get(product.code);
  if (id === undefined) throw new RangeError(`${product.code} is not sold here`);
  return id;
}
