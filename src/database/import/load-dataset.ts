import type { Dataset } from '../../engine/data/dataset.js';
import { FOLD } from '../../engine/data/dataset.js';
import { contentOf } from '../../engine/data/product-content.js';
import { badInput } from '../../errors.js';
import { columnOf } from './dataset/columns.js';
import { packOwnership } from './dataset/ownership.js';
import { type ReadSequence, readSequence } from './dataset/read-sequence.js';
import { UserRows } from './dataset/user-rows.js';
import type { Descriptor, Holdings, SequenceTable, Split } from './descriptor.js';
import type { ReadContext } from './files/csv-file.js';
import { RejectsFile } from './rejects.js';
import { Accounting, type ReadReport, type RejectSink, type TableReport } from './report.js';
import { randomFold } from './split.js';
import { openHoldings } from './tables/holdings.js';
import { bareProduct, type ProductRecord, readProducts } from './tables/products.js';
import { momentReader } from './tables/sequence.js';
import { openUsers, type Users } from './tables/users.js';

export interface LoadOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (stage: string, fraction: number) => void;
  /** Where rejected rows go; absent: they are counted only. */
  readonly rejectsPath?: string;
}

/** Where the descriptor of a recommendation set has no split. */
const DEFAULT_SPLIT: Split = { random: { validation: 0.1, test: 0.2, seed: 42 } };

/**
 * Reads the files that a descriptor names into a dataset for training and evaluation, with no database. Users outside a stored split, and for a
 * risk task users without a label, are left out; the report counts them as filtered.
 * @throws {ConcordError} BAD_INPUT with what to change; CANCELLED.
 */
export async function loadDataset(
  descriptor: Descriptor,
  dataDir: string,
  options: LoadOptions = {},
): Promise<{ dataset: Dataset; report: ReadReport }> {
  const rejects = options.rejectsPath === undefined ? undefined : new RejectsFile(options.rejectsPath);
  const context: ReadContext = {
    dataDir,
    format: descriptor.format,
    signal: options.signal,
    onRead: (file, read, size) => options.onProgress?.(`reading ${file}`, size === 0 ? 1 : Math.min(1, read / size)),
  };
  const split = descriptor.split ?? (descriptor.task === 'interest' ? DEFAULT_SPLIT : undefined);
  try {
    const loader = new Loader({ ...descriptor, split }, context, rejects);
    if (split && !descriptor.split) {
      loader.notes.push(
        'no split is given: users are split at random, 70 % train, 10 % validation, 20 % test, one product hidden',
      );
    }
    const dataset = await loader.load();
    return { dataset, report: { ...loader.report(), rejectsFile: rejects?.keep() } };
  } catch (error) {
    rejects?.discard();
    throw error;
  }
}

/** Of products that say nothing else: without a database no institution has one. */
const CURRENCY = 'EUR';

class Loader {
  readonly notes: string[] = [];
  private readonly tables: TableReport[] = [];
  readonly #rows = new UserRows();
  private products: string[] = [];
  private users: Users | undefined;
  /** What the table of products says of them; undefined: there is none. */
  private catalogue: ReadonlyMap<string, ProductRecord> | undefined;

  constructor(
    private readonly descriptor: Descriptor,
    private readonly context: ReadContext,
    private readonly rejects: RejectSink | undefined,
  ) {}

  async load(): Promise<Dataset> {
    const { descriptor } = this;
    const rows = this.#rows;
    if (descriptor.users) await this.readUsers(await openUsers(descriptor, descriptor.users, this.context));
    if (descriptor.holdings) this.catalogue = await this.readCatalogue();
    if (descriptor.holdings?.file) await this.readHoldings(descriptor.holdings);
    const events = descriptor.sequence && (await this.readSequence(descriptor.sequence));
    if (rows.ids.length === 0)
      throw badInput(`${descriptor.name}: no user is left; see the rejected rows.`, { tables: this.tables });
    if (descriptor.task === 'interest' && this.products.length === 0) {
      throw badInput(
        `${descriptor.name} says nothing of products owned ("holdings"), so there is nothing to learn from.`,
      );
    }
    const ownership = this.products.length > 0 ? packOwnership(this.products, rows, descriptor.split) : undefined;
    const columns = (this.users?.attributes ?? []).map((attribute, i) => ({
      attribute,
      column: columnOf(
        attribute,
        rows.values.map((values) => values[i]!),
      ),
    }));
    const series = this.users?.series ?? [];
    return {
      name: descriptor.name,
      size: rows.ids.length,
      userIds: rows.ids,
      columns: [
        ...columns.filter(({ attribute }) => attribute.isForModels).map(({ column }) => column),
        ...(events?.aggregates ?? []),
      ],
      protectedColumns: columns.filter(({ attribute }) => attribute.isProtected).map(({ column }) => column),
      ...(ownership && { ownership, ...this.content(ownership.products) }),
      ...(events && { sequences: events.sequences }),
      ...(series.length > 0 && { series }),
      ...(descriptor.label && { label: Float32Array.from(rows.labels) }),
      ...(descriptor.split && { fold: Uint8Array.from(rows.places, (place) => FOLD[place?.fold ?? 'train']) }),
    };
  }

