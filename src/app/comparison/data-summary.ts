import type { Descriptor } from '../../database/import/descriptor.js';
import type { ReadReport } from '../../database/import/report.js';
import { type Column, type Dataset, FOLD } from '../../engine/data/dataset.js';
import { ownersOf, selectUsers, usersInFold } from '../../engine/data/split.js';
import type { Task } from '../../engine/engine.js';

/** What the models were given. */
export interface DataSummary {
  readonly name: string;
  readonly title?: string;
  readonly source?: Descriptor['source'];
  readonly users: number;
  /** By fold of the stored split; one row where there is none. */
  readonly folds: readonly FoldSummary[];
  readonly hasSplit: boolean;
  readonly columns: readonly ColumnSummary[];
  /** Interest: most owned first. */
  readonly products: readonly ProductSummary[];
  readonly holdings: number;
  readonly files: ReadReport['tables'];
  readonly notes: readonly string[];
}

export interface FoldSummary {
  readonly fold: 'train' | 'validation' | 'test' | 'all';
  readonly users: number;
  /** Risk: how many have the event. */
  readonly events?: number;
}

export interface ColumnSummary {
  readonly name: string;
  readonly kind: Column['kind'];
  /** Share of users of whom it is not known. */
  readonly missing: number;
  readonly categories?: number;
  /** Models see it. */
  readonly isUsed: boolean;
  readonly isProtected: boolean;
}

export interface ProductSummary {
  /** Index in the dataset. */
  readonly index: number;
  readonly code: string;
  /** Among training users. */
  readonly owners: number;
}

export function summariseData(
  dataset: Dataset,
  task: Task,
  descriptor: Pick<Descriptor, 'title' | 'source'>,
  report: Pick<ReadReport, 'tables' | 'notes'>,
): DataSummary {
  const { fold, label, ownership } = dataset;
  const everyone = selectUsers(dataset.size, () => true);
  const summaryOf = (name: FoldSummary['fold'], users: Int32Array): FoldSummary => ({
    fold: name,
    users: users.length,
    ...(task === 'risk' && label && { events: users.filter((user) => label[user] === 1).length }),
  });
  const train = fold ? usersInFold(dataset, FOLD.train) : everyone;
  const owners = ownership && ownersOf(ownership, train);
  return {
    name: dataset.name,
    ...(descriptor.title && { title: descriptor.title }),
    ...(descriptor.source && { source: descriptor.source }),
    users: dataset.size,
    hasSplit: fold !== undefined,
    folds: fold
      ? (['train', 'validation', 'test'] as const).map((name) => summaryOf(name, usersInFold(dataset, FOLD[name])))
      : [summaryOf('all', everyone)],
    columns: columnsOf(dataset),
    products:
      task === 'interest' && ownership && owners
        ? ownership.products
            .map((code, index) => ({ index, code, owners: owners[index] }))
            .sort((a, b) => b.owners - a.owners || a.index - b.index)
        : [],
    holdings: ownership?.items.length ?? 0,
    files: report.tables,
    notes: report.notes,
  };
}

function columnsOf({ columns, protectedColumns }: Dataset): ColumnSummary[] {
  const used = new Set(columns.map(({ name }) => name));
  const guarded = new Set(protectedColumns.map(({ name }) => name));
  return [...columns, ...protectedColumns.filter(({ name }) => !used.has(name))].map((column) => ({
    name: column.name,
    kind: column.kind,
    missing: missingShare(column),
    ...(column.kind === 'categorical' && { categories: column.categories.length }),
    isUsed: used.has(column.name),
    isProtected: guarded.has(column.name),
  }));
}

function missingShare(column: Column): number {
  let missing = 0;
  for (const value of column.values) if (column.kind === 'categorical' ? value < 0 : Number.isNaN(value)) missing++;
  return missing / Math.max(1, column.values.length);
}
