import type { NumericColumn } from '../../../engine/data/dataset.js';
import type { Attribute, Value } from '../tables/attribute.js';

/** Prefix of aggregates among the attributes. */
const PREFIX = 'events.';

/** One running figure of each user. */
interface Figure {
  readonly name: string;
  /** Of a user without events. */
  readonly start: number;
  readonly values: number[];
  next(before: number, daysBefore: number, values: readonly Value[]): number;
}

/**
 * What users did before the moment of their prediction, as attributes that every model reads: `events.daysSinceLast`,
 * `events.daysSinceFirst`, and for each window of days `events.count30d`, `events.amount.sum30d` and `events.amount.mean30d` of numeric
 * columns, `events.kind.card.count30d` of categories that are declared.
 */
export class EventAggregates {
  private readonly figures: Figure[];
  private readonly means: { readonly name: string; readonly sum: Figure; readonly count: Figure }[] = [];

  constructor(attributes: readonly Attribute[], days: readonly number[]) {
    this.figures = [
      figure('daysSinceLast', Number.NaN, (before, age) => (before <= age ? before : age)),
      figure('daysSinceFirst', Number.NaN, (before, age) => (before >= age ? before : age)),
      ...days.flatMap((window) => [
        figure(`count${window}d`, 0, (before, age) => before + (age <= window ? 1 : 0)),
        ...attributes.flatMap((attribute, place) => this.ofColumn(attribute, place, window)),
      ]),
    ];
  }

  addUser(): void {
    for (const { values, start } of this.figures) values.push(start);
  }

  add(user: number, daysBefore: number, values: readonly Value[]): void {
    for (const each of this.figures) each.values[user] = each.next(each.values[user]!, daysBefore, values);
  }

  build(): NumericColumn[] {
    const column = (name: string, values: ArrayLike<number>): NumericColumn => ({
      kind: 'numeric',
      name: PREFIX + name,
      values: Float64Array.from(values),
    });
    return [
      ...this.figures.filter(({ name }) => !name.startsWith(HIDDEN)).map(({ name, values }) => column(name, values)),
      // 0 / 0 = NaN: where there was none, the mean is missing.
      ...this.means.map(({ name, sum, count }) =>
        column(
          name,
          sum.values.map((total, user) => total / count.values[user]!),
        ),
      ),
    ];
  }

  private ofColumn({ name, spec }: Attribute, place: number, window: number): Figure[] {
    if (spec.type === 'numeric') {
      const inside = (age: number, value: Value) => age <= window && Number.isFinite(value);
      const sum = figure(`${name}.sum${window}d`, 0, (before, age, values) =>
        inside(age, values[place]!) ? before + (values[place] as number) : before,
      );
      const count = figure(`${HIDDEN}${name}.known${window}d`, 0, (before, age, values) =>
        inside(age, values[place]!) ? before + 1 : before,
      );
      this.means.push({ name: `${name}.mean${window}d`, sum, count });
      return [sum, count];
    }
    if (spec.type !== 'categorical') return [];
    return (spec.categories ?? []).map((category) =>
      figure(`${name}.${category}.count${window}d`, 0, (before, age, values) =>
        age <= window && values[place] === category ? before + 1 : before,
      ),
    );
  }
}

/** Figures that others are made of. */
const HIDDEN = '/';

const figure = (name: string, start: number, next: Figure['next']): Figure => ({ name, start, values: [], next });
