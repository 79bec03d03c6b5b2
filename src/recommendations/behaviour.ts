import type { Product, ProductType } from '../products/product.js';

/** A sign of interest: a behaviour event of the last 30 days. */
export interface InterestEvent {
  readonly type: string;
  readonly productId: string | null;
  /** What was searched for. */
  readonly text: string | null;
  readonly occurredAt: Date;
}

/** What one event of today counts. Others do not speak of interest in a product that is not owned. */
const WEIGHTS: Readonly<Record<string, number>> = { view: 1, click: 1, search: 1.5 };
/** An event about another product of the same type counts this part. */
const SAME_TYPE = 0.3;
export const INTEREST_DAYS = 30;
const HALF_LIFE_DAYS = 7;
/** So many events of today are as good as any more. */
const CAP = 20;
const DAY = 86_400_000;

/** Weighted events about a product itself, and about its type. */
export interface Interest {
  readonly product: ReadonlyMap<string, number>;
  readonly type: ReadonlyMap<ProductType, number>;
}

/**
 * Sums the events: each counts its weight, halved every 7 days, nothing after 30. A search that names no product counts for the type
 * whose name, singular or plural, is a word of its text.
 */
export function interestOf(
  events: readonly InterestEvent[],
  byId: ReadonlyMap<string, Pick<Product, 'type'>>,
  now: Date,
): Interest {
  const product = new Map<string, number>();
  const type = new Map<ProductType, number>();
  for (const event of events) {
    const days = Math.max(0, now.getTime() - event.occurredAt.getTime()) / DAY;
    const weight = (WEIGHTS[event.type] ?? 0) * 2 ** (-days / HALF_LIFE_DAYS);
    if (weight === 0 || days > INTEREST_DAYS) continue;
    if (event.productId !== null) {
      add(product, event.productId, weight);
      const about = byId.get(event.productId);
      if (about) add(type, about.type, weight);
    } else for (const named of typesNamed(event.text)) add(type, named, weight);
  }
  return { product, type };
}

/** ln(1 + w), where w = events about the product + .3 × events about others of its type, at most 20: what is added to ln score. */
export function behaviourBonus(
  interest: Interest,
  product: Pick<Product, 'id' | 'type'>,
): { bonus: number; own: number } {
  const own = interest.product.get(product.id) ?? 0;
  const others = Math.max(0, (interest.type.get(product.type) ?? 0) - own);
  return { bonus: Math.log1p(Math.min(CAP, own + SAME_TYPE * others)), own };
}

const WORDS: ReadonlyMap<string, ProductType> = new Map(
  (['deposit', 'fund', 'bond', 'stock', 'insurance', 'loan', 'portfolio', 'card', 'account'] as const).flatMap(
    (type) => [
      [type, type],
      [`${type}s`, type],
    ],
  ),
);

function typesNamed(text: string | null): Set<ProductType> {
  const words = (text ?? '').toLowerCase().match(/\p{L}+/gu) ?? [];
  return new Set(words.flatMap((word) => WORDS.get(word) ?? []));
}

function add<K>(sums: Map<K, number>, key: K, weight: number): void {
  sums.set(key, (sums.get(key) ?? 0) + weight);
}
