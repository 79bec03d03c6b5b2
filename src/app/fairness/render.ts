import type { Shift } from '../../engine/metrics/drift/stability.js';
import type { AttributeFairness, Gap } from '../../engine/metrics/fairness/fairness.js';
import type { Estimate, Rate } from '../../engine/metrics/fairness/intervals.js';
import type { DriftReport } from '../../oversight/drift-report.js';
import type { FairnessReport, InterestFairness, RiskFairness } from '../../oversight/fairness-report.js';
import { type Cell, table } from '../output.js';

export const VERDICTS: Readonly<Record<AttributeFairness['fourFifths'], string>> = {
  passes: 'no group is below four fifths',
  unclear: 'below four fifths, which may be chance',
  fails: 'below four fifths, beyond chance',
  unknown: 'there are no two groups to compare',
};

/** A report as text for a terminal. */
export const fairnessText = (report: FairnessReport): string =>
  report.task === 'risk' ? riskText(report) : interestText(report);

function riskText({ attributes, favourable, threshold, users, smallestGroup }: RiskFairness): string {
  const rule = `favourable: a probability ${favourable === 'low' ? 'below' : 'of at least'} ${number(threshold)}`;
  const head = `${users} users; ${rule}; figures of fewer than ${smallestGroup} users are left out`;
  return [head, ...attributes.map(attributeText)].join('\n\n');
}

function attributeText(attribute: AttributeFairness): string {
  const rows = attribute.groups.map((group) => ({
    group: group.group,
    users: group.users,
    favourable: rate(group.favourable),
    'ratio (95 %)': group.group === attribute.reference ? 'reference' : estimate(group.impactRatio),
    'true pos.': rate(group.truePositive),
    'false pos.': rate(group.falsePositive),
    precision: rate(group.precision),
    'observed/expected': estimate(group.calibration?.ratio ?? null),
    slope: estimate(group.calibration?.slope ?? null),
    auc: group.auc === null ? null : Number(group.auc.toFixed(3)),
  }));
  const gaps = [
    `adverse impact ratio ${gap(attribute.adverseImpactRatio)}: ${VERDICTS[attribute.fourFifths]}`,
    `equal opportunity gap ${gap(attribute.equalOpportunity)}`,
    `equalised odds gap ${gap(attribute.equalisedOdds)}`,
    `predictive parity gap ${gap(attribute.predictiveParity)}`,
    ...(attribute.calibration
      ? [
          `observed ÷ expected events differ by ${number(attribute.calibration.value)} (${attribute.calibration.between.join(' above ')})`,
        ]
      : []),
    ...(attribute.pooled > 0 ? [`${attribute.pooled} groups are among "others": too few users`] : []),
  ];
  return [attribute.attribute, table(rows), ...gaps].join('\n');
}

function interestText({ attributes, users, smallestGroup }: InterestFairness): string {
  const parts = attributes.map(({ attribute, recall, exposures }) => {
    const recalls = recall
      ? `${table(recall.groups.map(({ group, recall: r }) => ({ group, users: r?.of ?? null, [`recall@${recall.k}`]: rate(r) })))}\nrecall gap ${gap(recall.gap)}`
      : 'no recall: nothing was hidden';
    const shares = exposures.map(({ by, from, groups, classes }) => {
      const rows = classes.map(
        ({ class: name, shares: of, ratio }): Record<string, Cell> => ({
          [by]: name,
          ...Object.fromEntries(
            of.map((share, place) => [groups[place].group, share && Number(share.value.toFixed(4))]),
          ),
          'least ÷ greatest': ratio && Number(ratio.toFixed(3)),
        }),
      );
      return `exposure by ${by}, ${from === 'served' ? 'as served' : 'as the model ranks'}\n${table(rows)}`;
    });
    return [attribute, recalls, ...shares].join('\n');
  });
  return [`${users} users; figures of fewer than ${smallestGroup} users are left out`, ...parts].join('\n\n');
}

const number = (value: number): string => String(Number(value.toFixed(3)));
const rate = (value: Rate | null): number | null => value && Number(value.value.toFixed(3));

function estimate(value: Estimate | null): string {
  if (!value) return '';
  return `${number(value.value)} (${number(value.low)}–${value.high === null ? '∞' : number(value.high)})`;
}

const gap = (value: (Gap | (Estimate & { between: readonly [string, string] })) | null): string =>
  value ? `${estimate(value)} between ${value.between.join(' and ')}` : 'unknown';

/** Features that have moved less than this are only counted. */
const MOVED = 5e-5;

/** A report of drift as text: what has moved most, first. */
export function driftText({ users, trainedOn, features: all, holdings, score, label, notes }: DriftReport): string {
  const features = all.filter(({ psi }) => psi >= MOVED);
  const still = all.length - features.length;
  const shift = (what: string, { psi, chance, level }: Shift) => ({
    input: what,
    psi: Number(psi.toFixed(4)),
    'chance up to': Number(chance.toFixed(4)),
    level,
  });
  const rows = [
    ...(score ? [shift('the score', score)] : []),
    ...(label ? [shift(`the label (${number(label.expected)} → ${number(label.current)})`, label)] : []),
    ...features.map((feature) => shift(feature.feature, feature)),
  ].map((row) => ({
    ...row,
    'missing now': null as number | null,
    'unseen now': null as number | null,
    'beyond now': null as number | null,
  }));
  const from = rows.length - features.length;
  features.forEach(({ missing, unseen, beyond }, place) => {
    rows[from + place]['missing now'] = Number(missing.current.toFixed(4));
    rows[from + place]['unseen now'] = unseen && Number(unseen.current.toFixed(4));
    rows[from + place]['beyond now'] = beyond && Number(beyond.toFixed(4));
  });
  const owned = holdings.filter(({ level }) => level !== 'none');
  return [
    `${users} users now${trainedOn === null ? '' : `, against ${trainedOn} of training`}; PSI from 0.1: watch, from 0.25: alert`,
    table(rows),
    ...(still > 0 ? [`${still} more have not moved`] : []),
    ...(owned.length > 0
      ? [
          `Owned by more, or fewer, than in training\n${table(owned.map(({ product, expected, current, psi, level }) => ({ product, training: Number(expected.toFixed(4)), now: Number(current.toFixed(4)), psi: Number(psi.toFixed(4)), level })))}`,
        ]
      : []),
    ...notes,
  ].join('\n\n');
}
