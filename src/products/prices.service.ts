import { badInput, ConcordError } from '../errors.js';
import { requireInstitution, type Viewer } from '../graphql/viewer.js';
import { checkPoint, suspectedSplit } from '../risk/market/history.js';
import { priceFiguresOf } from '../risk/market/price-figures.js';
import { type NewPrice, type PriceChanges, PricesStore } from './prices.store.js';
import type { Product } from './product.js';
import type { ProductsService } from './products.service.js';

export type { PriceChanges } from './prices.store.js';

export const MAX_PRICES = 2_000;

/** A price as it is recorded: of a product by its id or by its code. Null removes that of the day. */
export interface RecordedPrice extends Omit<NewPrice, 'productId'> {
  readonly productId?: string;
  readonly productCode?: string;
}

export interface RecordedPrices extends PriceChanges {
  /** Those that the call named, as they are now, in the order in which they first came. */
  readonly products: readonly Product[];
}

/** Price histories of the products of the viewer's institution, and what follows from them. */
export class PricesService {
  private readonly store = new PricesStore();

  constructor(private readonly modules: { readonly products: ProductsService }) {}

  /**
   * Records up to 2,000 closing prices, all or none, and computes anew what follows from the histories. The same call again changes nothing.
   * @param options.acceptJumps what looks like a split is none: see suspectedSplit
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope users:write), NOT_FOUND, LIMIT_EXCEEDED; BAD_INPUT for a price that is not above 0, a
   *   day in the future or twice for one product, and for a move that looks like a split which the prices are not adjusted for
   */
  async record(
    viewer: Viewer | undefined,
    prices: readonly RecordedPrice[],
    options: { readonly acceptJumps?: boolean; readonly now?: Date } = {},
  ): Promise<RecordedPrices> {
    requireInstitution(viewer, 'users:write');
    if (prices.length > MAX_PRICES)
      throw new ConcordError('LIMIT_EXCEEDED', `A call takes at most ${MAX_PRICES} prices.`, { limit: MAX_PRICES });
    const products = await this.productsOf(viewer, prices);
    const byProduct = check(prices, products, options.now ?? new Date());
    const ids = [...byProduct.keys()];
    const changes = await this.modules.products.write(viewer, async (manager, institutionId) => {
      await this.store.lock(manager, institutionId, ids);
      const written = await this.store.write(
        manager,
        institutionId,
        [...byProduct].flatMap(([productId, days]) => [...days].map(([day, price]) => ({ productId, day, price }))),
      );
      const histories = await this.store.of(manager, institutionId, ids);
      const figures = ids.map((id) => {
        const points = histories.get(id) ?? [];
        const split = options.acceptJumps
          ? undefined
          : suspectedSplit(points, (day) => typeof byProduct.get(id)!.get(day) === 'number');
        if (split) throw splitSuspected(products.find((product) => product.id === id)!, split);
        return [id, priceFiguresOf(points)] as const;
      });
      await this.store.setFigures(manager, institutionId, new Map(figures));
      return written;
    });
    return { ...changes, products: await this.modules.products.requireAll(viewer, ids) };
  }

  /** The product of each price. */
  private async productsOf(viewer: Viewer | undefined, prices: readonly RecordedPrice[]): Promise<Product[]> {
    for (const { productId, productCode } of prices)
      if ((productId === undefined) === (productCode === undefined))
        throw badInput('Name the product of each price by productId or by productCode, not both.');
    const wanted = {
      ids: [...new Set(prices.flatMap(({ productId }) => productId ?? []))],
      codes: [...new Set(prices.flatMap(({ productCode }) => productCode ?? []))],
    };
    await this.modules.products.requireAll(viewer, wanted.ids);
    const { byId, byCode } = await this.modules.products.snapshotWith(viewer, wanted);
    return prices.map(({ productId, productCode }) => {
      const product = productId === undefined ? byCode.get(productCode!) : byId.get(productId);
      if (!product) throw new ConcordError('NOT_FOUND', `No product with the code ${productCode}.`);
      return product;
    });
  }
}

/** @returns days and prices by product */
function check(
  prices: readonly RecordedPrice[],
  products: readonly Product[],
  now: Date,
): Map<string, Map<string, number | null>> {
  // A day later than ours: it is tomorrow already in the east.
  const latest = new Date(now.getTime() + 86_400_000).toISOString().slice(0, 10);
  const byProduct = new Map<string, Map<string, number | null>>();
  prices.forEach(({ day, price }, index) => {
    const { id, code } = products[index];
    checkPoint({ day, price: price ?? 1 });
    if (day > latest) throw badInput(`The day ${day} of a price of ${code} is in the future.`);
    const days = byProduct.get(id) ?? new Map<string, number | null>();
    if (days.has(day)) throw badInput(`The day ${day} comes twice for ${code}.`);
    byProduct.set(id, days.set(day, price));
  });
  return byProduct;
}

function splitSuspected(product: Product, { from, to }: NonNullable<ReturnType<typeof suspectedSplit>>) {
  return badInput(
    `The price of ${product.code} goes from ${from.price} (${from.day}) to ${to.price} (${to.day}): that is what a split looks like. ` +
      'Adjust earlier prices for it, or say acceptJumps: true where the price did move.',
    { product: product.code, from: from.day, to: to.day },
  );
}
