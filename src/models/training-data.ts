import { type Dataset, FOLD, type Ownership } from '../engine/data/dataset.js';
import { contentOf, type DescribedProduct } from '../engine/data/product-content.js';
import { dealFolds, selectUsers } from '../engine/data/split.js';
import type { Task } from '../engine/engine.js';
import { badInput } from '../errors.js';
import { FEATURE_NAMES, INTEREST_FEATURES } from '../profiles/features.js';
import { FEATURE_PREFIX, type TrainingView } from '../profiles/scoring-view.js';
import type { Participant } from './participant.js';
import { ColumnBuilder } from './training-columns.js';
import { EventsBuilder } from './training-events.js';

/** Fewer users than these teach a model nothing, and could be told from it. */
export const LEAST_USERS = 20;
/** The same for users with the event, and for users without it. */
export const LEAST_OF_A_LABEL = 10;
/** Products with fewer owners are left to content similarity. */
export const LEAST_OWNERS = 5;

/** Profile features that tell which products are owned: a model of interest in products must not read them. */
const LEAKS = new Set(
  FEATURE_NAMES.filter((name) => !INTEREST_FEATURES.includes(name)).map((name) => FEATURE_PREFIX + name),
);

/**
 * Collects users of one or several institutions into a data set. The same users give the same data set, in whatever order they come.
 * Risk takes users whose label is known, interest users who own something, profiles everyone and all that is known of them.
 */
export class TrainingData {
  private readonly keys: string[] = [];
  private readonly columns = new Map<string, ColumnBuilder>();
  private readonly owned: (readonly string[])[] = [];
  private readonly labels: number[] = [];
  private readonly folds: (TrainingView['fold'] | null)[] = [];
  /** Institution and id of each user. */
  private readonly people: { readonly institution: string; readonly userId: string }[] = [];
  private readonly events = new EventsBuilder();
  private readonly catalogue = new Map<string, DescribedProduct>();

  constructor(private readonly task: Task | 'profile') {}

  get size(): number {
    return this.keys.length;
  }

  /** @param institution any name that tells institutions apart: external ids are unique within one only */
  add(institution: string, views: readonly TrainingView[]): void {
    for (const view of views) {
      if (!this.takes(view)) continue;
      const user = this.keys.push(`${institution}/${view.externalId}`) - 1;
      this.people.push({ institution, userId: view.userId });
      this.owned.push(view.row.owned);
      this.labels.push(view.riskLabel ?? Number.NaN);
      this.folds.push(view.fold);
      this.events.set(user, view.row.events);
      for (const name in view.row.values) {
        if (this.task === 'interest' && LEAKS.has(name)) continue;
        this.column(name).set(user, view.row.values[name]);
      }
    }
  }

  /** What an institution says of its products; of those that several have, the first that is named. */
  describe(products: readonly DescribedProduct[]): void {
    for (const product of products) if (!this.catalogue.has(product.code)) this.catalogue.set(product.code, product);
  }

  /**
   * Stored folds are kept; users without one are dealt by the seed: 8 of 10 to train, 1 to validation, 1 to test. Where no user is stored as
   * one for validation, 1 in 10 of those stored for training is.
   * @throws {ConcordError} BAD_INPUT where there is too little to learn from
   */
  build(name: string, seed: number): Dataset {
    this.check();
    const order = this.order();
    return this.dataset(name, order, this.deal(order, seed), this.products());
  }

  /**
   * For private training, which promises that one user more or less changes nothing about the others: no product is left out for how few
   * own it, no user is dealt to a fold, and nothing is refused for there being few. Users who are stored for validation or test stay out.
   */
  buildPrivate(name: string): Dataset {
    const order = this.order();
    const fold = Uint8Array.from(order, (user) => FOLD[this.folds[user] ?? 'train']);
    return this.dataset(name, order, fold, this.products(1));
  }

  /** Of whom a data set that was built from this reads, by institution. */
  participants({ fold }: Dataset): Map<string, Participant[]> {
    const byInstitution = new Map<string, Participant[]>();
    this.order().forEach((user, row) => {
      const { institution, userId } = this.people[user];
      const own = byInstitution.get(institution) ?? [];
      own.push({ userId, trained: fold?.[row] === FOLD.train, owned: this.owned[user] });
      byInstitution.set(institution, own);
    });
    return byInstitution;
  }

