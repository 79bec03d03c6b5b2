import type { KeyObject } from 'node:crypto';
import type { Accountant } from '../../federated/privacy/accountant/epsilon.js';
import { type Budget, chargedMechanisms, EMPTY_BUDGET } from '../../federated/privacy/ledger/budget.js';
import { entryLeaf } from '../../federated/privacy/ledger/chain.js';
import { type Checkpoint, signTree } from '../../federated/privacy/ledger/checkpoint.js';
import type { LedgerEntry } from '../../federated/privacy/ledger/entry.js';
import { inclusionProof, type MerkleFrontier } from '../../federated/privacy/ledger/merkle.js';
import type { ExportLine } from '../../federated/privacy/ledger/verify.js';
import type { Mechanism } from '../../federated/privacy/mechanism.js';
import type { Database, EntityManager } from '../database/database.js';
import { ConcordError, forbidden, notFound } from '../errors.js';
import { toGlobalId } from '../graphql/relay.js';
import { requireScope, requireViewer, type Viewer } from '../graphql/viewer.js';
import type { InstitutionsService } from '../institutions/institutions.service.js';
import type { Accounting } from './accounting.js';
import type { LedgerStore, PublishedKey } from './ledger.store.js';
import type { LedgerBook } from './ledger-book.js';

/** The coordinator's key for checkpoints. */
export interface LedgerKey extends PublishedKey {
  readonly privateKey: KeyObject;
}

export interface LedgerProof {
  readonly entry: LedgerEntry;
  readonly checkpoint: Checkpoint;
  /** From the leaf's sibling upwards, in hexadecimal. */
  readonly path: readonly string[];
}

const PAGE = 1000;

/** What institutions, for themselves, and auditors read of budgets and ledgers. */
export class LedgerService {
  constructor(
    private readonly modules: {
      readonly database: Database;
      readonly institutions: InstitutionsService;
      readonly store: LedgerStore;
      readonly book: LedgerBook;
      readonly accounting: Accounting;
      readonly key: LedgerKey;
    },
  ) {}

  get key(): PublishedKey {
    const { id, publicKey } = this.modules.key;
    return { id, publicKey };
  }

  /**
   * Whose ledger is read: one's own, or, with the scope budget:audit and a token of no institution, any.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN, NOT_FOUND
   */
  async institutionOf(viewer: Viewer | undefined, institutionId: string | undefined): Promise<string> {
    requireViewer(viewer);
    if (!viewer.scopes.has('budget:audit')) requireScope(viewer, 'models:read');
    const wanted = institutionId ?? viewer.institutionId;
    if (!wanted) throw forbidden('Name an institution, or use a token that does.');
    if (viewer.institutionId === wanted) return wanted;
    const seesAll = viewer.institutionId === undefined && viewer.scopes.has('budget:audit');
    if (!seesAll || !(await this.modules.institutions.idOf(wanted)))
      throw notFound('institution', toGlobalId('Institution', wanted));
    return wanted;
  }

  /** @throws {ConcordError} as institutionOf */
  async budget(viewer: Viewer | undefined, institutionId: string | undefined, population: string): Promise<Budget> {
    const id = await this.institutionOf(viewer, institutionId);
    const { database, book } = this.modules;
    const { budgets } = await database.tenant(id, (manager) => book.read(manager, id));
    return budgets.get(population) ?? EMPTY_BUDGET;
  }

  /** Newest first. @throws {ConcordError} as institutionOf */
  async history(
    viewer: Viewer | undefined,
    institutionId: string,
    population: string,
    limit: number,
  ): Promise<LedgerEntry[]> {
    const id = await this.institutionOf(viewer, institutionId);
    const { database, store } = this.modules;
    return database.tenant(id, (manager) => store.history(manager, id, population, limit));
  }

  /** In order. @throws {ConcordError} as institutionOf */
  async entries(
    viewer: Viewer | undefined,
    institutionId: string | undefined,
    after: number,
    limit: number,
  ): Promise<LedgerEntry[]> {
    const id = await this.institutionOf(viewer, institutionId);
    const { database, store } = this.modules;
    return database.tenant(id, (manager) => store.after(manager, id, after, limit));
  }

  /**
   * How many more contributions of these steps fit into what is left.
   * @throws {ConcordError} BAD_INPUT
   */
  async roundsLeft(
    budget: Budget,
    samplingRate: number,
    noiseMultiplier: number,
    stepsPerRound: number,
  ): Promise<number> {
    if (!budget.cap) return 0;
    const { epsilon, delta } = budget.cap;
    const spent = chargedMechanisms(budget);
    const steps = await this.modules.accounting.steps({ samplingRate, noiseMultiplier, epsilon, delta, spent });
    return Math.floor(steps / stepsPerRound);
  }

