import type { Feature, FeatureContract } from '../encoders/contract.js';
import type { ScorecardWeights } from '../models/weights.js';
import type { Binned } from './characteristic.js';
import type { Counts } from './classes.js';
import { factorOf, type PointsScale, pointsOf } from './points.js';
import { orderedSlots } from './slots.js';

/** A scorecard as an analyst reads it. Plain JSON, stored with the model's training. */
export interface ScorecardTable {
  readonly scale: PointsScale;
  readonly attributes: readonly Attribute[];
}

/** One class of one characteristic. A user's score is the sum of the points of their attributes, one for each characteristic. */
export interface Attribute {
  /** The column. */
  readonly characteristic: string;
  /** Which values: "20 to below 35", "clerk, sailor", "missing"; last of each characteristic "anything else", which training has hardly seen. */
  readonly attribute: string;
  /** Rounded to a tenth. */
  readonly points: number;
  /** Of the training users. */
  readonly share: number;
  readonly eventRate: number;
  /** ln(share of those without the event ÷ share of those with it): more = safer. */
  readonly woe: number;
  /** Information value of the whole characteristic. */
  readonly iv: number;
}

/** @param binned of each characteristic */
export function tableOf(
  { features }: FeatureContract,
  { intercept, scale, characteristics }: ScorecardWeights,
  binned: readonly Binned[],
  users: number,
): ScorecardTable {
  const factor = factorOf(scale);
  // What every user has, shared by the characteristics: the points of a row add up to the score.
  const share = pointsOf(scale, intercept) / Math.max(1, characteristics.length);
  return {
    scale,
    attributes: characteristics.flatMap(({ feature, coefficient, groups, woe }, place) => {
      const { counts, others, iv } = binned[place];
      const row = (attribute: string, { users: own, events }: Counts, evidence: number): Attribute => ({
        characteristic: features[feature].column,
        attribute,
        points: Math.round(10 * (share + factor * coefficient * evidence)) / 10,
        share: own / users,
        eventRate: events / Math.max(1, own),
        woe: evidence,
        iv,
      });
      return [
        ...counts.map((own, group) => row(labelOf(features[feature], groups, group), own, woe[group])),
        row('anything else', others, 0),
      ];
    }),
  };
}

/** What is in a group, in words. */
function labelOf(feature: Feature, groups: readonly number[], group: number): string {
  const slots = [...groups.keys()].filter((slot) => groups[slot] === group);
  if (feature.kind === 'categorical') {
    const names = [
      ...feature.categories,
      ...(feature.unknown ? ['any other'] : []),
      ...(feature.missing ? ['missing'] : []),
    ];
    return slots.map((slot) => names[slot]).join(', ');
  }
  const ordered = orderedSlots(feature);
  if (slots[0] >= ordered) {
    const code = slots[0] - ordered;
    return code < feature.codes.length ? `= ${feature.codes[code]}` : 'missing';
  }
  const numbers = [...groups.keys()].filter((slot) => slot < ordered && groups[slot] >= 0);
  const isFirst = slots[0] === numbers[0];
  const isLast = slots[slots.length - 1] === numbers[numbers.length - 1];
  const low = edgeText(feature, feature.edges[slots[0]]);
  const next = numbers.find((slot) => slot > slots[slots.length - 1]);
  const high = next === undefined ? '' : edgeText(feature, feature.edges[next]);
  if (isFirst && isLast) return 'any';
  if (isFirst) return `below ${high}`;
  return isLast ? `${low} and above` : `${low} to below ${high}`;
}

const DAY = 86_400_000;

function edgeText(feature: Feature, edge: number): string {
  if (feature.kind === 'numeric' && feature.part === 'days') return new Date(edge * DAY).toISOString().slice(0, 10);
  return String(Number(edge.toPrecision(6)));
}

/** The table that stands in what is stored of a training; undefined where the model is no scorecard. */
export function scorecardTable(training: Readonly<Record<string, unknown>>): ScorecardTable | undefined {
  const { scorecard } = training as { readonly scorecard?: ScorecardTable };
  return Array.isArray(scorecard?.attributes) && scorecard.scale ? scorecard : undefined;
}
