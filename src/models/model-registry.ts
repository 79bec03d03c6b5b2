import type { Database } from '../database/database.js';
import { parseContract } from '../engine/encoders/contract.js';
import type { ScoringService, Task } from '../engine/engine.js';
import { notFound } from '../errors.js';
import { toGlobalId } from '../graphql/relay.js';
import { type ActiveModel, versionWithdrawn } from './model-version.js';
import { ModelsStore, type Owner, type VersionContract } from './models.store.js';

/** A model in the scoring service. */
interface Loaded {
  readonly model: ActiveModel;
  readonly ready: Promise<void>;
  /** Calls that are using it now. */
  calls: number;
  /** What it is the active model of. It is unloaded when there are neither these nor calls. */
  readonly serves: Set<Slot>;
}

/** The active model of one institution and task, being looked up or found. */
interface Slot {
  readonly institutionId: string;
  readonly task: Task;
  found: Promise<Loaded | undefined>;
}

export interface RegistryModules {
  readonly database: Pick<Database, 'tenant'>;
  readonly scoring: ScoringService;
}

/**
 * The active models of every institution, each loaded once, kept in memory, and replaced as soon as another is activated anywhere:
 * calls that begin after the announcement wait for the new version, calls in flight end with the old one, which is then unloaded.
 */
export class ModelRegistry {
  private readonly store = new ModelsStore();
  private readonly slots = new Map<string, Slot>();
  private readonly loaded = new Map<string, Loaded>();
  private loads = 0;
  private lookups = 0;

  constructor(private readonly modules: RegistryModules) {}

  /** Runs work with the institution's active model, undefined where there is none; the model stays loaded until work has ended. */
  async withActive<T>(
    institutionId: string,
    task: Task,
    work: (model: ActiveModel | undefined) => Promise<T>,
  ): Promise<T> {
    const loaded = await this.acquire(institutionId, task);
    return loaded ? this.run(loaded, () => work(loaded.model)) : work(undefined);
  }

  /**
   * Runs work with a certain version, active or not, loading it for as long as that takes.
   * @throws {ConcordError} NOT_FOUND where the institution sees no such version
   */
  async withVersion<T>(institutionId: string, versionId: string, work: (model: ActiveModel) => Promise<T>): Promise<T> {
    const contract = this.loaded.has(versionId) ? undefined : await this.readContract(institutionId, versionId);
    const loaded = this.loaded.get(versionId) ?? this.load(contract!, institutionId);
    loaded.calls++;
    return this.run(loaded, () => work(loaded.model));
  }