  report(): ReadReport {
    const attributes = this.users?.attributes ?? [];
    const columns = attributes.map(({ name, spec, actions }) => ({
      column: name,
      kind: spec.type,
      actions: actions.toJSON(),
    }));
    return {
      descriptor: this.descriptor.name,
      tables: this.tables,
      columns,
      notes: [...this.notes, ...this.tables.flatMap(rejectionNote)],
    };
  }

  private async readUsers(users: Users): Promise<void> {
    const { descriptor } = this;
    const rows = this.#rows;
    this.users = users;
    this.products = [...users.products];
    this.notes.push(...users.notes);
    const accounting = new Accounting(users.table.name, 'users', this.rejects);
    const needsLabel = descriptor.task === 'risk';
    const momentOf = descriptor.sequence && momentReader(descriptor.sequence, users.table);
    let [outside, unlabelled] = [0, 0];
    for await (const batch of users.read(accounting)) {
      for (const { row, id, values, owned, label, place } of batch) {
        const isOutside = descriptor.split !== undefined && place === undefined;
        const isUnlabelled = needsLabel && Number.isNaN(label);
        if (isOutside) outside++;
        else if (isUnlabelled) unlabelled++;
        if (isOutside || isUnlabelled) {
          accounting.filtered++;
          rows.excluded.add(id);
        } else {
          accounting.imported++;
          rows.add(id, values, owned, label, place, momentOf?.(row));
        }
      }
    }
    if (outside > 0) this.notes.push(`${outside} users are in no fold of the split: left out`);
    if (unlabelled > 0) this.notes.push(`${unlabelled} users have no label: left out`);
    this.tables.push(accounting.report());
  }

  private async readHoldings(spec: Holdings): Promise<void> {
    const { descriptor } = this;
    const rows = this.#rows;
    const { table, read } = await openHoldings(spec, this.context);
    const accounting = new Accounting(table.name, 'holdings', this.rejects);
    const known = spec.unknownProducts === 'create' ? undefined : this.catalogue;
    const indexOf = new Map(this.products.map((code, i) => [code, i]));
    const { split } = descriptor;
    for await (const batch of read(accounting)) {
      for (const { row, user, product, time } of batch) {
        let at = rows.index.get(user);
        if (rows.excluded.has(user)) accounting.filtered++;
        else if (at === undefined && this.users) accounting.reject(row, 'unknown user', user);
        else if (known && !known.has(product)) accounting.reject(row, 'unknown product', product);
        else {
          at ??= rows.add(
            user,
            [],
            [],
            Number.NaN,
            split && 'random' in split ? { fold: randomFold(split.random, user) } : undefined,
          );
          const index = indexOf.get(product) ?? this.products.push(product) - 1;
          indexOf.set(product, index);
          const owned = rows.owned[at]!;
          const isNew = !owned.has(index);
          if (isNew) accounting.imported++;
          else accounting.merged++;
          if (isNew || time > (owned.get(index) || Number.NEGATIVE_INFINITY)) owned.set(index, time);
        }
      }
    }
    this.tables.push(accounting.report());
  }

  private async readSequence(spec: SequenceTable): Promise<ReadSequence> {
    const { context, rejects } = this;
    const read = await readSequence({ spec, rows: this.#rows, hasUsers: this.users !== undefined, context, rejects });
    this.tables.push(read.report);
    this.notes.push(...read.notes);
    return read;
  }

  private async readCatalogue(): Promise<ReadonlyMap<string, ProductRecord> | undefined> {
    const { products } = this.descriptor;
    if (!products?.file) return undefined;
    let counts: Accounting | undefined;
    const records = await readProducts(products, CURRENCY, this.context, (file) => {
      counts = new Accounting(file, 'products', this.rejects);
      return counts;
    });
    if (counts) this.tables.push(counts.report());
    return new Map(records.map((record) => [record.code, record]));
  }

  /** What models that compare products by themselves read, where the descriptor says anything of products. */
  private content(codes: readonly string[]): Pick<Dataset, 'content'> {
    const { products } = this.descriptor;
    if (!products) return {};
    const described = (code: string) => this.catalogue?.get(code) ?? bareProduct(code, CURRENCY, products);
    const content = contentOf(codes, new Map(codes.map((code) => [code, described(code)])));
    return content ? { content } : {};
  }
}

function rejectionNote({ file, rejected, reasons }: TableReport): string[] {
  if (rejected === 0) return [];
  const each = Object.entries(reasons).map(([reason, count]) => `${reason} ${count}`);
  return [`${file}: ${rejected} rows rejected: ${each.join(', ')}`];
}
