import type { EntityManager } from 'typeorm';

/** The one door to PostgreSQL for stores. Every transaction sees exactly one institution's rows, or the consortium's own. */
export interface Database {
  /**
   * One transaction as the application role, in which row level security shows and accepts only the rows of this institution
   * (and reads the consortium's shared model versions).
   */
  tenant<T>(institutionId: string, work: (manager: EntityManager) => Promise<T>): Promise<T>;
  /** One transaction that sees no institution's rows: it may write institutions and the consortium's shared model versions. */
  consortium<T>(work: (manager: EntityManager) => Promise<T>): Promise<T>;
  /** @throws {ConcordError} UNAVAILABLE when the database does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