  /**
   * Keeps a version loaded, active or not, until what comes back is called.
   * @throws {ConcordError} NOT_FOUND where the institution sees no such version, CONFLICT where it was withdrawn
   */
  async hold(institutionId: string, versionId: string): Promise<() => void> {
    const contract = await this.readContract(institutionId, versionId);
    if (contract.withdrawnAt) throw versionWithdrawn(); // though it may still be in memory
    const loaded = this.loaded.get(versionId) ?? this.load(contract, institutionId);
    loaded.calls++;
    let held = true;
    const release = () => {
      if (!held) return;
      held = false;
      loaded.calls--;
      this.unloadIdle();
    };
    try {
      await loaded.ready;
      return release;
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Another version is active for this owner (null: the shared one, which may serve any institution). */
  changed(owner: Owner, task: Task): void {
    for (const slot of [...this.slots.values()]) {
      if (slot.task === task && (owner === null || slot.institutionId === owner)) this.lookUp(slot);
    }
  }

  /** Announcements may have been missed: every active version is looked up again. */
  changedAll(): void {
    for (const slot of [...this.slots.values()]) this.lookUp(slot);
  }

  private async acquire(institutionId: string, task: Task): Promise<Loaded | undefined> {
    for (;;) {
      const slot = this.slots.get(keyOf({ institutionId, task })) ?? this.lookUp({ institutionId, task });
      const loaded = await slot.found;
      if (this.slots.get(keyOf(slot)) !== slot) continue; // it changed while this call was waiting
      if (loaded) loaded.calls++;
      return loaded;
    }
  }

  /** Looks the active version up, in place of what was found before. */
  private lookUp({ institutionId, task }: Pick<Slot, 'institutionId' | 'task'>): Slot {
    const slot: Slot = { institutionId, task, found: Promise.resolve(undefined) };
    const key = keyOf(slot);
    const before = this.slots.get(key);
    this.slots.set(key, slot);
    for (const loaded of this.loaded.values()) if (before) loaded.serves.delete(before);
    this.lookups++;
    slot.found = this.find(slot).finally(() => {
      this.lookups--;
      this.unloadIdle();
    });
    slot.found.catch(() => {
      if (this.slots.get(key) === slot) this.slots.delete(key); // the next call tries again
    });
    return slot;
  }

  private async find(slot: Slot): Promise<Loaded | undefined> {
    const { institutionId, task } = slot;
    const contract = await this.modules.database.tenant(institutionId, (manager) =>
      this.store.activeContract(manager, institutionId, task),
    );
    if (!contract || this.slots.get(keyOf(slot)) !== slot) return undefined;
    const loaded = this.loaded.get(contract.id) ?? this.load(contract, institutionId);
    loaded.serves.add(slot);
    await loaded.ready;
    return loaded;
  }

  private async readContract(institutionId: string, versionId: string): Promise<VersionContract> {
    const contract = await this.modules.database.tenant(institutionId, (manager) =>
      this.store.contract(manager, institutionId, versionId),
    );
    if (!contract) throw notFound('model version', toGlobalId('ModelVersion', versionId));
    return contract;
  }

  private load(version: VersionContract, institutionId: string): Loaded {
    const { contract, bytes: _bytes, digest: _digest, withdrawnAt: _withdrawnAt, ...about } = version;
    const { products, features, sequence } = parseContract(contract);
    this.loads++;
    const handle = `${version.id}/${this.loads}`;
    const loaded: Loaded = {
      model: {
        ...about,
        handle,
        positions: new Map(products.map((code, position) => [code, position])),
        columns: new Set(features.map(({ column }) => column)),
        features,
        // Where the steps are columns, a row has them.
        readsEvents: sequence !== undefined && !sequence.from,
      },
      ready: this.loadWeights(handle, version, institutionId),
      calls: 0,
      serves: new Set(),
    };
    this.loaded.set(version.id, loaded);
    loaded.ready.catch(() => this.drop(loaded));
    return loaded;
  }

  private async loadWeights(handle: string, version: VersionContract, institutionId: string): Promise<void> {
    const weights = await this.modules.database.tenant(institutionId, (manager) =>
      this.store.weights(manager, version),
    );
    if (!weights) throw notFound('model version', toGlobalId('ModelVersion', version.id));
    await this.modules.scoring.load(handle, { ...version, weights });
  }

  private async run<T>(loaded: Loaded, work: () => Promise<T>): Promise<T> {
    try {
      await loaded.ready;
      return await work();
    } finally {
      loaded.calls--;
      this.unloadIdle();
    }
  }

  /** While anything is being looked up, an idle model may turn out to be the one that is needed. */
  private unloadIdle(): void {
    if (this.lookups > 0) return;
    for (const loaded of this.loaded.values()) {
      if (loaded.calls > 0 || loaded.serves.size > 0) continue;
      this.drop(loaded);
      const unload = loaded.ready.then(() => this.modules.scoring.unload(loaded.model.handle));
      unload.catch(() => undefined); // it never was loaded, or the service is closed: nothing is left to unload
    }
  }

  private drop(loaded: Loaded): void {
    if (this.loaded.get(loaded.model.id) === loaded) this.loaded.delete(loaded.model.id);
  }
}

const keyOf = ({ institutionId, task }: Pick<Slot, 'institutionId' | 'task'>): string => `${institutionId}/${task}`;
