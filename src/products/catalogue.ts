import type { Viewer } from '../graphql/viewer.js';
import type { Product } from './product.js';

/** The active products of one institution, as of one moment: immutable, and shared between requests. */
export interface Catalogue {
  /** Changes whenever a product changes: a key for what others derive from a catalogue. */
  readonly version: number;
  /** By code, ascending. */
  readonly products: readonly Product[];
  readonly byId: ReadonlyMap<string, Product>;
  readonly byCode: ReadonlyMap<string, Product>;
}

/** What other features need of ProductsService. */
export interface CatalogueSource {
  /**
   * The institution's active products. Kept in memory, fresh within a few milliseconds of a change anywhere; no round trip as a rule.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope recommendations:read)
   */
  catalogue(viewer: Viewer | undefined): Promise<Catalogue>;
}

export function createCatalogue(version: number, products: readonly Product[]): Catalogue {
  const active = products.filter((product) => product.active).sort((a, b) => (a.code < b.code ? -1 : 1));
  return {
    version,
    products: active,
    byId: new Map(active.map((product) => [product.id, product])),
    byCode: new Map(active.map((product) => [product.code, product])),
  };
}
