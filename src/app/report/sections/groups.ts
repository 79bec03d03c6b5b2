import type { Comparison } from '../../comparison/comparison.js';
import type { GroupFigures } from '../../comparison/groups.js';
import { count, decimals, percent } from '../../comparison/summary.js';
import { dataTable, type Markup, markup, section } from '../markup.js';

/** Models side by side: each has two columns. */
const MOST_MODELS = 3;

/** Whether models serve the groups of protected attributes alike; nothing where none is protected. */
export function groupsSection({ groups, models, task, data }: Comparison): Markup | undefined {
  if (groups.length === 0) return undefined;
  const shown = models.slice(0, MOST_MODELS);
  const heads = shown.flatMap(({ model }) =>
    task === 'risk' ? [`${model}: mean probability`, 'AUC'] : [`${model}: recall@3`, 'MRR'],
  );
  const isRead = (attribute: string) => data.columns.some(({ name, isUsed }) => name === attribute && isUsed);
  return section(
    'groups',
    'By group',
    markup`<p>How well models do for the groups of each protected attribute. ${task === 'risk' ? 'A mean probability far from the event rate of a group is wrong about that group; a lower AUC tells its members apart less well. ' : ''}Groups of a few users are not shown by themselves. What follows for decisions, with intervals and remedies: <code>concord fairness --model ${models[0].model}</code>.</p>`,
    groups.map(({ attribute, groups: each }) =>
      dataTable(
        `${attribute}${isRead(attribute) ? ', which the models read' : ', which the models do not see'}${models.length > shown.length ? ` (the ${shown.length} best models)` : ''}`,
        ['group', 'users', ...(task === 'risk' ? ['event rate'] : []), ...heads],
        each.map(({ group, users, eventRate, models: figures }) => [
          group,
          count(users),
          ...(eventRate === undefined ? [] : [percent(eventRate)]),
          ...shown.flatMap(({ model }) => cells(figures[model])),
        ]),
      ),
    ),
  );
}

function cells(figures: GroupFigures | undefined): string[] {
  const { auc, meanProbability, recall3, mrr } = figures ?? {};
  if (recall3 !== undefined && mrr !== undefined) return [percent(recall3), decimals(mrr)];
  return [
    meanProbability === undefined ? '' : percent(meanProbability),
    auc !== undefined && Number.isFinite(auc) ? decimals(auc) : '',
  ];
}
