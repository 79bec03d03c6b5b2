import type { Database, EntityManager } from '../database/database.js';
import type { StoredModel, Task, TrainedModel } from '../engine/engine.js';
import { badInput, notFound } from '../errors.js';
import { toGlobalId } from '../graphql/relay.js';
import { requireScope, requireViewer, type Viewer } from '../graphql/viewer.js';
import type { ModelRegistry } from './model-registry.js';
import { type ActiveModel, MODEL_TASKS, type ModelVersionInfo, versionWithdrawn } from './model-version.js';
import {
  ModelsStore,
  type Owner,
  type StoredWeights,
  type VersionAbout,
  type VersionContract,
  type VersionFilter,
  type VersionKey,
} from './models.store.js';
import type { Participant } from './participant.js';
import { holdsUsers, notExported, notShared } from './personal.js';
import { chunksIn } from './weight-chunks.js';

/** A weights file as it is sent. */
export interface WeightsFile {
  readonly bytes: number;
  /** SHA-256 in hexadecimal. */
  readonly digest: string;
  /** Each is read when it is asked for: what reads slowly holds no more memory, and no transaction. */
  readonly chunks: AsyncIterable<Buffer>;
}

export interface Activation {
  readonly active: ModelVersionInfo;
  /** What served before; undefined where nothing did, or where the version was active already. */
  readonly retired: ModelVersionInfo | undefined;
}

/**
 * Model versions. An institution sees its own and the consortium's shared ones; without an institution a viewer sees the shared ones.
 * An institution's own active version serves it in place of the shared one.
 */
export class ModelsService {
  private readonly store = new ModelsStore();

  constructor(private readonly modules: { readonly database: Database; readonly registry: ModelRegistry }) {}

  /**
   * Follows activations in other processes. Without it only those through this service are seen.
   * @returns a function that ends it
   */
  async listen(): Promise<() => Promise<void>> {
    const { database, registry } = this.modules;
    const end = await database.listen('concord_models', (payload) => {
      const change = payload === undefined ? undefined : parseChange(payload);
      if (change) registry.changed(change.institutionId, change.task);
      else registry.changedAll();
    });
    registry.changedAll(); // what was looked up before anyone listened
    return end;
  }

  /**
   * Newest first, at most `limit` after `after`.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:read)
   */
  async list(
    viewer: Viewer | undefined,
    filter: VersionFilter,
    limit: number,
    after?: VersionKey,
  ): Promise<{ version: ModelVersionInfo; key: VersionKey }[]> {
    requireScope(viewer, 'models:read');
    const owner = ownerOf(viewer);
    return this.as(owner, (manager) => this.store.list(manager, owner, filter, limit, after));
  }

  /** @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:read), NOT_FOUND */
  async one(viewer: Viewer | undefined, id: string): Promise<ModelVersionInfo> {
    const version = (await this.byIds(viewer, [id])).get(id);
    if (!version) throw notFound('model version', toGlobalId('ModelVersion', id));
    return version;
  }

  /** @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:read) */
  async byIds(viewer: Viewer | undefined, ids: readonly string[]): Promise<Map<string, ModelVersionInfo>> {
    requireScope(viewer, 'models:read');
    const owner = ownerOf(viewer);
    const versions = await this.as(owner, (manager) => this.store.byIds(manager, owner, ids));
    return new Map(versions.map((version) => [version.id, version]));
  }

  /**
   * What a version reads, and how: without its weights.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:read), NOT_FOUND
   */
  async contractOf(viewer: Viewer | undefined, id: string): Promise<VersionContract> {
    requireScope(viewer, 'models:read');
    const owner = ownerOf(viewer);
    return found(await this.as(owner, (manager) => this.store.contract(manager, owner, id)), id);
  }

  /** The version that serves the viewer. @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:read) */
  async active(viewer: Viewer | undefined, task: Task): Promise<ModelVersionInfo | undefined> {
    requireScope(viewer, 'models:read');
    const owner = ownerOf(viewer);
    return this.as(owner, (manager) => this.store.active(manager, owner, task));
  }

  /**
   * Activates a version and retires the one before, in one transaction; every replica serves it from the next call on.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:write; for a shared version institutions:admin too), NOT_FOUND, CONFLICT
   *   where it was withdrawn
   */
  async activate(viewer: Viewer | undefined, id: string): Promise<Activation> {
    requireScope(viewer, 'models:write');
    const owner = ownerOf(viewer);
    const [version] = await this.as(owner, (manager) => this.store.byIds(manager, owner, [id]));
    if (!version) throw notFound('model version', toGlobalId('ModelVersion', id));
    requireOwner(viewer, version.institutionId);
    const { institutionId, task } = version;
    const result = await this.as(institutionId, async (manager) => {
      await this.store.lock(manager, institutionId, task);
      const [current] = await this.store.byIds(manager, institutionId, [id]);
      if (current.status === 'active') return { active: current, retired: undefined };
      if (current.withdrawnAt) throw versionWithdrawn();
      return this.store.switchTo(manager, institutionId, task, id, false);
    });
    this.modules.registry.changed(institutionId, task);
    return result;
  }

