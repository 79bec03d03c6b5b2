import { ConcordError } from '../../errors.js';
import type { Descriptor, Holdings, PricesTable } from './descriptor.js';
import type { ReadContext } from './files/csv-file.js';
import { mergeDescriptions } from './merge/descriptions.js';
import { mergeEvents, stageEvents } from './merge/events.js';
import { mergeHolders, mergeHoldings, mergeOwned, stageHoldings } from './merge/holdings.js';
import { type Changes, type MergeContext, NO_CHANGES, sumOf } from './merge/merge.js';
import { mergePrices, type PriceRules, stagePrices } from './merge/prices.js';
import { mergeProducts } from './merge/products.js';
import { mergeQuestionnaires, mergeUsers, stageUsers } from './merge/users.js';
import { Accounting, Actions, type ColumnReport, type ReadReport, type RejectSink } from './report.js';
import { randomFold } from './split.js';
import { openEvents } from './tables/events.js';
import { type HoldingsTable, openHoldings } from './tables/holdings.js';
import { openPrices } from './tables/prices.js';
import { bareProduct, readProducts } from './tables/products.js';
import { answersReader } from './tables/questionnaire.js';
import { openUsers } from './tables/users.js';

/** One import, step by step, in the transaction of its context. */
export class Importer {
  private readonly accountings: Accounting[] = [];
  private readonly columns: ColumnReport[] = [];
  private readonly notes: string[] = [];
  private readonly changes: Record<string, Changes> = {};
  private readonly staleUserIds = new Set<string>();

  constructor(
    private readonly merge: MergeContext,
    private readonly descriptor: Descriptor,
    private readonly files: ReadContext,
    private readonly rejects: RejectSink | undefined,
    private readonly priceRules: PriceRules | undefined,
  ) {}

  /** @param onStage told at the start of each step. */
  async run(onStage: (stage: string) => void) {
    const { users, holdings, products, events, prices } = this.descriptor;
    if (products?.file) {
      onStage('merging products');
      await this.importProducts();
    }
    if (users) await this.importUsers(onStage);
    if (holdings?.file) await this.importHoldings(holdings, onStage);
    if (events) await this.importEvents(onStage);
    if (prices) await this.importPrices(prices, onStage);
    const read: ReadReport = {
      descriptor: this.descriptor.name,
      tables: this.accountings.map((accounting) => accounting.report()),
      columns: this.columns,
      notes: this.notes,
    };
    return { read, changes: this.changes, staleUserIds: [...this.staleUserIds] };
  }

  private accounting(file: string, table: string): Accounting {
    const accounting = new Accounting(file, table, this.rejects);
    this.accountings.push(accounting);
    return accounting;
  }

  private count(table: string, changes: Changes): void {
    this.changes[table] = sumOf(this.changes[table] ?? NO_CHANGES, changes);
  }

  private async importProducts(): Promise<void> {
    const { products } = this.descriptor;
    const records = await readProducts(products!, this.merge.currency, this.files, (file) =>
      this.accounting(file, 'products'),
    );
    this.count('products', await mergeProducts(this.merge, records, false));
  }

  private async createProducts(codes: readonly string[]): Promise<void> {
    const { products } = this.descriptor;
    const records = codes.map((code) => bareProduct(code, this.merge.currency, products));
    const isDescribed = ({ code }: { code: string }) => products?.items?.[code] !== undefined;
    for (const [some, isBare] of [
      [records.filter((record) => !isDescribed(record)), true],
      [records.filter(isDescribed), false],
    ] as const) {
      if (some.length > 0) this.count('products', await mergeProducts(this.merge, some, isBare));
    }
  }

  private async importUsers(onStage: (stage: string) => void): Promise<void> {
    const { descriptor, merge } = this;
    const users = await openUsers(descriptor, descriptor.users!, this.files);
    const accounting = this.accounting(users.table.name, 'users');
    const answers = new Actions();
    const { questionnaire, holdings } = descriptor;
    const answersOf = questionnaire && answersReader(questionnaire, users.table, answers, merge.now);
    await stageUsers(merge, users, answersOf, accounting);
    onStage('merging users');
    this.count('users', await mergeUsers(merge, accounting.imported));
    await mergeDescriptions(merge, users.attributes);
    if (questionnaire) {
      const { changes, staleUserIds } = await mergeQuestionnaires(merge);
      this.count('questionnaires', changes);
      for (const id of staleUserIds) this.staleUserIds.add(id);
    }
    if (users.products.length > 0) {
      await this.createProducts(users.products);
      this.count('holdings', await mergeOwned(merge, users.products, holdings?.complete ?? true));
    }
    this.notes.push(...users.notes);
    for (const { name, spec, actions } of users.attributes) {
      this.columns.push({ column: name, kind: spec.type, actions: actions.toJSON() });
    }
    if (questionnaire) this.columns.push({ column: 'questionnaire', kind: 'answers', actions: answers.toJSON() });
  }

  private async importHoldings(spec: Holdings, onStage: (stage: string) => void): Promise<void> {
    const { merge, descriptor } = this;
    const holdings: HoldingsTable = await openHoldings(spec, this.files);
    const accounting = this.accounting(holdings.table.name, 'holdings');
    const { split, users } = descriptor;
    const foldOf = (user: string) =>
      !users && split && 'random' in split ? randomFold(split.random, user) : undefined;
    await stageHoldings(merge, holdings, accounting, foldOf);
    onStage('merging holdings');
    if (!users) this.count('users', await mergeHolders(merge));
    if (this.mayCreateProducts(spec)) await this.createProducts(await this.codesIn('import_holdings'));
    this.count('holdings', await mergeHoldings(merge, holdings, accounting, spec.complete ?? false));
  }

  private async importEvents(onStage: (stage: string) => void): Promise<void> {
    const { merge, descriptor } = this;
    const events = await openEvents(descriptor.events!, this.files, descriptor.name, merge.now);
    const accounting = this.accounting(events.table.name, 'events');
    await stageEvents(merge, events, accounting);
    onStage('merging events');
    if (this.mayCreateProducts(descriptor.events!)) await this.createProducts(await this.codesIn('import_events'));
    const { changes, staleUserIds } = await mergeEvents(merge, events, accounting);
    this.count('events', changes);
    for (const id of staleUserIds) this.staleUserIds.add(id);
    this.columns.push({ column: 'event amount', kind: 'numeric', actions: events.actions.toJSON() });
  }

  private async importPrices(spec: PricesTable, onStage: (stage: string) => void): Promise<void> {
    if (!this.priceRules) throw new ConcordError('INTERNAL', 'An import of prices needs the rules for them.');
    const prices = await openPrices(spec, this.files, this.merge.now);
    const accounting = this.accounting(prices.table.name, 'prices');
    await stagePrices(this.merge, prices, accounting);
    onStage('merging prices');
    const acceptJumps = spec.jumps === 'accept';
    this.count('prices', await mergePrices(this.merge, prices, accounting, this.priceRules, acceptJumps));
  }

  private mayCreateProducts({ unknownProducts }: Pick<Holdings, 'unknownProducts'>): boolean {
    return (unknownProducts ?? (this.descriptor.products?.file ? 'reject' : 'create')) === 'create';
  }

  private async codesIn(table: string): Promise<string[]> {
    const rows: { code: string }[] = await this.merge.manager.query(
      `select distinct code from ${table} where code is not null order by code`,
    );
    return rows.map(({ code }) => code);
  }
}
