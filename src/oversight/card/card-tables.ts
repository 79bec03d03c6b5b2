import type { Estimate, Rate } from '../../engine/metrics/fairness/intervals.js';
import type { DriftReport } from '../drift-report.js';
import type { FairnessReport } from '../fairness-report.js';
import type { CardTable, Dated, ModelCard } from './card.js';

type Rows = CardTable['rows'];

/** Features that moved the most. */
const MOST_FEATURES = 25;

const rounded = (value: number): number => Number(value.toPrecision(4));

export const figureRows = (metrics: Readonly<Record<string, number>>): Rows =>
  Object.entries(metrics).map(([name, value]) => [name, rounded(value)]);

/** Settings and counts; lists and trials are left to the JSON. */
export function valueRows(training: Readonly<Record<string, unknown>>): Rows {
  const flat = Object.entries(training).flatMap(([name, value]): [string, unknown][] =>
    name === 'settings' && typeof value === 'object' && value !== null ? Object.entries(value) : [[name, value]],
  );
  return flat.flatMap(([name, value]) => {
    if (typeof value === 'number') return [[name, rounded(value)]];
    if (typeof value === 'string') return [[name, value]];
    if (typeof value === 'boolean') return [[name, value ? 'yes' : 'no']];
    const isList = Array.isArray(value) && value.length <= 8 && value.every((item) => typeof item !== 'object');
    return isList ? [[name, value.join(', ')]] : [];
  });
}

export const privacyRows = ({ spent }: ModelCard['privacy']): Rows =>
  spent.map(({ institution, epsilon, delta }) => [institution, rounded(epsilon), delta]);

const rate = (value: Rate | null): number | null => value && rounded(value.value);

function estimate(value: Estimate | null): string | null {
  if (!value) return null;
  return `${rounded(value.value)} (${rounded(value.low)}–${value.high === null ? '∞' : rounded(value.high)})`;
}

export function attributeRows(report: Dated<FairnessReport>): CardTable {
  if (report.task === 'interest') {
    return {
      heads: ['attribute', 'group', 'users', 'recall@3'],
      rows: report.attributes.flatMap(({ attribute, recall }) =>
        (recall?.groups ?? []).map(({ group, recall: found }) => [attribute, group, found?.of ?? null, rate(found)]),
      ),
    };
  }
  return {
    heads: [
      'attribute',
      'group',
      'users',
      'favourable',
      'impact ratio (95 %)',
      'true positive rate',
      'false positive rate',
      'precision',
      'observed ÷ expected',
      'AUC',
    ],
    rows: report.attributes.flatMap(({ attribute, groups, reference }) =>
      groups.map((group) => [
        attribute,
        group.group,
        group.users,
        rate(group.favourable),
        group.group === reference ? 'reference' : estimate(group.impactRatio),
        rate(group.truePositive),
        rate(group.falsePositive),
        rate(group.precision),
        estimate(group.calibration?.ratio ?? null),
        group.auc === null ? null : rounded(group.auc),
      ]),
    ),
  };
}

export function exposureRows(report: Dated<FairnessReport>): CardTable {
  const heads = ['attribute', 'lists', 'class', 'least ÷ greatest share', 'shares of exposure by group'];
  if (report.task === 'risk') return { heads, rows: [] };
  return {
    heads,
    rows: report.attributes.flatMap(({ attribute, exposures }) =>
      exposures.flatMap(({ by, from, groups, classes }) =>
        classes.map(({ class: name, shares, ratio }) => [
          attribute,
          `${from === 'served' ? 'served' : 'by the model'}, by ${by}`,
          name,
          ratio === null ? null : rounded(ratio),
          shares
            .flatMap((share, place) => (share ? [`${groups[place].group} ${rounded(share.value)}`] : []))
            .join(', '),
        ]),
      ),
    ),
  };
}

export function driftRows({ features, score, label }: Dated<DriftReport>): CardTable {
  const rows: (string | number | null)[][] = [
    ...(score ? [['the score', rounded(score.psi), rounded(score.chance), score.level, null, null, null]] : []),
    ...(label ? [['the label', rounded(label.psi), rounded(label.chance), label.level, null, null, null]] : []),
    ...features
      .slice(0, MOST_FEATURES)
      .map(({ feature, psi, chance, level, missing, unseen, beyond }) => [
        feature,
        rounded(psi),
        rounded(chance),
        level,
        rounded(missing.current),
        unseen && rounded(unseen.current),
        beyond && rounded(beyond),
      ]),
  ];
  return { heads: ['input', 'PSI', 'chance up to', 'level', 'missing now', 'unseen now', 'beyond the range'], rows };
}
