import type { Column } from '../../engine/data/dataset.js';
import type { ModelName } from '../../engine/engine.js';
import type { RankedProducts, ScoredUsers, TestedUsers } from '../../engine/evaluation/predictions.js';
import { auc } from '../../engine/metrics/binary.js';
import { groupUsers } from '../../engine/metrics/fairness/groups.js';

/** Users of one protected attribute in groups, none so small that its figures would be about persons. */
export interface AttributeGroups {
  readonly attribute: string;
  readonly groups: readonly UserGroup[];
}

export interface UserGroup {
  readonly group: string;
  readonly users: number;
  /** Risk. */
  readonly eventRate?: number;
  readonly models: Readonly<Partial<Record<ModelName, GroupFigures>>>;
}

export interface GroupFigures {
  /** Risk; NaN, null in JSON, where all or none have the event. */
  readonly auc?: number;
  /** Risk. */
  readonly meanProbability?: number;
  /** Interest. */
  readonly recall3?: number;
  readonly mrr?: number;
}

/** How well each model does for the groups of each protected attribute. @param models what each said of the same users */
export function measureGroups(
  columns: readonly Column[],
  models: readonly { readonly model: ModelName; readonly tested: TestedUsers }[],
): AttributeGroups[] {
  const [{ tested: first }] = models;
  return columns.map((column) => {
    const { names, sizes, of } = groupUsers(column, first.users);
    return {
      attribute: column.name,
      groups: names.map((group, index): UserGroup => {
        const rows = Int32Array.from(of.keys()).filter((row) => of[row] === index);
        return {
          group,
          users: sizes[index],
          ...('labels' in first && { eventRate: mean(rows, (row) => first.labels[row]) }),
          models: Object.fromEntries(models.map(({ model, tested }) => [model, figuresOf(tested, rows)])),
        };
      }),
    };
  });
}

const figuresOf = (tested: TestedUsers, rows: Int32Array): GroupFigures =>
  'labels' in tested ? riskFigures(tested, rows) : interestFigures(tested, rows);

const riskFigures = ({ labels, probabilities }: ScoredUsers, rows: Int32Array): GroupFigures => ({
  auc: auc(
    Uint8Array.from(rows, (row) => labels[row]),
    Float32Array.from(rows, (row) => probabilities[row]),
  ),
  meanProbability: mean(rows, (row) => probabilities[row]),
});

const interestFigures = ({ ranks }: RankedProducts, rows: Int32Array): GroupFigures => ({
  recall3: mean(rows, (row) => (ranks[row] <= 3 ? 1 : 0)),
  mrr: mean(rows, (row) => 1 / ranks[row]),
});

const mean = (rows: Int32Array, of: (row: number) => number): number =>
  rows.reduce((sum, row) => sum + of(row), 0) / rows.length;