  /** The arithmetic alone. @throws {ConcordError} UNAUTHENTICATED, BAD_INPUT */
  async epsilon(
    viewer: Viewer | undefined,
    mechanisms: readonly Mechanism[],
    delta: number,
    accountant: Accountant,
  ): Promise<number> {
    requireViewer(viewer);
    return this.modules.accounting.epsilon(mechanisms, delta, accountant);
  }

  /** @returns the latest; undefined where nothing was signed yet. @throws {ConcordError} as institutionOf */
  async checkpoint(viewer: Viewer | undefined, institutionId: string | undefined): Promise<Checkpoint | undefined> {
    const id = await this.institutionOf(viewer, institutionId);
    const { database, store } = this.modules;
    return database.tenant(id, (manager) => store.latestCheckpoint(manager, id));
  }

  /**
   * Signs the ledger as it is now; where nothing was added since the last checkpoint, that one is the answer.
   * @throws {ConcordError} as institutionOf; NOT_FOUND where the ledger is empty
   */
  async takeCheckpoint(viewer: Viewer | undefined, institutionId: string | undefined): Promise<Checkpoint> {
    const id = await this.institutionOf(viewer, institutionId);
    const { database, store, book } = this.modules;
    return database.tenant(id, async (manager) => {
      await store.lock(manager, id);
      const { tree, last } = await book.read(manager, id);
      if (!last) throw new ConcordError('NOT_FOUND', 'The ledger has no entries yet.');
      const latest = await store.latestCheckpoint(manager, id);
      return latest?.size === tree.size ? latest : this.sign(manager, id, tree, last.hash, new Date());
    });
  }

  /**
   * For the service that appends: in its transaction, which holds the ledger's lock.
   * @param tree over all entries
   * @param head hash of the last
   */
  async sign(
    manager: EntityManager,
    institution: string,
    tree: MerkleFrontier,
    head: string,
    at: Date,
  ): Promise<Checkpoint> {
    const { id, publicKey, privateKey } = this.modules.key;
    const checkpoint = signTree(institution, tree, head, at.toISOString(), { key: id, privateKey });
    await this.modules.store.addCheckpoint(manager, checkpoint, publicKey);
    return checkpoint;
  }

  /** That an entry is in the latest checkpoint. @throws {ConcordError} as institutionOf; NOT_FOUND where it is not covered */
  async proof(viewer: Viewer | undefined, institutionId: string | undefined, sequence: number): Promise<LedgerProof> {
    const id = await this.institutionOf(viewer, institutionId);
    const { database, store } = this.modules;
    return database.tenant(id, async (manager) => {
      const checkpoint = await store.latestCheckpoint(manager, id);
      const [entry] = sequence >= 1 ? await store.after(manager, id, sequence - 1, 1) : [];
      if (!checkpoint || !entry || sequence > checkpoint.size)
        throw new ConcordError('NOT_FOUND', `No checkpoint covers an entry ${sequence}.`);
      const hashes = await store.hashes(manager, id, checkpoint.size);
      const leaves = hashes.map((hash) => entryLeaf({ hash }));
      return {
        entry,
        checkpoint,
        path: inclusionProof(leaves, sequence - 1).map((hash) => hash.toString('hex')),
      };
    });
  }

  /**
   * Everything that an auditor verifies offline, in pages: keys, the entries as they are now, and checkpoints, of which one is over all
   * of them, so that an end that was cut off is missed.
   * @throws {ConcordError} as takeCheckpoint
   */
  async *export(viewer: Viewer | undefined, institutionId: string): AsyncGenerator<ExportLine> {
    const id = await this.institutionOf(viewer, institutionId);
    const { database, store } = this.modules;
    const { size } = await this.takeCheckpoint(viewer, id);
    const [keys, checkpoints] = await database.tenant(id, async (manager) => [
      await store.keys(manager, id),
      await store.checkpoints(manager, id),
    ]);
    for (const key of keys) yield { type: 'key', ...key };
    for (let last = 0; last < size; ) {
      const page = await database.tenant(id, (manager) => store.after(manager, id, last, Math.min(PAGE, size - last)));
      if (page.length === 0)
        throw new ConcordError('INTERNAL', `The ledger ends after ${last} of ${size} signed entries.`);
      for (const entry of page) yield { type: 'entry', ...entry };
      last += page.length;
    }
    // What was appended and signed meanwhile belongs to a later export.
    for (const checkpoint of checkpoints) if (checkpoint.size <= size) yield { type: 'checkpoint', ...checkpoint };
  }
}