  private takes({ riskLabel, row }: TrainingView): boolean {
    if (this.task === 'profile') return true;
    return this.task === 'risk' ? riskLabel !== null : row.owned.length > 0;
  }

  private order(): Int32Array {
    return Int32Array.from(this.keys.keys()).sort((a, b) => (this.keys[a] < this.keys[b] ? -1 : 1));
  }

  private dataset(name: string, order: Int32Array, fold: Uint8Array, products: readonly string[]): Dataset {
    const common = {
      name,
      size: order.length,
      userIds: Array.from(order, (user) => this.keys[user]),
      columns: [...this.columns.keys()].sort().map((column) => this.columns.get(column)!.build(order)),
      protectedColumns: [],
      ...this.events.build(order),
      fold,
    };
    if (this.task === 'risk') return { ...common, label: this.labelsIn(order) };
    const content = contentOf(products, this.catalogue);
    return { ...common, ownership: this.ownership(order, products), ...(content && { content }) };
  }

  private labelsIn(order: Int32Array): Float32Array {
    return Float32Array.from(order, (user) => this.labels[user]);
  }

  private column(name: string): ColumnBuilder {
    const column = this.columns.get(name) ?? new ColumnBuilder(name);
    this.columns.set(name, column);
    return column;
  }

  private check(): void {
    const { size } = this;
    if (this.task === 'risk') {
      const events = this.labels.filter((label) => label === 1).length;
      if (Math.min(events, size - events) < LEAST_OF_A_LABEL)
        throw badInput(
          `To train risk, at least ${LEAST_OF_A_LABEL} users with and ${LEAST_OF_A_LABEL} without the event are needed; there are ${events} and ${size - events} whose label is known.`,
        );
    } else if (this.task === 'interest' && (size < LEAST_USERS || this.products().length < 2))
      throw badInput(
        `To train interest, at least ${LEAST_USERS} users who own something and two products with ${LEAST_OWNERS} owners are needed; there are ${size} users and ${this.products().length} such products.`,
      );
  }

  private products(leastOwners = LEAST_OWNERS): string[] {
    const owners = new Map<string, number>();
    for (const codes of this.owned) for (const code of codes) owners.set(code, (owners.get(code) ?? 0) + 1);
    return [...owners.keys()].filter((code) => owners.get(code)! >= leastOwners).sort();
  }

  private ownership(order: Int32Array, products: readonly string[]): Ownership {
    const positions = new Map(products.map((code, position) => [code, position]));
    const rows = Array.from(order, (user) =>
      this.owned[user]
        .map((code) => positions.get(code))
        .filter((position) => position !== undefined)
        .sort((a, b) => a - b),
    );
    const offsets = new Int32Array(order.length + 1);
    rows.forEach((row, user) => {
      offsets[user + 1] = offsets[user] + row.length;
    });
    return { products, offsets, items: Int32Array.from(rows.flat()), heldOut: new Int32Array(order.length).fill(-1) };
  }

  private deal(order: Int32Array, seed: number): Uint8Array {
    const labels = this.labelsIn(order);
    const stored = (user: number) => this.folds[order[user]];
    const stratum = this.task === 'risk' ? (user: number) => labels[user] : undefined;
    const fold = Uint8Array.from(order, (user) => FOLD[this.folds[user] ?? 'train']);
    const unstored = selectUsers(order.length, (user) => stored(user) === null);
    dealFolds(unstored, 10, seed, stratum).forEach((place, index) => {
      fold[unstored[index]] = place === 0 ? FOLD.test : place === 1 ? FOLD.validation : FOLD.train;
    });
    if (!fold.includes(FOLD.validation)) {
      const training = selectUsers(order.length, (user) => fold[user] === FOLD.train);
      dealFolds(training, 10, seed, stratum).forEach((place, index) => {
        if (place === 0) fold[training[index]] = FOLD.validation;
      });
    }
    return fold;
  }
}