  /**
   * Re-activates the version that was active before the current one; each further rollback goes one version back.
   * @param shared the consortium's shared model rather than the institution's own
   * @returns undefined where there is nothing to go back to
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:write; for the shared model institutions:admin too)
   */
  async rollback(viewer: Viewer | undefined, task: Task, shared: boolean): Promise<Activation | undefined> {
    requireScope(viewer, 'models:write');
    const owner = shared ? null : ownerOf(viewer);
    requireOwner(viewer, owner);
    const result = await this.as(owner, async (manager) => {
      await this.store.lock(manager, owner, task);
      const previous = await this.store.previous(manager, owner, task);
      return previous ? this.store.switchTo(manager, owner, task, previous, true) : undefined;
    });
    if (result) this.modules.registry.changed(owner, task);
    return result;
  }

  /**
   * Stores a trained model as a candidate, and activates it where asked, or where none of this owner and task is active.
   * @param owner null: shared
   * @throws {ConcordError} as activate
   */
  async add(
    viewer: Viewer | undefined,
    owner: Owner,
    trained: TrainedModel,
    activate: boolean,
  ): Promise<ModelVersionInfo> {
    requireScope(viewer, 'models:write');
    requireOwner(viewer, owner);
    const { weights, ...rest } = trained;
    const personal = holdsUsers(weights);
    if (personal && owner === null) throw notShared();
    const about = personal ? { ...rest, training: { ...rest.training, holdsUsers: true } } : rest;
    const { task } = about;
    const version = await this.as(owner, async (manager) => {
      const stored = await this.store.write(manager, owner, [weights]);
      const candidate = await this.store.create(manager, owner, about, stored);
      const active = await this.store.active(manager, owner, task);
      const serves = active && active.institutionId === owner;
      if (!activate && serves) return candidate;
      return (await this.store.switchTo(manager, owner, task, candidate.id, false)).active;
    });
    if (version.status === 'active') this.modules.registry.changed(owner, task);
    return version;
  }

  /** For the coordinator, within its transaction: a candidate among the consortium's shared versions. */
  async addShared(manager: EntityManager, { weights, ...about }: TrainedModel): Promise<ModelVersionInfo> {
    if (holdsUsers(weights)) throw notShared();
    return this.addWritten(manager, about, await this.store.write(manager, null, [weights]));
  }

  /**
   * For the coordinator, within its transaction: writes a weights file as it comes, for addWritten. PostgreSQL refuses to commit a transaction
   * that has done the one without the other.
   */
  writeShared(manager: EntityManager, pieces: AsyncIterable<Uint8Array>): Promise<StoredWeights> {
    return this.store.write(manager, null, pieces);
  }

  /** For the coordinator, within the transaction that wrote the weights: a candidate among the consortium's shared versions. */
  addWritten(manager: EntityManager, about: VersionAbout, weights: StoredWeights): Promise<ModelVersionInfo> {
    return this.store.create(manager, null, about, weights);
  }

  /** For the coordinator, within its transaction: activates a shared version; listeners hear of it when it commits. */
  async activateShared(manager: EntityManager, task: Task, id: string): Promise<void> {
    await this.store.lock(manager, null, task);
    await this.store.switchTo(manager, null, task, id, false);
  }

  /** For the coordinator, within its transaction: the id of the shared version that serves. */
  async activeSharedIn(manager: EntityManager, task: Task): Promise<string | undefined> {
    return (await this.store.active(manager, null, task))?.id;
  }

  /** For the coordinator, within its transaction: a shared version. */
  sharedIn(manager: EntityManager, id: string): Promise<VersionContract | undefined> {
    return this.store.contract(manager, null, id);
  }

  /** For the coordinator, within its transaction: the weights file of a shared version, read piece by piece. */
  async *sharedWeights(
    manager: EntityManager,
    { id, bytes }: Pick<VersionContract, 'id' | 'bytes'>,
  ): AsyncGenerator<Buffer> {
    for (let sequence = 0; sequence < chunksIn(bytes); sequence++)
      yield found(await this.store.chunk(manager, id, sequence), id);
  }

