import { type Catalogue, createCatalogue } from './catalogue.js';
import type { Product } from './product.js';

/** All products of one institution as of one moment; the catalogue has the active ones. */
export interface ProductSnapshot {
  readonly catalogue: Catalogue;
  readonly byId: ReadonlyMap<string, Product>;
  readonly byCode: ReadonlyMap<string, Product>;
}

/**
 * Products in memory, by institution. Loading is shared by all who ask meanwhile; what was being loaded when a change was announced
 * is not kept.
 */
export class ProductCache {
  private readonly snapshots = new Map<string, Promise<ProductSnapshot>>();
  private version = 0;

  constructor(private readonly load: (institutionId: string) => Promise<Product[]>) {}

  get(institutionId: string): Promise<ProductSnapshot> {
    const known = this.snapshots.get(institutionId);
    if (known) return known;
    const loading = this.load(institutionId).then((products) => createSnapshot(++this.version, products));
    this.snapshots.set(institutionId, loading);
    loading.catch(() => {
      if (this.snapshots.get(institutionId) === loading) this.snapshots.delete(institutionId);
    });
    return loading;
  }

  /** Forgets one institution, or all of them. */
  forget(institutionId?: string): void {
    if (institutionId) this.snapshots.delete(institutionId);
    else this.snapshots.clear();
  }
}

function createSnapshot(version: number, products: readonly Product[]): ProductSnapshot {
  return {
    catalogue: createCatalogue(version, products),
    byId: new Map(products.map((product) => [product.id, product])),
    byCode: new Map(products.map((product) => [product.code, product])),
  };
}
