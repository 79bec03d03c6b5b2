import { type Database, type EntityManager, notify } from '../database/database.js';
import { badInput, ConcordError, notFound } from '../errors.js';
import { toGlobalId } from '../graphql/relay.js';
import type { UpsertOutcome } from '../graphql/upsert-outcome.js';
import { requireInstitution, type Viewer } from '../graphql/viewer.js';
import { parseAttributes } from '../users/attributes.js';
import type { Catalogue, CatalogueSource } from './catalogue.js';
import type { Product } from './product.js';
import { ProductCache, type ProductSnapshot } from './product-cache.js';
import { type ProductFilter, type ProductKey, ProductListStore, type ProductSort } from './product-list.store.js';
import { type ProductPatch, ProductsStore, type ProductValues } from './products.store.js';
import { type SimilarProduct, similarProducts } from './similarity.js';

export type { ProductFilter, ProductKey, ProductOrder, ProductSort } from './product-list.store.js';
export { PRODUCT_ORDERS } from './product-list.store.js';
export type { ProductPatch, ProductValues } from './products.store.js';

export const MAX_BULK = 1_000;
const CHANNEL = 'concord_catalogue';

/** The products of the viewer's institution. */
export class ProductsService implements CatalogueSource {
  private readonly store: ProductsStore;
  private readonly lists: ProductListStore;
  private readonly cache: ProductCache;

  constructor(private readonly modules: { database: Database }) {
    this.store = new ProductsStore(modules.database);
    this.lists = new ProductListStore(modules.database);
    this.cache = new ProductCache((institutionId) => this.store.all(institutionId));
  }

  /**
   * Keeps the products in memory fresh when another process changes them. Without it only changes through this service are seen.
   * @returns a function that ends it
   */
  async listen(): Promise<() => Promise<void>> {
    const end = await this.modules.database.listen(CHANNEL, (institutionId) => this.cache.forget(institutionId));
    this.cache.forget(); // what was loaded before anyone listened
    return end;
  }

  async catalogue(viewer: Viewer | undefined): Promise<Catalogue> {
    return (await this.snapshot(viewer)).catalogue;
  }

  /** All products, inactive ones too: events and holdings refer to these as well. No round trip as a rule. */
  async snapshot(viewer: Viewer | undefined): Promise<ProductSnapshot> {
    return this.cache.get(requireInstitution(viewer, 'recommendations:read'));
  }

  /** @throws {ConcordError} NOT_FOUND */
  async one(viewer: Viewer | undefined, id: string): Promise<Product> {
    const { byId } = await this.fresh(requireInstitution(viewer, 'recommendations:read'), { ids: [id] });
    const product = byId.get(id);
    if (!product) throw unknownProduct(id);
    return product;
  }

  /** @returns undefined where no product has this code. */
  async byCode(viewer: Viewer | undefined, code: string): Promise<Product | undefined> {
    const { byCode } = await this.fresh(requireInstitution(viewer, 'recommendations:read'), { codes: [code] });
    return byCode.get(code);
  }

  /** A snapshot that has all of these products, if they exist, for who writes what refers to them. */
  async snapshotWith(viewer: Viewer | undefined, wanted: Wanted): Promise<ProductSnapshot> {
    return this.fresh(requireInstitution(viewer, 'users:write'), wanted);
  }

  /**
   * For who writes what refers to products.
   * @throws {ConcordError} NOT_FOUND for the first of the ids that the institution has no product of
   */
  async requireAll(viewer: Viewer | undefined, ids: readonly string[]): Promise<Product[]> {
    const { byId } = await this.snapshotWith(viewer, { ids });
    return ids.map((id) => {
      const product = byId.get(id);
      if (!product) throw unknownProduct(id);
      return product;
    });
  }

  /** @returns up to first + 1 products with the keys of their cursors: one more than the page tells that there are more */
  async list(
    viewer: Viewer | undefined,
    filter: ProductFilter,
    sort: ProductSort,
    page: { readonly first: number; readonly after?: ProductKey },
  ): Promise<{ product: Product; key: ProductKey }[]> {
    const institutionId = requireInstitution(viewer, 'recommendations:read');
    return this.lists.list(institutionId, filter, sort, page.first + 1, page.after);
  }

