import type { Feature } from '../engine/encoders/contract.js';
import { daysOf } from '../engine/encoders/dates.js';
import { eventName } from '../models/event-names.js';
import { type Reason, readableNumber } from '../models/reasons.js';
import type { FeatureName } from './feature-names.js';
import { quantileOf } from './quantiles.js';

/** One of the factors that raised a risk most, for whom it was assessed of. */
export interface PrincipalReason {
  /** Stands for factor and direction: INCOME_LOW, EMPLOYMENT_VALUE, UTILISATION_UNKNOWN. */
  readonly code: string;
  /** As in the reasons of the assessment. */
  readonly feature: string;
  readonly value: number | string | null;
  /** In log-odds, above 0. */
  readonly contribution: number;
  readonly text: string;
  readonly textZh: string;
}

/** Regulation B, official interpretations of 12 CFR 1002.9(b)(2), comment 1: more than four reasons are not likely to help. */
export const MOST_PRINCIPAL = 4;
/** A contribution below this changes no digit of a probability that anybody reads. */
const NEGLIGIBLE = 1e-6;

export interface PrincipalOptions {
  readonly nameOf: (feature: string) => FeatureName;
  readonly productName?: (code: string) => string | undefined;
  /** Of the model: what is usual is the middle fifth of its training users. Without them nothing is said of high and low. */
  readonly features?: readonly Feature[];
}

/**
 * The up to four factors that raised a risk most: the largest contributions above 0 of the scoring model itself to this very score, against a typical
 * user. None where nothing raised it.
 * @param reasons of the score; what was summed up as "others" is no factor
 */
export function principalReasons(reasons: readonly Reason[], options: PrincipalOptions): PrincipalReason[] {
  // Of a date, which is several features, the first is the day itself.
  const columns = new Map([...(options.features ?? [])].reverse().map((feature) => [feature.column, feature]));
  return reasons
    .filter(({ feature, contribution }) => contribution > NEGLIGIBLE && feature !== 'others')
    .sort((a, b) => b.contribution - a.contribution)
    .slice(0, MOST_PRINCIPAL)
    .map(({ feature, value, contribution }) => ({
      feature,
      value,
      contribution,
      ...wordsOf(feature, value, columns.get(feature), options),
    }));
}

type Words = Pick<PrincipalReason, 'code' | 'text' | 'textZh'>;

const OWNED = 'owned:';

function wordsOf(
  feature: string,
  value: number | string | null,
  column: Feature | undefined,
  { nameOf, productName }: PrincipalOptions,
): Words {
  if (feature.startsWith(OWNED)) {
    const product = feature.slice(OWNED.length);
    const name = productName?.(product) ?? product;
    const owned = Boolean(value);
    return {
      code: `${codeOf(product)}_${owned ? 'OWNED' : 'NOT_OWNED'}`,
      text: `${owned ? 'Owning' : 'Not owning'} ${name} raises the risk.`,
      textZh: `${owned ? '持有' : '未持有'}“${name}”，提高了风险。`,
    };
  }
  const ofEvents = eventName(feature, value);
  if (ofEvents) {
    const { en, zh } = ofEvents;
    return { code: codeOf(feature), text: `${capital(en)} raises the risk.`, textZh: `${zh}，提高了风险。` };
  }
  const { en, zh } = nameOf(feature);
  const name = capital(en);
  const code = codeOf(feature);
  if (isMissing(value))
    return {
      code: `${code}_UNKNOWN`,
      text: `${name} is not known, which raises the risk.`,
      textZh: `${zh}未知，提高了风险。`,
    };
  const shown = typeof value === 'number' ? readableNumber(en, value) : value;
  switch (standingOf(value, column)) {
    case 'high':
      return {
        code: `${code}_HIGH`,
        text: `${name} of ${shown} is higher than usual, which raises the risk.`,
        textZh: `${zh}为 ${shown}，高于一般水平，提高了风险。`,
      };
    case 'low':
      return {
        code: `${code}_LOW`,
        text: `${name} of ${shown} is lower than usual, which raises the risk.`,
        textZh: `${zh}为 ${shown}，低于一般水平，提高了风险。`,
      };
    case 'late':
      return {
        code: `${code}_LATE`,
        text: `${name} ${shown} is later than usual, which raises the risk.`,
        textZh: `${zh}为 ${shown}，晚于一般水平，提高了风险。`,
      };
    case 'early':
      return {
        code: `${code}_EARLY`,
        text: `${name} ${shown} is earlier than usual, which raises the risk.`,
        textZh: `${zh}为 ${shown}，早于一般水平，提高了风险。`,
      };
    default:
      return {
        code: `${code}_VALUE`,
        text:
          typeof value === 'number' ? `${name} of ${shown} raises the risk.` : `${name} "${shown}" raises the risk.`,
        textZh: `${zh}为${typeof value === 'number' ? ` ${shown}` : `“${shown}”`}，提高了风险。`,
      };
  }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const isMissing = (value: number | string | null): value is null =>
  value === null || value === '' || (typeof value === 'number' && Number.isNaN(value));

/** Values between these quantiles of the training users are usual. */
const USUAL = [0.4, 0.6] as const;

/** On which side of what is usual a value lies; undefined where it is usual itself, or a code, or there is no such thing. */
function standingOf(
  value: number | string,
  column: Feature | undefined,
): 'high' | 'low' | 'late' | 'early' | undefined {
  if (column?.kind !== 'numeric' || column.edges.length < 2) return undefined;
  const [low, high] = USUAL.map((share) => quantileOf(column, share));
  if (column.part) {
    if (column.part === 'month') return undefined;
    const days = typeof value === 'number' ? value : daysOf(value);
    const place = column.part === 'days' ? days : new Date(days * 86_400_000).getUTCFullYear();
    return place > high ? 'late' : place < low ? 'early' : undefined;
  }
  const number = Number(value);
  if (column.codes.includes(number)) return undefined;
  return number > high ? 'high' : number < low ? 'low' : undefined;
}

/** creditUtilisation → CREDIT_UTILISATION, owned:FND-CASH → FND_CASH. */
const codeOf = (feature: string): string =>
  feature
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^\p{L}\p{N}]+/gu, '_')
    .replace(/^_+|_+$/g, '')
    .toUpperCase();
