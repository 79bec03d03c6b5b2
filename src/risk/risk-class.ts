import { ConcordError } from '../errors.js';

export const RISK_CLASSES = ['low', 'medium', 'high'] as const;
export type RiskClass = (typeof RISK_CLASSES)[number];

/** From which probability on a risk is medium, and from which high. */
export interface RiskThresholds {
  readonly medium: number;
  readonly high: number;
}

export const DEFAULT_THRESHOLDS: RiskThresholds = { medium: 0.1, high: 0.3 };

/** @throws {ConcordError} CONFIGURATION unless 0 < medium < high < 1. */
export function checkThresholds(thresholds: RiskThresholds): RiskThresholds {
  const { medium, high } = thresholds;
  if (!(medium > 0 && medium < high && high < 1))
    throw new ConcordError(
      'CONFIGURATION',
      `Risk thresholds must be 0 < medium < high < 1, not ${medium} and ${high}.`,
    );
  return thresholds;
}

export function riskClassOf(probability: number, thresholds: RiskThresholds): RiskClass {
  if (probability >= thresholds.high) return 'high';
  return probability >= thresholds.medium ? 'medium' : 'low';
}