  /**
   * The active products most like this one, best first; see similarity.ts for the formula.
   * @throws {ConcordError} NOT_FOUND
   */
  async similar(viewer: Viewer | undefined, id: string, first: number): Promise<SimilarProduct[]> {
    const institutionId = requireInstitution(viewer, 'recommendations:read');
    const [product, { products }] = [await this.one(viewer, id), await this.catalogue(viewer)];
    return similarProducts(product, products, await this.store.coOwnership(institutionId, id), first);
  }

  /**
   * All products of the institution, active or not: what models that compare products are trained on.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:write)
   */
  async described(viewer: Viewer | undefined): Promise<readonly Product[]> {
    return this.store.all(requireInstitution(viewer, 'models:write'));
  }

  /** @throws {ConcordError} CONFLICT where the code is taken, BAD_INPUT */
  async create(viewer: Viewer | undefined, values: ProductValues): Promise<Product> {
    const product = await this.write(viewer, (manager, institutionId) =>
      this.store.insert(manager, institutionId, checked(values)),
    );
    if (!product) throw new ConcordError('CONFLICT', 'A product with this code exists already.');
    return product;
  }

  /** @throws {ConcordError} NOT_FOUND, BAD_INPUT */
  async update(viewer: Viewer | undefined, id: string, patch: ProductPatch): Promise<Product> {
    const product = await this.write(viewer, (manager, institutionId) =>
      this.store.update(manager, institutionId, id, checked(patch)),
    );
    if (!product) throw unknownProduct(id);
    return product;
  }

  /**
   * Creates or replaces up to 1,000 products by code, all or none. The same call again changes nothing.
   * @returns one result a product, in the order of the input
   * @throws {ConcordError} BAD_INPUT, LIMIT_EXCEEDED
   */
  async upsert(
    viewer: Viewer | undefined,
    products: readonly ProductValues[],
  ): Promise<{ product: Product; outcome: UpsertOutcome }[]> {
    if (products.length > MAX_BULK)
      throw new ConcordError('LIMIT_EXCEEDED', `A call takes at most ${MAX_BULK} items.`, { limit: MAX_BULK });
    if (new Set(products.map((product) => product.code)).size < products.length)
      throw badInput('A code comes twice in one call.');
    return this.write(viewer, (manager, institutionId) =>
      this.store.upsert(manager, institutionId, products.map(checked)),
    );
  }

  /** What another process made a moment ago may not be announced yet: what is missing is looked for once more. */
  private async fresh(institutionId: string, { ids = [], codes = [] }: Wanted): Promise<ProductSnapshot> {
    const known = await this.cache.get(institutionId);
    if (ids.every((id) => known.byId.has(id)) && codes.every((code) => known.byCode.has(code))) return known;
    this.cache.forget(institutionId);
    return this.cache.get(institutionId);
  }

  /**
   * For services that write what belongs to products: a transaction after which everybody reads the institution's products anew.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope users:write)
   */
  async write<T>(
    viewer: Viewer | undefined,
    work: (manager: EntityManager, institutionId: string) => Promise<T>,
  ): Promise<T> {
    const institutionId = requireInstitution(viewer, 'users:write');
    const result = await this.modules.database.tenant(
      institutionId,
      async (manager) => {
        const written = await work(manager, institutionId);
        await notify(manager, CHANNEL, institutionId);
        return written;
      },
      { retries: RETRIES },
    );
    this.cache.forget(institutionId); // a caller who reads at once must not wait for the announcement
    return result;
  }
}

const checked = <T extends ProductPatch>(values: T): T =>
  values.attributes ? { ...values, attributes: parseAttributes(values.attributes) } : values;

interface Wanted {
  readonly ids?: readonly string[];
  readonly codes?: readonly string[];
}

/** Two bulk writes may lock the same rows in different order; each is rolled back as a whole before it is done again. */
const RETRIES = 3;

const unknownProduct = (id: string) => notFound('product', toGlobalId('Product', id));
