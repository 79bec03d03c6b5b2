import { setImmediate } from 'node:timers/promises';
import { conform } from '../engine/data/conform.js';
import type { Column, Dataset } from '../engine/data/dataset.js';
import type { FeatureContract } from '../engine/encoders/contract.js';
import type { Task } from '../engine/engine.js';
import { ConcordError } from '../errors.js';
import { SCOPES, type Viewer } from '../graphql/viewer.js';
import { ColumnBuilder } from '../models/training-columns.js';
import type { ScoringViews, TrainingView } from '../profiles/scoring-view.js';

/** So many users of an institution are looked at. Their ids are random: the first are a sample of all. */
export const MOST_USERS = 50_000;

/** What reads users for figures of groups; whoever asks for these has been authorised. */
export const reader = (institutionId: string): Viewer => ({
  subject: 'oversight',
  client: 'operator',
  scopes: new Set(SCOPES),
  institutionId,
});

export interface ReadUsers {
  readonly profiles: Pick<ScoringViews, 'trainingViews'>;
  readonly institutionId: string;
  readonly task: Task;
  readonly signal?: AbortSignal;
  /** For models that read events. */
  readonly events?: boolean;
  /** Which of them; default: all whom the task is about. */
  isIn?(view: TrainingView): boolean;
  /** Called with each page of them. */
  onPage(views: readonly TrainingView[]): Promise<void> | void;
}

/**
 * Reads an institution's users page by page: of the task interest those who own something, of risk all.
 * @returns whether there are more than were read
 * @throws {ConcordError} CANCELLED
 */
export async function readUsers({
  profiles,
  institutionId,
  task,
  signal,
  events,
  isIn,
  onPage,
}: ReadUsers): Promise<boolean> {
  let count = 0;
  for await (const views of profiles.trainingViews(reader(institutionId), { signal, events })) {
    if (signal?.aborted) throw new ConcordError('CANCELLED', 'The work was cancelled.');
    const wanted = views.filter((view) => (task === 'risk' || view.row.owned.length > 0) && (isIn?.(view) ?? true));
    const taken = wanted.slice(0, MOST_USERS - count);
    if (taken.length > 0) await onPage(taken);
    count += taken.length;
    if (taken.length < wanted.length) return true;
  }
  return false;
}

/** Gathers users as a data set of the columns that a contract reads. */
export class PopulationBuilder {
  private readonly builders: ColumnBuilder[];
  private readonly labels: number[] = [];
  private readonly owned: (readonly string[])[] = [];

  constructor(private readonly contract: FeatureContract) {
    this.builders = [...new Set(contract.features.map(({ column }) => column))].map((name) => new ColumnBuilder(name));
  }

  add(views: readonly TrainingView[]): void {
    for (const { row, riskLabel } of views) {
      const user = this.labels.push(riskLabel ?? Number.NaN) - 1;
      this.owned.push(row.owned);
      for (const builder of this.builders) builder.set(user, row.values[builder.name] ?? null);
    }
  }

  /** Columns are read as the kinds that the contract names. Lets other work go on between them. */
  async build(): Promise<Dataset> {
    const size = this.labels.length;
    const order = Int32Array.from({ length: size }, (_, user) => user);
    const kinds = new Map<string, Column['kind']>(
      this.contract.features.map((feature) => [
        feature.column,
        feature.kind === 'categorical' ? 'categorical' : feature.part ? 'date' : 'numeric',
      ]),
    );
    const columns: Column[] = [];
    for (const builder of this.builders) {
      columns.push(builder.build(order));
      await setImmediate();
    }
    const dataset: Dataset = {
      name: 'stored users',
      size,
      userIds: [],
      columns,
      protectedColumns: [],
      ownership: this.ownership(),
      label: Float32Array.from(this.labels),
    };
    return conform(dataset, kinds);
  }

  private ownership(): Dataset['ownership'] {
    const { products } = this.contract;
    const positions = new Map(products.map((code, position) => [code, position]));
    const offsets = new Int32Array(this.owned.length + 1);
    const items: number[] = [];
    this.owned.forEach((codes, user) => {
      const known = codes.map((code) => positions.get(code)).filter((position) => position !== undefined);
      items.push(...[...new Set(known)].sort((a, b) => a - b));
      offsets[user + 1] = items.length;
    });
    return { products, offsets, items: Int32Array.from(items), heldOut: new Int32Array(this.owned.length).fill(-1) };
  }
}

/** Gathers protected attributes, whichever there are. */
export class ProtectedBuilder {
  private readonly builders = new Map<string, ColumnBuilder>();
  private size = 0;

  add(attributes: Readonly<Record<string, number | string | null>>): void {
    const user = this.size++;
    for (const name in attributes) {
      const builder = this.builders.get(name) ?? new ColumnBuilder(name);
      this.builders.set(name, builder);
      builder.set(user, attributes[name]);
    }
  }

  build(): Column[] {
    const order = Int32Array.from({ length: this.size }, (_, user) => user);
    return [...this.builders.keys()].sort().map((name) => this.builders.get(name)!.build(order));
  }
}
