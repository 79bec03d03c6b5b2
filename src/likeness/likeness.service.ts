import type { Database } from '../database/database.js';
import type { ScoringService } from '../engine/engine.js';
import { notFound } from '../errors.js';
import { toGlobalId } from '../graphql/relay.js';
import { requireInstitution, type Viewer } from '../graphql/viewer.js';
import type { ModelsService } from '../models/models.service.js';
import type { Catalogue, CatalogueSource } from '../products/catalogue.js';
import type { Product } from '../products/product.js';
import { contentSimilarity } from '../products/similarity.js';
import type { ScoringView, ScoringViews } from '../profiles/scoring-view.js';
import { LikenessStore } from './likeness.store.js';

/** What says how alike two are: the model that serves interest, what is known of products, or what users hold. */
export const LIKENESS_SOURCES = ['model', 'content', 'holdings'] as const;
export type LikenessSource = (typeof LIKENESS_SOURCES)[number];

export interface LikeProduct {
  readonly product: Product;
  /** 1 at most; of one source they can be compared. */
  readonly similarity: number;
  readonly source: LikenessSource;
}

export interface LikeUser {
  readonly userId: string;
  readonly similarity: number;
  readonly source: LikenessSource;
  /** Products that both hold. */
  readonly inCommon: number;
}

export interface LikenessModules {
  readonly database: Pick<Database, 'read'>;
  readonly models: Pick<ModelsService, 'withActive'>;
  readonly scoring: Pick<ScoringService, 'similarProducts' | 'placeUsers'>;
  readonly products: CatalogueSource;
  readonly profiles: Pick<ScoringViews, 'scoringViews'>;
}

/** Users who are compared: those who hold most products that the user holds. */
const MOST_COMPARED = 200;

/** Which products, which users are alike, as the model that serves recommendations sees it. */
export class LikenessService {
  private readonly store: LikenessStore;

  constructor(private readonly modules: LikenessModules) {
    this.store = new LikenessStore(modules.database);
  }

  /**
   * The offered products most like one, best first: as the served model of interest has learnt it, where it can tell and knows the product;
   * else by what is known of the products.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope recommendations:read)
   */
  async products(viewer: Viewer | undefined, product: Product, first: number): Promise<LikeProduct[]> {
    const institutionId = requireInstitution(viewer, 'recommendations:read');
    const catalogue = await this.modules.products.catalogue(viewer);
    const known = await this.modules.models.withActive(institutionId, 'interest', async (model) =>
      // The model may know products that are no longer offered: all of them are asked for.
      model?.positions.has(product.code)
        ? this.modules.scoring.similarProducts(model.handle, product.code, model.positions.size)
        : undefined,
    );
    if (!known) return byContent(product, catalogue, first);
    return known
      .flatMap(({ product: code, similarity }): LikeProduct[] => {
        const other = catalogue.byCode.get(code);
        return other ? [{ product: other, similarity, source: 'model' }] : [];
      })
      .slice(0, first);
  }

  /**
   * The users of the institution most like one, best first, among the 200 who hold most products that this one holds: by where the served
   * model of interest places them, where it does; else by what they hold. Nobody is like a user who holds nothing.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope recommendations:read), NOT_FOUND
   */
  async users(viewer: Viewer | undefined, userId: string, first: number): Promise<LikeUser[]> {
    const institutionId = requireInstitution(viewer, 'recommendations:read');
    const ids = await this.store.sharing(institutionId, userId, MOST_COMPARED);
    const views = await this.modules.profiles.scoringViews(viewer, [userId, ...ids]);
    const user = views.get(userId);
    if (!user) throw notFound('user', toGlobalId('User', userId));
    // One who was erased meanwhile is absent.
    const others = ids.flatMap((id) => views.get(id) ?? []);
    if (others.length === 0) return [];
    const places = await this.modules.models.withActive(institutionId, 'interest', async (model) =>
      model
        ? this.modules.scoring.placeUsers(
            model.handle,
            [user, ...others].map(({ row }) => row),
          )
        : undefined,
    );
    const own = new Set(user.row.owned);
    return others
      .map((other, place): LikeUser => {
        const inCommon = other.row.owned.filter((code) => own.has(code)).length;
        const similarity = places ? dot(places[0], places[place + 1]) : cosineOf(inCommon, user, other);
        return { userId: other.userId, similarity, source: places ? 'model' : 'holdings', inCommon };
      })
      .sort((a, b) => b.similarity - a.similarity || b.inCommon - a.inCommon || (a.userId < b.userId ? -1 : 1))
      .slice(0, first);
  }
}

function byContent(product: Product, { products }: Catalogue, first: number): LikeProduct[] {
  const similarity = contentSimilarity([product, ...products]);
  return products
    .filter(({ id }) => id !== product.id)
    .map((other): LikeProduct => ({ product: other, similarity: similarity(product, other), source: 'content' }))
    .sort((a, b) => b.similarity - a.similarity || (a.product.code < b.product.code ? -1 : 1))
    .slice(0, first);
}

const cosineOf = (inCommon: number, a: ScoringView, b: ScoringView): number =>
  inCommon / Math.sqrt(a.row.owned.length * b.row.owned.length);

/** Of vectors of length 1; 1 at most, but for rounding. */
const dot = (a: Float32Array, b: Float32Array): number =>
  Math.min(
    1,
    a.reduce((sum, value, index) => sum + value * b[index], 0),
  );
