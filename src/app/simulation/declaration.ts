import type { Descriptor } from '../../database/import/descriptor.js';
import type { Dataset, Series } from '../../engine/data/dataset.js';
import type { ColumnDeclaration, PublicDeclaration } from '../../engine/encoders/public-grid.js';
import type { Task } from '../../engine/engine.js';

/**
 * What is public of a data set: names and kinds of its columns, declared ranges and codes, product codes, and the code lists of categories.
 * @returns the declaration, and the columns whose code list the descriptor does not give: the names that occur are taken for it
 */
export function declarationOf(
  descriptor: Descriptor,
  dataset: Dataset,
  task: Task,
): { declaration: PublicDeclaration; assumedCodeLists: string[] } {
  const assumedCodeLists: string[] = [];
  const columns = dataset.columns.map((column): ColumnDeclaration => {
    const { name, kind } = column;
    const spec = descriptor.users?.columns?.[name];
    if (kind === 'categorical') {
      const declared = typeof spec === 'object' && spec.type === 'categorical' ? spec.categories : undefined;
      if (!declared) assumedCodeLists.push(name);
      return { name, kind, categories: declared ?? [...column.categories].sort() };
    }
    if (kind === 'date') return { name, kind };
    const { min, max } = typeof spec === 'object' && spec.type === 'numeric' ? spec : {};
    return { name, kind, min, max, codes: column.codes };
  });
  const { series = [] } = dataset;
  const declaration = {
    columns: alikeInSeries(columns, series),
    ...(series.length > 0 && { series }),
    products: dataset.ownership?.products ?? [],
    holdings: task === 'interest',
  };
  return { declaration, assumedCodeLists };
}

/** The columns of a series have one code list: what occurs in any of them. */
function alikeInSeries(columns: readonly ColumnDeclaration[], series: readonly Series[]): ColumnDeclaration[] {
  return columns.map((column) => {
    const own = series.find((each) => each.columns.includes(column.name));
    if (column.kind !== 'categorical' || !own) return column;
    const all = columns.filter(({ name }) => own.columns.includes(name));
    return { ...column, categories: [...new Set(all.flatMap(({ categories = [] }) => categories))].sort() };
  });
}
