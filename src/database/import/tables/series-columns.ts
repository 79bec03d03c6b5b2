import type { Series } from '../../../engine/data/dataset.js';
import { badInput } from '../../../errors.js';
import { SeriesCleaner } from '../cleaning/series.js';
import type { ColumnSeries } from '../descriptor.js';
import type { Attribute, Value } from './attribute.js';

/** Whether a series changes values; one without rules only says what belongs together. */
export const hasRules = ({ missing, smooth }: ColumnSeries): boolean => missing === 'last' || smooth !== undefined;

/**
 * The series that models of sequences read, by their names.
 * @throws {ConcordError} BAD_INPUT for an attribute that is not there or that models may not use, and for attributes of several types
 */
export function namedSeries(all: readonly ColumnSeries[], attributes: readonly Attribute[]): Series[] {
  const named = all.flatMap(({ name, columns }) => (name === undefined ? [] : [{ name, columns }]));
  for (const { name, columns } of named) {
    const types = columns.map((column) => {
      const attribute = attributes.find((each) => each.name === column);
      if (!attribute?.isForModels)
        throw badInput(`users.series: "${column}" of ${name} is no column of this descriptor that models may use.`);
      return attribute.spec.type;
    });
    if (new Set(types).size > 1) throw badInput(`users.series: the columns of ${name} are of several types.`);
  }
  return named;
}

/**
 * @returns a function that cleans, in place, the values of those attributes that are one series.
 * @throws {ConcordError} BAD_INPUT for an attribute that is not there or not numeric.
 */
export function seriesOf(rules: ColumnSeries, attributes: readonly Attribute[]): (values: Value[]) => void {
  const places = rules.columns.map((name) => {
    const place = attributes.findIndex((attribute) => attribute.name === name);
    if (attributes[place]?.spec.type !== 'numeric')
      throw badInput(`users.series: "${name}" is no numeric column of this descriptor.`);
    return place;
  });
  return (values) => {
    const cleaner = new SeriesCleaner(rules);
    for (const place of places) {
      const { value, isCarried, isSmoothed } = cleaner.next(values[place] as number);
      const { actions } = attributes[place]!;
      if (isCarried) actions.count('missing, filled by last');
      if (isSmoothed) actions.count('smoothed');
      values[place] = value;
    }
  };
}
