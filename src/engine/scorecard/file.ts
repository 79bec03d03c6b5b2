import { ConcordError } from '../../errors.js';
import type { StoredContext } from '../models/kind.js';
import type { Characteristic, ScorecardWeights } from '../models/weights.js';
import { readSafetensors, writeSafetensors } from '../safetensors/safetensors.js';
import { slotsOf } from './slots.js';

const refuse = (reason: string) => new ConcordError('BAD_INPUT', `This is no scorecard of Concord: ${reason}.`);

/** A scorecard is so small that it stands in the file's metadata, as JSON. */
export const packScorecard = (weights: ScorecardWeights): Uint8Array<ArrayBuffer> =>
  writeSafetensors({
    tensors: [],
    metadata: { format: 'concord', kind: 'scorecard', scorecard: JSON.stringify(weights) },
  });

/** @throws {ConcordError} BAD_INPUT where the file is malformed or does not fit the contract */
export function unpackScorecard(bytes: Uint8Array, { task, contract }: StoredContext): ScorecardWeights {
  const { tensors, metadata } = readSafetensors(bytes);
  if (metadata.kind !== 'scorecard' || tensors.length > 0) throw refuse('it is malformed');
  if (task !== 'risk') throw refuse('scorecards are models of risk');
  let stored: Partial<ScorecardWeights> | null;
  try {
    stored = JSON.parse(metadata.scorecard ?? '');
  } catch {
    throw refuse('it is no JSON');
  }
  const { intercept, scale, characteristics } = stored ?? {};
  if (!isNumber(intercept) || !isNumber(scale?.pdo) || !isNumber(scale.points) || !isNumber(scale.odds))
    throw refuse('its scale is malformed');
  if (!(scale.pdo > 0 && scale.odds > 0)) throw refuse('its scale is malformed');
  if (!Array.isArray(characteristics)) throw refuse('it has no characteristics');
  return {
    kind: 'scorecard',
    intercept,
    scale: { pdo: scale.pdo, points: scale.points, odds: scale.odds },
    characteristics: characteristics.map((each) => {
      const feature = contract.features[each?.feature as number];
      if (!feature || !isCharacteristic(each, slotsOf(feature))) throw refuse('a characteristic is malformed');
      const { coefficient, groups, woe, shares } = each;
      return { feature: each.feature, coefficient, groups, woe, shares };
    }),
  };
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

function isCharacteristic(value: Partial<Characteristic>, slots: number): value is Characteristic {
  const { coefficient, groups, woe, shares } = value;
  return (
    isNumber(coefficient) &&
    coefficient >= 0 &&
    Array.isArray(woe) &&
    woe.every(isNumber) &&
    Array.isArray(shares) &&
    shares.length === woe.length &&
    shares.every((share) => isNumber(share) && share >= 0 && share <= 1) &&
    Array.isArray(groups) &&
    groups.length === slots &&
    groups.every((group) => Number.isInteger(group) && group >= -1 && group < woe.length)
  );
}
