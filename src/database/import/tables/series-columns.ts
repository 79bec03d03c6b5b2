import { badInput } from '../../../errors.js';
import { SeriesCleaner } from '../cleaning/series.js';
import type { ColumnSeries } from '../descriptor.js';
import type { Attribute, Value } from './attribute.js';

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