  /**
   * The weights file of a shared version, or of one of the viewer's institution.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope updates:submit or models:read; or the weights hold users' rows), NOT_FOUND
   */
  async weightsOf(viewer: Viewer | undefined, id: string): Promise<WeightsFile> {
    requireViewer(viewer);
    if (!viewer.scopes.has('updates:submit')) requireScope(viewer, 'models:read');
    const owner = ownerOf(viewer);
    const { holdsUsers: personal, ...file } = found(
      await this.as(owner, (manager) => this.store.file(manager, owner, id)),
      id,
    );
    if (personal) throw notExported();
    return { ...file, chunks: this.chunks(owner, id, file.bytes) };
  }

  private async *chunks(owner: Owner, id: string, bytes: number): AsyncGenerator<Buffer> {
    for (let sequence = 0; sequence < chunksIn(bytes); sequence++)
      yield found(await this.as(owner, (manager) => this.store.chunk(manager, id, sequence)), id);
  }

  /**
   * For services that score: runs work with the model that serves an institution, undefined where none is active. The caller has authorised.
   */
  withActive<T>(institutionId: string, task: Task, work: (model: ActiveModel | undefined) => Promise<T>): Promise<T> {
    return this.modules.registry.withActive(institutionId, task, work);
  }

  /** For services that explain what was scored earlier. @throws {ConcordError} NOT_FOUND */
  withVersion<T>(institutionId: string, id: string, work: (model: ActiveModel) => Promise<T>): Promise<T> {
    return this.modules.registry.withVersion(institutionId, id, work);
  }

  /** For services that will score with a version again and again: keeps it loaded until what comes back is called. @throws {ConcordError} NOT_FOUND, CONFLICT where it was withdrawn */
  hold(institutionId: string, id: string): Promise<() => void> {
    return this.modules.registry.hold(institutionId, id);
  }

  /**
   * Takes a version that does not serve out of service for good, and deletes its weights: it had learnt from a user who was erased.
   * @throws {ConcordError} as activate; BAD_INPUT where it serves
   */
  async withdraw(viewer: Viewer | undefined, id: string): Promise<void> {
    requireScope(viewer, 'models:write');
    const { institutionId, status } = await this.one(viewer, id);
    requireOwner(viewer, institutionId);
    if (status === 'active') throw badInput('The version serves: activate another first.');
    await this.as(institutionId, (manager) => this.store.withdraw(manager, institutionId, id));
  }

  /** The version that took the place of one that was withdrawn. @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:read) */
  async replacementOf(viewer: Viewer | undefined, id: string): Promise<ModelVersionInfo | undefined> {
    requireScope(viewer, 'models:read');
    const owner = ownerOf(viewer);
    return this.as(owner, (manager) => this.store.replacement(manager, owner, id));
  }

  /** A version with its weights. @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:write), NOT_FOUND */
  async stored(viewer: Viewer | undefined, id: string): Promise<StoredModel> {
    requireScope(viewer, 'models:write');
    const owner = ownerOf(viewer);
    return this.as(owner, async (manager) => {
      const { task, model, contract, ...about } = found(await this.store.contract(manager, owner, id), id);
      const weights = found(await this.store.weights(manager, about), id);
      return { task, model, contract, weights };
    });
  }

  /** For the service that trains: writes down of whom a training reads, before it does. */
  participate(institutionId: string, participation: string, participants: readonly Participant[]): Promise<void> {
    return this.as(institutionId, (manager) =>
      this.store.participate(manager, institutionId, participation, participants),
    );
  }

  /** How many of those are still there. */
  participants(institutionId: string, participation: string): Promise<number> {
    return this.as(institutionId, (manager) => this.store.participants(manager, institutionId, participation));
  }

  private as<T>(owner: Owner, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const { database } = this.modules;
    return owner === null ? database.consortium(work) : database.tenant(owner, work);
  }
}

function found<T>(value: T | undefined, versionId: string): T {
  if (value === undefined) throw notFound('model version', toGlobalId('ModelVersion', versionId));
  return value;
}

const ownerOf = (viewer: Viewer): Owner => viewer.institutionId ?? null;

/** Shared versions are the operator's. */
function requireOwner(viewer: Viewer, owner: Owner): void {
  if (owner === null) requireScope(viewer, 'institutions:admin');
  else if (viewer.institutionId !== owner) throw notFound('institution', toGlobalId('Institution', owner));
}

/** What switchTo of the store announces; anything else may mean any change. */
function parseChange(payload: string): { institutionId: Owner; task: Task } | undefined {
  try {
    const { institutionId, task } = JSON.parse(payload);
    if (MODEL_TASKS.includes(task)) return { institutionId, task };
  } catch {
    // Somebody else's notification: undefined stands for it.
  }
  return undefined;
}
